"""The spectrum of a singing voice over frames: formants moved, highs made, effort, breath.

Belongs here: envelopes in dB by frame and bin, from the narrow band of synthetic speech to 24 kHz. Does not belong
here: analysis and synthesis (vocoder), whose voice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.vocoder import FLOOR_DB, Frames, frequencies_hz

_SOURCE_TILT_DB = -2.5
"""An octave above 1 kHz: espeak-ng speaks brighter than people sing, to be heard through small loudspeakers."""
_UPPER_DB = -13.0
"""Usual level of 2.5-5 kHz against all below, of sung vowels before the tilt."""
SOURCE_TOP_HZ = 5_000.0
"""Above this the formants of spoken material fade: the glottal slope takes over."""
_NOISE_TOP_HZ = 9_300.0
_NOISE_FROM_HZ = (7_500.0, 9_300.0)
_EFFORT_FROM_HZ, _EFFORT_TO_HZ = 600.0, 3_000.0
EFFORT_PER_DB = 0.5
"""Partials near the singer's formant gain about 1.5 dB for each dB of level (Sundberg, The Science of the Singing
Voice, 1987); the half beyond the level itself is a matter of tone."""


@dataclass(frozen=True)
class Timbre:
    """A voice. ``formant_warp`` 0.8-1.25 moves formants; ``tilt_db`` a octave above 1 kHz; ``breath`` 0-1.

    ``slope_db`` an octave is how harmonics fall above ``source_top_hz``, where the formants of the material end.
    """

    formant_warp: float = 1.0
    tilt_db: float = 0.0
    breath: float = 0.1
    slope_db: float = -13.0
    source_top_hz: float = SOURCE_TOP_HZ


def full_band_db(
    envelope: Frames,
    source_rate: int,
    timbre: Timbre,
    is_voiced: NDArray[np.bool_],
    noise_slope_db: NDArray[np.float64],
) -> Frames:
    """Envelopes of speech, (frames, bins to source_rate / 2), at the synthesizer's bins to 24 kHz.

    Voiced frames go on above the source's formants at ``timbre.slope_db`` an octave with weak higher formants;
    others go on from their own noise at ``noise_slope_db``, (frames,), an octave.
    """
    hz = frequencies_hz()
    place = np.minimum(hz / timbre.formant_warp / (source_rate / 2.0), 1.0) * (envelope.shape[1] - 1)
    low = np.minimum(place.astype(int), envelope.shape[1] - 2)
    share = (place - low).astype(np.float32)
    wide = envelope[:, low] * (1.0 - share) + envelope[:, low + 1] * share
    ripple = 2.5 * np.cos(2.0 * np.pi * (hz - 6_200.0 * timbre.formant_warp) / (1_900.0 * timbre.formant_warp))
    _go_on(wide, hz, np.flatnonzero(is_voiced), timbre.source_top_hz, _slope_from(timbre), timbre.slope_db, ripple)
    for slope in np.unique(noise_slope_db[~is_voiced]):
        rows = np.flatnonzero(~is_voiced & (noise_slope_db == slope))
        _go_on(wide, hz, rows, _NOISE_TOP_HZ, _NOISE_FROM_HZ, float(slope), 0.0 * hz)
    _calm(wide, hz, np.flatnonzero(is_voiced))
    octaves = np.log2(np.maximum(hz, 1_000.0) / 1_000.0)
    wide[is_voiced] += ((timbre.tilt_db + _SOURCE_TILT_DB) * octaves).astype(np.float32)
    return np.asarray(np.maximum(wide, np.float32(FLOOR_DB)), dtype=np.float32)


def _slope_from(timbre: Timbre) -> tuple[float, float]:
    """Where the level of the highs is taken from: the last formants of the material."""
    return 0.62 * timbre.source_top_hz, 0.92 * timbre.source_top_hz


def _calm(wide: Frames, hz: NDArray[np.float64], rows: NDArray[np.intp]) -> None:
    """Take half of what a frame has too much between 2.5 kHz and 5 kHz, and all above with it: rule-made front vowels
    have upper formants as loud as their first.
    """
    if rows.size == 0:
        return
    power = 10.0 ** (wide[rows] / 10.0)
    upper = 10.0 * np.log10(power[:, (hz > 2_500.0) & (hz < 5_000.0)].sum(axis=1))
    excess = upper - 10.0 * np.log10(power[:, (hz > 80.0) & (hz < 2_500.0)].sum(axis=1)) - _UPPER_DB
    share = np.clip(np.log2(np.maximum(hz, 1.0) / 1_800.0), 0.0, 1.0)
    wide[rows] -= np.outer(0.5 * np.maximum(excess, 0.0), share).astype(np.float32)


def _go_on(
    wide: Frames, hz: NDArray[np.float64], rows: NDArray[np.intp], top_hz: float, from_hz: tuple[float, float],
    slope_db: float, ripple_db: NDArray[np.float64],
) -> None:  # fmt: skip
    """Replace what lies above ``top_hz`` by a slope from the mean level of ``from_hz``."""
    if rows.size == 0:
        return
    is_model = (hz >= from_hz[0]) & (hz <= from_hz[1])
    level = wide[rows][:, is_model].mean(axis=1, keepdims=True)
    centre = float(np.sqrt(from_hz[0] * from_hz[1]))
    above = hz > from_hz[1]
    octaves = np.log2(hz[above] / centre)
    made = level + (slope_db * octaves + ripple_db[above]).astype(np.float32)
    share = np.clip((hz[above] - from_hz[1]) / (top_hz * 1.12 - from_hz[1]), 0.0, 1.0).astype(np.float32)
    wide[np.ix_(rows, above)] = wide[np.ix_(rows, above)] * (1.0 - share) + made * share


def with_effort(envelope: Frames, level_db: NDArray[np.float64], is_voiced: NDArray[np.bool_]) -> Frames:
    """Frames at ``level_db``, (frames,), from usual effort: louder is brighter, softer is darker."""
    hz = frequencies_hz()
    rise = np.log2(np.clip(hz, _EFFORT_FROM_HZ, _EFFORT_TO_HZ) / _EFFORT_FROM_HZ) / np.log2(
        _EFFORT_TO_HZ / _EFFORT_FROM_HZ
    )
    effort = np.where(is_voiced, np.clip(level_db, -12.0, 12.0), 0.0)
    gain_db = np.outer((EFFORT_PER_DB * effort).astype(np.float32), rise.astype(np.float32))
    gain_db += level_db.astype(np.float32)[:, None]
    return np.asarray(envelope + gain_db, dtype=np.float32)


def aperiodicity(timbre: Timbre, noisiness: NDArray[np.float64]) -> Frames:
    """Share of noise by frame and bin, 0-1: breath rising with frequency, and frames that are noise by nature.

    ``noisiness`` (frames,): 0 a vowel, 1 a whisper; between them voiced fricatives, tone below and noise above.
    """
    hz = frequencies_hz()
    # Voices are noise above some 8-12 kHz, breathy ones from 3 kHz on.
    middle_hz = 9_000.0 * 2.0 ** (-2.2 * timbre.breath)
    breath = 0.004 + 0.25 * timbre.breath**2 + 0.95 / (1.0 + (middle_hz / np.maximum(hz, 1.0)) ** 2.6)
    kinds, of_frame = np.unique(noisiness, return_inverse=True)
    turn_hz = np.where(kinds >= 1.0, 1.0, 4_000.0 * 2.0 ** (-3.0 * kinds))
    fricative = kinds[:, None] / (1.0 + (turn_hz[:, None] / np.maximum(hz[None, :], 1.0)) ** 4)
    by_kind = np.clip(np.maximum(breath[None, :], fricative), 0.0, 1.0).astype(np.float32)
    return np.asarray(by_kind[of_frame])


def breath_db(timbre: Timbre) -> NDArray[np.float32]:
    """The envelope of air drawn in: broad bands where an open mouth has its formants, (bins,), loudest 0 dB."""
    hz = frequencies_hz()
    bands = sum(
        gain * np.exp(-0.5 * ((hz - centre * timbre.formant_warp) / width) ** 2)
        for gain, centre, width in ((0.8, 1_500.0, 500.0), (1.0, 2_500.0, 700.0), (0.5, 5_000.0, 1_800.0))
    )
    floor = 0.06 / (1.0 + (hz / 11_000.0) ** 4) * (hz > 150.0)
    shape = 20.0 * np.log10(np.maximum(np.asarray(bands) + floor, 1e-5))
    return np.asarray(shape - shape.max(), dtype=np.float32)
