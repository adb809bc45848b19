"""De-esser: hiss turned down where it is too loud, and nothing else touched.

Belongs here: the split-band effect. Does not belong here: compressors of the whole signal (dynamics), equalisers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp.dynamics import follow_db
from dsp.levels import FloatArray, check_audio, check_range, check_rate

_HOP_S = 0.001
_TAPS_S = 0.008
_FLOOR_DB = -120.0


def de_ess(
    samples: FloatArray, rate: int, threshold_db: float, *, from_hz: float = 5_000.0, ratio: float = 4.0,
    range_db: float = 10.0, attack_ms: float = 1.0, release_ms: float = 40.0,
) -> FloatArray:  # fmt: skip
    """Turn down what lies above ``from_hz`` while its level there exceeds ``threshold_db``.

    The band is cut off by a linear-phase filter, so that band and rest always add up to the original: a steady tone in
    the band at level L over the threshold T comes out at ``T + (L - T) / ratio``, though never more than ``range_db``
    lower; what stays under the threshold, and all that lies well below ``from_hz``, comes out as it was.

    Args:
        samples: float32 (channels, samples); all channels share one gain.
        rate: in Hz.
        threshold_db: peak level in the band, dBFS, -100 to 20.
        from_hz: lower edge of the band (-6 dB), 1,000 to 0.45 of the rate.
        ratio: 1 (nothing) to 100.
        range_db: most it turns down, 0 to 40.
        attack_ms: 0.1 to 100, time constant downwards.
        release_ms: 1 to 1,000, time constant upwards.

    Raises:
        AudioError: no audio, or a value out of range.
    """
    check_audio(samples)
    check_rate(rate)
    check_range("threshold_db", threshold_db, -100.0, 20.0)
    check_range("from_hz", from_hz, 1_000.0, 0.45 * rate)
    check_range("ratio", ratio, 1.0, 100.0)
    check_range("range_db", range_db, 0.0, 40.0)
    check_range("attack_ms", attack_ms, 0.1, 100.0)
    check_range("release_ms", release_ms, 1.0, 1_000.0)
    band = _above(samples, rate, from_hz)
    hop = max(1, round(_HOP_S * rate))
    goal = (1.0 / ratio - 1.0) * np.maximum(_levels_db(band, hop) - threshold_db, 0.0)
    if not goal.any():
        return samples.copy()
    gain_db = follow_db(np.maximum(goal, -range_db), attack_ms, release_ms, _HOP_S)
    places = np.arange(samples.shape[1], dtype=np.float64) / hop
    gain = np.interp(places, np.arange(gain_db.size) + 0.5, 10.0 ** (gain_db / 20.0)).astype(np.float32)
    return np.asarray(samples + (gain - np.float32(1.0)) * band, dtype=np.float32)


def _above(samples: FloatArray, rate: int, from_hz: float) -> FloatArray:
    """The part above ``from_hz``, delayed by nothing."""
    from scipy.signal import firwin, oaconvolve

    taps = 2 * round(_TAPS_S * rate / 2.0) + 1
    kernel = firwin(taps, from_hz, pass_zero=False, fs=rate).astype(np.float32)
    return np.asarray(oaconvolve(samples, kernel[None, :], mode="same", axes=1), dtype=np.float32)


def _levels_db(band: FloatArray, hop: int) -> NDArray[np.float64]:
    """Peak of each hop and its neighbours over all channels, so that single waves do not modulate the gain."""
    from scipy.ndimage import maximum_filter1d

    peaks = np.maximum.reduceat(np.abs(band).max(axis=0), np.arange(0, band.shape[1], hop)).astype(np.float64)
    return np.asarray(20.0 * np.log10(np.maximum(maximum_filter1d(peaks, 3), 10.0 ** (_FLOOR_DB / 20.0))))
