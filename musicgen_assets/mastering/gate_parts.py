"""The gate on the parts of a mix: can the lead be heard, does every part play its notes, in time, in tune, in a room?

Belongs here: checks of mastering.parts' measures. Does not belong here: measuring, and checks of the sum
(mastering.gate, mastering.gate_sum).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.context.schema import Role
from musicgen_assets.graph.job import CheckResult
from musicgen_assets.mastering import bounds
from musicgen_assets.mastering.by_hand import Turned
from musicgen_assets.mastering.parts import PartMeasures

DoubleArray = NDArray[np.float64]
_AS_MIXED = Turned()

PART_CHECKS = ("lead_audibility", "parts_heard", "timing", "intonation", "ambience", "cymbals")


@dataclass(frozen=True)
class Part:
    """A part of the mix by name, with its role and what was measured of it."""

    name: str
    role: Role
    measures: PartMeasures


def part_checks(
    parts: Sequence[Part], planned_lead_lu: float | None = None, turned: Turned = _AS_MIXED
) -> list[CheckResult]:
    """All checks of the parts, in the order of ``PART_CHECKS``; ``turned``: what a hand did to the whole mix."""
    return [
        _lead(parts, planned_lead_lu),
        _heard(parts),
        _timing(parts),
        _intonation(parts),
        _ambience(parts, turned.drier_db),
        _cymbals(parts, turned.hats_db),
    ]


def lead_over_rest_db(parts: Sequence[Part]) -> float | None:
    """Median over the moments it sounds of the lead's loudness against all the rest; None without lead or rest.

    The vocal leads where there is one, with its harmonies, else what has the role of the lead.
    """
    leads = _leads(parts)
    if not leads or len(leads) == len(parts):
        return None
    powers = {part.name: 10.0 ** (np.array(part.measures.levels_db) / 10.0) for part in parts}
    length = min(power.size for power in powers.values())
    lead = sum((powers[part.name][:length] for part in leads), np.zeros(length))
    total = sum((power[:length] for power in powers.values()), np.zeros(length))
    is_on = lead > np.quantile(lead, 0.95) * 10.0 ** (-bounds.LEAD_RANGE_DB / 10.0)
    if not is_on.any() or float(lead.max()) <= 1e-9:
        return -99.0
    ratio = 10.0 * np.log10(lead[is_on] / np.maximum((total - lead)[is_on], 1e-12))
    return float(np.median(ratio))


def _leads(parts: Sequence[Part]) -> list[Part]:
    vocal = [part for part in parts if part.role == "vocal"]
    return vocal or [part for part in parts if part.role == "lead"]


def _lead(parts: Sequence[Part], planned_lu: float | None) -> CheckResult:
    least_db = bounds.MIN_LEAD_OVER_REST_DB
    if planned_lu is not None:
        least_db = max(least_db, planned_lu - bounds.MAX_LEAD_UNDER_PLAN_DB)
    expected = f"at least {least_db:.1f} dB against all the rest, where it sounds"
    found = lead_over_rest_db(parts)
    if found is None:
        return CheckResult("lead_audibility", True, "nothing leads, or nothing accompanies", expected)
    return CheckResult("lead_audibility", found >= least_db, round(found, 2), expected)


def _heard(parts: Sequence[Part]) -> CheckResult:
    expected = f"at most {bounds.MAX_SILENT_NOTES:.0%} of a part's notes without sound"
    shares = {part.name: part.measures.silent_notes for part in parts}
    missing = {name: share for name, share in shares.items() if share > bounds.MAX_SILENT_NOTES}
    worst = max(shares.values(), default=0.0)
    measured = _named({name: f"{share:.0%}" for name, share in missing.items()}) or f"{worst:.0%} at most"
    return CheckResult("parts_heard", not missing, measured, expected)


def _timing(parts: Sequence[Part]) -> CheckResult:
    """What is sung is left out: its consonants come before the beat and its vowels on it, so an onset lies anywhere
    between, and harmonies are takes of their own. How well vowels meet their notes is proven where the voice is. So are
    pads: they swell instead of beginning, and where the kick ducks them they rise when it lets go.
    """
    expected = (
        f"onsets within {bounds.MAX_LAG_MS:g} ms of the score, drifting by no more than {bounds.MAX_DRIFT_MS:g} ms"
    )
    late, worst_ms, judged = {}, 0.0, 0
    for part in parts:
        lags = [lag.lag_ms for lag in part.measures.lags if lag.is_clear]
        if not lags or part.role in ("vocal", "pad"):
            continue
        judged += 1
        drift_ms = max(lags) - min(lags)
        furthest_ms = max(abs(lag) for lag in lags)
        worst_ms = max(worst_ms, furthest_ms)
        if furthest_ms > bounds.MAX_LAG_MS or drift_ms > bounds.MAX_DRIFT_MS:
            late[part.name] = f"{' to '.join(f'{lag:g}' for lag in lags)} ms"
    measured = _named(late) or f"{worst_ms:g} ms at most, in {judged} parts with clear onsets"
    return CheckResult("timing", not late, measured, expected)


def _intonation(parts: Sequence[Part]) -> CheckResult:
    expected = f"within {bounds.MAX_OFFSET_SEMITONES:g} semitones of the written notes"
    off, worst = {}, 0.0
    for part in parts:
        measures = part.measures
        if measures.offset_clarity < bounds.CLEAR_OFFSET:
            continue
        worst = max(worst, abs(measures.offset_semitones))
        if abs(measures.offset_semitones) > bounds.MAX_OFFSET_SEMITONES:
            off[part.name] = f"{measures.offset_semitones:+.1f}"
    measured = _named(off) or f"{worst:.1f} at most"
    return CheckResult("intonation", not off, measured, expected)


def _ambience(parts: Sequence[Part], drier_db: float) -> CheckResult:
    """The lead's room, or that of what stands in its place; the wettest part where nothing leads."""
    bound_db = round(bounds.MAX_DIRECT_TO_REVERB_DB + drier_db, 2)
    expected = f"a direct sound at most {bound_db:g} dB over its room, of the lead or another part"
    known = [part for part in parts if part.measures.direct_to_reverb_db is not None]
    chosen = _leads(known) or [part for part in known if part.role not in ("drums", "percussion", "bass")]
    if not chosen:
        return CheckResult("ambience", True, "no part tells", expected)
    wettest = min(chosen, key=lambda part: part.measures.direct_to_reverb_db or 0.0)
    ratio_db = float(wettest.measures.direct_to_reverb_db or 0.0)
    return CheckResult("ambience", ratio_db <= bound_db, f"{ratio_db:.1f} dB ({wettest.name})", expected)


def _cymbals(parts: Sequence[Part], lifted_db: float) -> CheckResult:
    bound_db = round(bounds.MAX_HATS_GAIN_DB + lifted_db, 1)
    expected = f"hi-hats at most {bound_db:g} dB higher against the snare than in the dry kit"
    found = {part.name: part.measures.hats_gain_db for part in parts if part.measures.hats_gain_db is not None}
    if not found:
        return CheckResult("cymbals", True, "no hi-hats to judge", expected)
    name, worst = max(found.items(), key=lambda item: item[1])
    return CheckResult("cymbals", worst <= bound_db, f"{worst:+.1f} dB ({name})", expected)


def _named(found: Mapping[str, str]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in found.items())
