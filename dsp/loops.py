"""Loops: one period of sound that follows itself without a seam, and how to tell.

Belongs here: folding a tail in, processing as if a loop had always been playing, measuring the join. Does not belong
here: which bars are looped (packages.game_form), loop points in files (``dsp.wavchunks``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.errors import AudioError
from dsp.levels import FloatArray, check_audio, check_range, check_rate

SETTLING_S = 2.0
"""How much of the loop a processor hears before and after it: many times the release of a limiter."""

_FLUX_WINDOW = 1_024
_FLUX_HOP = 128
_CLICK_REACH = 3
_NEIGHBOURHOOD_S = 0.05
_SHORTEST = 4 * _FLUX_WINDOW


def fold(samples: FloatArray, start: int, length: int) -> FloatArray:
    """One period of ``samples`` repeated every ``length`` samples for ever.

    What rings on after ``start + length`` is added to the beginning, and what comes before ``start`` (a player ahead
    of the beat) to the end: the period is what would be heard long after the first time round, and at its join both
    sides come from the same uncut sound.

    Args:
        samples: float32 (channels, samples), silent where nothing of the loop sounds.
        start: the first sample of the period, 0 to samples.
        length: of the period in samples, at least 1.

    Returns:
        float32 (channels, length).

    Raises:
        AudioError: no audio, or a place out of range.
    """
    check_audio(samples)
    check_range("start", start, 0, samples.shape[1])
    check_range("length", length, 1, 2**31)
    before = -start % length
    after = -(before + samples.shape[1]) % length
    whole = np.pad(samples, ((0, 0), (before, after)))
    return np.asarray(whole.reshape(samples.shape[0], -1, length).sum(axis=1), dtype=np.float32)


def settled(loop: FloatArray, rate: int, process: Callable[[FloatArray], FloatArray]) -> FloatArray:
    """``loop`` after ``process`` (same length out as in), as it sounds when it has gone round before and goes on after.

    Raises:
        AudioError: no audio, or ``process`` changed the length.
    """
    check_audio(loop)
    check_rate(rate)
    length, reach = loop.shape[1], round(SETTLING_S * rate)
    around = np.take(loop, np.arange(-reach, length + reach) % length, axis=1)
    out = process(around)
    if out.shape != around.shape:
        raise AudioError(f"processing a loop must keep its shape, got {out.shape} for {around.shape}")
    return np.ascontiguousarray(out[:, reach : reach + length])


@dataclass(frozen=True)
class Join:
    """How the end of a loop meets its beginning. Above 1, a ratio says that the join sticks out.

    ``click_ratio``: the sharpest bend of the wave within 3 samples of the join, over the sharpest elsewhere;
    ``local_click_ratio``: over the sharpest within 50 ms of it, which is what gives a small click in a soft place away.
    ``flux_ratio``: the largest rise of the spectrum over the join, over the largest elsewhere; ``flux_percentile``: the
    share of the loop's moments with less of it, 0 to 100.
    """

    click_ratio: float
    local_click_ratio: float
    flux_ratio: float
    flux_percentile: float

    @property
    def is_seamless(self) -> bool:
        """Whether nothing at the join is larger than what the loop has elsewhere."""
        return max(self.click_ratio, self.local_click_ratio, self.flux_ratio) <= 1.0


def measure_join(loop: FloatArray, rate: int) -> Join:
    """The join of ``loop``, float32 (channels, samples).

    Raises:
        AudioError: no audio, or less than 4,096 samples.
    """
    check_audio(loop)
    check_rate(rate)
    if loop.shape[1] < _SHORTEST:
        raise AudioError(f"a loop to be measured has at least {_SHORTEST} samples, got {loop.shape[1]}")
    bends = _bends(loop)
    count, reach = bends.size, _CLICK_REACH
    # bends[n] is centred on sample n; the join lies between the last sample and sample 0.
    at_join = float(max(bends[:reach].max(), bends[-reach:].max()))
    near = round(_NEIGHBOURHOOD_S * rate)
    local = float(max(bends[reach : reach + near].max(), bends[count - reach - near : count - reach].max()))
    elsewhere = float(bends[reach : count - reach].max())
    flux = _flux(loop)
    spanning = -(-_FLUX_WINDOW // _FLUX_HOP)
    over_join, others = flux[-spanning:], flux[:-spanning]
    highest = float(over_join.max())
    return Join(
        _ratio(at_join, elsewhere),
        _ratio(at_join, local),
        _ratio(highest, float(others.max())),
        100.0 * float((others < highest).mean()),
    )


def _ratio(value: float, reference: float) -> float:
    """``value / reference``; 0 where there is nothing at all, so that silence is seamless."""
    if value <= 0.0:
        return 0.0
    return value / reference if reference > 0.0 else float("inf")


def _bends(loop: FloatArray) -> NDArray[np.float64]:
    """Size of the third difference at each sample of the loop going round, the largest of all channels.

    A step in a smooth wave stands out more in it than in the first difference, where the bass is in the way.
    """
    around = np.concatenate([loop[:, -2:], loop, loop[:, :1]], axis=1).astype(np.float64)
    return np.asarray(np.abs(np.diff(around, n=3, axis=1)).max(axis=0))


def _flux(loop: FloatArray) -> NDArray[np.float64]:
    """Rise of the magnitude spectrum from frame to frame of the loop going round; the last ones span the join."""
    from scipy.fft import rfft

    mono = loop.mean(axis=0, dtype=np.float32)
    starts = np.arange(0, mono.size, _FLUX_HOP)
    around = np.concatenate([mono, mono[: _FLUX_WINDOW + _FLUX_HOP]])
    frames = np.lib.stride_tricks.sliding_window_view(around, _FLUX_WINDOW)[starts]
    window = np.hanning(_FLUX_WINDOW).astype(np.float32)
    rises = np.empty(starts.size)
    before = np.abs(rfft(frames[-1] * window))
    step = 4_096
    for first in range(0, starts.size, step):
        magnitude = np.abs(rfft(frames[first : first + step] * window, axis=1))
        stacked = np.vstack([before[None, :], magnitude])
        rises[first : first + step] = np.maximum(np.diff(stacked, axis=0), 0.0).sum(axis=1)
        before = magnitude[-1]
    return np.roll(rises, -1)
