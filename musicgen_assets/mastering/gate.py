"""The quality gate: measures against bounds, one answer a check.

Belongs here: every check that a release stands on, and its verdict. Does not belong here: measuring
(mastering.measures), tempo and key (mastering.gate_music), bounds (mastering.bounds, style files,
mastering/data).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from musicgen_assets.arrangement.critic.verdict import CHECKS, LYRIC_SCORE, THRESHOLDS, excused_check
from musicgen_assets.context.schema import ReferenceProfile
from musicgen_assets.graph.job import CheckResult
from musicgen_assets.mastering import bounds
from musicgen_assets.mastering.corridor import Corridor, corridor_of, slope_db_per_octave, worst_departure
from musicgen_assets.mastering.measures import SoundMeasures
from musicgen_assets.mastering.plan import EncodeRecord
from musicgen_assets.styles.schema import MasterTargets


@dataclass(frozen=True)
class Asked:
    """What the master was to be. ``key`` and ``scale`` as in the context."""

    duration_s: float
    target_lufs: float
    ceiling_dbtp: float
    tempo_bpm: float
    key: str
    scale: str
    style: MasterTargets
    corridor: Corridor
    tolerance_lu: float = bounds.LOUDNESS_TOLERANCE_LU
    reference: ReferenceProfile | None = None


def sound_checks(measures: SoundMeasures, asked: Asked) -> list[CheckResult]:
    """Checks of the audio as sound."""
    return [
        _loudness(measures, asked),
        _at_most("true_peak", measures.true_peak_dbtp, asked.ceiling_dbtp, "dBTP", slack=bounds.METER_SLACK_DB),
        _dynamic_range(measures, asked),
        _spectrum(measures, asked),
        _at_least("phase", measures.correlation, bounds.MIN_CORRELATION, "correlation of left and right"),
        _at_most("mono_fold_down", measures.fold_down_loss_lu, bounds.MAX_FOLD_DOWN_LOSS_LU, "LU lost in mono"),
        _clipping(measures),
        _at_most("dc_offset", measures.dc_offset, bounds.MAX_DC_OFFSET, "of full scale"),
        _silence(measures),
        _duration(measures, asked),
    ]


def _loudness(measures: SoundMeasures, asked: Asked) -> CheckResult:
    distance_lu = measures.integrated_lufs - asked.target_lufs
    return CheckResult(
        "loudness",
        abs(distance_lu) <= asked.tolerance_lu,
        measures.integrated_lufs,
        f"{asked.target_lufs:g} LUFS within {asked.tolerance_lu:g} LU",
    )


def _dynamic_range(measures: SoundMeasures, asked: Asked) -> CheckResult:
    bound = bounds.min_dynamic_range_db(asked.target_lufs, asked.style)
    is_loud = asked.target_lufs >= bounds.LOUD_TARGET_LUFS
    return _at_least(
        "dynamic_range", measures.dynamic_range_db, bound, "dB (TT-DR)", note="a loud target's bound" if is_loud else ""
    )


def _spectrum(measures: SoundMeasures, asked: Asked) -> CheckResult:
    import numpy as np

    levels = np.array(measures.third_octaves_db)
    worst, whose = worst_departure(levels, asked.corridor), "the style's"
    low, high = asked.style.slope_db_per_octave
    if asked.reference is not None:
        after = worst_departure(levels, corridor_of(asked.reference, asked.corridor))
        if after.used < worst.used:
            worst, whose = after, "the reference's"
        own = slope_db_per_octave(asked.reference.third_octaves_db)
        low, high = min(low, own - _REFERENCE_SLOPE_ROOM_DB), max(high, own + _REFERENCE_SLOPE_ROOM_DB)
    slope = measures.slope_db_per_octave
    where = f"{'the octave' if worst.is_octave else 'the third-octave'} at {worst.hz:.0f} Hz"
    is_sloped = low <= slope <= high
    return CheckResult(
        "spectrum",
        worst.used <= 1.0 and is_sloped,
        f"{worst.deviation_db:+.1f} dB in {where}; slope {slope:.2f} dB per octave",
        f"within {worst.bound_db:.1f} dB of {whose} curve there; slope {low:.4g} to {high:.4g} dB per octave",
        note="" if worst.used <= 1.0 else f"{worst.used:.2f} times the room that {where} has",
    )


_REFERENCE_SLOPE_ROOM_DB = 1.0
"""How much steeper or flatter than its reference a master may be."""


def _clipping(measures: SoundMeasures) -> CheckResult:
    return CheckResult(
        "clipping",
        measures.clipped_runs == 0 and measures.flat_tops == 0,
        f"{measures.clipped_runs} at full scale, {measures.flat_tops} flat tops",
        "no run of samples at full scale, no flat tops below it",
    )


def _silence(measures: SoundMeasures) -> CheckResult:
    if measures.sample_peak_dbfs <= -90.0:
        return CheckResult("silence", False, "all of it is silent", f"at most {bounds.MAX_SILENCE_S:g} s inside")
    return _at_most("silence", measures.longest_silence_s, bounds.MAX_SILENCE_S, "s inside")


def _duration(measures: SoundMeasures, asked: Asked) -> CheckResult:
    tolerance_s = asked.duration_s * bounds.DURATION_TOLERANCE
    return CheckResult(
        "duration",
        abs(measures.duration_s - asked.duration_s) <= tolerance_s,
        measures.duration_s,
        f"{asked.duration_s:g} s within {tolerance_s:.2f} s",
    )


def decoded_peak_check(encodes: Sequence[EncodeRecord], ceiling_dbtp: float) -> CheckResult:
    """The true peak of what lossy files decode to."""
    expected = f"at most {ceiling_dbtp:g} dBTP"
    if not encodes:
        return CheckResult("decoded_true_peak", True, "no lossy files", expected)
    measured = ", ".join(f"{encode.format} {encode.decoded_true_peak_dbtp:.2f}" for encode in encodes)
    worst = max(encode.decoded_true_peak_dbtp for encode in encodes)
    again = [f"{encode.format} made {len(encode.attempts)} times" for encode in encodes if len(encode.attempts) > 1]
    return CheckResult(
        "decoded_true_peak",
        worst <= ceiling_dbtp + bounds.METER_SLACK_DB,
        f"{measured} dBTP",
        expected,
        note="; ".join(again),
    )


def over_targets(answers: Sequence[tuple[str, Sequence[CheckResult]]]) -> list[CheckResult]:
    """One answer a check over all targets: the first target's, or that of the first one which fails, so named."""
    _, first = answers[0]
    found = []
    for number, check in enumerate(first):
        failing = next(((name, checks[number]) for name, checks in answers if not checks[number].passed), None)
        if failing is None or len(answers) == 1:
            found.append(check)
            continue
        name, failed = failing
        found.append(replace(failed, note="; ".join(part for part in (f"the master for {name}", failed.note) if part)))
    return found


