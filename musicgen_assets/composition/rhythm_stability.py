"""How stable and how alive a groove is, as one score 0-1.

Belongs here: the measure that the blocking check rhythmic_stability stands on. Does not belong here: making
grooves better (rhythm_pattern redraws them).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.composition.feel import swung_grid
from musicgen_assets.score.clock import seconds, steps_per_bar
from musicgen_assets.score.material import DrumHit, Groove, Rhythm

THRESHOLD = 0.9
STEADY_MS = 10.0
"""Spread of timing between neighbouring onsets that players of a steady groove stay under."""
LOST_MS = 50.0
ALIKE, UNALIKE = 0.8, 0.4
"""Cosine likeness of bars that counts as a repeated pattern, and as none."""
LIVING_VELOCITY_SPREAD = 2.5

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Stability:
    """The parts of the score, each 0-1."""

    pulse: float
    repetition: float
    life: float

    @property
    def score(self) -> float:
        """Their product: a groove needs all three."""
        return self.pulse * self.repetition * self.life


def rhythmic_stability(rhythm: Rhythm, tempo_bpm: float) -> Stability:
    """The stability of a rhythm: the mean of its levels' grooves, or of its comping where nothing is drummed.

    - pulse: 1 while the spread of the change in deviation from the (swung) grid, from one onset to the next
      and divided by the square root of two, is at most STEADY_MS; falling to 0 at LOST_MS. White jitter of
      25 ms measures 25; drifting together with the beat is not punished.
    - repetition: likeness of each bar to the bar before or to the bar two before, whichever fits the loop
      better, between UNALIKE (0) and ALIKE (1).
    - life, the other side: the velocity spread within a piece over LIVING_VELOCITY_SPREAD, at most 1, and
      halved when every bar is the same copy: a dead loop is stable and still no groove.
    """
    parts = [_of_groove(groove, rhythm, tempo_bpm) for _, groove in sorted(rhythm.grooves.items()) if groove.hits]
    if not parts:
        parts = [_of_comping(rhythm, tempo_bpm)]
    pulse, repetition, life = np.mean([(part.pulse, part.repetition, part.life) for part in parts], axis=0).tolist()
    return Stability(pulse, repetition, life)


def _of_groove(groove: Groove, rhythm: Rhythm, tempo_bpm: float) -> Stability:
    grid = swung_grid(groove.bars, rhythm.swing, rhythm.time_signature, rhythm.sixteenth_swing)
    starts = np.array([hit.start_ticks for hit in groove.hits], dtype=np.int64)
    steps = _nearest(grid, starts)
    bars = _bars(groove.hits, steps % (len(grid) - 1), groove.bars, rhythm.time_signature)
    return Stability(
        _pulse(starts, starts - grid[steps], tempo_bpm),
        _between(_likeness(bars), UNALIKE, ALIKE),
        _life(groove.hits, bars),
    )


def _of_comping(rhythm: Rhythm, tempo_bpm: float) -> Stability:
    """Comping repeats by definition; it lives by accents, or by differing from level to level."""
    levels = [comping for _, comping in sorted(rhythm.comping.items())]
    bars = max(comping.bars for comping in levels)
    grid = swung_grid(bars, rhythm.swing, rhythm.time_signature, rhythm.sixteenth_swing)
    starts = np.array([onset[0] for comping in levels for onset in comping.onsets], dtype=np.int64)
    if len(starts) == 0:
        return Stability(0.0, 0.0, 0.0)
    velocities = np.array([onset[2] for comping in levels for onset in comping.onsets], dtype=float)
    is_varied = len({tuple(onset[0] for onset in comping.onsets) for comping in levels}) > 1
    life = 1.0 if is_varied else min(float(velocities.std()) / LIVING_VELOCITY_SPREAD, 1.0)
    return Stability(_pulse(starts, starts - grid[_nearest(grid, starts)], tempo_bpm), 1.0, life)


def _nearest(grid: NDArray[np.int64], starts: NDArray[np.int64]) -> NDArray[np.int64]:
    right = np.clip(np.searchsorted(grid, starts), 1, len(grid) - 1)
    nearer_left = starts - grid[right - 1] <= grid[right] - starts
    return np.where(nearer_left, right - 1, right)


def _pulse(starts: NDArray[np.int64], deviations: NDArray[np.int64], tempo_bpm: float) -> float:
    if len(starts) < 2:
        return 1.0
    ordered = deviations[np.argsort(starts, kind="stable")]
    change_ms = np.diff(ordered) * seconds(1, tempo_bpm) * 1000.0
    spread_ms = float(np.sqrt(np.mean(change_ms**2) / 2.0))
    return 1.0 - _between(spread_ms, STEADY_MS, LOST_MS)


def _bars(hits: Sequence[DrumHit], steps: NDArray[np.int64], bars: int, time_signature: str) -> FloatArray:
    """Velocities on the grid, one row a bar, one column a step and piece."""
    per_bar = steps_per_bar(time_signature)
    keys = sorted({hit.key for hit in hits})
    table = np.zeros((bars, per_bar, len(keys)))
    for hit, step in zip(hits, steps.tolist(), strict=True):
        table[step // per_bar, step % per_bar, keys.index(hit.key)] = hit.velocity
    return table.reshape(bars, -1)


def _likeness(bars: FloatArray) -> float:
    """Mean cosine of bars one apart or two apart, whichever is higher; the loop's end meets its start."""
    norms = np.linalg.norm(bars, axis=1, keepdims=True)
    unit = np.divide(bars, norms, out=np.zeros_like(bars), where=norms > 0)
    lags = range(1, min(2, len(bars) - 1) + 1)
    return max((float(np.sum(unit * np.roll(unit, lag, axis=0), axis=1).mean()) for lag in lags), default=1.0)


def _life(hits: Sequence[DrumHit], bars: FloatArray) -> float:
    by_key: dict[int, list[int]] = {}
    for hit in hits:
        by_key.setdefault(hit.key, []).append(hit.velocity)
    spread = sum(float(np.std(found)) * len(found) for found in by_key.values()) / len(hits)
    is_copied = len(bars) > 1 and bool(np.all(np.abs(bars - bars[0]) < 1.0))
    return min(spread / LIVING_VELOCITY_SPREAD, 1.0) * (0.5 if is_copied else 1.0)


def _between(value: float, low: float, high: float) -> float:
    return min(max((value - low) / (high - low), 0.0), 1.0)
