"""Beats from audio: a chain of moments that is even and falls where spectra rise.

Belongs here: where beats are. Does not belong here: how fast they go (tempo), which of them begins a bar.
"""

from __future__ import annotations

import numpy as np

from dsp.levels import FloatArray, check_audio, check_range, check_rate
from dsp.tempo import DoubleArray, onset_flux

TIGHTNESS = 400.0
"""How much an uneven step costs beside the height of a rise; from 100 to 1,000 the beats of rendered songs stay."""
_SMOOTH_SHARE = 1.0 / 32.0
_SILENT_BELOW = 0.05


def track_beats(samples: FloatArray, rate: int, tempo_bpm: float) -> DoubleArray:
    """Times of the beats in seconds, rising, shape (beats,); empty where nothing begins.

    The best chain by dynamic programming: the sum of the rises at its beats less ``TIGHTNESS`` times the squared
    logarithm of each step over the period (D. Ellis, "Beat tracking by dynamic programming", Journal of New Music
    Research 36(1), 2007). Beats before the first and after the last clear rise are left out.

    Args:
        samples: float32 (1 or 2, samples).
        rate: in Hz, at least 8,000.
        tempo_bpm: as ``dsp.tempo.estimate_tempo`` finds it, 20 to 400.

    Raises:
        AudioError: no audio, or a value out of range.
    """
    check_audio(samples)
    check_rate(rate)
    check_range("rate", rate, 8_000, 768_000)
    check_range("tempo_bpm", tempo_bpm, 20.0, 400.0)
    return beats_of_flux(*onset_flux(samples, rate), tempo_bpm)


def beats_of_flux(flux: DoubleArray, frames_per_s: float, tempo_bpm: float) -> DoubleArray:
    """``track_beats`` of what ``dsp.tempo.onset_flux`` found."""
    spread = float(flux.std())
    period = 60.0 * frames_per_s / tempo_bpm
    if spread <= 0.0 or flux.size < 2.0 * period:
        return np.zeros(0)
    rises = _smoothed(np.maximum(flux / spread, 0.0), period)
    beats = _chain(rises, period)
    heights = rises[beats]
    clear = np.flatnonzero(heights > _SILENT_BELOW * float(np.sqrt(np.mean(heights**2))))
    if clear.size == 0:
        return np.zeros(0)
    return np.asarray(beats[clear[0] : clear[-1] + 1] / frames_per_s, dtype=np.float64)


def _smoothed(rises: DoubleArray, period: float) -> DoubleArray:
    from scipy.ndimage import gaussian_filter1d

    return np.asarray(gaussian_filter1d(rises, max(period * _SMOOTH_SHARE, 0.5)), dtype=np.float64)


def _chain(rises: DoubleArray, period: float) -> np.ndarray:
    """Frames of the best chain, rising."""
    shortest, longest = max(1, round(period / 2.0)), max(2, round(2.0 * period))
    steps = np.arange(longest, shortest - 1, -1)
    costs = TIGHTNESS * np.log(steps / period) ** 2
    totals, before = rises.copy(), np.full(rises.size, -1)
    padded = np.concatenate([np.zeros(longest), totals])
    for frame in range(rises.size):
        reached = padded[frame : frame + longest - shortest + 1] - costs
        best = int(np.argmax(reached))
        if reached[best] > 0.0:
            totals[frame] += reached[best]
            before[frame] = frame - int(steps[best])
        padded[frame + longest] = totals[frame]
    last_stretch = max(rises.size - longest, 0)
    at = last_stretch + int(np.argmax(totals[last_stretch:]))
    found = []
    while at >= 0:
        found.append(at)
        at = int(before[at])
    return np.array(found[::-1])
