"""Equaliser bands by role, and what a set of bands does to a loudness.

Belongs here: the usual cuts and lifts with their reasons; turning bands into filter sections. Does not belong
here: bands that depend on other tracks (balance), filtering audio (matrix).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dsp.filters import Sections, high_pass_sections, high_shelf_sections, low_shelf_sections, peak_sections
from musicgen_assets.context.schema import Role
from musicgen_assets.mixing.plan import Band
from musicgen_assets.production.meter import BAND_CENTRES_HZ, Measurement, k_weighting_power

_HIGHEST_SHARE = 0.45
"""Bands are kept below this share of the sample rate."""
TOO_BRIGHT = "too bright for its role"
_MUD = "less of what all tracks share and none needs"

_USUAL: dict[Role, tuple[Band, ...]] = {
    "vocal": (
        Band(kind="peak", hz=280, gain_db=-2.0, q=1.0, reason=_MUD),
        Band(kind="high_shelf", hz=10_000, gain_db=2.0, reason="air"),
    ),
    "lead": (
        Band(kind="peak", hz=280, gain_db=-1.5, q=1.0, reason=_MUD),
        Band(kind="high_shelf", hz=10_000, gain_db=1.5, reason="air"),
    ),
    "drums": (
        Band(kind="low_shelf", hz=75, gain_db=1.5, reason="weight of the kick"),
        Band(kind="peak", hz=380, gain_db=-2.5, q=0.9, reason="boxiness of drum rooms"),
    ),
    "percussion": (Band(kind="peak", hz=400, gain_db=-2.0, q=0.9, reason=_MUD),),
    "bass": (
        Band(kind="peak", hz=230, gain_db=-1.5, q=1.0, reason="room for the body of chords and voice"),
        Band(kind="high_shelf", hz=5_000, gain_db=-3.0, reason="string noise is no bass"),
    ),
    "chords": (Band(kind="peak", hz=300, gain_db=-2.0, q=0.9, reason=_MUD),),
    "arpeggio": (Band(kind="peak", hz=320, gain_db=-2.0, q=0.9, reason=_MUD),),
    "pad": (
        Band(kind="peak", hz=320, gain_db=-3.0, q=0.8, reason=_MUD),
        Band(kind="high_shelf", hz=9_000, gain_db=-1.5, reason="a pad stands behind"),
    ),
    "counter": (Band(kind="peak", hz=300, gain_db=-1.5, q=1.0, reason=_MUD),),
}


@dataclass(frozen=True)
class Brightness:
    """How bright a role may be: its ``high_hz`` octaves at most ``limit_db`` over its ``body_hz`` octaves."""

    body_hz: tuple[float, ...]
    high_hz: tuple[float, ...]
    limit_db: float
    shelf_hz: float
    deepest_db: float = 6.0


_BODY_HZ = (250.0, 500.0, 1_000.0)
_EDGE_HZ = (2_000.0, 4_000.0, 8_000.0)
BRIGHTNESS: dict[Role, Brightness] = {
    "vocal": Brightness(_BODY_HZ, _EDGE_HZ, -4.0, 2_200.0),
    "lead": Brightness(_BODY_HZ, _EDGE_HZ, -4.0, 2_200.0),
    "counter": Brightness(_BODY_HZ, _EDGE_HZ, -6.0, 2_200.0),
    "chords": Brightness(_BODY_HZ, _EDGE_HZ, -6.0, 2_200.0),
    "arpeggio": Brightness(_BODY_HZ, _EDGE_HZ, -6.0, 2_200.0),
    "pad": Brightness(_BODY_HZ, _EDGE_HZ, -9.0, 2_200.0),
    "bass": Brightness((63.0, 125.0, 250.0), (500.0, 1_000.0, 2_000.0, 4_000.0), -8.0, 700.0),
    "drums": Brightness((63.0, 125.0), (4_000.0, 8_000.0, 16_000.0), -8.0, 4_500.0, 5.0),
}
"""Set so that a full band falls by about 4.5 dB an octave from 100 Hz up, as the long-term average of popular
recordings does (P. Pestana et al., "Spectral characteristics of popular commercial recordings 1950-2010", AES 2013)."""
_PRESENCE_HZ: dict[Role, float] = {"bass": 900.0, "drums": 4_500.0, "percussion": 5_000.0}


def bands_for(role: Role, high_pass_hz: float, presence_db: float) -> tuple[Band, ...]:
    """The bands of a role: a high-pass, the usual ones, and presence as its style asks."""
    bands = [Band(kind="high_pass", hz=high_pass_hz, reason="nothing of this track lives below"), *_USUAL[role]]
    if presence_db:
        bands.append(
            Band(kind="peak", hz=_PRESENCE_HZ.get(role, 3_200.0), gain_db=presence_db, q=0.8, reason="presence")
        )
    return tuple(bands)


def brightness_cut_db(role: Role, bands: Sequence[Band], measured: Measurement, sample_rate_hz: int) -> float:
    """How far a shelf must take the highs down behind the bands, by the role's ``BRIGHTNESS``: 0 or more, in halves."""
    rule = BRIGHTNESS.get(role)
    if rule is None or measured.is_silent:
        return 0.0
    levels = np.array(measured.bands_db) + np.array(band_gains_db(bands, sample_rate_hz))
    power = dict(zip(BAND_CENTRES_HZ, 10.0 ** (levels / 10.0), strict=True))
    body, high = (sum(float(power[hz]) for hz in octaves) for octaves in (rule.body_hz, rule.high_hz))
    excess_db = 10.0 * float(np.log10(high / body)) - rule.limit_db
    return min(rule.deepest_db, max(0.0, round(2.0 * excess_db) / 2.0))


