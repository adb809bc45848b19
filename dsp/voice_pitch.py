"""How a singing voice's pitch moves between and on its notes.

After Saitou et al., "Speech-to-singing synthesis" (WASPAA 2007): notes joined by the step response of a damped system
that overshoots, a small dip before each change, vibrato, and fine fluctuation; scoops into phrases besides.

Belongs here: curves in semitones by frame. Does not belong here: which notes, or whose voice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

OMEGA, ZETA = 34.8, 0.5422
"""Saitou's overshoot: natural frequency in rad/s, damping."""
VIBRATO_FROM_S = 0.5
"""Shorter notes are sung straight."""
MOST_OVERSHOOT_CENTS = 45.0
_PREPARATION_S = 0.09
_SCOOP_S = 0.04
_UNHURRIED_S = 0.45
"""Between shorter notes the voice hurries."""
_REST_S = 0.12
"""Notes further apart than this are not bound."""

Curve = NDArray[np.float64]


@dataclass(frozen=True)
class PitchStyle:
    """A singer's habits. ``scoop_cents`` is how far below a phrase's first note the voice comes from."""

    vibrato_hz: float = 5.6
    vibrato_cents: float = 38.0
    vibrato_delay_s: float = 0.22
    preparation_cents: float = 22.0
    scoop_cents: float = 130.0
    fluctuation_cents: float = 4.0


@dataclass(frozen=True)
class PitchNote:
    """A note as it is to be heard: when it begins and ends in seconds, and its MIDI pitch."""

    start_s: float
    end_s: float
    pitch: float
    is_scooped: bool = False


def pitch_curve(
    notes: Sequence[PitchNote], frames: int, frame_s: float, style: PitchStyle, rng: np.random.Generator
) -> Curve:
    """MIDI pitch by frame, (frames,), for notes in order of time; at least one."""
    time: Curve = np.arange(frames, dtype=np.float64) * frame_s
    curve: Curve = np.full(frames, float(notes[0].pitch))
    for before, note in pairwise(notes):
        curve += _change(time, before, note, style)
    for note in notes:
        if note.is_scooped:
            since = np.maximum(time - note.start_s, 0.0)
            depth = style.scoop_cents * (0.75 + 0.5 * rng.random())
            curve -= depth / 100.0 * np.exp(-since / _SCOOP_S) * (time < note.end_s)
        if note.end_s - note.start_s >= VIBRATO_FROM_S:
            curve += _vibrato(time, note, style, rng)
    return curve + _fluctuation(frames, frame_s, style.fluctuation_cents, rng)


def step_response(time_s: Curve, omega: float = OMEGA, zeta: float = ZETA) -> Curve:
    """Second-order step response, 0 before time 0, passing 1 first at ``rise_s``, going over it, settling at 1."""
    damped = omega * np.sqrt(1.0 - zeta**2)
    since = np.maximum(time_s, 0.0)
    swing = np.cos(damped * since) + zeta / np.sqrt(1.0 - zeta**2) * np.sin(damped * since)
    return np.where(time_s > 0.0, 1.0 - np.exp(-zeta * omega * since) * swing, 0.0)


def rise_s(omega: float, zeta: float) -> float:
    """When ``step_response`` first reaches 1."""
    return float((np.pi - np.arccos(zeta)) / (omega * np.sqrt(1.0 - zeta**2)))


def _change(time: Curve, before: PitchNote, note: PitchNote, style: PitchStyle) -> Curve:
    """What the step from one note to the next adds: it arrives with the note, having begun before it."""
    interval = note.pitch - before.pitch
    if interval == 0.0:
        return np.zeros_like(time)
    if note.start_s - before.end_s > _REST_S:
        return np.where(time >= 0.5 * (before.end_s + note.start_s), interval, 0.0)
    zeta = _damping(abs(interval))
    # Quick notes are reached more quickly, or they would never be reached.
    haste = max(1.0, _UNHURRIED_S / max(min(note.start_s - before.start_s, note.end_s - note.start_s), 0.05))
    omega = OMEGA * min(haste, 2.5)
    begins = note.start_s - rise_s(omega, zeta)
    change = interval * step_response(time - begins, omega, zeta)
    if before.end_s - before.start_s >= _UNHURRIED_S - 0.1:
        dip = np.clip((time - (begins - _PREPARATION_S + 0.01)) / _PREPARATION_S, 0.0, 1.0)
        size = min(style.preparation_cents, 7.0 * abs(interval)) / 100.0
        change -= np.sign(interval) * size * np.sin(np.pi * dip) ** 2
    return change


def _damping(interval: float) -> float:
    """Saitou's, more where a wide interval would overshoot by more than ``MOST_OVERSHOOT_CENTS``."""
    share = min(MOST_OVERSHOOT_CENTS / 100.0 / interval, float(np.exp(-np.pi * ZETA / np.sqrt(1.0 - ZETA**2))))
    depth = np.log(share)
    return float(-depth / np.sqrt(np.pi**2 + depth**2))


def _vibrato(time: Curve, note: PitchNote, style: PitchStyle, rng: np.random.Generator) -> Curve:
    """Late, growing, never twice alike, gone before the note's end."""
    frame_s = float(time[1] - time[0]) if time.size > 1 else 1.0
    begins = note.start_s + style.vibrato_delay_s * (0.85 + 0.3 * rng.random())
    grows = np.clip((time - begins) / 0.45, 0.0, 1.0) * np.clip((note.end_s - 0.04 - time) / 0.08, 0.0, 1.0)
    wander, swell = smooth_noise(time.size, 0.18, frame_s, rng), smooth_noise(time.size, 0.25, frame_s, rng)
    rate = style.vibrato_hz * (0.97 + 0.06 * rng.random()) * (1.0 + 0.04 * wander)
    phase = 2.0 * np.pi * np.cumsum(rate * (time >= begins)) * frame_s
    return style.vibrato_cents / 100.0 * grows * (1.0 + 0.15 * swell) * np.sin(phase)


def _fluctuation(frames: int, frame_s: float, cents: float, rng: np.random.Generator) -> Curve:
    """The tremor and the drift of a voice that means to stand still."""
    quick, slow = smooth_noise(frames, 0.02, frame_s, rng), smooth_noise(frames, 0.35, frame_s, rng)
    return cents / 100.0 * (0.8 * quick + 0.5 * slow)


def smooth_noise(frames: int, scale_s: float, frame_s: float, rng: np.random.Generator) -> Curve:
    """Noise of variance 1 that changes over about ``scale_s``, (frames,)."""
    width = max(round(scale_s / frame_s), 1)
    window = np.hanning(2 * width + 3)[1:-1]
    raw = rng.standard_normal(frames + window.size - 1)
    return np.convolve(raw, window / np.sqrt(np.sum(window**2)), mode="valid")
