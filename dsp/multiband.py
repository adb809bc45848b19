"""Compression in three bands, and the width of stereo in three bands.

Belongs here: splitting into bands so that nothing changes where nothing has to. Does not belong here: one band
(``dsp.dynamics``), equalising (``dsp.filters``).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dsp.dynamics import gain_curve_db
from dsp.errors import AudioError
from dsp.filters import high_pass, low_pass
from dsp.levels import SILENCE_DB, FloatArray, check_audio, check_range, check_rate, db_to_gain, mean_square, rms_dbfs

CROSSOVERS_HZ = (160.0, 4_000.0)
"""Bass, middle and treble of the compressor."""
WIDTH_BORDERS_HZ = (250.0, 2_500.0)
"""Low, middle and high of the width."""

_TIMES_MS = ((30.0, 220.0), (15.0, 150.0), (5.0, 90.0))
_KNEE_DB = 6.0


def multiband_compressor(
    samples: FloatArray,
    rate: int,
    ratio: float,
    over_rms_db: float = 7.0,
    crossovers_hz: tuple[float, float] = CROSSOVERS_HZ,
) -> tuple[FloatArray, tuple[float, float, float]]:
    """Each of three bands turned down where it is louder than it usually is.

    The threshold of a band lies ``over_rms_db`` over its own RMS. The output is the input plus what the gains take
    from each band, so that audio in which no band passes its threshold comes back bit for bit.

    Args:
        samples: float32 (channels, samples).
        rate: in Hz, more than twice the upper crossover.
        ratio: 1 (nothing) to 20.
        over_rms_db: 0 to 24.
        crossovers_hz: lower and upper border, rising.

    Returns:
        The audio, and the deepest reduction of each band in dB (0 or negative).

    Raises:
        AudioError: no audio, or a value out of range.
    """
    check_range("ratio", ratio, 1.0, 20.0)
    check_range("over_rms_db", over_rms_db, 0.0, 24.0)
    if ratio == 1.0:
        check_audio(samples)
        return samples.copy(), (0.0, 0.0, 0.0)
    out = samples.copy()
    deepest = []
    for band, (attack_ms, release_ms) in zip(split_bands(samples, rate, crossovers_hz), _TIMES_MS, strict=True):
        threshold_db = rms_dbfs(band) + _PEAK_OVER_RMS_DB + over_rms_db
        if threshold_db < SILENCE_DB / 2.0:
            deepest.append(0.0)
            continue
        gain_db = gain_curve_db(band, rate, threshold_db, ratio, attack_ms, release_ms, _KNEE_DB)
        deepest.append(round(float(gain_db.min()), 2))
        if gain_db.any():
            out += band * (10.0 ** (gain_db / 20.0) - 1.0).astype(np.float32)
    return out, (deepest[0], deepest[1], deepest[2])


_PEAK_OVER_RMS_DB = 3.0
"""Levels are followed by their peaks, and a sine's stand this far over its RMS."""


def split_bands(
    samples: FloatArray, rate: int, borders_hz: tuple[float, float]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Low, middle and high, which add up to the input (to float32 rounding).

    The outer bands are second-order Butterworth; the middle is what they leave.

    Raises:
        AudioError: no audio, or borders that do not rise between 20 Hz and half the rate.
    """
    check_audio(samples)
    check_rate(rate)
    low_hz, high_hz = borders_hz
    if not 20.0 <= low_hz < high_hz < rate / 2.0:
        raise AudioError(f"band borders must rise between 20 Hz and {rate / 2.0:g} Hz, got {low_hz:g} and {high_hz:g}")
    low, high = low_pass(samples, rate, low_hz), high_pass(samples, rate, high_hz)
    return low, samples - low - high, high


def width_db(
    samples: FloatArray, rate: int, borders_hz: tuple[float, float] = WIDTH_BORDERS_HZ
) -> tuple[float, float, float]:
    """Level of the side against the middle, in dB, below, between and above ``borders_hz``; -120 for mono.

    0 dB is what two unrelated channels have; a band in which nothing sounds reads -120 too.
    """
    check_audio(samples)
    if samples.shape[0] != 2:
        return (SILENCE_DB, SILENCE_DB, SILENCE_DB)
    middle, side = _middle_and_side(samples)
    found = []
    for one, other in zip(split_bands(middle, rate, borders_hz), split_bands(side, rate, borders_hz), strict=True):
        power, apart = mean_square(one), mean_square(other)
        ratio_db = 10.0 * np.log10(max(apart, 1e-20) / max(power, 1e-20))
        found.append(SILENCE_DB if apart <= 1e-12 else float(np.clip(ratio_db, SILENCE_DB, -SILENCE_DB)))
    return (found[0], found[1], found[2])


def with_width(
    samples: FloatArray, rate: int, gains_db: Sequence[float], borders_hz: tuple[float, float] = WIDTH_BORDERS_HZ
) -> FloatArray:
    """Stereo with its side turned by ``gains_db`` below, between and above ``borders_hz``; the middle stays.

    Raises:
        AudioError: not two channels, not three gains, or a gain over 24 dB.
    """
    check_audio(samples)
    if samples.shape[0] != 2 or len(gains_db) != 3:
        raise AudioError(f"width needs two channels and three gains, got {samples.shape[0]} and {len(gains_db)}")
    for gain_db in gains_db:
        check_range("gains_db", gain_db, SILENCE_DB, 24.0)
    if not any(gains_db):
        return samples.copy()
    side = _middle_and_side(samples)[1]
    change = np.zeros_like(side)
    for band, gain_db in zip(split_bands(side, rate, borders_hz), gains_db, strict=True):
        change += band * np.float32(db_to_gain(gain_db) - 1.0)
    return np.concatenate([samples[:1] + change, samples[1:] - change])


def _middle_and_side(samples: FloatArray) -> tuple[FloatArray, FloatArray]:
    half = np.float32(0.5)
    return (samples[:1] + samples[1:]) * half, (samples[:1] - samples[1:]) * half
