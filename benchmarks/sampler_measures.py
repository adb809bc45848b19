"""What a sampler's notes measure: brightness, onset, end, likeness of repeats, answers to controllers.

Belongs here: measures of short sounds, and playing them. Does not belong here: tables (samplers), judging.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.production.curves import apply_gain, pitch_curve
from musicgen_assets.production.keys import keys_of
from musicgen_assets.production.voices import sound_of

RATE = 48_000
TICKS_A_SECOND = 960
FloatArray = NDArray[np.float32]


def note(
    notes: Sequence[Sequence[int]], instruments: Mapping[str, Any], *, program: int = 0, is_drums: bool = False,
    seconds: float = 2.0, source: str = "soundfont", patch: str = "", controllers: Sequence[Sequence[int]] = (),
    bends: Sequence[Sequence[int]] = (), spread: float = 0.0,
) -> FloatArray:  # fmt: skip
    """Rows of (start, duration, pitch, velocity), 960 ticks a second, as a track plays them, uncalibrated."""
    samples, per_tick = round(seconds * RATE), RATE / TICKS_A_SECOND
    inputs = {
        "source": source, "patch": patch, "is_drums": is_drums, "key_spread": spread, "sample_rate_hz": RATE,
        "data": {"instruments": dict(instruments)},
    }  # fmt: skip
    keys = keys_of(notes, per_tick, RATE, samples, is_drums=is_drums, controllers=controllers)
    curve = pitch_curve(bends, per_tick, RATE)
    sound = sound_of(inputs, {"program": program, "detune_cents": 0.0}, keys, samples, curve)
    apply_gain(sound, controllers, per_tick, RATE)
    return sound


def centroid_hz(sound: FloatArray) -> float:
    """Centre of gravity of the magnitude spectrum, 20 Hz to 20 kHz."""
    mono = sound.mean(axis=0, dtype=np.float64)
    magnitude = np.abs(np.fft.rfft(mono * np.hanning(mono.size)))
    hz = np.fft.rfftfreq(mono.size, 1 / RATE)
    is_heard = (hz >= 20.0) & (hz <= 20_000.0)
    total = float(magnitude[is_heard].sum())
    return float((hz[is_heard] * magnitude[is_heard]).sum() / total) if total > 0.0 else 0.0


def level_db(sound: FloatArray) -> float:
    """RMS."""
    return float(10.0 * np.log10(max(float(np.mean(sound.astype(np.float64) ** 2)), 1e-12)))


def envelope(sound: FloatArray, window_ms: float = 3.0) -> NDArray[np.float64]:
    """RMS over sliding windows, one value a sample."""
    power = (sound.astype(np.float64) ** 2).mean(axis=0)
    size = max(1, round(window_ms * RATE / 1_000))
    return np.asarray(np.sqrt(np.maximum(np.convolve(power, np.full(size, 1.0 / size), mode="same"), 0.0)))


def attack_ms(sound: FloatArray) -> float:
    """From the key's going down until 70 % of the usual level (median) of the first 0.4 s is reached."""
    shape = envelope(sound, window_ms=8.0)
    wanted = 0.7 * float(np.median(shape[: round(0.4 * RATE)]))
    return float(np.argmax(shape >= wanted)) * 1_000.0 / RATE


def release_ms(sound: FloatArray, key_up: int, fall_db: float = 20.0) -> float:
    """From the sample at which the key goes up until the level is ``fall_db`` lower."""
    shape = envelope(sound)
    start = float(shape[key_up - round(0.01 * RATE)])
    below = np.flatnonzero(shape[key_up:] < start * 10.0 ** (-fall_db / 20.0))
    return float(below[0]) * 1_000.0 / RATE if below.size else float("inf")


def likeness(one: FloatArray, other: FloatArray, reach: int = 48) -> float:
    """The highest normalised correlation of two sounds of equal length, one moved by up to ``reach`` samples."""
    a, b = one.mean(axis=0, dtype=np.float64), other.mean(axis=0, dtype=np.float64)
    best = 0.0
    for shift in range(-reach, reach + 1):
        left, right = (a[shift:], b[: b.size - shift]) if shift >= 0 else (a[:shift], b[-shift:])
        norm = float(np.sqrt((left @ left) * (right @ right)))
        best = max(best, float(left @ right) / norm if norm > 0.0 else 0.0)
    return best


def pitch_hz(sound: FloatArray, near_hz: float) -> float:
    """The strongest frequency within three semitones of ``near_hz``, between bins by a parabola."""
    mono = sound.mean(axis=0, dtype=np.float64)
    size = 1 << 18
    magnitude = np.abs(np.fft.rfft(mono * np.hanning(mono.size), size))
    hz = np.fft.rfftfreq(size, 1 / RATE)
    window = np.flatnonzero((hz > near_hz * 2 ** (-0.25)) & (hz < near_hz * 2**0.25))
    best = int(window[np.argmax(magnitude[window])])
    left, middle, right = np.log(magnitude[best - 1 : best + 2] + 1e-12)
    return float(hz[best] + (hz[1] - hz[0]) * 0.5 * (left - right) / (left - 2.0 * middle + right))


def alias_db(sound: FloatArray, hz: float, step: float = 0.5) -> float:
    """The strongest part of a held note of 1.5 s that is no harmonic of ``hz``, against its strongest: an alias.

    Listened to after a second, when filters have come to rest. Multiples of ``step`` times ``hz`` count as harmonics
    (a sub-oscillator's, a modulator's), and what lies within 40 Hz or 2 % of one (unison widens it).
    """
    start, steady = (_magnitude(sound[:, at : at + RATE // 2]) for at in (0, RATE))
    frequency = np.fft.rfftfreq(RATE // 2, 1 / RATE)
    order = np.maximum(np.rint(frequency / (step * hz)), 1.0) * step
    is_odd = (np.abs(frequency - order * hz) > np.maximum(40.0, 0.02 * frequency)) & (frequency > 30.0)
    strongest = max(float(steady.max()), 1e-3 * float(start.max()), 1e-9)  # what has died away has no aliases
    return float(20.0 * np.log10(max(float(steady[is_odd].max()), 1e-12) / strongest))


def _magnitude(sound: FloatArray) -> NDArray[np.float64]:
    mono = sound.mean(axis=0, dtype=np.float64)
    return np.asarray(np.abs(np.fft.rfft(mono * np.blackman(mono.size))), dtype=np.float64)
