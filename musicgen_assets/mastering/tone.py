"""The tone of a master: broad corrections towards the middle of its corridor, then the style's own shelves.

Belongs here: deciding equaliser bands, and putting audio through them. Does not belong here: the corridor
(mastering.corridor), filters (dsp).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.graph.job import FloatArray
from musicgen_assets.mastering.corridor import THIRD_OCTAVES_HZ, Corridor, deviations_db, octave_means_db
from musicgen_assets.mastering.plan import PreparedRecord, ToneBand

DoubleArray = NDArray[np.float64]

SUBSONIC_HZ = 20.0
"""The high-pass that takes out DC and what no loudspeaker plays."""
MAX_CUT_DB = 5.0
MAX_BOOST_DB = 3.5
"""A master is corrected, not remixed: more is the mix's business, and the gate's."""

_OCTAVES_HZ = (62.5, 125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0)
"""Where tone is judged and corrected."""
_BANDS_HZ = (88.4, *_OCTAVES_HZ[1:-1], 5656.9)
"""Centres of the bells, and between octaves the corners of the shelves that hold both ends."""
_LEFT_ALONE_DB = 0.5
"""An octave this near its middle is where an arrangement may be."""
_NOTHING_THERE_DB = 10.0
"""An octave this far under its middle holds no music to bring up, only noise."""
_BELL_Q = 1.2
_SHELF_Q = 0.7
_STYLE_LOW_HZ = 100.0
_STYLE_HIGH_HZ = 8_000.0
_SOLVER_ROUNDS = 8
_LEAST_DB = 0.1


def tone_bands(
    levels_db: DoubleArray, corridor: Corridor, rate: int, low_shelf_db: float, high_shelf_db: float
) -> tuple[ToneBand, ...]:
    """Bands that bring a mix with third-octave ``levels_db`` towards its corridor's middle, and the style's
    shelves.
    """
    wanted = correction_db(levels_db, corridor)
    gains = _solved(wanted, rate)
    bands = [
        ToneBand(
            kind=_kind(number), hz=_BANDS_HZ[number], gain_db=round(float(gain), 2), q=_q(number),
            reason=_reason(hz, float(goal)),
        )
        for number, (hz, gain, goal) in enumerate(zip(_OCTAVES_HZ, gains, wanted, strict=True))
        if abs(gain) >= _LEAST_DB
    ]  # fmt: skip
    for kind, hz, gain_db in (
        ("low_shelf", _STYLE_LOW_HZ, low_shelf_db),
        ("high_shelf", _STYLE_HIGH_HZ, high_shelf_db),
    ):
        if gain_db != 0.0:
            bands.append(ToneBand(kind=kind, hz=hz, gain_db=gain_db, q=_SHELF_Q, reason="the style's own colour"))
    return tuple(bands)


def correction_db(levels_db: DoubleArray, corridor: Corridor) -> DoubleArray:
    """Wanted change per octave of ``_OCTAVES_HZ``, within -5 and +3.5 dB."""
    octaves = octave_means_db(deviations_db(levels_db, corridor))
    at = [int(np.argmin([abs(np.log2(hz / centre)) for centre in THIRD_OCTAVES_HZ])) for hz in _OCTAVES_HZ]
    found = octaves[at]
    beyond = np.sign(found) * np.maximum(np.abs(found) - _LEFT_ALONE_DB, 0.0)
    beyond[found < -_NOTHING_THERE_DB] = 0.0
    return np.asarray(np.clip(-beyond, -MAX_CUT_DB, MAX_BOOST_DB), dtype=np.float64)


def tone_sections(bands: Sequence[ToneBand], rate: int) -> DoubleArray:
    """The bands as second-order sections, shape (bands, 6); none gives shape (0, 6)."""
    from dsp.filters import high_shelf_sections, low_shelf_sections, peak_sections

    designs = {"low_shelf": low_shelf_sections, "peak": peak_sections, "high_shelf": high_shelf_sections}
    sections = [designs[band.kind](rate, band.hz, band.gain_db, band.q) for band in bands]
    return np.vstack(sections) if sections else np.zeros((0, 6))


def bands_of(tone: Sequence[Mapping[str, Any]]) -> tuple[ToneBand, ...]:
    """Bands from a record's plain data."""
    return tuple(ToneBand.model_validate(band) for band in tone)


def with_tone(samples: FloatArray, rate: int, bands: Sequence[ToneBand]) -> FloatArray:
    """``samples`` (channels, samples) through the bands, without DC. Linear: sums may be formed before or after."""
    from dsp.filters import apply_sections, high_pass_sections

    return apply_sections(samples, np.vstack([high_pass_sections(rate, SUBSONIC_HZ), tone_sections(bands, rate)]))


def planned_gains_db(record: PreparedRecord, rate: int = 48_000) -> DoubleArray:
    """What the record says each third-octave of ``THIRD_OCTAVES_HZ`` was turned by: its bands, and its reference's."""
    gains = np.zeros(len(THIRD_OCTAVES_HZ))
    if record.tone:
        sections = tone_sections(record.tone, rate)
        z = np.exp(-2j * np.pi * np.array(THIRD_OCTAVES_HZ) / rate)
        powers = np.stack([np.ones_like(z), z, z * z])
        response = np.prod((sections[:, :3] @ powers) / (sections[:, 3:] @ powers), axis=0)
        gains = gains + 20.0 * np.log10(np.abs(response))
    if record.reference_tone_db:
        gains = gains + np.asarray(record.reference_tone_db)
    return np.asarray(gains, dtype=np.float64)


def _solved(wanted: DoubleArray, rate: int) -> DoubleArray:
    """Gains whose bands, overlapping as they do, together give ``wanted`` at the octaves' centres."""
    gains = wanted.copy()
    for _ in range(_SOLVER_ROUNDS):
        gains = np.clip(gains + 0.7 * (wanted - _response_db(gains, rate)), -1.5 * MAX_CUT_DB, 1.5 * MAX_BOOST_DB)
    return np.asarray(gains, dtype=np.float64)


def _response_db(gains: DoubleArray, rate: int) -> DoubleArray:
    """Gain in dB of all bands together at each of ``_OCTAVES_HZ``."""
    bands = [
        ToneBand(kind=_kind(number), hz=hz, gain_db=float(gain), q=_q(number), reason="")
        for number, (hz, gain) in enumerate(zip(_BANDS_HZ, gains, strict=True))
    ]
    sections = tone_sections(bands, rate)
    z = np.exp(-2j * np.pi * np.array(_OCTAVES_HZ) / rate)
    powers = np.stack([np.ones_like(z), z, z * z])
    response = np.prod((sections[:, :3] @ powers) / (sections[:, 3:] @ powers), axis=0)
    return np.asarray(20.0 * np.log10(np.abs(response)), dtype=np.float64)


def _reason(hz: float, goal_db: float) -> str:
    if abs(goal_db) < _LEAST_DB:
        return f"to keep the octave at {hz:g} Hz where it is, beside its neighbours' bands"
    return f"to move the octave at {hz:g} Hz by {goal_db:+.1f} dB towards the middle of its corridor"


def _kind(number: int) -> str:
    return {0: "low_shelf", len(_OCTAVES_HZ) - 1: "high_shelf"}.get(number, "peak")


def _q(number: int) -> float:
    return _SHELF_Q if _kind(number) != "peak" else _BELL_Q
