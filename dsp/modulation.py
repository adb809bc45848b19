"""Periodic movement: chorus, flanger, phaser, tremolo, vibrato.

Belongs here: effects that a slow oscillator drives. Does not belong here: movement along a plan (``dsp.automation``) or
after the audio itself (``dsp.dynamics``).

Delays read between samples by a cubic through four of them (Lagrange), whose level error stays under 0.1 dB up to a
tenth of the sample rate; what would be read before the first or after the last sample is silence.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp.levels import FloatArray, as_channels, check_audio, check_range, check_rate

DoubleArray = NDArray[np.float64]

_CHUNK = 1 << 18


def vibrato(samples: FloatArray, rate: int, rate_hz: float, depth_cents: float) -> FloatArray:
    """Pitch swaying by up to ``depth_cents`` either way, ``rate_hz`` times a second.

    A delay of d(t) seconds plays at the speed 1 - d'(t), so the delay swings by ``depth / (2 pi rate_hz)``, where depth
    is the largest change of speed. All channels sway together.

    Args:
        samples: float32 (channels, samples).
        rate: in Hz.
        rate_hz: 0.1 to 20.
        depth_cents: 0 to 200.

    Returns:
        float32, same shape; late by half of the swing on average.

    Raises:
        AudioError: no audio, or a value out of range.
    """
    check_audio(samples)
    check_rate(rate)
    check_range("rate_hz", rate_hz, 0.1, 20.0)
    check_range("depth_cents", depth_cents, 0.0, 200.0)
    if depth_cents == 0.0:
        return samples.copy()
    swing_s = (2.0 ** (depth_cents / 1_200.0) - 1.0) / (2.0 * np.pi * rate_hz)
    delays = swing_s * rate * (1.0 - np.cos(_phase(samples.shape[1], rate, rate_hz)))
    return modulated_delay(samples, delays)


def chorus(
    samples: FloatArray,
    rate: int,
    rate_hz: float = 0.8,
    depth_ms: float = 2.0,
    delay_ms: float = 12.0,
    voices: int = 2,
    mix: float = 0.5,
) -> FloatArray:
    """The sound among late copies of itself whose pitch sways, spread from left to right.

    Args:
        samples: float32 (1 or 2, samples).
        rate: in Hz.
        rate_hz: how often the copies sway, 0.01 to 10; no two at the same moment.
        depth_ms: how far their delay swings either way, 0 to ``delay_ms``.
        delay_ms: mean delay, 1 to 50.
        voices: copies, 1 to 8.
        mix: share of the copies, 0 (dry alone) to 1 (copies alone), by power.

    Returns:
        float32 (2, samples).

    Raises:
        AudioError: no audio, more than two channels, or a value out of range.
    """
    check_audio(samples)
    check_rate(rate)
    check_range("rate_hz", rate_hz, 0.01, 10.0)
    check_range("delay_ms", delay_ms, 1.0, 50.0)
    check_range("depth_ms", depth_ms, 0.0, delay_ms)
    check_range("voices", voices, 1, 8)
    check_range("mix", mix, 0.0, 1.0)
    stereo = as_channels(samples, 2)
    out = np.asarray(stereo * np.float32(np.sqrt(1.0 - mix)), dtype=np.float32)
    level = np.sqrt(mix / voices)
    for voice in range(voices):
        turn = 2.0 * np.pi * voice / voices
        swing = np.sin(_phase(samples.shape[1], rate, rate_hz) + turn)
        copy = modulated_delay(stereo, (delay_ms + depth_ms * swing) * rate / 1_000.0)
        place = 0.0 if voices == 1 else 2.0 * voice / (voices - 1) - 1.0
        angle = (place + 1.0) * np.pi / 4.0
        out[0] += copy[0] * np.float32(level * np.sqrt(2.0) * np.cos(angle))
        out[1] += copy[1] * np.float32(level * np.sqrt(2.0) * np.sin(angle))
    return out


def flanger(
    samples: FloatArray,
    rate: int,
    rate_hz: float = 0.25,
    depth_ms: float = 2.0,
    delay_ms: float = 3.0,
    feedback: float = 0.5,
    mix: float = 0.5,
) -> FloatArray:
    """The sound and a copy a few moving milliseconds later: a comb whose teeth wander.

    Notches lie at odd multiples of ``1 / (2 delay)``. With ``feedback`` the copy is delayed again and again.

    Args:
        samples: float32 (channels, samples).
        rate: in Hz.
        rate_hz: 0.01 to 10.
        depth_ms: swing of the delay, 0 to ``delay_ms - 0.5``.
        delay_ms: mean delay, 1 to 20.
        feedback: -0.95 to 0.95.
        mix: share of the copy in the sum, 0 to 1; at 0.5 the notches are complete.

    Returns:
        float32, same shape.

    Raises:
        AudioError: no audio, or a value out of range.
    """
    check_audio(samples)
    check_rate(rate)
    check_range("rate_hz", rate_hz, 0.01, 10.0)
    check_range("delay_ms", delay_ms, 1.0, 20.0)
    check_range("depth_ms", depth_ms, 0.0, delay_ms - 0.5)
    check_range("feedback", feedback, -0.95, 0.95)
    check_range("mix", mix, 0.0, 1.0)
    swing = np.sin(_phase(samples.shape[1], rate, rate_hz))
    delays = (delay_ms + depth_ms * swing) * rate / 1_000.0
    wet = _fed_back(samples, delays, feedback) if feedback else modulated_delay(samples, delays)
    return np.asarray(samples * np.float32(1.0 - mix) + wet * np.float32(mix), dtype=np.float32)


def phaser(
    samples: FloatArray,
    rate: int,
    rate_hz: float = 0.4,
    depth: float = 0.5,
    centre_hz: float = 1_000.0,
    feedback: float = 0.2,
    mix: float = 0.5,
) -> FloatArray:
    """Notches that wander up and down, as pedalboard's six all-passes make them.

    Args:
        samples: float32 (channels, samples).
        rate: in Hz, at least 8,000.
        rate_hz: 0.01 to 20.
        depth: how far the notches wander, 0 to 1.
        centre_hz: 50 to 0.4 of the rate.
        feedback: -0.95 to 0.95.
        mix: 0 (dry) to 1.

    Returns:
        float32, same shape.

    Raises:
        AudioError: no audio, or a value out of range.
    """
    from pedalboard import Phaser

    check_audio(samples)
    check_rate(rate)
    check_range("rate", rate, 8_000, 768_000)
    check_range("rate_hz", rate_hz, 0.01, 20.0)
    check_range("depth", depth, 0.0, 1.0)
    check_range("centre_hz", centre_hz, 50.0, 0.4 * rate)
    check_range("feedback", feedback, -0.95, 0.95)
    check_range("mix", mix, 0.0, 1.0)
    out = np.empty_like(samples)
    for index in range(samples.shape[0]):
        # A channel at a time: pedalboard guesses the layout of short audio from its shape.
        effect = Phaser(rate_hz=rate_hz, depth=depth, centre_frequency_hz=centre_hz, feedback=feedback, mix=mix)
        out[index] = effect(np.ascontiguousarray(samples[index]), rate)
    return out


def tremolo(samples: FloatArray, rate: int, rate_hz: float, depth: float, is_panning: bool = False) -> FloatArray:
    """Level swinging ``rate_hz`` times a second between 1 and ``1 - depth``.

    Args:
        samples: float32 (channels, samples); 1 or 2 channels where ``is_panning``.
        rate: in Hz.
        rate_hz: 0.01 to 50.
        depth: 0 to 1.
        is_panning: the sides swing against each other, and the answer is stereo.

    Raises:
        AudioError: no audio, too many channels for panning, or a value out of range.
    """
    check_audio(samples)
    check_rate(rate)
    check_range("rate_hz", rate_hz, 0.01, 50.0)
    check_range("depth", depth, 0.0, 1.0)
    swing = (0.5 * depth * np.sin(_phase(samples.shape[1], rate, rate_hz))).astype(np.float32)
    middle = np.float32(1.0 - 0.5 * depth)
    if not is_panning:
        return np.asarray(samples * (middle + swing), dtype=np.float32)
    stereo = as_channels(samples, 2)
    return np.stack([stereo[0] * (middle + swing), stereo[1] * (middle - swing)])


def modulated_delay(samples: FloatArray, delays: DoubleArray) -> FloatArray:
    """Each sample read ``delays`` samples earlier, between samples where that is no whole number.

    Args:
        samples: float32 (channels, samples).
        delays: (samples,), in samples, not negative.

    Returns:
        float32, same shape.
    """
    out = np.empty_like(samples)
    padded = np.pad(samples, ((0, 0), (2, 2)))
    length = samples.shape[1]
    for start in range(0, length, _CHUNK):
        end = min(length, start + _CHUNK)
        place = np.arange(start, end) - delays[start:end] + 2.0
        whole = np.floor(place)
        after = (place - whole).astype(np.float32)
        index = whole.astype(np.int64)
        is_inside = (index >= 1) & (index <= length + 1)
        index = np.clip(index, 1, length + 1)
        weights = _lagrange(after)
        for channel, row in zip(padded, out, strict=True):
            value = sum(weight * channel[index + step] for weight, step in zip(weights, (-1, 0, 1, 2), strict=True))
            row[start:end] = np.where(is_inside, value, np.float32(0.0))
    return out


def _lagrange(after: FloatArray) -> tuple[FloatArray, ...]:
    """Weights of the samples one before to two after, for a point ``after`` (0 to 1) past the middle one."""
    before, twice = after + 1.0, after - 2.0
    less = after - 1.0
    return (
        np.asarray(-after * less * twice / 6.0), np.asarray(before * less * twice / 2.0),
        np.asarray(-before * after * twice / 2.0), np.asarray(before * after * less / 6.0),
    )  # fmt: skip


def _fed_back(samples: FloatArray, delays: DoubleArray, feedback: float) -> FloatArray:
    """``wet[n] = x[n - d] + feedback * wet[n - d]``, in stretches shorter than the shortest delay."""
    step = max(1, int(delays.min()) - 3)
    length = samples.shape[1]
    # Behind two samples of silence; wet holds what the delay line is fed with.
    line = np.zeros((samples.shape[0], length + 4), np.float32)
    out = np.empty_like(samples)
    amount = np.float32(feedback)
    for start in range(0, length, step):
        end = min(length, start + step)
        place = np.arange(start, end) - delays[start:end] + 2.0
        whole = np.floor(place)
        weights = _lagrange((place - whole).astype(np.float32))
        index = np.maximum(whole.astype(np.int64), 1)
        is_inside = whole >= 1
        heard = sum(weight * line[:, index + shift] for weight, shift in zip(weights, (-1, 0, 1, 2), strict=True))
        out[:, start:end] = heard * is_inside
        line[:, start + 2 : end + 2] = samples[:, start:end] + amount * out[:, start:end]
    return out


def _phase(length: int, rate: int, rate_hz: float) -> DoubleArray:
    """Radians per sample, wrapped, so that long songs keep their precision."""
    return np.asarray(2.0 * np.pi * np.modf(np.arange(length) * (rate_hz / rate))[0], dtype=np.float64)
