"""Sounds made from formulas, where General MIDI has none or poor ones: sub bass, risers, impacts, crackle.

Belongs here: vectorised synthesis of float32 arrays; noise comes from a generator that is handed in. Does not
belong here: when they sound (instrumentation) and how loud (render).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.graph.job import FloatArray
from musicgen_assets.production.keys import Keys

SUB_ATTACK_S = 0.004
SUB_SWEEP_SEMITONES = 14.0
"""The pitch falls onto the note from above, as the drum machine's kick circuit does when it is tuned as a bass."""
SUB_SWEEP_S = 0.018
SUB_DECAY_S = 1.1
SUB_RELEASE_S = 0.07
SUB_DRIVE = 1.7
"""Saturation that gives small loudspeakers harmonics to play; tanh of a sine stays far below the Nyquist rate."""
GLIDE_S = 0.07
GLIDE_FROM, GLIDE_TO = 3, 12
"""Joined notes this many semitones apart slide into each other; smaller steps would only sound out of tune."""
GLIDE_GAP_S = 0.01
HISS_LOOP_S = 12.0
"""Hiss repeats after this long; nobody hears where."""

_GRAIN = 2_048


def sub_bass(keys: Keys, samples: int, sample_rate_hz: int) -> FloatArray:
    """An 808-like bass, one voice: a new note cuts the one before, or the one before slides into it where they join.

    Returns float32 (1, samples), peaks near 1.
    """
    out = np.zeros((1, samples), dtype=np.float32)
    order = np.lexsort((keys.pitches, keys.starts))
    starts = keys.starts[order]
    nexts = np.append(starts[1:], samples)
    release = round(SUB_RELEASE_S * sample_rate_hz)
    last_end, last_pitch = -(10**9), 0
    for index, start, following in zip(order.tolist(), starts.tolist(), nexts.tolist(), strict=True):
        held = min(int(keys.ends[index]), following) - start
        length = min(held + release, following - start + release // 8, samples - start)
        if held > 0 and length > 0:
            pitch = int(keys.pitches[index])
            is_joined = start - last_end <= GLIDE_GAP_S * sample_rate_hz
            is_slide = is_joined and GLIDE_FROM <= abs(pitch - last_pitch) <= GLIDE_TO
            note = _sub_note(pitch, held, length, sample_rate_hz, slide_from=last_pitch if is_slide else None)
            out[0, start : start + length] += note * np.float32(keys.velocities[index])
            last_end, last_pitch = int(keys.ends[index]), pitch
    return out


def _sub_note(
    pitch: int, held: int, length: int, sample_rate_hz: int, slide_from: int | None = None
) -> NDArray[np.float32]:
    time = np.arange(length, dtype=np.float64) / sample_rate_hz
    frequency = 440.0 * 2.0 ** ((pitch - 69) / 12.0)
    if slide_from is None:
        swept = frequency * (1.0 + (2.0 ** (SUB_SWEEP_SEMITONES / 12.0) - 1.0) * np.exp(-time / SUB_SWEEP_S))
    else:
        left = np.maximum(1.0 - time / GLIDE_S, 0.0)
        swept = frequency * 2.0 ** ((slide_from - pitch) / 12.0 * left * left * (3.0 - 2.0 * left))
    phase = 2.0 * np.pi * np.cumsum(swept) / sample_rate_hz
    envelope = np.minimum(time / SUB_ATTACK_S, 1.0) * np.exp(-time / SUB_DECAY_S)
    fade = length - held
    if fade > 0:
        envelope[held:] *= 0.5 + 0.5 * np.cos(np.pi * np.arange(fade) / fade)
    else:
        # Cut by the next note: the last milliseconds go to zero, so that nothing clicks.
        tail = min(length, round(SUB_RELEASE_S * sample_rate_hz) // 8)
        envelope[length - tail :] *= np.linspace(1.0, 0.0, tail)
    shaped = np.tanh(SUB_DRIVE * envelope * np.sin(phase)) / np.tanh(SUB_DRIVE)
    return np.asarray(shaped, dtype=np.float32)


def riser(samples: int, sample_rate_hz: int, rng: np.random.Generator) -> FloatArray:
    """Noise whose band climbs from 300 Hz to 9 kHz as it swells. Float32 (2, samples), peaks near 1 at its end."""
    place = np.linspace(0.0, 1.0, _grains(samples))
    centre_hz = 300.0 * 30.0**place
    noise = _shaped_noise(samples, sample_rate_hz, rng, centre_hz, np.full_like(place, 0.9))
    return _scaled(noise * _swell(samples, 2.2))


def reverse_cymbal(samples: int, sample_rate_hz: int, rng: np.random.Generator) -> FloatArray:
    """A cymbal played backwards: bright noise that grows out of nothing and stops. Float32 (2, samples)."""
    grains = _grains(samples)
    noise = _shaped_noise(samples, sample_rate_hz, rng, np.full(grains, 7_000.0), np.full(grains, 1.3))
    return _scaled(noise * _swell(samples, 3.5))


def impact(samples: int, sample_rate_hz: int, rng: np.random.Generator) -> FloatArray:
    """A low boom with a burst of dark noise. Float32 (2, samples); its boom is the same in both channels."""
    time = np.arange(samples, dtype=np.float64) / sample_rate_hz
    phase = 2.0 * np.pi * np.cumsum(34.0 + 60.0 * np.exp(-time / 0.06)) / sample_rate_hz
    boom = np.sin(phase) * np.exp(-time / 0.7) * np.minimum(time / 0.002, 1.0)
    place = np.linspace(0.0, 1.0, _grains(samples))
    burst = _scaled(_shaped_noise(samples, sample_rate_hz, rng, 2_500.0 * 0.1**place, np.full_like(place, 1.4)))
    return _scaled((boom + 0.5 * burst * np.exp(-time / 0.35)).astype(np.float32))


def vinyl(samples: int, sample_rate_hz: int, rng: np.random.Generator) -> FloatArray:
    """A record's surface: faint hiss, six clicks a second of very different strength. Float32 (2, samples)."""
    looped = min(samples, round(HISS_LOOP_S * sample_rate_hz))
    grains = _grains(looped)
    hiss = _shaped_noise(looped, sample_rate_hz, rng, np.full(grains, 2_500.0), np.full(grains, 2.0))
    out = np.tile(0.06 * _scaled(hiss), -(-samples // looped))[:, :samples]
    count = int(rng.poisson(6.0 * samples / sample_rate_hz))
    length = max(8, round(0.0016 * sample_rate_hz))
    time = np.arange(length) / sample_rate_hz
    starts = np.sort(rng.integers(0, max(1, samples - length), count))
    strengths = np.minimum(0.12 * rng.pareto(1.6, count), 1.0)
    pitches_hz = rng.uniform(900.0, 3_800.0, count)
    balances = rng.uniform(0.25, 0.75, count)
    for start, strength, pitch, balance in zip(starts, strengths, pitches_hz, balances, strict=True):
        click = strength * np.exp(-time / 0.00035) * np.sin(2.0 * np.pi * pitch * time)
        size = min(length, samples - int(start))
        out[0, start : start + size] += (balance * click[:size]).astype(np.float32)
        out[1, start : start + size] += ((1.0 - balance) * click[:size]).astype(np.float32)
    return _scaled(out)


def _grains(samples: int) -> int:
    """Overlapping grains needed to cover ``samples``, with one before and one after."""
    return samples // (_GRAIN // 2) + 2


def _shaped_noise(
    samples: int, sample_rate_hz: int, rng: np.random.Generator,
    centre_hz: NDArray[np.float64], width_octaves: NDArray[np.float64],
) -> FloatArray:  # fmt: skip
    """Stereo noise with a moving spectral bell: one centre and width per grain, grains overlapped by half."""
    from scipy.fft import irfft, rfftfreq

    octaves = np.log2(np.maximum(rfftfreq(_GRAIN, 1.0 / sample_rate_hz), 1.0))
    hop = _GRAIN // 2
    out = np.zeros((2, (centre_hz.size + 1) * hop), dtype=np.float32)
    window = np.sin(np.pi * (np.arange(_GRAIN) + 0.5) / _GRAIN).astype(np.float32)
    for index, (centre, width) in enumerate(zip(np.log2(centre_hz), width_octaves, strict=True)):
        bell = np.exp(-0.5 * ((octaves - centre) / width) ** 2)
        phases = rng.uniform(0.0, 2.0 * np.pi, (2, octaves.size))
        # White noise has equal power a Hz; dividing by the root of frequency makes it equal an octave.
        grain = irfft(bell * 2.0 ** (-0.5 * octaves) * np.exp(1j * phases), _GRAIN, axis=1)
        out[:, index * hop : index * hop + _GRAIN] += window * grain.astype(np.float32)
    return np.ascontiguousarray(out[:, hop : hop + samples])


def _swell(samples: int, power: float) -> NDArray[np.float32]:
    """A rise from 0 to 1, falling to zero over the last hundredth."""
    place = np.linspace(0.0, 1.0, samples)
    return (place**power * np.minimum((1.0 - place) * 100.0, 1.0)).astype(np.float32)


def _scaled(sound: FloatArray) -> FloatArray:
    peak = float(np.abs(sound).max()) if sound.size else 0.0
    return (sound / np.float32(peak)).astype(np.float32) if peak > 0.0 else sound
