"""Other sample rates and exact lengths.

Belongs here: what changes how many samples there are. Changing the number of channels is
``dsp.levels.as_channels``.
"""

from __future__ import annotations

import numpy as np

from dsp.errors import AudioError
from dsp.levels import FloatArray, check_audio, check_rate


def resample(samples: FloatArray, rate: int, new_rate: int) -> FloatArray:
    """The audio at another rate: soxr at its highest quality, linear phase.

    Args:
        samples: float32 (channels, samples).
        rate: present rate in Hz.
        new_rate: wanted rate in Hz; the same rate answers the array itself.

    Returns:
        float32 (channels, max(1, round(samples * new_rate / rate))). Peaks may come out higher than they went in.

    Raises:
        AudioError: no audio, or an impossible rate.
    """
    import soxr

    check_audio(samples)
    check_rate(rate)
    check_rate(new_rate, "new_rate")
    if rate == new_rate:
        return samples
    converted = soxr.resample(np.ascontiguousarray(samples.T), rate, new_rate, quality="VHQ")
    # Halves round up, as soxr does; what rounding still leaves is one sample of the faded-out end.
    length = max(1, (2 * samples.shape[1] * new_rate + rate) // (2 * rate))
    return _fit(np.ascontiguousarray(converted.T, dtype=np.float32), length)


def fit_length(samples: FloatArray, length: int) -> FloatArray:
    """Exactly ``length`` samples: cut at the end, or followed by silence; the array itself when it has that length.

    Raises:
        AudioError: no audio, or a length below 1.
    """
    check_audio(samples)
    if length < 1:
        raise AudioError(f"length must be at least 1 sample, got {length}")
    return _fit(samples, length)


def _fit(samples: FloatArray, length: int) -> FloatArray:
    present = samples.shape[1]
    if present == length:
        return samples
    if present > length:
        return np.ascontiguousarray(samples[:, :length])
    out = np.zeros((samples.shape[0], length), np.float32)
    out[:, :present] = samples
    return out