def stems_null_check(stems_null_db: float | None) -> CheckResult:
    """How well the stems sum to the mix, as mixing measured it on what it stored."""
    if stems_null_db is None:
        return CheckResult("stems_null", False, "not measured", f"at most {bounds.MAX_STEMS_NULL_DB:g} dB")
    return _at_most("stems_null", stems_null_db, bounds.MAX_STEMS_NULL_DB, "dB left over")


def score_checks(judged: Mapping[str, Any]) -> list[CheckResult]:
    """The critic's scores of the written song (name to 0-1), as arrangement/vocal_line gave them.

    A score that is not there fails, silence must not look like success; only words may be missing: of a song
    that is not sung. Scores that are excused (of a melody that was given) pass and say so.
    """
    scores = judged.get("scores", {})
    results = []
    for check, name in CHECKS.items():
        bound = THRESHOLDS[name]
        if name in judged.get("excused", ()) and float(scores.get(name, 0.0)) < bound:
            results.append(excused_check(check, float(scores[name]), f"at least {bound:g}"))
        elif name in scores:
            results.append(_at_least(check, float(scores[name]), bound, ""))
        else:
            is_fine = name == LYRIC_SCORE and bool(scores)
            measured = "nothing is sung" if is_fine else "not scored"
            results.append(CheckResult(check, is_fine, measured, f"at least {bound:g}"))
    return results


def _at_most(name: str, measured: float, bound: float, unit: str, *, slack: float = 0.0, note: str = "") -> CheckResult:
    return CheckResult(name, measured <= bound + slack, measured, f"at most {bound:g} {unit}".strip(), note=note)


def _at_least(name: str, measured: float, bound: float, unit: str, *, note: str = "") -> CheckResult:
    return CheckResult(name, measured >= bound, measured, f"at least {bound:g} {unit}".strip(), note=note)
