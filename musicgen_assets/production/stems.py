"""production/stems: the take's tracks by reference, and the check that each can be mixed.

Belongs here: passing them on, and the check. Does not belong here: separating a mix into stems (an engine that
delivers only a mix will need it).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from musicgen_assets.graph.job import CheckResult, Job, Outcome, Ref
from musicgen_assets.production.meter import SILENT_DB, SILENT_LUFS

TAKE = "production/take"


@dataclass(frozen=True)
class Heard:
    """What a stem turned out to be, when decoded."""

    track: str
    rate_hz: int
    samples: int
    is_finite: bool
    peak: float
    notes: int | None
    lufs: float | None


def make_stems(job: Job) -> Outcome:
    """The take's ``track/<name>`` roles, unchanged. Check: stems_are_sound."""
    refs = [ref for ref in job.refs(TAKE) if ref.role.startswith("track/")]
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
    samples, rate = job.audio(ref)
    peak = float(np.abs(samples).max()) if samples.size else SILENT_DB
    measurement = ref.meta.get("measurement")
    notes = ref.meta.get("notes")
    return Heard(
        track=ref.role.removeprefix("track/"), rate_hz=rate, samples=samples.shape[1],
        is_finite=bool(np.isfinite(peak)), peak=peak,
        notes=None if notes is None else int(notes),
        lufs=None if measurement is None else float(measurement["lufs"]),
    )  # fmt: skip
