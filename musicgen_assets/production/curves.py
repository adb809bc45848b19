"""What is done to notes while they sound: pitch curves from bends, gain curves from volume and expression.

Belongs here: rows of a score as curves over samples. Modulation (controller 1) makes no curve: the score writes the
vibrato it stands for as bends. The sustain pedal is in the lengths of keys (keys). Does not belong here: sounding
them (sampler, playing).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

VOLUME, EXPRESSION = 7, 11
BEND_SEMITONES = 2.0
"""What a whole bend of 8192 means: General MIDI's default range, which scores keep to."""
BEND_GLIDE_S = 0.06
"""Bends no further apart than this are points of one movement and joined by a line; a later one is a jump."""
GAIN_GLIDE_S = 2.5
"""The same for volume and expression: a swell is written once a beat."""
JUMP_S = 0.015
"""A jump of level takes this long, so that it does not click."""
STEP = 256
"""A moving pitch is set anew every so many samples: 5 ms, far above any vibrato's rate."""

_FULL = 127.0
_CHUNK = 65_536


@dataclass(frozen=True)
class PitchCurve:
    """Semitones over samples, joined by lines. Empty: no bends at all."""

    at: NDArray[np.float64]
    semitones: NDArray[np.float64]

    def moves(self, start: int, end: int) -> bool:
        """Whether the pitch is anything but straight and unbent between two samples."""
        if not self.at.size:
            return False
        inside = (self.at >= start) & (self.at <= end)
        edges = np.interp([start, end], self.at, self.semitones, left=0.0)
        return bool(self.semitones[inside].any() or edges.any())

    def steps(self, start: int, length: int) -> list[tuple[int, float]]:
        """(offset, semitones) from ``start`` on, offsets multiples of ``STEP``, only where the pitch changes."""
        offsets = np.arange(0, length, STEP)
        values = np.round(np.interp(offsets + start, self.at, self.semitones, left=0.0), 4)
        is_new = np.append(True, np.diff(values) != 0.0)
        return list(zip(offsets[is_new].tolist(), values[is_new].tolist(), strict=True))


def pitch_curve(bends: Sequence[Sequence[int]], samples_per_tick: float, sample_rate_hz: int) -> PitchCurve:
    """Rows of (tick, bend -8192..8191) as a curve; before the first the pitch is straight."""
    at, values = _joined(
        [(int(tick), float(value)) for tick, value in bends], samples_per_tick,
        glide=BEND_GLIDE_S * sample_rate_hz, jump=1.0,
    )  # fmt: skip
    return PitchCurve(at, values * (BEND_SEMITONES / 8192.0))


def apply_gain(
    sound: NDArray[np.float32], controllers: Sequence[Sequence[int]], samples_per_tick: float, sample_rate_hz: int
) -> None:
    """Volume and expression in place on float32 ``(channels, samples)``; nothing where neither is set.

    40 log10(value / 127) dB each, as General MIDI recommends; full before the first row.
    """
    for controller in (VOLUME, EXPRESSION):
        rows = [(int(tick), float(value)) for tick, number, value in controllers if number == controller]
        if not rows:
            continue
        jump = JUMP_S * sample_rate_hz
        at, values = _joined(rows, samples_per_tick, glide=GAIN_GLIDE_S * sample_rate_hz, jump=jump)
        if at[0] > jump:
            at, values = np.insert(at, 0, at[0] - jump), np.insert(values, 0, _FULL)
        gains = (values / _FULL) ** 2
        for start in range(0, sound.shape[1], _CHUNK):
            piece = sound[:, start : start + _CHUNK]
            piece *= np.interp(np.arange(start, start + piece.shape[1]), at, gains).astype(np.float32)


def _joined(
    rows: Sequence[tuple[int, float]], samples_per_tick: float, *, glide: float, jump: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points of the curve: rows further apart than ``glide`` are held, then left within ``jump`` samples."""
    at: list[float] = []
    values: list[float] = []
    for tick, value in sorted(rows):
        place = tick * samples_per_tick
        if at and place - at[-1] > glide:
            at.append(max(at[-1], place - jump))
            values.append(values[-1])
        at.append(place)
        values.append(value)
    return np.array(at), np.array(values)
