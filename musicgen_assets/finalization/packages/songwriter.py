"""The songwriter's package: the song on paper, and a click to play along with.

Belongs here: which files those are. Does not belong here: writing sheets (finalization.exports), the sound of files
(packages.songwriter_audio).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from musicgen_assets.finalization.exports import CHART, CHORDPRO, CLICK, LEAD_SHEET
from musicgen_assets.finalization.exports import FOLDER as EXPORTS
from musicgen_assets.finalization.packages.audio import part_tags
from musicgen_assets.finalization.packages.delivery import Delivery, File
from musicgen_assets.finalization.size import SizeFacts
from musicgen_assets.graph.job import Task
from musicgen_assets.score.clock import song_clock
from musicgen_assets.score.exports.click import ACCENT, HIGH, click_score

CLICK_AUDIO = "click.flac"
HIGH_HZ, LOW_HZ = 1760.0, 1175.0
"""Of the first beat of a bar, and of the others."""

_CLICK_ENTRY = "musicgen_assets.finalization.packages.songwriter_audio:write_click"
_PAPER_BYTES = 500_000


def make(delivery: Delivery) -> Sequence[File]:
    """Sheets as in exports/, and the click as audio, in time with the master from its first sample."""
    sheets = [
        replace(delivery.exports[f"{EXPORTS}/{name}"], role=name) for name in (LEAD_SHEET, CHORDPRO, CHART, CLICK)
    ]
    (audio,) = delivery.job.tasks([click_task(delivery)])
    return [*sheets, *audio]


def click_task(delivery: Delivery) -> Task:
    """Every beat of the song as it is played."""
    score = delivery.song.score
    rows = click_score(score, count_in_bars=0).tracks[0].notes
    times_s = song_clock(score).seconds_of([row[0] for row in rows])
    clicks = [
        [round(float(time_s), 6), HIGH_HZ if row[2] == HIGH else LOW_HZ, round(0.7 * row[3] / ACCENT, 3)]
        for time_s, row in zip(times_s, rows, strict=True)
    ]
    rate = delivery.sample_rate_hz
    inputs = {"clicks": clicks, "samples": round(delivery.duration_s * rate), "sample_rate_hz": rate,
              "path": CLICK_AUDIO, "tags": part_tags(delivery.tags, "click")}  # fmt: skip
    return Task("songwriter/click", _CLICK_ENTRY, inputs)


def estimate_bytes(facts: SizeFacts) -> float:
    """A click is nearly all silence."""
    return _PAPER_BYTES + facts.flac_bytes(share=0.1)
