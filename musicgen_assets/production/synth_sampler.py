"""The synthesizer as an instrument: patches answer held keys just as a font's programs do.

Belongs here: from patch and key to sound, through ``dsp``. Does not belong here: patches (patches, drum_kits), and
what becomes of a held key (playing).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp.oscillators import (
    frequency_modulated,
    harmonic_count,
    harmonics,
    plucked_string,
    read_table,
    wavetable,
)
from dsp.swept_filter import swept_low_pass
from musicgen_assets.graph.job import FloatArray
from musicgen_assets.production.drum_kits import stroke, stroke_s
from musicgen_assets.production.patches import Kit, Morph, Operators, Oscillator, Patch, Plucked, Subtractive
from musicgen_assets.production.sampler import PitchSteps

_GOLDEN = 0.6180339887498949
_CENT = 1.0 / 1_200.0
_STILL = 0.01
"""Cutoff within this share of where it rests counts as having arrived."""


class SynthInstrument:
    """A patch at one sample rate. Phases follow from the key, so that equal keys give equal sounds."""

    def __init__(self, patch: Patch, sample_rate_hz: int) -> None:
        self._patch, self._rate = patch, sample_rate_hz

    def held(self, pitch: int, velocity: int, samples: int, steps: PitchSteps = ()) -> FloatArray:
        """See ``Instrument.held``."""
        if isinstance(self._patch, Kit):
            return self._stroke(self._patch, pitch, velocity, samples, steps)
        hz = self._frequency(pitch, samples, steps)
        if isinstance(self._patch, Subtractive):
            return self._subtractive(self._patch, pitch, velocity, samples, hz)
        if isinstance(self._patch, Operators):
            return self._operators(self._patch, velocity, samples, hz)
        if isinstance(self._patch, Morph):
            return self._morph(self._patch, pitch, samples, hz)
        return self._plucked(self._patch, pitch, velocity, samples, hz)

    def _frequency(self, pitch: int, samples: int, steps: PitchSteps) -> float | NDArray[np.float64]:
        """Hz: one number where the pitch stands still, else one a sample."""
        base = 440.0 * 2.0 ** ((pitch - 69) / 12.0)
        if len(steps) <= 1:
            return float(base * 2.0 ** ((steps[0][1] if steps else 0.0) / 12.0))
        at, semitones = np.array(steps, dtype=np.float64).T
        return np.asarray(base * 2.0 ** (np.interp(np.arange(samples), at, semitones) / 12.0), dtype=np.float64)

    def _subtractive(
        self, patch: Subtractive, pitch: int, velocity: int, samples: int, hz: float | NDArray[np.float64]
    ) -> FloatArray:
        sound = np.zeros((2 if patch.spread > 0.0 else 1, samples), dtype=np.float32)
        for number, oscillator in enumerate(patch.oscillators):
            self._add(sound, oscillator, hz, patch.spread, phase=_GOLDEN * (pitch + 7 * number))
        time = np.arange(samples, dtype=np.float64) / self._rate
        if patch.cutoff_hz < 0.4 * self._rate:
            rest_hz = patch.cutoff_hz * 2.0 ** (patch.tracking * (pitch - 60) / 12.0)
            octaves = patch.sweep_octaves * velocity / 127.0
            swept = octaves * np.exp(-time / patch.sweep_s)
            swept[swept < _STILL * max(octaves, 1e-9)] = 0.0
            sound = swept_low_pass(sound, self._rate, rest_hz * 2.0**swept, patch.resonance)
        return sound * _envelope(time, patch.attack_s, patch.decay_s, patch.sustain)

    def _add(
        self, sound: FloatArray, oscillator: Oscillator, hz: float | NDArray[np.float64], spread: float, phase: float
    ) -> None:
        """Add all voices of an oscillator, the outer ones further to the sides."""
        scaled = hz * 2.0**oscillator.octave
        top = float(np.max(scaled)) * 2.0 ** (0.5 * oscillator.detune_cents * _CENT)
        table = wavetable(harmonics(oscillator.shape, harmonic_count(top, self._rate), oscillator.width))
        places = np.linspace(-1.0, 1.0, oscillator.unison) if oscillator.unison > 1 else np.zeros(1)
        level = oscillator.level / np.sqrt(oscillator.unison)
        for number, place in enumerate(places.tolist()):
            voice_hz = scaled * 2.0 ** (0.5 * place * oscillator.detune_cents * _CENT)
            voice = read_table(table, voice_hz, sound.shape[1], self._rate, phase + 0.377 * number)
            if sound.shape[0] == 1:
                sound[0] += voice * np.float32(level)
                continue
            # Neighbours in pitch stand on opposite sides, so that neither side is sharp.
            side = spread * place * (1.0 if number % 2 else -1.0)
            angle = (side + 1.0) * np.pi / 4.0
            sound[0] += voice * np.float32(level * np.sqrt(2.0) * np.cos(angle))
            sound[1] += voice * np.float32(level * np.sqrt(2.0) * np.sin(angle))

    def _operators(self, patch: Operators, velocity: int, samples: int, hz: float | NDArray[np.float64]) -> FloatArray:
        time = np.arange(samples, dtype=np.float64) / self._rate
        sound = np.zeros(samples, dtype=np.float32)
        hard = 0.35 + 0.65 * velocity / 100.0
        for ratio, index, index_s, level, level_s in patch.pairs:
            bend = hard * index * np.exp(-time / index_s)
            fall = np.exp(-time / level_s) if level_s > 0.0 else 1.0
            wave = frequency_modulated(hz, samples, self._rate, ratio=ratio, index=bend)
            sound += wave * np.asarray(level * fall, dtype=np.float32)
        return (sound * np.minimum(time / patch.attack_s, 1.0).astype(np.float32))[None]

    def _morph(self, patch: Morph, pitch: int, samples: int, hz: float | NDArray[np.float64]) -> FloatArray:
        """Two tables crossfaded by a slow sine, one detuned voice a side."""
        time = np.arange(samples, dtype=np.float64) / self._rate
        count = harmonic_count(float(np.max(hz)) * 2.0 ** (patch.detune_cents * _CENT), self._rate)
        tables = [
            wavetable(-1j * np.array(levels[:count], dtype=np.complex128)) for levels in (patch.first, patch.second)
        ]
        sides = []
        for side, sign in enumerate((-1.0, 1.0)):
            share = 0.5 - 0.5 * np.cos(2.0 * np.pi * (patch.rate_hz * time + 0.21 * side))
            weight = share.astype(np.float32)
            voice_hz = hz * 2.0 ** (sign * patch.detune_cents * _CENT)
            first, second = (
                read_table(table, voice_hz, samples, self._rate, _GOLDEN * pitch + 0.31 * side) for table in tables
            )
            sides.append(first * (1 - weight) + second * weight)
        return np.stack(sides) * _envelope(time, patch.attack_s, 1.0, 1.0)

    def _plucked(
        self, patch: Plucked, pitch: int, velocity: int, samples: int, hz: float | NDArray[np.float64]
    ) -> FloatArray:
        bright = min(1.0, patch.brightness * (0.5 + 0.6 * velocity / 127.0))
        decay_s = patch.decay_s * 2.0 ** ((60 - pitch) / 24.0)
        still = float(np.mean(hz))
        length = samples if np.ndim(hz) == 0 else round(1.2 * samples)
        string = plucked_string(
            still, length, self._rate, decay_s=decay_s, brightness=bright, place=patch.place, seed=pitch
        )
        if np.ndim(hz) > 0:
            # A bent string: the unbent one read at the speed of the bend.
            place = np.concatenate([[0.0], np.cumsum(np.asarray(hz)[:-1] / still)])
            string = np.interp(place, np.arange(length), string).astype(np.float32)
        return string[None] * _envelope(np.arange(samples) / self._rate, 0.001, 1.0, 1.0)

    def _stroke(self, patch: Kit, key: int, velocity: int, samples: int, steps: PitchSteps) -> FloatArray:
        """A drum machine's key; a retuned one is the same stroke at another rate."""
        whole = round(stroke_s(key) * self._rate)
        ratio = 2.0 ** ((steps[0][1] if steps else 0.0) / 12.0)
        # Always the whole stroke, of which a short answer is the beginning.
        struck = stroke(patch.machine, key, whole, round(self._rate / ratio), velocity / 127.0)
        sound = np.zeros((1, samples), dtype=np.float32)
        sound[0, :whole] = struck[:samples]
        return sound


def _envelope(time: NDArray[np.float64], attack_s: float, decay_s: float, sustain: float) -> FloatArray:
    """Up in a quarter sine, then down to ``sustain``."""
    rise = np.sin(0.5 * np.pi * np.minimum(time / max(attack_s, 1e-4), 1.0))
    fall = sustain + (1.0 - sustain) * np.exp(-np.maximum(time - attack_s, 0.0) / decay_s)
    return np.asarray(rise * fall, dtype=np.float32)
