"""Where sound stands: reverb, echoes, panorama, stereo width.

Reverb and delay answer the **wet signal only**; how much of it is added is the mixer's decision. Belongs here: what
moves sound in the room. Does not belong here: frequency response for its own sake (``dsp.filters``).
"""

from __future__ import annotations

import numpy as np

from dsp.errors import AudioError
from dsp.filters import apply_sections, high_pass_sections, low_pass_sections
from dsp.levels import FloatArray, as_channels, check_audio, check_range, check_rate

_MIN_DELAY_S = 0.001
_MAX_DELAY_S = 10.0
_MAX_FEEDBACK = 0.98


def reverb(
    samples: FloatArray,
    rate: int,
    room: float = 0.5,
    damping: float = 0.5,
    width: float = 1.0,
    pre_delay_ms: float = 0.0,
) -> FloatArray:
    """The room's answer alone: parallel combs and all-passes after J. Smith and "Jezar" (Freeverb), by pedalboard.

    Args:
        samples: float32 (1 or 2, samples); mono is heard from the middle.
        rate: in Hz, at least 8,000.
        room: 0 to 1, size and so length: the tail falls by 60 dB in about 0.7 s at 0 and 5 s at 0.9.
        damping: 0 to 1, how fast highs fade.
        width: 0 (mono) to 1.
        pre_delay_ms: silence before the room answers, 0 to 500.

    Returns:
        float32 (2, samples): cut where the input ends, so give the input as much silence as the tail needs.

    Raises:
        AudioError: no audio, more than two channels, or a value out of range.
    """
    from pedalboard import Reverb

    check_audio(samples)
    check_rate(rate)
    check_range("rate", rate, 8_000, 768_000)
    for name, value in (("room", room), ("damping", damping), ("width", width)):
        check_range(name, value, 0.0, 1.0)
    check_range("pre_delay_ms", pre_delay_ms, 0.0, 500.0)
    stereo = as_channels(samples, 2)
    room_answer = Reverb(room_size=room, damping=damping, width=width, wet_level=1.0, dry_level=0.0)
    wet = np.asarray(room_answer(stereo, rate, reset=True), dtype=np.float32)
    return _later(wet, round(pre_delay_ms * rate / 1_000.0))


def delay(
    samples: FloatArray,
    rate: int,
    time_s: float,
    feedback: float = 0.35,
    high_cut_hz: float | None = None,
    low_cut_hz: float | None = None,
    is_ping_pong: bool = False,
) -> FloatArray:
    """Echoes alone: the k-th comes after ``k * time_s``, ``feedback ** (k - 1)`` as loud as the first.

    Args:
        samples: float32 (1 or 2, samples).
        rate: in Hz.
        time_s: 0.001 to 10, rounded to whole samples.
        feedback: 0 (one echo) to 0.98.
        high_cut_hz: each echo passes this first-order low-pass once more than the one before; None for none.
        low_cut_hz: the same as a high-pass.
        is_ping_pong: echoes come from the left, the right, the left...; the source is folded to mono first.

    Returns:
        float32, same length (echoes past the end are cut); same channels, or two for a ping-pong.

    Raises:
        AudioError: no audio, more than two channels for a ping-pong, or a value out of range.
    """
    check_audio(samples)
    check_rate(rate)
    check_range("time_s", time_s, _MIN_DELAY_S, _MAX_DELAY_S)
    check_range("feedback", feedback, 0.0, _MAX_FEEDBACK)
    distance = max(1, round(time_s * rate))
    sections = [high_pass_sections(rate, low_cut_hz, 1)] if low_cut_hz is not None else []
    sections += [low_pass_sections(rate, high_cut_hz, 1)] if high_cut_hz is not None else []
    source = as_channels(samples, 1) if is_ping_pong else samples
    echo = _later(apply_sections(source, np.vstack(sections)) if sections else source, distance)
    out = np.zeros((2 if is_ping_pong else source.shape[0], samples.shape[1]), np.float32)
    gain, count = 1.0, 0
    while gain > 1e-5 and (count + 1) * distance < samples.shape[1]:
        if is_ping_pong:
            out[count % 2] += np.float32(gain) * echo[0]
        else:
            out += np.float32(gain) * echo
        gain, count = gain * feedback, count + 1
        echo = _later(apply_sections(echo, np.vstack(sections)) if sections else echo, distance)
    return out


def pan(samples: FloatArray, position: float) -> FloatArray:
    """Places sound from left (-1) over the middle (0) to right (1); always answers stereo.

    Mono is panned with constant power: the squares of both gains add up to 1 (-3.01 dB each in the middle). Stereo is
    balanced: the far side gets quieter along the same curve, the near side stays as it is, and the middle changes nothing.

    Raises:
        AudioError: no audio, more than two channels, or a position out of range.
    """
    check_audio(samples)
    check_range("position", position, -1.0, 1.0)
    angle = (position + 1.0) * np.pi / 4.0
    gains = np.array([[np.cos(angle)], [np.sin(angle)]])
    if samples.shape[0] == 2:
        gains = np.minimum(1.0, gains * np.sqrt(2.0))
    return np.asarray(as_channels(samples, 2) * gains.astype(np.float32), dtype=np.float32)


def widen(samples: FloatArray, amount: float) -> FloatArray:
    """Scales the difference of left and right: 0 is mono, 1 changes nothing, 2 doubles it. The sum stays the same.

    Mono has no difference and comes back as two equal channels.

    Raises:
        AudioError: no audio, more than two channels, or an amount outside 0 to 4.
    """
    check_audio(samples)
    check_range("amount", amount, 0.0, 4.0)
    stereo = as_channels(samples, 2)
    middle = 0.5 * (stereo[0] + stereo[1])
    side = np.float32(0.5 * amount) * (stereo[0] - stereo[1])
    return np.stack([middle + side, middle - side]).astype(np.float32, copy=False)


def mono_below(samples: FloatArray, rate: int, hz: float) -> FloatArray:
    """Keeps the low end in the middle: the difference of left and right is high-passed (Butterworth, 24 dB/octave) at ``hz``.

    The sum of both channels stays the same. Mono comes back as two equal channels.

    Raises:
        AudioError: no audio, more than two channels, or a frequency out of range.
    """
    check_audio(samples)
    sections = high_pass_sections(rate, hz, 4)
    stereo = as_channels(samples, 2)
    middle = 0.5 * (stereo[0] + stereo[1])
    side = apply_sections(0.5 * (stereo[:1] - stereo[1:]), sections)[0]
    return np.stack([middle + side, middle - side]).astype(np.float32, copy=False)


def _later(samples: FloatArray, count: int) -> FloatArray:
    """Moved to the right by ``count`` samples, silence before it, same length."""
    if count == 0:
        return samples
    out = np.zeros_like(samples)
    if count < samples.shape[1]:
        out[:, count:] = samples[:, :-count]
    return out


__all__ = ["AudioError", "delay", "mono_below", "pan", "reverb", "widen"]
