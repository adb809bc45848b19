"""Left against right: how alike the low end is, and whether one side comes later than the other.

Belongs here: questions about two channels. Does not belong here: width by band (``dsp.multiband``) and the plain
correlation (``dsp.levels``).
"""

from __future__ import annotations

import numpy as np

from dsp.filters import low_pass
from dsp.levels import FloatArray, check_audio, check_range, check_rate, correlation

_LOW_RATE_HZ = 2_000
_LAG_RATE_HZ = 12_000
_LAG_FFT = 4_096
_MOST_FRAMES = 256


def low_end_correlation(samples: FloatArray, rate: int, below_hz: float = 120.0) -> float:
    """Correlation of left and right under ``below_hz`` (40 to 500), -1 to 1; 1 for mono and where nothing sounds there.

    Raises:
        AudioError: no audio, more than two channels, or a border out of range.
    """
    import soxr

    check_audio(samples)
    check_rate(rate)
    check_range("below_hz", below_hz, 40.0, 500.0)
    if samples.shape[0] == 1:
        return 1.0
    if rate > _LOW_RATE_HZ:
        thin = soxr.resample(np.ascontiguousarray(samples.T), rate, _LOW_RATE_HZ, quality="LQ")
        samples, rate = np.ascontiguousarray(thin.T, dtype=np.float32), _LOW_RATE_HZ
    if samples.shape[1] == 0:
        return 1.0
    low = low_pass(samples, rate, below_hz, 4)
    return correlation(low) if float(np.abs(low).max()) > 1e-5 else 1.0


def channel_lag(samples: FloatArray, rate: int, reach_ms: float = 40.0) -> tuple[float, float]:
    """By how many milliseconds the right channel comes after the left, and how clearly, 0 to 1.

    Generalised cross-correlation with phase transform (C. Knapp, G. Carter, "The generalized correlation method for
    estimation of time delay", IEEE Trans. ASSP 24(4), 1976), averaged over the louder frames. 0 ms for mono, for
    one silent channel, and for audio too short to tell; the clarity is then 0.

    Args:
        samples: float32 (1 or 2, samples).
        rate: in Hz.
        reach_ms: furthest lag looked for, 1 to 100.

    Raises:
        AudioError: no audio, or a value out of range.
    """
    import soxr
    from scipy.fft import irfft, rfft

    check_audio(samples)
    check_rate(rate)
    check_range("reach_ms", reach_ms, 1.0, 100.0)
    if samples.shape[0] != 2:
        return 0.0, 0.0
    if rate > _LAG_RATE_HZ:
        thin = soxr.resample(np.ascontiguousarray(samples.T), rate, _LAG_RATE_HZ, quality="LQ")
        samples, rate = np.ascontiguousarray(thin.T, dtype=np.float32), _LAG_RATE_HZ
    if samples.shape[1] < 2 * _LAG_FFT:
        return 0.0, 0.0
    frames = np.lib.stride_tricks.sliding_window_view(samples, _LAG_FFT, axis=1)[:, :: _LAG_FFT // 2]
    power = np.square(frames).sum(axis=(0, 2))
    chosen = np.sort(np.argsort(-power, kind="stable")[:_MOST_FRAMES])
    spectra = rfft(frames[:, chosen] * np.hanning(_LAG_FFT).astype(np.float32), axis=2)
    cross = spectra[0].conj() * spectra[1]
    size = np.abs(cross)
    if not size.any():
        return 0.0, 0.0
    whitened = np.where(size > 1e-9 * size.max(), cross / np.maximum(size, 1e-30), 0.0).mean(axis=0)
    peaks = irfft(whitened, _LAG_FFT)
    reach = round(reach_ms * rate / 1_000.0)
    around = np.concatenate([peaks[-reach:], peaks[: reach + 1]])
    best = int(np.argmax(around))
    return float((best - reach) * 1_000.0 / rate), float(np.clip(around[best], 0.0, 1.0))
