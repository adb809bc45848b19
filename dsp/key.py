"""Key from audio: how much of each pitch class sounds, which scale that fits, and where the bass rests.

Belongs here: one key for a whole recording, equal temperament at A = 440 Hz. Does not belong here: chords, note names.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.levels import FloatArray, as_channels, check_audio, check_range, check_rate

DoubleArray = NDArray[np.float64]

_RATE_HZ = 11_025
_SIZE = 8_192
_HOP = 2_048
_LOW_HZ, _HIGH_HZ = 60.0, 2_000.0
_BASS_HIGH_HZ = 260.0
_FLOOR_WIDTH = 41
_PROMINENCE = 3.0
_EDGE_S = 6.0
_BASS_WEIGHT = 0.25
_EDGE_WEIGHT = 0.15
_SHARPNESS = 12.0

# How well each degree fits a major and a minor key: C. Krumhansl, E. Kessler, "Tracing the dynamic changes in perceived tonal
# organization", Psychological Review 89 (1982), probe tone ratings.
_MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
_MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)


@dataclass(frozen=True)
class KeyEstimate:
    """The likeliest key. ``tonic`` is a pitch class, 0 = C to 11 = B; ``mode`` "major" or "minor".

    ``confidence`` (0 to 1) is the winner's share of the evidence; 1/24 says nothing was heard. ``ranking`` holds all
    24 keys, likeliest first, as (tonic, mode, share).
    """

    tonic: int
    mode: str
    confidence: float
    ranking: tuple[tuple[int, str, float], ...]


def estimate_key(samples: FloatArray, rate: int) -> KeyEstimate:
    """The key of the audio among the 24 of major and minor.

    Only spectral peaks that stand above their neighbourhood count, so that drums and noise, which have none that last, say
    little. The pitch classes are compared with the profiles of Krumhansl and Kessler. These cannot tell a major
    key from its relative minor when both use the same chords; the bass, and how the recording begins and ends, can.

    Args:
        samples: float32 (1 or 2, samples), some seconds at least.
        rate: in Hz, at least 8,000.

    Raises:
        AudioError: no audio, or an impossible rate.
    """
    check_audio(samples)
    check_rate(rate)
    check_range("rate", rate, 8_000, 768_000)
    heard, bass = chroma(samples, rate)
    total = heard.sum(axis=0)
    if total.sum() <= 0.0:
        ranking = tuple((tonic, mode, 1.0 / 24.0) for tonic in range(12) for mode in ("major", "minor"))
        return KeyEstimate(0, "major", 1.0 / 24.0, ranking)
    evidence = _profile_fit(np.sqrt(total / total.sum())) + _tonic_evidence(bass)[:, None]
    shares = np.exp(_SHARPNESS * (evidence - evidence.max()))
    shares /= shares.sum()
    pairs = [(tonic, mode, float(shares[tonic, m])) for tonic in range(12) for m, mode in enumerate(("major", "minor"))]
    pairs.sort(key=lambda pair: -pair[2])
    return KeyEstimate(pairs[0][0], pairs[0][1], pairs[0][2], tuple(pairs))


def chroma(samples: FloatArray, rate: int) -> tuple[DoubleArray, DoubleArray]:
    """Strength of the pitch classes C to B over time: of all peaks from 60 to 2,000 Hz, and of the bass to 260 Hz.

    Returns:
        Two float64 arrays of shape (frames, 12), a frame every 0.19 s, not normalised.
    """
    from scipy.fft import rfft
    from soxr import resample

    mono = resample(as_channels(samples, 1)[0], rate, _RATE_HZ, quality="HQ")
    padded = np.pad(mono, (_SIZE // 2, _SIZE))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _SIZE)[::_HOP][: -(-mono.size // _HOP)]
    low, high = int(_LOW_HZ * _SIZE / _RATE_HZ), int(_HIGH_HZ * _SIZE / _RATE_HZ) + 1
    window = (np.hanning(_SIZE) * 4.0 / _SIZE).astype(np.float32)
    magnitude = np.abs(rfft(frames * window, axis=1)[:, low - 1 : high + 1])
    positions, weights = _peaks(magnitude)
    hz = (positions + low) * (_RATE_HZ / _SIZE)
    pitch = 69.0 + 12.0 * np.log2(hz / 440.0)
    off = np.abs(pitch - np.rint(pitch))
    # Full weight in tune, none a quarter tone away: what lies between two notes belongs to neither.
    weights = weights * np.cos(np.pi * off) ** 2
    classes = np.rint(pitch).astype(np.int64) % 12
    return _by_class(classes, weights), _by_class(classes, weights * (hz < _BASS_HIGH_HZ))


def _peaks(magnitude: NDArray[np.float32]) -> tuple[DoubleArray, DoubleArray]:
    """For every inner bin: its refined position (relative to the first inner one) and its weight, 0 unless it is a peak.

    A peak exceeds both neighbours and three times the local average. Parabolas through log magnitudes place it
    between bins. Weights are compressed (cube root), so that one loud instrument does not decide alone.
    """
    from scipy.ndimage import uniform_filter1d

    floor = uniform_filter1d(magnitude, _FLOOR_WIDTH, axis=1, mode="nearest")[:, 1:-1]
    left, middle, right = magnitude[:, :-2], magnitude[:, 1:-1], magnitude[:, 2:]
    is_peak = (middle > left) & (middle >= right) & (middle > _PROMINENCE * floor) & (middle > 1e-5)
    logs = np.log(np.maximum(magnitude, 1e-9)).astype(np.float64)
    bend = logs[:, :-2] - 2.0 * logs[:, 1:-1] + logs[:, 2:]
    shift = 0.5 * (logs[:, :-2] - logs[:, 2:]) / np.where(bend < -1e-9, bend, -1.0)
    positions = np.arange(middle.shape[1]) + np.where(is_peak, np.clip(shift, -0.5, 0.5), 0.0)
    return positions, np.where(is_peak, np.cbrt(middle), 0.0).astype(np.float64)


def _by_class(classes: NDArray[np.int64], weights: DoubleArray) -> DoubleArray:
    rows = np.arange(classes.shape[0])[:, None] * 12
    flat = np.bincount((classes + rows).reshape(-1), weights=weights.reshape(-1), minlength=classes.shape[0] * 12)
    return np.asarray(flat.reshape(-1, 12), dtype=np.float64)


def _profile_fit(heard: DoubleArray) -> DoubleArray:
    """Correlation of the pitch classes with each key's profile, shape (12 tonics, major and minor)."""
    rotated = np.stack([np.roll(heard, -tonic) for tonic in range(12)])
    centred = rotated - rotated.mean(axis=1, keepdims=True)
    fits = []
    for profile in (np.array(_MAJOR), np.array(_MINOR)):
        shape = profile - profile.mean()
        norm = np.linalg.norm(centred, axis=1) * np.linalg.norm(shape)
        fits.append(centred @ shape / np.maximum(norm, 1e-12))
    return np.stack(fits, axis=1)


def _tonic_evidence(bass: DoubleArray) -> DoubleArray:
    """How much each pitch class is where the bass rests: over all, and in the first and last seconds that sound."""
    sounding = bass[bass.sum(axis=1) > 0.0]
    if sounding.shape[0] == 0:
        return np.zeros(12)
    edge = min(round(_EDGE_S * _RATE_HZ / _HOP), sounding.shape[0])
    first, last = sounding[: edge // 3 + 1].sum(axis=0), sounding[-(edge // 2 + 1) :].sum(axis=0)
    overall = sounding.sum(axis=0)
    return np.asarray(
        _BASS_WEIGHT * overall / overall.max()
        + _EDGE_WEIGHT * (first / first.max() + last / last.max()),
        dtype=np.float64,
    )
