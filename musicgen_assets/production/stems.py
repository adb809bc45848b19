"""production/stems: the take's tracks by reference, and the check that each can be mixed.

Belongs here: passing them on, and the check. Does not belong here: taking apart what came as a mix (taking_apart).
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dsp.levels import db_to_gain
from musicgen_assets.graph.job import CheckResult, Job, Outcome, Ref
from musicgen_assets.production.delivered import SONG
from musicgen_assets.production.meter import SILENT_DB, SILENT_LUFS
from musicgen_assets.production.taking_apart import taken_apart

TAKE = "production/take"


@dataclass(frozen=True)
class Heard:
    """What a stem turned out to be. ``notes`` and ``lufs`` are None where its renderer did not say."""

    track: str
    rate_hz: int
    samples: int
    is_finite: bool
    peak: float
    notes: int | None
    lufs: float | None


def make_stems(job: Job) -> Outcome:
    """The take's ``track/<name>`` roles, unchanged; of a song that came as a mix, its stems. Check: stems_are_sound."""
    refs = [ref for ref in job.refs(TAKE) if ref.role.startswith("track/")]
    song = next((ref for ref in job.refs(TAKE) if ref.role == SONG), None)
    if song is not None and not refs:
        job.progress(0.0, "taking the song apart")
        refs = taken_apart(job, song)
    heard = []
    for index, ref in enumerate(refs):
        heard.append(_listen(job, ref))
        job.progress((index + 1) / len(refs), f"checked {ref.role}")
    silent = sum(1 for stem in heard if stem.peak == 0.0)
    facts = {"stems": len(refs), "silent": silent, "samples": max((stem.samples for stem in heard), default=0)}
    return Outcome(refs, facts, {}, [check_stems(heard)])


def check_stems(heard: Sequence[Heard]) -> CheckResult:
    """Whether stems fit together and sound where they have notes; the answer names what is wrong with which."""
    faults = [] if heard else ["there are no stems"]
    if len({stem.samples for stem in heard}) > 1:
        faults.append("lengths differ: " + ", ".join(f"{stem.track} {stem.samples}" for stem in heard))
    if len({stem.rate_hz for stem in heard}) > 1:
        faults.append("rates differ: " + ", ".join(f"{stem.track} {stem.rate_hz} Hz" for stem in heard))
    for stem in heard:
        if not stem.is_finite:
            faults.append(f"{stem.track} holds values that are not finite")
        elif stem.notes and (stem.peak == 0.0 or (stem.lufs is not None and stem.lufs <= SILENT_LUFS)):
            faults.append(f"{stem.track} is silent and has {stem.notes} notes")
    measured = "; ".join(faults) if faults else f"{len(heard)} stems sound"
    return CheckResult(
        "stems_are_sound", not faults, measured, "finite, equally long, of one rate, none silent that has notes"
    )


def _listen(job: Job, ref: Ref) -> Heard:
    """Length and rate as the file states them; levels as its renderer recorded them, else by decoding it."""
    import soundfile

    measurement, notes = ref.meta.get("measurement"), ref.meta.get("notes")
    if measurement is None:
        samples, rate = job.audio(ref)
        length, peak, lufs = samples.shape[1], float(np.abs(samples).max()), None
    else:
        header = soundfile.info(io.BytesIO(job.blob(ref).data))
        rate, length, lufs = int(header.samplerate), int(header.frames), float(measurement["lufs"])
        peak = 0.0 if measurement["peak_dbfs"] <= SILENT_DB else db_to_gain(float(measurement["peak_dbfs"]))
    return Heard(
        track=ref.role.removeprefix("track/"), rate_hz=rate, samples=length, is_finite=bool(np.isfinite(peak)),
        peak=peak, notes=None if notes is None else int(notes), lufs=lufs,
    )  # fmt: skip
