"""Drum machines by General MIDI key: which circuit answers which key, and tuned how.

Belongs here: the kits. Does not belong here: the circuits (dsp.drum_machine), balance and touch (touch, playing).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from dsp import drum_machine as machine
from musicgen_assets.graph.job import FloatArray

Machine = Literal["808", "909", "linn", "noise"]
Rng = np.random.Generator
Stroke = Callable[[int, int, Rng, float], FloatArray]
"""(samples, sample rate, noise, hardness 0-1) to one stroke."""

_TOMS_HZ = {41: 82.0, 43: 98.0, 45: 116.0, 47: 138.0, 48: 158.0, 50: 184.0}
_CONGAS_HZ = {60: 460.0, 61: 340.0, 62: 370.0, 63: 330.0, 64: 220.0, 65: 420.0, 66: 310.0, 67: 880.0, 68: 660.0}
_BLOCKS_HZ = {37: (480.0, 0.028), 75: (2_500.0, 0.035), 76: (1_100.0, 0.04), 77: (780.0, 0.05)}
_SHAKERS = {54: (0.11, 6_500.0), 69: (0.05, 5_500.0), 70: (0.03, 7_000.0), 58: (0.12, 4_000.0)}
_LENGTHS_S = {
    35: 1.5,
    36: 2.2,
    42: 0.4,
    44: 0.4,
    46: 1.5,
    49: 3.0,
    51: 2.5,
    52: 3.0,
    53: 2.5,
    55: 2.0,
    57: 3.0,
    59: 2.5,
}
_BRIGHT = {"808": 1.0, "909": 1.05, "linn": 1.0, "noise": 1.3}


def stroke_s(key: int) -> float:
    """How long a stroke of a key sounds at most, in seconds."""
    return _LENGTHS_S.get(key, 1.5)


def stroke(name: Machine, key: int, samples: int, rate: int, hardness: float) -> FloatArray:
    """One stroke of a key of a machine: float32 (samples,), peak near 1; a key no machine has is a short tick.

    ``hardness`` 0-1 opens noise and click. Noise follows from key and rate: a stroke tuned otherwise (played at another
    rate) has other noise too, as every stroke of a circuit has.
    """
    rng = np.random.default_rng([len(name), key, rate])
    if name == "noise":
        return _noise(key, samples, rate, rng)
    if key in (35, 36):
        return _kick(name, key, samples, rate, hardness)
    if key in (38, 40):
        return _snare(name, samples, rate, rng, hardness)
    if key == 39:
        return machine.clap(samples, rate, rng, decay_s=0.07 if name == "909" else 0.1)
    if key in (42, 44, 46):
        return _hat(name, key, samples, rate, rng, hardness)
    if key in (49, 52, 55, 57):
        return machine.metal(
            samples, rate, rng, decay_s=0.35, high_pass_hz=3_800.0, tail=0.5, tail_s=1.1, noise=0.5, tune=_BRIGHT[name]
        )
    if key in (51, 53, 59):
        return machine.metal(
            samples, rate, rng, decay_s=0.06, high_pass_hz=5_000.0, tail=0.35, tail_s=0.6, noise=0.15,
            tune=1.4 if key == 53 else 1.15,
        )  # fmt: skip
    if key in _TOMS_HZ:
        decay_s = {"808": 0.3, "909": 0.2, "linn": 0.24}[name]
        return machine.tom(samples, rate, rng, hz=_TOMS_HZ[key], decay_s=decay_s)
    return _percussion(key, samples, rate, rng)


def _kick(name: Machine, key: int, samples: int, rate: int, hardness: float) -> FloatArray:
    click = 0.06 + 0.2 * hardness
    if name == "808":
        decay_s = 0.42 if key == 36 else 0.26
        return machine.kick(
            samples, rate, low_hz=49.0, sweep_semitones=20.0, sweep_s=0.022, decay_s=decay_s, click=click, drive=0.5
        )
    if name == "909":
        return machine.kick(
            samples, rate, low_hz=50.0, sweep_semitones=30.0, sweep_s=0.03, decay_s=0.17, click=1.3 * click, drive=0.9
        )
    return machine.kick(
        samples, rate, low_hz=58.0, sweep_semitones=14.0, sweep_s=0.02, decay_s=0.13, click=1.6 * click, drive=0.6
    )


def _snare(name: Machine, samples: int, rate: int, rng: Rng, hardness: float) -> FloatArray:
    rattle = 0.5 + 0.4 * hardness
    if name == "808":
        return machine.snare(
            samples, rate, rng, tones_hz=(180.0, 330.0), tone_s=0.06, noise_s=0.08, noise=0.8 * rattle,
            high_pass_hz=1_200.0,
        )  # fmt: skip
    if name == "909":
        return machine.snare(
            samples, rate, rng, tones_hz=(190.0, 290.0), tone_s=0.07, noise_s=0.11, noise=rattle, high_pass_hz=900.0
        )
    return machine.snare(
        samples, rate, rng, tones_hz=(165.0, 260.0), tone_s=0.11, noise_s=0.14, noise=1.1 * rattle, high_pass_hz=500.0,
        gate_s=0.16,
    )  # fmt: skip


def _hat(name: Machine, key: int, samples: int, rate: int, rng: Rng, hardness: float) -> FloatArray:
    decay_s = {42: 0.028 + 0.02 * hardness, 44: 0.05, 46: 0.26}[key]
    return machine.metal(
        samples, rate, rng, decay_s=decay_s, high_pass_hz=7_000.0 if name == "808" else 6_000.0,
        noise=0.2 if name == "808" else 0.55, tune=_BRIGHT[name],
    )  # fmt: skip


def _percussion(key: int, samples: int, rate: int, rng: Rng) -> FloatArray:
    if key == 56:
        return machine.cowbell(samples, rate)
    if key in _CONGAS_HZ:
        return machine.tom(samples, rate, rng, hz=_CONGAS_HZ[key], decay_s=0.04 if key == 62 else 0.11)
    if key in _SHAKERS:
        decay_s, high_pass_hz = _SHAKERS[key]
        return machine.shaker(samples, rate, rng, decay_s=decay_s, high_pass_hz=high_pass_hz)
    hz, decay_s = _BLOCKS_HZ.get(key, (1_600.0, 0.02))
    return machine.block(samples, rate, hz=hz, decay_s=decay_s)


def _noise(key: int, samples: int, rate: int, rng: Rng) -> FloatArray:
    """A game console's one noise channel: white noise held still for longer or shorter, and a falling square wave."""
    time = np.arange(samples) / rate
    if key in (35, 36):
        return machine.kick(samples, rate, low_hz=62.0, sweep_semitones=24.0, sweep_s=0.025, decay_s=0.09, click=0.05)
    if key in _TOMS_HZ:
        return machine.tom(samples, rate, rng, hz=1.6 * _TOMS_HZ[key], decay_s=0.09)
    is_low, is_long = key in (38, 40, 39), key in (46, 49, 51, 52, 55, 57, 59)
    high_pass_hz, decay_s = (700.0, 0.07) if is_low else (5_000.0, 0.18 if is_long else 0.025)
    from dsp.filters import apply_sections, high_pass_sections

    noise = rng.standard_normal(samples).astype(np.float32)[None]
    sound = apply_sections(noise, high_pass_sections(rate, high_pass_hz))[0] * np.exp(-time / decay_s)
    return np.asarray(sound / max(float(np.abs(sound).max(initial=0.0)), 1e-9), dtype=np.float32)
