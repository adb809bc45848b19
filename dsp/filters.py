"""Equaliser bands: designs as second-order sections, and their application.

Every filter is ``apply_sections(samples, ..._sections(rate, ...))``. One application costs nearly the same for one
section as for six, so join the designs of a whole strip with ``np.vstack`` and apply them once. Filters start
from rest (the audio before the first sample is silence) and run in double precision.

Belongs here: linear filters that change the spectrum. Does not belong here: anything that depends on the level.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp.errors import AudioError
from dsp.levels import FloatArray, check_audio, check_range, check_rate

Sections = NDArray[np.float64]
"""Shape (sections, 6): b0, b1, b2, a0 = 1, a1, a2 each."""

BUTTERWORTH_Q = 0.7071067811865476
MAX_GAIN_DB = 48.0

_CHUNK = 65_536


def apply_sections(samples: FloatArray, sections: Sections) -> FloatArray:
    """The audio through all sections in turn; float32, same shape.

    Raises:
        AudioError: no audio, or sections that are not of shape (n, 6).
    """
    from scipy.signal import sosfilt

    check_audio(samples)
    if sections.ndim != 2 or sections.shape[1] != 6 or sections.shape[0] == 0:
        raise AudioError(f"filter sections must have shape (n, 6), got {sections.shape}")
    out = np.empty_like(samples)
    state = np.zeros((sections.shape[0], samples.shape[0], 2))
    for start in range(0, samples.shape[1], _CHUNK):
        chunk = samples[:, start : start + _CHUNK].astype(np.float64)
        filtered, state = sosfilt(sections, chunk, axis=1, zi=state)
        out[:, start : start + _CHUNK] = filtered
    return out


def high_pass(samples: FloatArray, rate: int, cutoff_hz: float, order: int = 2) -> FloatArray:
    """Butterworth high-pass, -3.01 dB at ``cutoff_hz``, 6 dB per octave and order (1 to 8)."""
    return apply_sections(samples, high_pass_sections(rate, cutoff_hz, order))


def low_pass(samples: FloatArray, rate: int, cutoff_hz: float, order: int = 2) -> FloatArray:
    """Butterworth low-pass, -3.01 dB at ``cutoff_hz``, 6 dB per octave and order (1 to 8)."""
    return apply_sections(samples, low_pass_sections(rate, cutoff_hz, order))


def low_shelf(samples: FloatArray, rate: int, cutoff_hz: float, gain_db: float, q: float = BUTTERWORTH_Q) -> FloatArray:
    """``gain_db`` far below ``cutoff_hz``, half of it there, nothing far above."""
    return apply_sections(samples, low_shelf_sections(rate, cutoff_hz, gain_db, q))


def high_shelf(
    samples: FloatArray, rate: int, cutoff_hz: float, gain_db: float, q: float = BUTTERWORTH_Q
) -> FloatArray:
    """``gain_db`` far above ``cutoff_hz``, half of it there, nothing far below."""
    return apply_sections(samples, high_shelf_sections(rate, cutoff_hz, gain_db, q))


def peak_eq(samples: FloatArray, rate: int, centre_hz: float, gain_db: float, q: float = 1.0) -> FloatArray:
    """A bell: exactly ``gain_db`` at ``centre_hz``, nothing far away; ``q`` is centre over bandwidth."""
    return apply_sections(samples, peak_sections(rate, centre_hz, gain_db, q))


def tilt(samples: FloatArray, rate: int, gain_db: float, pivot_hz: float = 1_000.0) -> FloatArray:
    """Turns the spectrum about ``pivot_hz``: ``+gain_db`` far above, ``-gain_db`` far below, 0 dB at the pivot."""
    return apply_sections(samples, tilt_sections(rate, gain_db, pivot_hz))


def high_pass_sections(rate: int, cutoff_hz: float, order: int = 2) -> Sections:
    """Design of ``high_pass``. Errors: a rate, cutoff or order out of range (AudioError), as for all designs here."""
    return _butterworth(rate, cutoff_hz, order, "highpass")


def low_pass_sections(rate: int, cutoff_hz: float, order: int = 2) -> Sections:
    """Design of ``low_pass``."""
    return _butterworth(rate, cutoff_hz, order, "lowpass")


def low_shelf_sections(rate: int, cutoff_hz: float, gain_db: float, q: float = BUTTERWORTH_Q) -> Sections:
    """Design of ``low_shelf`` (R. Bristow-Johnson, "Cookbook formulae for audio EQ biquad filter coefficients")."""
    return _shelf(rate, cutoff_hz, gain_db, q, side=-1.0)


def high_shelf_sections(rate: int, cutoff_hz: float, gain_db: float, q: float = BUTTERWORTH_Q) -> Sections:
    """Design of ``high_shelf`` (same source)."""
    return _shelf(rate, cutoff_hz, gain_db, q, side=1.0)


def peak_sections(rate: int, centre_hz: float, gain_db: float, q: float = 1.0) -> Sections:
    """Design of ``peak_eq`` (same source)."""
    omega = _angle(rate, centre_hz, "centre_hz")
    amplitude, alpha = _amplitude(gain_db), np.sin(omega) / (2.0 * _checked_q(q))
    middle = -2.0 * np.cos(omega)
    return _section(
        (1.0 + alpha * amplitude, middle, 1.0 - alpha * amplitude),
        (1.0 + alpha / amplitude, middle, 1.0 - alpha / amplitude),
    )


def tilt_sections(rate: int, gain_db: float, pivot_hz: float = 1_000.0) -> Sections:
    """Design of ``tilt``: ``(g s + 1) / (s + g)`` about the pivot, by the bilinear transform warped to fit there.

    At s = 0 that is 1/g, at infinity g, and at s = j its magnitude is 1.
    """
    warp = np.tan(_angle(rate, pivot_hz, "pivot_hz") / 2.0)
    gain = _amplitude(2.0 * gain_db)
    return _section((warp + gain, warp - gain, 0.0), (gain * warp + 1.0, gain * warp - 1.0, 0.0))


def _butterworth(rate: int, cutoff_hz: float, order: int, kind: str) -> Sections:
    from scipy.signal import butter

    _angle(rate, cutoff_hz, "cutoff_hz")
    if not 1 <= order <= 8:
        raise AudioError(f"order must be from 1 to 8, got {order!r}")
    return np.asarray(butter(order, cutoff_hz, kind, fs=rate, output="sos"), dtype=np.float64)


def _shelf(rate: int, cutoff_hz: float, gain_db: float, q: float, side: float) -> Sections:
    """Both shelves of the cookbook: the low one differs from the high one in the sign of every cosine."""
    omega = _angle(rate, cutoff_hz, "cutoff_hz")
    amplitude = _amplitude(gain_db)
    cosine = side * np.cos(omega)
    slope = 2.0 * np.sqrt(amplitude) * np.sin(omega) / (2.0 * _checked_q(q))
    more, less = amplitude + 1.0, amplitude - 1.0
    return _section(
        (
            amplitude * (more + less * cosine + slope),
            -2.0 * side * amplitude * (less + more * cosine),
            amplitude * (more + less * cosine - slope),
        ),
        (more - less * cosine + slope, 2.0 * side * (less - more * cosine), more - less * cosine - slope),
    )


def _section(b: tuple[float, float, float], a: tuple[float, float, float]) -> Sections:
    return np.array([[*b, *a]], dtype=np.float64) / a[0]


def _angle(rate: int, frequency_hz: float, name: str) -> float:
    """Radians per sample; the frequency must lie between 1 Hz and 0.49 of the rate."""
    check_rate(rate)
    check_range(name, frequency_hz, 1.0, 0.49 * rate)
    return float(2.0 * np.pi * frequency_hz / rate)


def _amplitude(gain_db: float) -> float:
    """The cookbook's A: the square root of the gain."""
    check_range("gain_db", gain_db, -2.0 * MAX_GAIN_DB, 2.0 * MAX_GAIN_DB)
    return float(10.0 ** (gain_db / 40.0))


def _checked_q(q: float) -> float:
    check_range("q", q, 0.05, 40.0)
    return q
