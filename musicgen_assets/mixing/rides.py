"""Volume ridden from section to section, so that choruses are louder than verses where the band alone is not.

Belongs here: how loud each section of the mix will be, by the stems' measured seconds, and how far to ride. Does not
belong here: moves that the score asks for (production.automation), applying them (strip).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.context.schema import Role, SectionKind
from musicgen_assets.mixing.plan import RidePoint

RIDE_LIMIT_DB = 6.0
STEP_DB = 0.5
SHARES: Mapping[Role, float] = {
    "chords": 1.0, "arpeggio": 1.0, "pad": 1.0, "counter": 1.0, "percussion": 1.0, "drums": 0.5, "bass": 0.5,
    "lead": 0.4, "vocal": 0.4,
}  # fmt: skip
"""How much of the ride a role takes part in: accompaniment steps back before the groove and the lead do."""
UP_S, DOWN_S = 0.25, 0.8
"""A lift is done when the section begins; stepping back takes a moment after it."""
LEVELLING_LU = 0.7
"""Levelling of the strips takes about this much of the lift that dry stems promise."""
HIGH: frozenset[SectionKind] = frozenset({"chorus", "drop"})
LOW: frozenset[SectionKind] = frozenset({"verse"})


@dataclass(frozen=True)
class Span:
    """A section in seconds."""

    kind: SectionKind
    start_s: float
    end_s: float
    energy: float


@dataclass(frozen=True)
class Fed:
    """A track as it goes into the mix: its measured seconds in LUFS, and what its strip adds to them in LU."""

    role: Role
    seconds_lufs: tuple[float, ...]
    gain_lu: float


def ride_db(tracks: Sequence[Fed], spans: Sequence[Span], wanted_lu: float) -> float:
    """How far accompaniment has to step back in verses, 0 to ``RIDE_LIMIT_DB`` in halves of a dB.

    0 in songs without choruses or verses, or whose stems nobody measured by the second.
    """
    if wanted_lu <= 0.0 or not _can_ride(spans) or not any(track.seconds_lufs for track in tracks):
        return 0.0
    for amount in np.arange(0.0, RIDE_LIMIT_DB, STEP_DB):
        if _lift_lu(tracks, spans, float(amount)) - LEVELLING_LU >= wanted_lu:
            return float(amount)
    return RIDE_LIMIT_DB


def lift_lu(tracks: Sequence[Fed], spans: Sequence[Span], amount_db: float = 0.0) -> float | None:
    """How much louder choruses will be than verses with a ride of ``amount_db``; None where there are not both."""
    return round(_lift_lu(tracks, spans, amount_db) - LEVELLING_LU, 2) if _can_ride(spans) else None


def ride_points(role: Role, spans: Sequence[Span], amount_db: float) -> tuple[RidePoint, ...]:
    """The ride of one role over the song: level over time, straight lines between points. Empty where nothing moves."""
    offsets = [round(SHARES.get(role, 0.0) * amount_db * shape, 2) for shape in shapes(spans)]
    if not any(offsets):
        return ()
    points = [RidePoint(time_s=0.0, level_db=offsets[0])]
    for span, before, after in zip(spans[1:], offsets, offsets[1:], strict=False):
        if before == after:
            continue
        start, end = (span.start_s - UP_S, span.start_s) if after > before else (span.start_s, span.start_s + DOWN_S)
        points.append(RidePoint(time_s=round(max(0.0, start), 6), level_db=before))
        points.append(RidePoint(time_s=round(end, 6), level_db=after))
    return tuple(points)


def shapes(spans: Sequence[Span]) -> list[float]:
    """How far each section is ridden down, 0 (a chorus) to -1 (a verse), by its energy between the two."""
    high = float(np.mean([span.energy for span in spans if span.kind in HIGH] or [1.0]))
    low = float(np.mean([span.energy for span in spans if span.kind in LOW] or [0.0]))
    return [-float(np.clip((high - span.energy) / (high - low), 0.0, 1.0)) if high > low else 0.0 for span in spans]


def _can_ride(spans: Sequence[Span]) -> bool:
    kinds = {span.kind for span in spans}
    highs = [span.energy for span in spans if span.kind in HIGH]
    lows = [span.energy for span in spans if span.kind in LOW]
    return bool(kinds & HIGH and kinds & LOW) and float(np.mean(highs)) > float(np.mean(lows))


def _lift_lu(tracks: Sequence[Fed], spans: Sequence[Span], amount_db: float) -> float:
    powers = _section_powers(tracks, spans, amount_db)
    lengths = np.array([span.end_s - span.start_s for span in spans])
    means = []
    for kinds in (HIGH, LOW):
        chosen = np.array([span.kind in kinds for span in spans])
        means.append(float((powers[chosen] * lengths[chosen]).sum() / lengths[chosen].sum()))
    return 10.0 * float(np.log10(max(means[0], 1e-12) / max(means[1], 1e-12)))


def _section_powers(tracks: Sequence[Fed], spans: Sequence[Span], amount_db: float) -> NDArray[np.float64]:
    """Mean power of the mix in each section."""
    total = np.zeros(len(spans))
    offsets = np.array(shapes(spans)) * amount_db
    for track in tracks:
        if not track.seconds_lufs:
            continue
        power = 10.0 ** ((np.array(track.seconds_lufs) + track.gain_lu) / 10.0)
        ridden = 10.0 ** (SHARES.get(track.role, 0.0) * offsets / 10.0)
        for index, span in enumerate(spans):
            first = min(power.size - 1, int(span.start_s))
            part = power[first : max(first + 1, int(span.end_s))]
            total[index] += float(part.mean()) * ridden[index]
    return total
