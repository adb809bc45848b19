"""The two returns of a mix as impulse responses: one reverb, one delay.

Both are linear, so each track can carry its own share of them and the stems still sum to the mix.

Belongs here: the responses, float32 (2, taps). Does not belong here: convolving with them (matrix), how much of
a track goes there (balance).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dsp.filters import apply_sections, high_pass_sections, low_pass_sections
from musicgen_assets.graph.job import FloatArray
from musicgen_assets.mixing.plan import Delay, Reverb

REVERB_SEED = 20_611
"""The room is a place, not a random choice: its reflections are the same in every song."""
EARLY_REFLECTIONS = 14
EARLY_UNTIL_MS = 70.0
DIFFUSE_RISE_MS = 12.0
_LOW_CUT_HZ = 220.0
_HIGH_CUT_HZ = 11_000.0
_DELAY_LOW_HZ = 250.0
_DELAY_HIGH_HZ = 4_500.0
_LOWEST_OCTAVE, _OCTAVES = 6, 9
"""Noise is made in octaves about 64 Hz (2 ** 6) to 16 kHz, each with a decay of its own."""


@lru_cache(maxsize=4)
def reverb_response(reverb: Reverb, sample_rate_hz: int) -> FloatArray:
    """Sparse early reflections, then diffuse noise that decays by 60 dB in ``decay_s``, its highs faster.

    Each side has unit energy before its filters, so that a send at 0 dB returns noise as loud as it came.
    """
    rng = np.random.default_rng(REVERB_SEED)
    start = round(reverb.pre_delay_ms * sample_rate_hz / 1_000.0)
    taps = round(1.05 * reverb.decay_s * sample_rate_hz)
    response = np.zeros((2, start + taps))
    response[:, start:] = _diffuse(reverb, taps, sample_rate_hz, rng)
    response /= np.sqrt((response**2).sum(axis=1, keepdims=True))
    response *= np.sqrt(0.8)
    _add_early(response, start, sample_rate_hz, rng)
    sections = np.vstack([
        high_pass_sections(sample_rate_hz, _LOW_CUT_HZ),
        low_pass_sections(sample_rate_hz, min(_HIGH_CUT_HZ, 0.45 * sample_rate_hz)),
    ])  # fmt: skip
    filtered = apply_sections(response.astype(np.float32), sections)
    filtered.setflags(write=False)
    return filtered


@lru_cache(maxsize=4)
def delay_response(delay: Delay, sample_rate_hz: int) -> FloatArray:
    """Echoes on alternate sides, the first at full level, each next ``feedback`` times the one before, and duller."""
    step = delay.time_ms * sample_rate_hz / 1_000.0
    ring = round(0.02 * sample_rate_hz)
    response = np.zeros((2, round(delay.echoes * step) + ring), dtype=np.float32)
    click = np.zeros((1, ring), dtype=np.float32)
    click[0, 0] = 1.0
    sections = np.vstack([
        high_pass_sections(sample_rate_hz, _DELAY_LOW_HZ, order=1),
        low_pass_sections(sample_rate_hz, _DELAY_HIGH_HZ),
    ])  # fmt: skip
    for echo in range(delay.echoes):
        click = apply_sections(click, sections)
        at = round((echo + 1) * step)
        response[echo % 2, at : at + ring] += click[0] * np.float32(delay.feedback**echo)
    response.setflags(write=False)
    return response


def _diffuse(reverb: Reverb, taps: int, sample_rate_hz: int, rng: np.random.Generator) -> NDArray[np.float64]:
    from scipy.fft import irfft, next_fast_len, rfft, rfftfreq

    size = next_fast_len(taps, real=True)
    time = np.arange(taps) / sample_rate_hz
    spectrum = rfft(rng.standard_normal((2, size)), axis=1)
    octave = np.log2(np.maximum(rfftfreq(size, 1.0 / sample_rate_hz), 1.0)) - _LOWEST_OCTAVE
    octave = np.clip(octave, 0.0, _OCTAVES - 1.0)
    out = np.zeros((2, taps))
    for index in range(_OCTAVES):
        # Neighbouring octaves overlap in triangles that add up to one.
        share = np.maximum(0.0, 1.0 - np.abs(octave - index))
        band = irfft(spectrum * share, size, axis=1)[:, :taps]
        out += band * np.exp(-np.log(1_000.0) * time / _decay_s(reverb, index))
    return np.asarray(out * np.minimum(time / (DIFFUSE_RISE_MS / 1_000.0), 1.0))


def _decay_s(reverb: Reverb, octave: int) -> float:
    """RT60 of an octave: as stated at 1 kHz (octave 4), shorter above with damping, a little longer below."""
    above = octave + _LOWEST_OCTAVE - 10
    if above <= 0:
        return reverb.decay_s * (1.0 - 0.04 * above)
    return reverb.decay_s * float((1.0 - 0.42 * reverb.damping - 0.08) ** above)


def _add_early(response: NDArray[np.float64], start: int, sample_rate_hz: int, rng: np.random.Generator) -> None:
    """First reflections off walls: single taps of a fifth of the energy in all, thinning out in level."""
    early = np.zeros_like(response)
    reach = min(round(EARLY_UNTIL_MS * sample_rate_hz / 1_000.0), response.shape[1] - start)
    places = start + np.sort(rng.integers(0, reach, EARLY_REFLECTIONS))
    signs = rng.choice((-1.0, 1.0), EARLY_REFLECTIONS)
    sides = rng.uniform(0.2, 0.8, EARLY_REFLECTIONS)
    levels = signs * np.exp(-2.0 * (places - start) / reach)
    np.add.at(early[0], places, levels * np.sqrt(sides))
    np.add.at(early[1], places, levels * np.sqrt(1.0 - sides))
    response += early * np.sqrt(0.2 / (early**2).sum(axis=1, keepdims=True))
