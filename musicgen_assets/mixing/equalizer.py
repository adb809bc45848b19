"""Equaliser bands by role, and what a set of bands does to a loudness.

Belongs here: the usual cuts and lifts with their reasons; turning bands into filter sections. Does not belong
here: bands that depend on other tracks (balance), filtering audio (matrix).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dsp.filters import Sections, high_pass_sections, high_shelf_sections, low_shelf_sections, peak_sections
from musicgen_assets.context.schema import Role
from musicgen_assets.mixing.plan import Band
from musicgen_assets.production.meter import BAND_CENTRES_HZ, Measurement, k_weighting_power

_HIGHEST_SHARE = 0.45
"""Bands are kept below this share of the sample rate."""
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
_PRESENCE_HZ: dict[Role, float] = {"bass": 900.0, "drums": 4_500.0, "percussion": 5_000.0}


def bands_for(role: Role, high_pass_hz: float, presence_db: float) -> tuple[Band, ...]:
    """The bands of a role: a high-pass, the usual ones, and presence as its style asks."""
    bands = [Band(kind="high_pass", hz=high_pass_hz, reason="nothing of this track lives below"), *_USUAL[role]]
    if presence_db:
        bands.append(
            Band(kind="peak", hz=_PRESENCE_HZ.get(role, 3_200.0), gain_db=presence_db, q=0.8, reason="presence")
        )
    return tuple(bands)


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
