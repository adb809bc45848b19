"""Levels of samples, and the check every function of this package starts with.

Belongs here: decibels, peaks, means, channel layout, how alike two signals or two channels are. Does not belong
here: loudness after ITU-R BS.1770 (``dsp.loudness``) and anything that shapes sound.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsp.errors import AudioError

FloatArray = NDArray[np.float32]

_CHUNK = 16_384

SILENCE_DB = -120.0
"""What level functions answer for digital silence, instead of minus infinity."""


def check_audio(samples: Any) -> None:
    """Refuse what is not audio: float32, shape (channels, samples), finite, at least one of each.

    Raises:
        AudioError: says which of these fails, and how.
    """
    if not isinstance(samples, np.ndarray):
        raise AudioError(f"audio must be a numpy array, got {type(samples).__name__}")
    if samples.dtype != np.float32:
        raise AudioError(f"audio must be float32, got {samples.dtype}; convert it with astype(np.float32)")
    if samples.ndim != 2:
        raise AudioError(f"audio must have shape (channels, samples), got {samples.ndim} dimension(s)")
    if samples.size == 0:
        raise AudioError(f"audio is empty: shape {samples.shape}; at least one channel and one sample are needed")
    # NaN wins in min and max, so two reductions find every value that is not finite, without a mask.
    if not (np.isfinite(samples.min()) and np.isfinite(samples.max())):
        bad = int(samples.size - np.count_nonzero(np.isfinite(samples)))
        raise AudioError(f"audio holds {bad} value(s) that are NaN or infinite")


def check_rate(rate: Any, name: str = "rate") -> None:
    """Refuse a sample rate that is not a whole number of Hz from 1 to 768,000."""
    if isinstance(rate, bool) or not isinstance(rate, int | np.integer) or not 1 <= rate <= 768_000:
        raise AudioError(f"{name} must be a whole number of Hz from 1 to 768000, got {rate!r}")


def check_range(name: str, value: float, low: float, high: float) -> None:
    """Refuse a parameter outside ``low..high`` (both included), or not finite."""
    if not np.isfinite(value) or not low <= value <= high:
        raise AudioError(f"{name} must be from {low:g} to {high:g}, got {value!r}")


def db_to_gain(db: float) -> float:
    """Amplitude factor of a level change in dB: ``10 ** (db / 20)``."""
    return float(10.0 ** (db / 20.0))


def gain_to_db(gain: float, floor_db: float = SILENCE_DB) -> float:
    """Level in dB of an amplitude factor (its sign is ignored), never below ``floor_db``."""
    magnitude = abs(float(gain))
    if magnitude <= 0.0:
        return floor_db
    return max(floor_db, float(20.0 * np.log10(magnitude)))


def peak(samples: FloatArray) -> float:
    """Largest magnitude of any sample, linear."""
    check_audio(samples)
    return float(max(samples.max(), -samples.min()))


def peak_dbfs(samples: FloatArray) -> float:
    """Sample peak over all channels in dBFS; -120 for silence."""
    return gain_to_db(peak(samples))


def mean_square(samples: FloatArray) -> float:
    """Mean of the squared samples over all channels, summed in double precision."""
    check_audio(samples)
    return sum(sum_of_products(channel, channel) for channel in samples) / samples.size


def rms_dbfs(samples: FloatArray) -> float:
    """Root mean square over all channels in dB relative to a mean square of 1 (a full-scale sine reads -3.01)."""
    return gain_to_db(float(np.sqrt(mean_square(samples))))


def dc_offset(samples: FloatArray) -> float:
    """Largest magnitude of a channel's mean, linear (0 to 1)."""
    check_audio(samples)
    return float(np.abs(samples.mean(axis=1, dtype=np.float64)).max())


def as_channels(samples: FloatArray, channels: int) -> FloatArray:
    """The same audio on one or two channels.

    Mono to stereo copies; stereo to mono is the mean of both, so that identical channels keep their level.
    The same number of channels answers the array itself.

    Raises:
        AudioError: any other change of layout.
    """
    check_audio(samples)
    if samples.shape[0] == channels:
        return samples
    if (samples.shape[0], channels) == (1, 2):
        return np.repeat(samples, 2, axis=0)
    if (samples.shape[0], channels) == (2, 1):
        return np.asarray(0.5 * (samples[:1] + samples[1:]), dtype=np.float32)
    raise AudioError(f"only mono and stereo are converted, asked for {samples.shape[0]} to {channels} channels")


def null_depth_db(a: FloatArray, b: FloatArray) -> float:
    """Peak of ``a - b`` in dB relative to full scale (1.0): how well the two cancel. -120 and below read -120.

    A peak, not a mean: one wrong sample is found wherever it is.

    Raises:
        AudioError: the shapes differ.
    """
    check_audio(a)
    check_audio(b)
    if a.shape != b.shape:
        raise AudioError(f"only audio of one shape can cancel, got {a.shape} and {b.shape}")
    return peak_dbfs(a - b)


def correlation(samples: FloatArray) -> float:
    """Correlation of left and right, -1 (opposite) to 1 (alike); the means are left in, as phase meters do.

    Mono reads 1. Where one channel or both are silent there is no phase problem, and the answer is 1 for two
    silent channels and 0 for one.
    """
    check_audio(samples)
    if samples.shape[0] == 1:
        return 1.0
    left, right = _stereo(samples)
    energy_left, energy_right = sum_of_products(left, left), sum_of_products(right, right)
    if energy_left <= 0.0 or energy_right <= 0.0:
        return 1.0 if energy_left == energy_right else 0.0
    return float(np.clip(sum_of_products(left, right) / np.sqrt(energy_left * energy_right), -1.0, 1.0))


def mono_fold_down_loss_lu(samples: FloatArray, rate: int) -> float:
    """How much quieter the audio gets when both channels are added to one loudspeaker, in LU; 0 for mono.

    Identical channels lose nothing, unrelated ones 3.01 LU, opposite ones everything (the answer then is the
    distance to the loudness floor of -70 LUFS). Both figures are integrated loudness (ITU-R BS.1770); the fold-down
    ``(L + R) / 2`` is played by both loudspeakers, as a mono button does.
    """
    from dsp.loudness import integrated_lufs

    check_audio(samples)
    if samples.shape[0] == 1:
        return 0.0
    _stereo(samples)
    folded = as_channels(as_channels(samples, 1), 2)
    return integrated_lufs(samples, rate) - integrated_lufs(folded, rate)


def _stereo(samples: FloatArray) -> tuple[FloatArray, FloatArray]:
    if samples.shape[0] != 2:
        raise AudioError(f"one or two channels are needed, got {samples.shape[0]}")
    return samples[0], samples[1]


def sum_of_products(a: FloatArray, b: FloatArray) -> float:
    """Sum of ``a * b`` in double precision.

    Not a BLAS dot product: that one depends on how many threads there are, and gains are derived from these sums.
    """
    return float(
        sum(
            float(np.multiply(a[start : start + _CHUNK], b[start : start + _CHUNK], dtype=np.float64).sum())
            for start in range(0, a.size, _CHUNK)
        )
    )
