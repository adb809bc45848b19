"""Strokes of analog drum machines from formulas: kick, snare, clap, hats, cymbals, toms, bells, shakers.

After the circuits of the early 1980s: decaying sines with a falling pitch, filtered noise, banks of square waves.
Every function returns float32 (samples,), peak near 1, and holds nothing above half the rate; noise comes from a
generator that is handed in. Belongs here: one stroke. Does not belong here: kits and keys (production.patches).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp.filters import apply_sections, high_pass_sections, low_pass_sections
from dsp.oscillators import TOP, harmonic_count, harmonics, read_table, wavetable

FloatArray = NDArray[np.float32]
DoubleArray = NDArray[np.float64]
CYMBAL_HZ = (205.3, 304.4, 369.6, 522.7, 540.0, 800.0)
"""The six square waves of the TR-808's cymbals and hats (Werner, Abel & Smith 2014, "The TR-808 cymbal")."""


def kick(
    samples: int, rate: int, *, low_hz: float, sweep_semitones: float, sweep_s: float, decay_s: float, click: float,
    drive: float = 0.0,
) -> FloatArray:  # fmt: skip
    """A sine that falls onto ``low_hz`` and dies; ``click`` 0-1 is the beater, ``drive`` its saturation."""
    time = _time(samples, rate)
    hz = low_hz * 2.0 ** (sweep_semitones / 12.0 * np.exp(-time / sweep_s))
    body = np.sin(2.0 * np.pi * np.cumsum(hz) / rate) * np.exp(-time / decay_s) * np.minimum(time / 0.0008, 1.0)
    beater = click * np.exp(-time / 0.0025) * np.sin(2.0 * np.pi * 1_800.0 * time)
    sound = body + beater
    if drive > 0.0:
        sound = np.tanh((1.0 + drive) * sound) / np.tanh(1.0 + drive)
    return _scaled(sound)


def snare(
    samples: int, rate: int, rng: np.random.Generator, *, tones_hz: tuple[float, float], tone_s: float, noise_s: float,
    noise: float, high_pass_hz: float = 700.0, gate_s: float = 0.0,
) -> FloatArray:  # fmt: skip
    """Two drum modes and the rattle of the wires; with ``gate_s`` the rattle is held up that long, then cut off."""
    time = _time(samples, rate)
    drop = 1.0 + 0.25 * np.exp(-time / 0.012)
    modes = sum(
        level * np.sin(2.0 * np.pi * np.cumsum(hz * drop) / rate)
        for hz, level in zip(tones_hz, (1.0, 0.6), strict=True)
    ) * np.exp(-time / tone_s)
    rattle = _filtered(rng.standard_normal(samples), rate, high_pass_hz, 11_000.0)
    fall = np.exp(-time / noise_s)
    if gate_s > 0.0:
        fall = np.where(time < gate_s, np.maximum(fall, 0.35), 0.35 * np.exp(-(time - gate_s) / 0.02))
    return _scaled(0.6 * modes + noise * rattle * fall)


def clap(samples: int, rate: int, rng: np.random.Generator, *, decay_s: float = 0.09) -> FloatArray:
    """Three quick bursts of noise about 1 kHz, then a small room of it."""
    time = _time(samples, rate)
    shape = 0.7 * np.exp(-time / decay_s) * (time > 0.028)
    for start in (0.0, 0.0105, 0.0205, 0.0295):
        shape = shape + np.where(time >= start, np.exp(-np.maximum(time - start, 0.0) / 0.0045), 0.0)
    return _scaled(_filtered(rng.standard_normal(samples), rate, 750.0, 4_200.0) * shape)


