"""Voice as frames: its spectral envelope taken from speech, and sound made of pitch, envelope and breath.

WORLD (Morise et al., IEICE Trans. E99-D(7), 2016) with two departures. What is voiced comes from the caller, who knows
the sounds, because pitch trackers drop frames; and breath is the caller's too, because what is analysed here is made
by rule and has none.

Belongs here: analysis and synthesis of one channel. Does not belong here: what is sung or when.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsp.errors import AudioError
from dsp.levels import FloatArray, check_rate

FRAME_S = 0.005
"""Time between frames."""
RATE_HZ = 48_000
"""What ``resynthesize`` makes."""
FFT_SIZE = 2_048
"""Of frames at ``RATE_HZ``; WORLD's own choice for pitches from 71 Hz."""
FLOOR_DB = -120.0
"""Envelopes are cut off here; a frame at the floor is silent."""

_LOWEST_HZ, _HIGHEST_HZ = 60.0, 600.0

Frames = NDArray[np.float32]


def frequencies_hz() -> NDArray[np.float64]:
    """Centres of the ``FFT_SIZE // 2 + 1`` bins of a frame that is to be synthesized."""
    return np.linspace(0.0, RATE_HZ / 2.0, FFT_SIZE // 2 + 1)


def envelope_db(samples: FloatArray, rate: int, is_voiced: NDArray[np.bool_]) -> tuple[Frames, NDArray[np.float64]]:
    """Spectral envelope of speech and its pitch, a frame each ``FRAME_S``.

    Args:
        samples: float32 (n,), one voice.
        rate: in Hz.
        is_voiced: by frame, ``n / rate / FRAME_S`` of them, rounded up; where the vocal folds sound.

    Returns:
        Power in dB, float32 (frames, bins from 0 to rate / 2), and pitch in Hz, (frames,), interpolated where the
        tracker lost it and 0 where the speech is not voiced.

    Raises:
        AudioError: empty or not one channel.
    """
    import pyworld

    check_rate(rate)
    if samples.ndim != 1 or samples.size == 0:
        raise AudioError(f"a voice must have shape (samples,), got {samples.shape}")
    wave = samples.astype(np.float64)
    times = np.arange(len(is_voiced)) * FRAME_S
    pitch_hz = _pitch_hz(wave, rate, is_voiced)
    power = pyworld.cheaptrick(wave, pitch_hz, times, rate)
    return np.maximum(10.0 * np.log10(np.maximum(power, 1e-16)), FLOOR_DB).astype(np.float32), pitch_hz


def _pitch_hz(wave: NDArray[np.float64], rate: int, is_voiced: NDArray[np.bool_]) -> NDArray[np.float64]:
    import pyworld

    tracked, times = pyworld.dio(
        wave, rate, f0_floor=_LOWEST_HZ, f0_ceil=_HIGHEST_HZ, frame_period=FRAME_S * 1_000.0
    )  # fmt: skip
    tracked = pyworld.stonemask(wave, tracked, times, rate)
    count = len(is_voiced)
    tracked = np.concatenate([tracked, np.zeros(max(count - len(tracked), 0))])[:count]
    known = np.flatnonzero(tracked > 0.0)
    if known.size == 0:
        return np.where(is_voiced, 120.0, 0.0)
    whole = np.interp(np.arange(count), known, tracked[known])
    return np.where(is_voiced, whole, 0.0)


def resynthesize(pitch_hz: NDArray[Any], envelope: Frames, aperiodicity: Frames) -> FloatArray:
    """Sound of frames: float32 (n,) at ``RATE_HZ``, equal bytes for equal frames.

    Args:
        pitch_hz: (frames,); 0 makes the frame noise.
        envelope: power in dB, (frames, ``FFT_SIZE // 2 + 1``).
        aperiodicity: 0 (all tone) to 1 (all noise), same shape.

    Raises:
        AudioError: shapes disagree, or no frames.
    """
    import pyworld

    shape = (len(pitch_hz), FFT_SIZE // 2 + 1)
    if envelope.shape != shape or aperiodicity.shape != shape or shape[0] == 0:
        raise AudioError(f"frames must have shape {shape}, got {envelope.shape} and {aperiodicity.shape}")
    power = np.ascontiguousarray(np.power(10.0, envelope.astype(np.float64) / 10.0))
    noise = np.ascontiguousarray(np.clip(aperiodicity.astype(np.float64), 1e-3, 1.0 - 1e-9))
    wave = pyworld.synthesize(
        np.ascontiguousarray(pitch_hz, dtype=np.float64), power, noise, RATE_HZ, FRAME_S * 1_000.0
    )  # fmt: skip
    return np.asarray(wave, dtype=np.float32)
