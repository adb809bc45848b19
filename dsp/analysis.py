"""What can be found out about audio without knowing the song: tempo, key, spectrum, gaps, clipping.

Belongs here: small detectors, and the doors to ``dsp.tempo``, ``dsp.key`` and ``dsp.spectrum``. Does not belong
here: what should have been found; comparing with a plan is the caller's business.
"""

from __future__ import annotations

import numpy as np

from dsp.key import KeyEstimate, estimate_key
from dsp.levels import FloatArray, check_audio, check_range, check_rate, db_to_gain
from dsp.spectrum import band_levels, spectral_slope_db_per_octave
from dsp.tempo import TempoEstimate, estimate_tempo

__all__ = [
    "KeyEstimate",
    "TempoEstimate",
    "band_levels",
    "clipped_runs",
    "estimate_key",
    "estimate_tempo",
    "longest_silence_s",
    "spectral_slope_db_per_octave",
]

FULL_SCALE = 32_767.0 / 32_768.0
"""The largest value 16 bits hold; what lies there or above counts as full scale at any bit depth."""

_RUN = 3


def longest_silence_s(samples: FloatArray, rate: int, threshold_dbfs: float = -60.0, inside_only: bool = True) -> float:
    """Longest stretch in seconds in which no channel exceeds the threshold.

    Args:
        samples: float32 (channels, samples).
        rate: in Hz.
        threshold_dbfs: sample level that still counts as silence, -120 to 0.
        inside_only: count only what lies between two sounds, not the silence before the first or after the last.

    Returns:
        Seconds; the whole length when nothing exceeds the threshold, with ``inside_only`` too: a silent file has no
        inside, and to answer 0 would hide it.

    Raises:
        AudioError: no audio, or a value out of range.
    """
    check_audio(samples)
    check_rate(rate)
    check_range("threshold_dbfs", threshold_dbfs, -120.0, 0.0)
    threshold = np.float32(db_to_gain(threshold_dbfs))
    is_loud = np.zeros(samples.shape[1], np.bool_)
    for channel in samples:
        is_loud |= np.abs(channel) > threshold
    sounds = np.flatnonzero(is_loud)
    if sounds.size == 0:
        return float(samples.shape[1] / rate)
    gaps = np.diff(sounds) - 1
    longest = int(gaps.max()) if gaps.size else 0
    if not inside_only:
        longest = max(longest, int(sounds[0]), samples.shape[1] - 1 - int(sounds[-1]))
    return longest / rate


def clipped_runs(samples: FloatArray) -> int:
    """How many times at least three samples in a row stand at the same end of full scale, over all channels.

    One or two such samples are what a peak that just fits looks like; three are a flat top.
    """
    check_audio(samples)
    total = 0
    for channel in samples:
        for at_end in (channel >= FULL_SCALE, channel <= -FULL_SCALE):
            if at_end.any():
                edges = np.flatnonzero(np.diff(np.concatenate([[0], at_end.view(np.int8), [0]])))
                total += int(np.count_nonzero(edges[1::2] - edges[::2] >= _RUN))
    return total
