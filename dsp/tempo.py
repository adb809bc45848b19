"""Tempo from audio: where spectra rise, and at which distance those rises repeat.

Belongs here: one steady tempo for a whole recording, near an expected one. Does not belong here: beat positions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.levels import FloatArray, as_channels, check_audio, check_range, check_rate

DoubleArray = NDArray[np.float64]

_FRAMES_PER_S = 100.0
_WINDOW_S = 0.043
_HIGHEST_HZ = 9_000.0
_COMPRESSION = 300.0
_CHUNK_FRAMES = 1_024
_REACH_OCTAVES = 0.32
_STEP = 0.0005
_LONGEST_LAG_S = 12.0
_MOST_BEATS = 16
_SMOOTH_S = 0.5


@dataclass(frozen=True)
class TempoEstimate:
    """``bpm`` in the octave of the prior, 0 where nothing begins; ``confidence`` 0 to 1, 1 for a perfect repetition."""

    bpm: float
    confidence: float


def estimate_tempo(samples: FloatArray, rate: int, prior_bpm: float) -> TempoEstimate:
    """The steady tempo of the audio, told in the metrical level next to ``prior_bpm``.

    A listener may count halves, doubles or triplets of the beat. All tempos a factor of 1/3, 1/2, 2/3, 1, 3/2, 2
    or 3 apart count as one, and the member next to the prior is reported: 0.29 octaves away at most. Within that
    reach the prior has no say: with a prior 10 % off, the true tempo is reported, not the prior.

    Method: log-compressed spectral flux at 100 frames/s (as in S. Böck, G. Widmer, "Maximum filter vibrato
        suppression for
    onset detection", DAFx 2013, without the filter), its autocorrelation read at up to 16 multiples of each
    candidate period, and a parabola through the best three.

    Args:
        samples: float32 (1 or 2, samples), some bars at least.
        rate: in Hz, at least 8,000.
        prior_bpm: the expected tempo, 20 to 400.

    Raises:
        AudioError: no audio, or a value out of range.
    """
    check_audio(samples)
    check_rate(rate)
    check_range("rate", rate, 8_000, 768_000)
    check_range("prior_bpm", prior_bpm, 20.0, 400.0)
    return tempo_of_flux(*onset_flux(samples, rate), prior_bpm)


def tempo_of_flux(flux: DoubleArray, frames_per_s: float, prior_bpm: float) -> TempoEstimate:
    """``estimate_tempo`` of what ``onset_flux`` found."""
    correlation = _autocorrelation(flux, int(_LONGEST_LAG_S * frames_per_s) + 2)
    if correlation.size < 3 or correlation[0] <= 0.0:
        return TempoEstimate(0.0, 0.0)
    factors = np.exp2(np.arange(-_REACH_OCTAVES, _REACH_OCTAVES, _STEP))
    candidates = prior_bpm * factors
    periods = 60.0 * frames_per_s / candidates
    scores = _comb_scores(correlation, periods)
    return _best(candidates, scores)


def onset_flux(samples: FloatArray, rate: int) -> tuple[DoubleArray, float]:
    """How much the spectrum rises from frame to frame, and the number of frames a second.

    Magnitudes up to 9 kHz are compressed by ``log(1 + 300 m)``; rises over two frames are added up. The slow part
    (half a second) is taken away, so that loud passages do not outweigh soft ones and the mean is near zero.
    """
    from scipy.fft import rfft
    from scipy.ndimage import uniform_filter1d

    mono = as_channels(samples, 1)[0]
    hop = max(1, round(rate / _FRAMES_PER_S))
    size = 1 << round(np.log2(_WINDOW_S * rate))
    padded = np.pad(mono, (size // 2, size))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop][: -(-mono.size // hop)]
    bins = min(size // 2 + 1, int(_HIGHEST_HZ * size / rate) + 1)
    window = (np.hanning(size) * 2.0 / size * 2.0).astype(np.float32)
    rises = np.zeros(frames.shape[0])
    before = np.zeros((2, bins), np.float32)
    for start in range(0, frames.shape[0], _CHUNK_FRAMES):
        spectrum = np.abs(rfft(frames[start : start + _CHUNK_FRAMES] * window, axis=1)[:, :bins])
        levels = np.concatenate([before, np.log1p(np.float32(_COMPRESSION) * spectrum)])
        rises[start : start + spectrum.shape[0]] = np.maximum(levels[2:] - levels[:-2], 0.0).mean(axis=1)
        before = levels[-2:]
    frames_per_s = rate / hop
    slow = uniform_filter1d(rises, max(3, round(_SMOOTH_S * frames_per_s)), mode="nearest")
    return rises - slow, frames_per_s


def _autocorrelation(flux: DoubleArray, lags: int) -> DoubleArray:
    """Mean product at each lag, so that long lags are not worth less; only lags that half of the audio covers."""
    from scipy.fft import irfft, next_fast_len, rfft

    lags = min(lags, flux.size // 2)
    if lags < 1:
        return np.zeros(1)
    size = next_fast_len(2 * flux.size, real=True)
    power = np.abs(rfft(flux - flux.mean(), size)) ** 2
    return np.asarray(irfft(power, size)[:lags] / (flux.size - np.arange(lags)), dtype=np.float64)


def _comb_scores(correlation: DoubleArray, periods: DoubleArray) -> DoubleArray:
    """Mean correlation at the multiples of each period, relative to lag zero; the same number of multiples for all."""
    beats = int(min(_MOST_BEATS, (correlation.size - 2) / periods.max()))
    if beats < 1:
        return np.zeros(periods.size)
    lags = np.arange(1, beats + 1)[:, None] * periods[None, :]
    values = np.interp(lags.reshape(-1), np.arange(correlation.size), correlation).reshape(lags.shape)
    return np.asarray(values.mean(axis=0) / correlation[0], dtype=np.float64)


def _best(candidates: DoubleArray, scores: DoubleArray) -> TempoEstimate:
    top = int(np.argmax(scores))
    if scores[top] <= 0.0:
        return TempoEstimate(0.0, 0.0)
    bpm = float(candidates[top])
    if 0 < top < scores.size - 1:
        left, middle, right = scores[top - 1 : top + 2]
        bend = left - 2.0 * middle + right
        shift = 0.5 * (left - right) / bend if bend < 0.0 else 0.0
        bpm *= float(np.exp2(_STEP * shift))
    return TempoEstimate(bpm, float(np.clip(scores[top], 0.0, 1.0)))
