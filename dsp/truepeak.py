"""The peak between the samples: four-fold oversampling after ITU-R BS.1770-4, Annex 2.

Belongs here: the interpolator and the search for its largest value. The limiter shares it, so that what is limited
is what is measured.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dsp.levels import FloatArray, check_audio, check_rate, gain_to_db, peak

PAIRS = 12
"""Samples used on each side of an interpolated point; 24 taps a phase, where the standard's example has 12."""

_KAISER_BETA = 7.0
_BLOCK = 2_048
_BATCH = 16


def true_peak_dbtp(samples: FloatArray, rate: int) -> float:
    """Largest magnitude of the waveform through the samples, in dB relative to full scale; -120 for silence.

    The waveform is read at every sample and at three points between neighbours. A sine of frequency f may peak
    between those points: it then reads up to ``-20 log10(cos(pi f / (4 rate)))`` too low, 0.17 dB at a quarter of
    the rate (BS.1770-4, Annex 2, Appendix 1).

    Args:
        samples: float32 (channels, samples).
        rate: in Hz; the oversampling is relative, so it does not change the figure.

    Raises:
        AudioError: no audio, or an impossible rate.
    """
    check_rate(rate)
    return gain_to_db(true_peak(samples))


def true_peak(samples: FloatArray) -> float:
    """As ``true_peak_dbtp``, linear."""
    best = peak(samples)
    for channel in samples:
        best = _channel_peak(channel, best)
    return best


def local_true_peaks(samples: FloatArray, above: float) -> FloatArray:
    """For every sample, the largest magnitude on it or in the gaps beside it, over all channels.

    Only where that may exceed ``above`` (linear); elsewhere the answer is 0 or the magnitude of the sample.

    Returns:
        float32 (samples,).
    """
    check_audio(samples)
    count = samples.shape[1]
    # Gap i lies before sample i; the one after the last sample is there too.
    gaps = np.zeros(-(-(count + 1) // _BLOCK) * _BLOCK, np.float32)
    on = np.zeros(count, np.float32)
    rows_of_gaps = gaps.reshape(-1, _BLOCK)
    for channel in samples:
        np.maximum(on, np.abs(channel), out=on)
        windows = _windows(channel)
        rows = np.flatnonzero(_bounds(windows) > above)
        for start in range(0, rows.size, _BATCH):
            batch = rows[start : start + _BATCH]
            rows_of_gaps[batch] = np.maximum(rows_of_gaps[batch], between_samples(windows[batch]))
    np.maximum(on, gaps[:count], out=on)
    return np.maximum(on, gaps[1 : count + 1], out=on)


def between_samples(windows: FloatArray) -> FloatArray:
    """Largest magnitude of the three points between neighbouring samples.

    Args:
        windows: float32 (rows, width), width > 24. Row positions ``PAIRS - 1 .. width - PAIRS - 1`` are looked
            at, the rest is what the interpolator needs around them.

    Returns:
        float32 (rows, width - 2 * PAIRS + 1); element i lies between positions ``i + PAIRS - 1`` and ``i + PAIRS``.
    """
    half, even, odd = _taps()
    count = windows.shape[1] - 2 * PAIRS + 1
    shape = (windows.shape[0], count)
    middle, outer_even, outer_odd = (np.zeros(shape, np.float32) for _ in range(3))
    both, product = np.empty(shape, np.float32), np.empty(shape, np.float32)
    # Points at 1/4 and 3/4 mirror each other: with sums and differences of the pair around them, one costs both.
    for j in range(PAIRS):
        before = windows[:, PAIRS - 1 - j : PAIRS - 1 - j + count]
        after = windows[:, PAIRS + j : PAIRS + j + count]
        np.add(before, after, out=both)
        middle += np.multiply(both, half[j], out=product)
        outer_even += np.multiply(both, even[j], out=product)
        np.subtract(before, after, out=both)
        outer_odd += np.multiply(both, odd[j], out=product)
    np.abs(outer_even, out=outer_even)
    np.abs(outer_odd, out=outer_odd)
    outer_even += outer_odd
    return np.maximum(outer_even, np.abs(middle, out=middle), out=outer_even)


@lru_cache(maxsize=1)
def worst_case_gain() -> float:
    """No interpolated point exceeds the largest sample its window sees by more than this factor."""
    half, even, odd = _taps()
    quarter = np.abs(even + odd).sum() + np.abs(even - odd).sum()
    return float(max(2.0 * np.abs(half).sum(), quarter)) * (1.0 + 1e-5)


@lru_cache(maxsize=1)
def _taps() -> tuple[FloatArray, FloatArray, FloatArray]:
    """Per pair of neighbours: taps at 1/2, and half sum and half difference of the taps at 1/4 and 3/4.

    A sinc under a Kaiser window (beta 7); each phase is scaled to a sum of one, so that a constant stays constant.
    """
    nearest = np.arange(PAIRS, dtype=np.float64)
    half = _windowed_sinc(0.5 + nearest)
    near, far = _windowed_sinc(0.25 + nearest), _windowed_sinc(0.75 + nearest)
    half /= 2.0 * half.sum()
    scale = near.sum() + far.sum()
    near, far = near / scale, far / scale
    return half.astype(np.float32), (0.5 * (near + far)).astype(np.float32), (0.5 * (near - far)).astype(np.float32)


def _windowed_sinc(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    window = np.i0(_KAISER_BETA * np.sqrt(1.0 - (distance / PAIRS) ** 2)) / np.i0(_KAISER_BETA)
    return np.asarray(np.sinc(distance) * window, dtype=np.float64)


def _channel_peak(channel: FloatArray, best: float) -> float:
    """The larger of ``best`` and the channel's true peak; blocks that cannot exceed the best so far are skipped."""
    windows = _windows(channel)
    bounds = _bounds(windows)
    order = np.argsort(-bounds, kind="stable")
    for start in range(0, order.size, _BATCH):
        rows = order[start : start + _BATCH]
        rows = rows[bounds[rows] > best]
        if rows.size == 0:
            break
        best = max(best, float(between_samples(windows[rows]).max()))
    return best


def _windows(channel: FloatArray) -> FloatArray:
    """The channel between zeros, as overlapping rows; what ``between_samples`` says of row r begins at its gap
    before sample ``r * _BLOCK``.
    """
    blocks = -(-(channel.size + 1) // _BLOCK)
    padded = np.zeros(blocks * _BLOCK + 2 * PAIRS - 1, np.float32)
    padded[PAIRS : PAIRS + channel.size] = channel
    return np.lib.stride_tricks.sliding_window_view(padded, _BLOCK + 2 * PAIRS - 1)[::_BLOCK]


def _bounds(windows: FloatArray) -> NDArray[np.float64]:
    """What no gap of each row can exceed."""
    return np.asarray(np.maximum(windows.max(axis=1), -windows.min(axis=1)) * worst_case_gain(), dtype=np.float64)
