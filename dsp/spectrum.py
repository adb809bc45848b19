"""Long-term spectrum: third-octave levels and their slope.

Belongs here: averages over the whole audio. Spectra over time are drawn in ``dsp.pictures`` and listened to in
``dsp.tempo`` and ``dsp.key``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp.errors import AudioError
from dsp.levels import SILENCE_DB, FloatArray, check_audio, check_range, check_rate

DoubleArray = NDArray[np.float64]

_FIRST_BAND, _LAST_BAND = -17, 13
_HALF_BAND = 10.0 ** (1.0 / 20.0)
_WINDOW_S = 0.7
_CHUNK_FRAMES = 32


def band_levels(samples: FloatArray, rate: int) -> tuple[DoubleArray, DoubleArray]:
    """Level in each third of an octave from 20 Hz to 20 kHz, averaged over time and channels.

    Bands are those of IEC 61260-1 (base ten: centres ``1000 * 10 ** (n / 10)``), taken from a Hann-windowed, half
    overlapping periodogram (P. Welch, 1967), split evenly where a spectral line crosses a border. The powers of
    all bands add up to the mean square of the audio between 18 Hz and 22.4 kHz.

    Args:
        samples: float32 (channels, samples).
        rate: in Hz.

    Returns:
        Centres in Hz and levels in dB relative to a mean square of 1 (a full-scale sine reads -3.01), both
        float64 (31,). Silence, and bands above half the rate, read -120.

    Raises:
        AudioError: no audio, or an impossible rate.
    """
    check_audio(samples)
    check_rate(rate)
    density, width_hz = _mean_power(samples, rate)
    centres = 1_000.0 * 10.0 ** (np.arange(_FIRST_BAND, _LAST_BAND + 1) / 10.0)
    # Line k holds the power between (k - 1/2) and (k + 1/2) line widths: running sums, read at the band borders.
    borders = (np.arange(density.size + 1) - 0.5) * width_hz
    running = np.concatenate([[0.0], np.cumsum(density)])
    power = np.interp(centres * _HALF_BAND, borders, running) - np.interp(centres / _HALF_BAND, borders, running)
    return centres, 10.0 * np.log10(np.maximum(power, 10.0 ** (SILENCE_DB / 10.0)))


def spectral_slope_db_per_octave(
    samples: FloatArray, rate: int, low_hz: float = 100.0, high_hz: float = 10_000.0
) -> float:
    """Slope of the power density over frequency: 0 for white noise, -3.01 for pink, 0 for silence.

    A straight line (least squares) through the third-octave levels per Hz whose centres lie in the range.

    Raises:
        AudioError: as ``band_levels``, or fewer than two bands between ``low_hz`` and ``high_hz``.
    """
    check_range("low_hz", low_hz, 1.0, 1e6)
    check_range("high_hz", high_hz, 1.0, 1e6)
    centres, levels = band_levels(samples, rate)
    chosen = (centres >= low_hz * 0.99) & (centres <= min(high_hz * 1.01, rate / 2.0 / _HALF_BAND))
    if np.count_nonzero(chosen) < 2:
        raise AudioError(f"no two third-octave bands lie between {low_hz:g} and {high_hz:g} Hz at a rate of {rate} Hz")
    if levels[chosen].max() <= SILENCE_DB:
        return 0.0
    octaves = np.log2(centres[chosen])
    per_hz = levels[chosen] - 10.0 * np.log10(centres[chosen])
    octaves -= octaves.mean()
    return float((octaves * per_hz).sum() / (octaves**2).sum())


def _mean_power(samples: FloatArray, rate: int) -> tuple[DoubleArray, float]:
    """Mean square per spectral line, and the distance of two lines in Hz."""
    from scipy.fft import rfft

    size = 1 << round(np.log2(_WINDOW_S * rate))
    hop = size // 2
    window = np.hanning(size).astype(np.float32)
    # Zeros around the audio: every sample then lies under two windows, and no power is lost at the ends.
    count = -(-samples.shape[1] // hop) + 1
    padded = np.zeros((count + 1) * hop, np.float32)
    power = np.zeros(size // 2 + 1)
    for channel in samples:
        padded[hop : hop + channel.size] = channel
        frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop]
        for start in range(0, frames.shape[0], _CHUNK_FRAMES):
            lines = rfft(frames[start : start + _CHUNK_FRAMES] * window, axis=1)
            power += np.square(np.abs(lines), dtype=np.float64).sum(axis=0)
    power[1:-1] *= 2.0
    # Squared Hann windows half a window apart add up to 3/4 on average.
    return power / (0.75 * size * samples.size), rate / size