def brightness_band(role: Role, cut_db: float) -> Band:
    """The shelf that takes ``cut_db`` off the highs of a role that has a rule of brightness."""
    return Band(kind="high_shelf", hz=BRIGHTNESS[role].shelf_hz, gain_db=-cut_db, reason=TOO_BRIGHT)


def sections_of(bands: Sequence[Band], sample_rate_hz: int) -> Sections:
    """Second-order sections of all bands in turn, shape (n, 6); for no bands one that changes nothing."""
    sections = [np.array([[1.0, 0.0, 0.0, 1.0, 0.0, 0.0]])]
    for band in bands:
        hz = min(band.hz, _HIGHEST_SHARE * sample_rate_hz)
        if band.kind == "high_pass":
            sections.append(high_pass_sections(sample_rate_hz, hz))
        elif band.kind == "peak":
            sections.append(peak_sections(sample_rate_hz, hz, band.gain_db, band.q))
        elif band.kind == "low_shelf":
            sections.append(low_shelf_sections(sample_rate_hz, hz, band.gain_db, band.q))
        else:
            sections.append(high_shelf_sections(sample_rate_hz, hz, band.gain_db, band.q))
    return np.vstack(sections)


def band_gains_db(bands: Sequence[Band], sample_rate_hz: int) -> tuple[float, ...]:
    """Mean gain of the bands in each octave of ``BAND_CENTRES_HZ``, in dB."""
    return tuple(float(gain) for gain in 10.0 * np.log10(_octave_powers(bands, sample_rate_hz).mean(axis=1)))


def loudness_change_lu(bands: Sequence[Band], measured: Measurement, sample_rate_hz: int) -> float:
    """How much louder the bands make a track of this spectrum, by K-weighted octaves; within about half a LU."""
    energy = 10.0 ** (np.array(measured.bands_db) / 10.0)
    frequencies = _octave_frequencies(sample_rate_hz)
    weight = k_weighting_power(frequencies.ravel(), sample_rate_hz).reshape(frequencies.shape)
    after = (energy[:, None] * weight * _octave_powers(bands, sample_rate_hz)).sum()
    return float(10.0 * np.log10(after / (energy[:, None] * weight).sum()))


def _octave_frequencies(sample_rate_hz: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Five frequencies in each octave, shape (octaves, 5)."""
    steps = 2.0 ** np.array([-0.4, -0.2, 0.0, 0.2, 0.4])
    return np.minimum(np.array(BAND_CENTRES_HZ)[:, None] * steps, 0.49 * sample_rate_hz)


def _octave_powers(bands: Sequence[Band], sample_rate_hz: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Power response of the bands at ``_octave_frequencies``."""
    from scipy.signal import freqz_sos

    frequencies = _octave_frequencies(sample_rate_hz)
    _, response = freqz_sos(sections_of(bands, sample_rate_hz), worN=frequencies.ravel(), fs=sample_rate_hz)
    powers: np.ndarray[tuple[int, int], np.dtype[np.float64]] = (np.abs(response) ** 2).reshape(frequencies.shape)
    return np.maximum(powers, 1e-12)
