"""Faders moved by hand: gains, mutes, automation and pans of tracks and buses, laid over the mix that was planned.

They come behind the plan: behind faders, levelling and the bus's compressor, before bands, rooms and echoes. So a track
that was muted rings out, and no other track of its bus, no threshold and no cut moves because of it.

Belongs here: from edits to a strip's curves, and the gain over time that they are. Does not belong here: the mix's own
rides (rides), applying a strip (strip).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from dsp.automation import level_curve
from musicgen_assets.arrangement.takes import stream_of
from musicgen_assets.context.edits import BusEdit, BusName, SectionEdit, TrackEdit
from musicgen_assets.graph.job import FloatArray
from musicgen_assets.mixing.plan import HandMove, MixPlan, RidePoint, Strip
from musicgen_assets.score.clock import seconds
from musicgen_assets.score.model import Score

SILENT_DB = -120.0
"""A muted stretch: gains this low count as none."""
_MUTED_GAIN = 10.0 ** (-100.0 / 20.0)
BEFORE_S, EDGE_S = 0.010, 0.015
"""A section's edit begins this long before its first beat, so that a stroke played a little early belongs to it, and
takes this long to come."""


@dataclass(frozen=True)
class Stretch:
    """A section in seconds, by the two names people call it: "verse 2" and "verse"."""

    name: str
    kind: str
    start_s: float
    end_s: float


def stretches_of(score: Score) -> tuple[Stretch, ...]:
    """The sections of a steady score."""
    return tuple(
        Stretch(
            stream_of(part), part.kind, round(seconds(part.start_ticks, score.tempo_bpm), 6),
            round(seconds(part.end_ticks, score.tempo_bpm), 6),
        )
        for part in score.sections
    )  # fmt: skip


def moved_by_hand(
    plan: MixPlan, tracks: Mapping[str, TrackEdit], buses: Mapping[BusName, BusEdit], sections: Sequence[Stretch]
) -> MixPlan:
    """``plan`` with what was done by hand. An edit of a track that does not play changes nothing."""
    if not tracks and not buses:
        return plan
    strips = tuple(_moved(strip, tracks.get(strip.track), buses.get(strip.bus), sections) for strip in plan.strips)
    return plan.model_copy(update={"strips": strips})


def idle_edits(plan: MixPlan, tracks: Mapping[str, TrackEdit]) -> list[str]:
    """Tracks that were edited and do not play."""
    playing = {strip.track for strip in plan.strips}
    return sorted(name for name in tracks if name not in playing)


def hand_gain(move: HandMove, length: int, rate: int) -> FloatArray:
    """The gain of each of ``length`` samples, float32; exactly 0 where the track is muted."""
    gain = np.full(length, np.float32(10.0 ** (move.gain_db / 20.0)), np.float32)
    if move.is_muted:
        gain[:] = 0.0
        return gain
    for curve in move.curves:
        gain *= level_curve(length, rate, [point.time_s for point in curve], [point.level_db for point in curve])
    gain[gain <= _MUTED_GAIN] = 0.0
    return gain


def is_silent_at(move: HandMove | None, time_s: float) -> bool:
    """Whether a hand has taken the track out of the mix at ``time_s``: by more than 40 dB."""
    if move is None:
        return False
    total = SILENT_DB if move.is_muted else move.gain_db
    for curve in move.curves:
        total += float(np.interp(time_s, [p.time_s for p in curve], [p.level_db for p in curve]))
    return total < -40.0


def hand_of(strip: Mapping[str, Any]) -> HandMove | None:
    """What a hand did to a strip of a dumped plan."""
    return HandMove.model_validate(strip["hand"]) if strip.get("hand") else None


def muted_tracks(strips: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """Tracks of a dumped plan's strips that a hand muted for the whole song: nobody is to hear them."""
    return frozenset(str(strip["track"]) for strip in strips if (move := hand_of(strip)) and move.is_muted)


def _moved(strip: Strip, track: TrackEdit | None, bus: BusEdit | None, sections: Sequence[Stretch]) -> Strip:
    edits = [edit for edit in (track, bus) if edit is not None]
    if not edits:
        return strip
    curves = [
        tuple(RidePoint(time_s=point.time_s, level_db=point.gain_db) for point in edit.automation)
        for edit in edits
        if edit.automation
    ]
    if track is not None and (steps := _steps(track.sections, sections)):
        curves.append(steps)
    move = HandMove(
        is_muted=any(edit.is_muted for edit in edits), gain_db=sum(edit.gain_db for edit in edits), curves=tuple(curves)
    )
    pan = strip.pan if track is None or track.pan is None else track.pan
    return strip.model_copy(update={"hand": None if move == HandMove() else move, "pan": pan})


def _steps(edits: Mapping[str, SectionEdit], sections: Sequence[Stretch]) -> tuple[RidePoint, ...]:
    """The gain of each section as a curve; empty where none of them is edited."""
    found = [edits.get(one.name) or edits.get(one.kind) or SectionEdit() for one in sections]
    levels = [SILENT_DB if edit.is_muted else edit.gain_db for edit in found]
    if not any(levels):
        return ()
    points = [RidePoint(time_s=0.0, level_db=levels[0])]
    for section, (before, after) in zip(sections[1:], pairwise(levels), strict=True):
        if before != after:
            there_s = max(section.start_s - BEFORE_S, 0.0)
            points.append(RidePoint(time_s=max(there_s - EDGE_S, points[-1].time_s), level_db=before))
            points.append(RidePoint(time_s=there_s, level_db=after))
    return tuple(points)
