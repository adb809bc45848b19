"""Where sound stands: reverb, echoes, panorama, stereo width.

Reverb and delay answer the **wet signal only**; how much of it is added is the mixer's decision. Belongs here: what
moves sound in the room. Does not belong here: frequency response for its own sake (``dsp.filters``).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from dsp.filters import Sections, apply_sections, high_pass_sections, low_pass_sections
from dsp.levels import FloatArray, as_channels, check_audio, check_range, check_rate

_MIN_DELAY_S = 0.01
_MAX_DELAY_S = 10.0
_MAX_FEEDBACK = 0.98
_RESPONSE_S = 3.0


def reverb(
    samples: FloatArray,
    rate: int,
    room: float = 0.5,
    damping: float = 0.5,
    width: float = 1.0,
    pre_delay_ms: float = 0.0,
) -> FloatArray:
    """The room's answer alone, as pedalboard's Freeverb makes it.

    Freeverb is described in J. Smith, "Physical audio signal processing", CCRMA. It adds both channels up before the
    room; the answer is scaled to unit energy, so that noise in the middle comes out as loud as it went in, whatever
    the room (and unrelated channels 3 dB softer).

    Args:
        samples: float32 (1 or 2, samples); mono is heard from the middle.
        rate: in Hz, at least 8,000.
        room: 0 to 1, size and so length. Measured at half damping, the tail falls by 60 dB in 0.5 s at 0, 0.7 s at
            0.25, 1.1 s at 0.5, 2.0 s at 0.75, 3.9 s at 0.9.
        damping: 0 to 1, how fast highs fade.
        width: 0 (mono) to 1.
        pre_delay_ms: 0 to 500, on top of the 25 ms after which this room answers by itself.

    Returns:
        float32 (2, samples): cut where the input ends, so give the input as much silence as the tail needs.

    Raises:
        AudioError: no audio, more than two channels, or a value out of range.
    """
    check_audio(samples)
    check_rate(rate)
    check_range("rate", rate, 8_000, 768_000)
    for name, value in (("room", room), ("damping", damping), ("width", width)):
        check_range(name, value, 0.0, 1.0)
    check_range("pre_delay_ms", pre_delay_ms, 0.0, 500.0)
    stereo = as_channels(samples, 2)
    wet = _room_answer(stereo, rate, room, damping, width)
    wet *= np.float32(1.0 / _room_gain(rate, room, damping))
    return _later(wet, round(pre_delay_ms * rate / 1_000.0))


def _room_answer(stereo: FloatArray, rate: int, room: float, damping: float, width: float) -> FloatArray:
    from pedalboard import Reverb

    effect = Reverb(room_size=room, damping=damping, width=width, wet_level=1.0, dry_level=0.0)
    # Longer by two: pedalboard refuses two samples of two channels, because it guesses the layout from the shape.
    longer = np.pad(stereo, ((0, 0), (0, 2)))
    return np.array(effect(longer, rate)[:, :-2], dtype=np.float32)


@lru_cache(maxsize=64)
def _room_gain(rate: int, room: float, damping: float) -> float:
    """Gain of the effect for white noise in the middle: the root of the energy of its impulse response."""
    impulse = np.zeros((2, round(_RESPONSE_S * rate)), np.float32)
    impulse[:, 0] = 1.0
    response = _room_answer(impulse, rate, room, damping, 1.0)
    return float(np.sqrt(0.5 * np.square(response, dtype=np.float64).sum()))


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
        time_s: 0.01 to 10, rounded to whole samples.
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
    source = samples
    if is_ping_pong:
        source = np.concatenate([as_channels(samples, 1), np.zeros((1, samples.shape[1]), np.float32)])
    tape = _tape(source, distance, feedback, np.vstack(sections) if sections else None, is_ping_pong)
    return _later(tape, distance)


def _tape(
    source: FloatArray, distance: int, feedback: float, sections: Sections | None, is_crossed: bool
) -> FloatArray:
    """What a tape echo records: ``tape[n] = filter(source[n] + feedback * tape[n - distance])``.

    A stretch as long as the delay depends only on the stretch before it, so each is computed whole.
    ``is_crossed`` feeds every channel from the other one.
    """
    from scipy.signal import sosfilt

    tape = np.empty_like(source)
    state = None if sections is None else np.zeros((sections.shape[0], source.shape[0], 2))
    amount = np.float32(feedback)
    for start in range(0, source.shape[1], distance):
        stretch = source[:, start : start + distance]
        if start > 0:
            before = tape[:, start - distance : start][:, : stretch.shape[1]]
            stretch = stretch + amount * (before[::-1] if is_crossed else before)
        if sections is not None:
            stretch, state = sosfilt(sections, stretch.astype(np.float64), axis=1, zi=state)
        tape[:, start : start + distance] = stretch
    return tape


def pan(samples: FloatArray, position: float) -> FloatArray:
    """Places sound from left (-1) over the middle (0) to right (1); always answers stereo.

    Mono is panned with constant power: the squares of both gains add up to 1 (-3.01 dB each in the middle). Stereo
    is balanced: the far side gets quieter along the same curve, the near side stays, and the middle changes nothing.

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
    """Keeps the low end in the middle.

    The difference of left and right is high-passed at ``hz`` (Butterworth, 24 dB per octave); their sum stays the same.
    Mono comes back as two equal channels.

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
