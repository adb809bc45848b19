"""Longer without lower, higher without shorter: Rubber Band, as pedalboard brings it.

Belongs here: stretching time and shifting pitch of whole recordings. Does not belong here: other sample rates
(``dsp.convert``), swaying pitch (``dsp.modulation``).
"""

from __future__ import annotations

import numpy as np

from dsp.convert import fit_length
from dsp.levels import FloatArray, check_audio, check_range, check_rate

SLOWEST, FASTEST = 0.25, 4.0
FARTHEST_SEMITONES = 24.0

_SHORTEST = 4_096
"""Rubber Band answers shorter audio with its own latency alone; silence is put behind it and cut off again."""


def time_stretch(samples: FloatArray, rate: int, stretch: float) -> FloatArray:
    """The audio ``stretch`` times as long, at the same pitch.

    Args:
        samples: float32 (1 or 2, samples).
        rate: in Hz, 8,000 to 192,000.
        stretch: 0.25 (four times as fast) to 4; 1 answers a copy.

    Returns:
        float32 (channels, max(1, round(samples * stretch))).

    Raises:
        AudioError: no audio, or a value out of range.
    """
    check_range("stretch", stretch, SLOWEST, FASTEST)
    _check(samples, rate)
    length = max(1, round(samples.shape[1] * stretch))
    if stretch == 1.0:
        return samples.copy()
    return fit_length(_rubber_band(samples, rate, stretch, 0.0), length)


def pitch_shift(samples: FloatArray, rate: int, semitones: float) -> FloatArray:
    """The audio higher (or, negative, lower) by ``semitones``, as long as it was.

    Args:
        samples: float32 (1 or 2, samples).
        rate: in Hz, 8,000 to 192,000.
        semitones: -24 to 24, fractions allowed; 0 answers a copy.

    Returns:
        float32, same shape.

    Raises:
        AudioError: no audio, or a value out of range.
    """
    check_range("semitones", semitones, -FARTHEST_SEMITONES, FARTHEST_SEMITONES)
    _check(samples, rate)
    if semitones == 0.0:
        return samples.copy()
    return fit_length(_rubber_band(samples, rate, 1.0, semitones), samples.shape[1])


def stretch_and_shift(samples: FloatArray, rate: int, stretch: float, semitones: float) -> FloatArray:
    """``time_stretch`` and ``pitch_shift`` in one pass, which a voice stands better than two; formants stay in place.

    Args:
        samples: float32 (1 or 2, samples).
        rate: in Hz, 8,000 to 192,000.
        stretch: 0.25 to 4.
        semitones: -24 to 24.

    Returns:
        float32 (channels, max(1, round(samples * stretch))).

    Raises:
        AudioError: no audio, or a value out of range.
    """
    check_range("stretch", stretch, SLOWEST, FASTEST)
    check_range("semitones", semitones, -FARTHEST_SEMITONES, FARTHEST_SEMITONES)
    _check(samples, rate)
    if stretch == 1.0 and semitones == 0.0:
        return samples.copy()
    return fit_length(_rubber_band(samples, rate, stretch, semitones), max(1, round(samples.shape[1] * stretch)))


def _rubber_band(samples: FloatArray, rate: int, stretch: float, semitones: float) -> FloatArray:
    from pedalboard import time_stretch as rubber_band

    longer = max(0, _SHORTEST - samples.shape[1])
    padded = np.ascontiguousarray(np.pad(samples, ((0, 0), (0, longer))))
    answer = rubber_band(padded, float(rate), stretch_factor=1.0 / stretch, pitch_shift_in_semitones=semitones)
    return np.ascontiguousarray(answer, dtype=np.float32).reshape(samples.shape[0], -1)


def _check(samples: FloatArray, rate: int) -> None:
    from dsp.errors import AudioError

    check_audio(samples)
    check_rate(rate)
    check_range("rate", rate, 8_000, 192_000)
    if samples.shape[0] > 2:
        raise AudioError(f"one or two channels are needed, got {samples.shape[0]}")