def metal(
    samples: int, rate: int, rng: np.random.Generator, *, decay_s: float, high_pass_hz: float, tune: float = 1.0,
    noise: float = 0.3, tail: float = 0.0, tail_s: float = 0.5,
) -> FloatArray:  # fmt: skip
    """A hat or cymbal: six square waves out of tune with each other, and noise, above ``high_pass_hz``.

    ``tail`` 0-1 of it dies with ``tail_s`` rather than ``decay_s``.
    """
    time = _time(samples, rate)
    bank = np.zeros(samples)
    for hz in CYMBAL_HZ:
        bank += read_table(_high_square(hz * tune, rate, 0.5 * high_pass_hz), hz * tune, samples, rate, rng.random())
    hiss = rng.standard_normal(samples)
    bank *= 1.0 / max(float(np.sqrt(np.mean(bank**2))), 1e-9)
    shape = (1.0 - tail) * np.exp(-time / decay_s) + tail * np.exp(-time / tail_s)
    sound = _filtered((1.0 - noise) * bank + noise * hiss, rate, high_pass_hz, 16_000.0)
    return _scaled(sound * shape * np.minimum(time / 0.0006, 1.0))


def tom(samples: int, rate: int, rng: np.random.Generator, *, hz: float, decay_s: float) -> FloatArray:
    """A sine that falls a third onto ``hz``, with a breath of noise."""
    time = _time(samples, rate)
    fall = hz * (1.0 + 0.3 * np.exp(-time / 0.04))
    body = np.sin(2.0 * np.pi * np.cumsum(fall) / rate) * np.exp(-time / decay_s) * np.minimum(time / 0.001, 1.0)
    skin = 0.12 * _filtered(rng.standard_normal(samples), rate, 200.0, 2_500.0) * np.exp(-time / 0.05)
    return _scaled(body + skin)


def block(samples: int, rate: int, *, hz: float, decay_s: float) -> FloatArray:
    """A rim, clave or conga: a short pure tone with its inharmonic second mode."""
    time = _time(samples, rate)
    sound = np.sin(2.0 * np.pi * hz * time) + 0.5 * np.sin(2.0 * np.pi * min(2.71 * hz, TOP * rate) * time) * np.exp(
        -time / (0.5 * decay_s)
    )
    return _scaled(sound * np.exp(-time / decay_s) * np.minimum(time / 0.0004, 1.0))


def cowbell(samples: int, rate: int) -> FloatArray:
    """Two square waves a fifth apart, 540 and 800 Hz, through a band."""
    time = _time(samples, rate)
    bank = np.zeros(samples)
    for hz in (540.0, 800.0):
        bank += read_table(_high_square(hz, rate, 0.0), hz, samples, rate)
    shape = 0.6 * np.exp(-time / 0.02) + 0.4 * np.exp(-time / 0.13)
    return _scaled(_filtered(bank, rate, 500.0, 5_000.0) * shape)


def shaker(samples: int, rate: int, rng: np.random.Generator, *, decay_s: float, high_pass_hz: float) -> FloatArray:
    """Beads: high noise that swells for some milliseconds and dies."""
    time = _time(samples, rate)
    shape = np.minimum(time / 0.012, 1.0) * np.exp(-np.maximum(time - 0.012, 0.0) / decay_s)
    return _scaled(_filtered(rng.standard_normal(samples), rate, high_pass_hz, 14_000.0) * shape)


def _high_square(hz: float, rate: int, above_hz: float) -> FloatArray:
    """One period of a square wave without its harmonics below a frequency."""
    levels = harmonics("square", harmonic_count(hz, rate))
    levels[: max(0, min(int(above_hz / hz), levels.size - 1))] = 0.0
    return wavetable(levels)


def _time(samples: int, rate: int) -> DoubleArray:
    return np.arange(samples, dtype=np.float64) / rate


def _filtered(sound: DoubleArray, rate: int, low_hz: float, high_hz: float) -> DoubleArray:
    top = min(high_hz, 0.45 * rate)
    sections = np.vstack([high_pass_sections(rate, min(low_hz, 0.5 * top), 4), low_pass_sections(rate, top, 2)])
    return np.asarray(apply_sections(sound.astype(np.float32)[None], sections)[0], dtype=np.float64)


def _scaled(sound: DoubleArray) -> FloatArray:
    peak = float(np.abs(sound).max(initial=0.0))
    return np.asarray(sound / (peak or 1.0), dtype=np.float32)
