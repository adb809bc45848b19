"""Signals whose measures are known beforehand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

RATES = (44_100, 48_000, 96_000)


def sine(hz: float, rate: int, seconds: float, peak: float = 1.0, channels: int = 1, phase: float = 0.0) -> FloatArray:
    at = np.arange(round(rate * seconds)) / rate
    wave = (peak * np.sin(2 * np.pi * hz * at + phase)).astype(np.float32)
    return np.tile(wave, (channels, 1))


def noise(rate: int, seconds: float, peak: float = 0.5, channels: int = 2, seed: int = 1) -> FloatArray:
    rng = np.random.default_rng(seed)
    return rng.uniform(-peak, peak, (channels, round(rate * seconds))).astype(np.float32)


def smooth(samples: FloatArray) -> FloatArray:
    """Faded in and out over a fifth each, so that no edge rings."""
    count = samples.shape[1] // 5
    ramp = np.sin(np.linspace(0, np.pi / 2, count)) ** 2
    shape = np.concatenate([ramp, np.ones(samples.shape[1] - 2 * count), ramp[::-1]])
    return np.asarray(samples * shape, dtype=np.float32)


def clicks(bpm: float, rate: int, seconds: float, seed: int = 2) -> FloatArray:
    """Short noise bursts on every beat."""
    rng = np.random.default_rng(seed)
    out = np.zeros(round(rate * seconds), np.float32)
    burst = (rng.standard_normal(round(0.02 * rate)) * np.exp(-np.arange(round(0.02 * rate)) / (0.004 * rate))) * 0.4
    for beat in range(int(seconds * bpm / 60)):
        start = round(beat * 60 / bpm * rate)
        part = out[start : start + burst.size]
        part += burst[: part.size].astype(np.float32)
    return out[None, :]


def tone(midi: float, rate: int, seconds: float, harmonics: int = 6) -> NDArray[np.float64]:
    """A plucked note: falling overtones that die away."""
    at = np.arange(round(rate * seconds)) / rate
    hz = 440 * 2 ** ((midi - 69) / 12)
    wave = sum(0.6**k * np.sin(2 * np.pi * hz * (k + 1) * at) for k in range(harmonics) if hz * (k + 1) < rate / 2)
    attack = np.minimum(1.0, at / 0.005)
    release = np.minimum(1.0, (at[-1] - at) / 0.02)
    return np.asarray(wave * np.exp(-2.0 * at / seconds) * attack * release, dtype=np.float64)


def progression(
    chords: Sequence[tuple[int, ...]],
    bass: Sequence[int],
    rate: int,
    chord_s: float,
    repeats: int,
    seed: int | None = None,
) -> FloatArray:
    """Block chords over bass notes; with a seed, noise bursts on every half chord stand for drums."""
    parts = []
    for _ in range(repeats):
        for chord, low in zip(chords, bass, strict=True):
            part = 1.6 * tone(low, rate, chord_s)
            for note in chord:
                part = part + tone(note, rate, chord_s)
            parts.append(part)
    out = np.concatenate(parts)
    if seed is not None:
        rng = np.random.default_rng(seed)
        step = round(chord_s * rate / 4)
        for start in range(0, out.size - step, step):
            out[start : start + step] += 2.0 * rng.standard_normal(step) * np.exp(-np.arange(step) / (0.03 * rate))
    return np.asarray(0.5 * out[None, :] / np.abs(out).max(), dtype=np.float32)
