"""A resonant low-pass whose cutoff moves.

Belongs here: that filter. Does not belong here: fixed equaliser bands (filters), and what moves it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp.levels import FloatArray, check_audio, check_range, check_rate

BLOCK = 64
"""The cutoff is set anew every so many samples: 1.3 ms."""
_SAME = 1.008
"""Cutoffs this close, 14 cents, are taken for one: nobody hears the step, and most of a sweep is cheap."""
_ORDER4_Q = (0.54119610, 1.30656296)
"""Q of the two sections of a fourth-order Butterworth; resonance sharpens the second."""


def swept_low_pass(
    samples: FloatArray, rate: int, cutoff_hz: NDArray[np.float64], resonance: float = 0.0
) -> FloatArray:
    """24 dB an octave above a moving cutoff: float32, same shape.

    Args:
        samples: float32 ``(channels, samples)``.
        cutoff_hz: one a sample; held between 20 Hz and 0.45 of the rate.
        resonance: 0 (none) to 1 (a peak of 18 dB at the cutoff).

    Two second-order sections (R. Bristow-Johnson's cookbook) in the transposed form, whose state survives a change of
    coefficients without a click.
    """
    from scipy.signal import sosfilt

    check_audio(samples)
    check_rate(rate)
    check_range("resonance", resonance, 0.0, 1.0)
    length = samples.shape[1]
    starts = np.arange(0, length, BLOCK)
    cutoffs = np.clip(cutoff_hz[starts], 20.0, 0.45 * rate)
    out = np.empty_like(samples)
    state = np.zeros((2, samples.shape[0], 2))
    first = 0
    while first < starts.size:
        last = first + 1
        while last < starts.size and 1.0 / _SAME < cutoffs[last] / cutoffs[first] < _SAME:
            last += 1
        begin, end = int(starts[first]), int(starts[last]) if last < starts.size else length
        piece, state = sosfilt(_sections(cutoffs[first], rate, resonance), samples[:, begin:end], axis=1, zi=state)
        out[:, begin:end] = piece
        first = last
    return out


def _sections(cutoff_hz: float, rate: int, resonance: float) -> NDArray[np.float64]:
    rows = []
    for q in (_ORDER4_Q[0], _ORDER4_Q[1] * 10.0 ** (0.8 * resonance)):
        omega = 2.0 * np.pi * cutoff_hz / rate
        cosine, alpha = np.cos(omega), np.sin(omega) / (2.0 * q)
        low = (1.0 - cosine) / 2.0
        a0 = 1.0 + alpha
        rows.append([low / a0, 2.0 * low / a0, low / a0, 1.0, -2.0 * cosine / a0, (1.0 - alpha) / a0])
    return np.array(rows)
