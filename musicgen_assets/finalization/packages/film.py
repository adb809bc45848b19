"""The package for film and ads: the cue as Broadcast WAV with timecode, cut-downs, and the cue sheet.

Belongs here: which files, their frames and samples. Does not belong here: which bars a cut-down has
(packages.film_cuts), sound (packages.film_audio), the sheet's fields (packages.film_sheet).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from musicgen_assets.context.timecode import (
    FRAMES_A_SECOND,
    FrameRate,
    frames_of,
    samples_of,
    whole_frames,
)
from musicgen_assets.finalization.metadata import readable_json
from musicgen_assets.finalization.packages.delivery import Delivery, File
from musicgen_assets.finalization.packages.film_audio import CROSSFADE_S, FILM_RATE_HZ
from musicgen_assets.finalization.packages.film_cuts import LENGTHS_S, CutDown, plan_cut
from musicgen_assets.finalization.packages.film_sheet import Cue, cue_sheet, cue_sheet_csv, marker_csv
from musicgen_assets.finalization.size import SizeFacts
from musicgen_assets.graph.job import Payload, Task
from musicgen_assets.score.clock import song_clock
from musicgen_assets.score.model import Score

EARLY_S = 0.045
"""Players ahead of the beat by up to this belong to the bar after the line; what comes sooner is an upbeat."""
_AUDIO = "musicgen_assets.finalization.packages.film_audio"


@dataclass(frozen=True)
class _Frames:
    """The picture's time: rate, and the first frame's place."""

    rate: FrameRate
    first: int

    @property
    def time_reference(self) -> int:
        """Samples from midnight to the first frame."""
        return samples_of(self.first, self.rate, FILM_RATE_HZ)

    @property
    def plain(self) -> list[Any]:
        """For film_audio.ixml_with_speed."""
        exact = FRAMES_A_SECOND[self.rate]
        return [exact.numerator, exact.denominator, self.rate.endswith("df")]


def make(delivery: Delivery) -> Sequence[File]:
    """Everything of the package; see the module."""
    score, technical = delivery.song.score, delivery.song.context.technical
    frames = _Frames(technical.frame_rate, frames_of(technical.start_timecode, technical.frame_rate))
    common = {"time_reference": frames.time_reference, "rate": frames.plain, "tags": dict(delivery.tags)}
    whole = whole_frames(delivery.duration_s, frames.rate, is_up=True)
    tasks = [_task("full", "full_file", delivery, {**common, "samples": samples_of(whole, frames.rate, FILM_RATE_HZ)})]
    cuts, notes = _cuts(score, delivery.duration_s, frames)
    for cut, count in cuts:
        tasks.append(_task(_name(cut), "cut_file", delivery, {**common, **_cut_inputs(delivery, cut, count, frames)}))
    refs = [result[0] for result in delivery.job.tasks(tasks)]
    cues = [Cue(refs[0], whole, None), *(Cue(ref, n, cut) for ref, (cut, n) in zip(refs[1:], cuts, strict=True))]
    sheet = cue_sheet(delivery.song, cues, frames.rate, frames.first, notes)
    return [
        *refs,
        Payload("cue_sheet.json", "application/json", readable_json(sheet), ".json"),
        Payload("cue_sheet.csv", "text/csv", cue_sheet_csv(sheet).encode(), ".csv"),
        Payload("markers.csv", "text/csv", marker_csv(sheet).encode(), ".csv"),
    ]


def _cuts(score: Score, duration_s: float, frames: _Frames) -> tuple[list[tuple[CutDown, int]], list[str]]:
    """Cut-downs that can be made, with their length in frames; and why the others cannot."""
    found, notes = [], []
    for nominal_s in LENGTHS_S:
        count = whole_frames(nominal_s, frames.rate)
        length_s = float(count / FRAMES_A_SECOND[frames.rate])
        cut = plan_cut(score, length_s) if length_s < duration_s else None
        if cut is not None:
            found.append((_as_cut(score, cut), count))
        else:
            notes.append(
                f"No {nominal_s:g} s cut-down: the music before the closing bar of this song of {duration_s:g} s is "
                "shorter than that."
            )
    return found, notes


def _as_cut(score: Score, cut: CutDown) -> CutDown:
    """The plan as it comes out: what begins a moment before its first bar line has everything that much later."""
    lead_s = cut_lead_s(score, cut) if cut.pieces[0][0] else 0.0
    return replace(cut, last_downbeat_s=cut.last_downbeat_s + lead_s)


def _name(cut: CutDown) -> str:
    return f"cut_{round(cut.length_s):02d}s"


def _task(name: str, function: str, delivery: Delivery, inputs: dict[str, Any]) -> Task:
    return Task(f"film/{name}", f"{_AUDIO}:{function}", inputs, {"master": delivery.master})


def _cut_inputs(delivery: Delivery, cut: CutDown, count: int, frames: _Frames) -> dict[str, Any]:
    return {
        "path": f"{_name(cut)}.wav",
        "label": f"{round(cut.length_s)} s",
        "pieces_s": [[round(start_s, 6), round(end_s, 6)] for start_s, end_s in cut.pieces],
        "lead_s": cut_lead_s(delivery.song.score, cut),
        "last_downbeat_s": round(cut.last_downbeat_s, 6),
        "samples": samples_of(count, frames.rate, FILM_RATE_HZ),
        "ceiling_dbtp": delivery.song.context.technical.true_peak_ceiling_dbtp,
    }


def cut_lead_s(score: Score, cut: CutDown) -> float:
    """How long before the bar lines of ``cut`` is cut: before the first note that belongs to the bar after any of them.

    Half of the crossfade more, so that it is over when that note begins.
    """
    clock = song_clock(score)
    lines = [edge for span in cut.pieces for edge in span][1:-1] + ([cut.pieces[0][0]] if cut.pieces[0][0] else [])
    starts = sorted(clock.seconds(row[0]) for track in score.tracks for row in track.notes)
    early = [line - start for line in lines for start in starts if 0.0 < line - start <= EARLY_S]
    return round(max(early, default=0.0) + CROSSFADE_S / 2.0 + 0.002, 6)


def estimate_bytes(facts: SizeFacts) -> float:
    """The whole and the cut-downs, 24 bits at 48 kHz."""
    lengths_s = [facts.duration_s + 1.0, *(length_s for length_s in LENGTHS_S if length_s < facts.duration_s)]
    return sum(lengths_s) * FILM_RATE_HZ * facts.channels * 3 + 200_000.0
