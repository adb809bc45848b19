"""How a phrase is sung: when exactly, how high, how loud; another take is another singing of it.

Belongs here: spans, pitch and level of a phrase's notes for one take. Does not belong here: sounds of words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsp.voice_pitch import PitchNote, PitchStyle, pitch_curve, smooth_noise
from musicgen_assets.production.voice.singers import Singer
from musicgen_assets.production.voice.timing import Span

DOUBLE_TIME_S, DOUBLE_CENTS = 0.02, 8.0
"""How far a double strays from the lead; more is heard as a mistake."""
_USUAL_VELOCITY = 90
_LEVEL_PER_VELOCITY_DB = 0.16
_LEVEL_PER_SEMITONE_DB = 0.25
_ARCH_DB = 1.6
"""A phrase rises by so much to its middle and falls from it."""


@dataclass(frozen=True)
class Performance:
    """A take of a phrase. ``spans`` by syllable; the rest by frame."""

    spans: tuple[Span, ...]
    notes: tuple[PitchNote, ...]
    levels_db: tuple[float, ...]
    style: PitchStyle
    rng: np.random.Generator

    def pitch(self, frames: int, frame_s: float) -> NDArray[np.float64]:
        """MIDI pitch by frame."""
        return pitch_curve(self.notes, frames, frame_s, self.style, self.rng)

    def level_db(self, frames: int, frame_s: float) -> NDArray[np.float64]:
        """Level against an easy note, by frame: notes bound to each other, a slow breath over them."""
        time = np.arange(frames) * frame_s
        times = [0.5 * (note.start_s + min(note.end_s, note.start_s + 0.4)) for note in self.notes]
        level = np.interp(time, times, self.levels_db)
        start, end = self.notes[0].start_s, self.notes[-1].end_s
        share = np.clip((time - start) / max(end - start, 1e-6), 0.0, 1.0)
        arch = _ARCH_DB * (np.sin(np.pi * share) - 0.5)
        wander = 0.35 * smooth_noise(frames, 0.15, frame_s, self.rng)
        return np.asarray(level + arch + wander, dtype=np.float64)


def perform(inputs: Mapping[str, Any], singer: Singer, rng: np.random.Generator, offset_s: float) -> Performance:
    """Take ``inputs["take"]`` of a phrase: 0 the lead on the beat, others a little beside it in time and pitch."""
    rows = inputs["notes"]
    is_lead = int(inputs["take"]) == 0
    count = len(inputs["syllables"])
    shift = 0.0 if is_lead else 0.6 * DOUBLE_TIME_S * (2.0 * rng.random() - 1.0)
    sway = np.zeros(count) if is_lead else 0.4 * DOUBLE_TIME_S * (2.0 * rng.random(count) - 1.0)
    cents = 0.0 if is_lead else DOUBLE_CENTS * (2.0 * rng.random() - 1.0)
    moved = offset_s + shift
    notes = [
        PitchNote(start + moved + sway[int(place)], start + length + moved, pitch + cents / 100.0)
        for place, start, length, pitch, _ in rows
    ]
    notes = _bound(notes)
    notes[0] = replace(notes[0], is_scooped=True)
    spans = _spans(rows, notes, count)
    levels = [
        float(inputs["level_db"])
        + _LEVEL_PER_VELOCITY_DB * (velocity - _USUAL_VELOCITY)
        + _LEVEL_PER_SEMITONE_DB * float(np.clip(pitch - singer.centre, -12, 12))
        for _, _, _, pitch, velocity in rows
    ]
    return Performance(spans, tuple(notes), tuple(levels), singer.pitch, rng)


def _bound(notes: Sequence[PitchNote]) -> list[PitchNote]:
    """Each note ends where the next begins at the latest."""
    followed = [*notes[1:], None]
    return [
        note if after is None else replace(note, end_s=max(min(note.end_s, after.start_s), note.start_s + 0.01))
        for note, after in zip(notes, followed, strict=True)
    ]


def _spans(rows: Sequence[Sequence[float]], notes: Sequence[PitchNote], count: int) -> tuple[Span, ...]:
    """Time of each syllable: from its first note's start to its last note's end."""
    found: dict[int, Span] = {}
    for row, note in zip(rows, notes, strict=True):
        place = int(row[0])
        found[place] = Span(found[place].start_s if place in found else note.start_s, note.end_s)
    return tuple(found[place] for place in range(count))


def breath_of(inputs: Mapping[str, Any]) -> float | None:
    """Seconds of breath before the phrase, None where there is no time for one."""
    breath = float(inputs["breath_s"])
    return breath if breath >= 0.1 else None
