"""How a song moves in time, measured from its performed notes: steadiness, accents, patterns that return and live.

Belongs here: measures of onsets and velocities. Does not belong here: which values are good (references).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from musicgen_assets.arrangement.critic.matter import STEP_TICKS, Floats, Ints, Part
from musicgen_assets.arrangement.critic.melody_measures import entropy
from musicgen_assets.composition.feel import swung_grid, takes_swing
from musicgen_assets.score.clock import seconds
from musicgen_assets.score.model import Section

SWINGS = tuple(round(0.5 + 0.02 * index, 2) for index in range(12))
_MAD_TO_SPREAD = 1.4826
_ONSETS_MIN = 12
_TIGHT_MS = 1.0
_HABIT_FROM = 4
"""What is done on the same step this often may be a habit."""
VELOCITY_BINS = 8


def swing_of(starts: Ints, time_signature: str) -> float:
    """The swing whose grid lies nearest to the onsets, 0.5 (straight) to 0.72; 0.5 in meters of eighths."""
    if not takes_swing(time_signature) or len(starts) == 0:
        return 0.5
    inside = starts % swung_grid(1, 0.5, time_signature)[-1]
    distances = []
    for swing in SWINGS:
        grid = swung_grid(1, swing, time_signature)
        distances.append(float(np.median(np.abs(inside - grid[nearest(grid, inside)]) + (swing > SWINGS[0]))))
    return SWINGS[int(np.argmin(distances))]


def nearest(grid: Ints, starts: Ints) -> Ints:
    """Index of the grid line nearest to each start."""
    right = np.clip(np.searchsorted(grid, starts), 1, len(grid) - 1)
    return np.where(starts - grid[right - 1] <= grid[right] - starts, right - 1, right)


def deviations(part: Part, grid: Ints, bar_steps: int) -> tuple[Ints, Floats]:
    """(step, ticks off the grid) of each moment a part is struck at, what it always does there taken out.

    A strummed or rolled chord counts by its first note. A backbeat that is always late, a hat that swings more than the
    rest, is the groove and no error: the median of each step of the bar (and of each drum) is subtracted.
    """
    starts = part.notes[:, 0]
    step = nearest(grid, np.clip(starts, 0, grid[-1]))
    if part.is_pitched:
        step, first = np.unique(step, return_index=True)
        starts = starts[first]
    off = (starts - grid[step]).astype(float)
    place = step % bar_steps + (0 if part.is_pitched else part.notes[:, 2] * bar_steps)
    for own in np.unique(place):
        same = place == own
        if np.count_nonzero(same) >= _HABIT_FROM:
            off[same] -= np.median(off[same])
    return step, off


def timing(parts: Sequence[Part], swing: float, time_signature: str, bars: int, tempo_bpm: float) -> dict[str, float]:
    """Micro-timing over all parts, weighted by onsets, in ms.

    ``jitter_ms``: spread of the change in deviation from one onset to the next, over the square root of two, so that
    white jitter of 25 ms measures 25 and drifting together with the beat nothing (Hennig et al. 2011: people drift).
    From the median, so that a few triplets or flams do not count. ``apart_ms``: median distance of parts struck on the
    same step (Hofmann et al. 2017: under 20). ``drift``: lag-1 autocorrelation of the deviations, 0 where all is tight.
    """
    grid = swung_grid(bars + 1, swing, time_signature)
    tick_ms = seconds(1, tempo_bpm) * 1000.0
    found = [deviations(part, grid, (len(grid) - 1) // (bars + 1)) for part in parts if len(part.notes) >= _ONSETS_MIN]
    jitters, drifts, weights = [], [], []
    for _, off in found:
        change = np.diff(off)
        jitters.append(_MAD_TO_SPREAD * float(np.median(np.abs(change))) / np.sqrt(2.0) * tick_ms)
        drifts.append(_lag_one(off) if float(off.std()) * tick_ms > _TIGHT_MS else 0.0)
        weights.append(len(off))
    if not found:
        return {"jitter_ms": 0.0, "apart_ms": 0.0, "drift": 0.0}
    share = np.array(weights) / sum(weights)
    return {
        "jitter_ms": float(np.sqrt((np.array(jitters) ** 2 * share).sum())),
        "apart_ms": _apart(found, len(grid)) * tick_ms,
        "drift": float((np.array(drifts) * share).sum()),
    }


def _lag_one(values: Floats) -> float:
    centred = values - values.mean()
    total = float((centred**2).sum())
    return float((centred[1:] * centred[:-1]).sum()) / total if total > 0 else 0.0


def _apart(found: Sequence[tuple[Ints, Floats]], size: int) -> float:
    """Median distance in ticks of each part from the mean of the parts that strike with it."""
    total, count = np.zeros(size), np.zeros(size)
    for step, off in found:
        np.add.at(total, step, off)
        np.add.at(count, step, 1.0)
    shared = [off[count[step] > 1] - (total / np.maximum(count, 1))[step][count[step] > 1] for step, off in found]
    every = np.abs(np.concatenate(shared))
    return float(np.median(every)) if len(every) else 0.0


def dynamics(parts: Sequence[Part]) -> dict[str, float]:
    """``velocity_spread``: standard deviation of velocity within a part, weighted by notes. ``velocity_bits``: entropy
    of velocity over all notes in classes of eight. A machine that strikes everything alike has 0 of either.
    """
    notes = [part.notes[:, 3] for part in parts if len(part.notes)]
    if not notes:
        return {"velocity_spread": 0.0, "velocity_bits": 0.0}
    every = np.concatenate(notes)
    spread = sum(float(found.std()) * len(found) for found in notes) / len(every)
    return {
        "velocity_spread": spread,
        "velocity_bits": entropy(np.bincount(every // VELOCITY_BINS, minlength=16).astype(float)),
    }


def onset_bars(parts: Sequence[Part], bars: int, bar_steps: int) -> Floats:
    """How often each part strikes at each step of each bar, shape (bars, parts * bar_steps)."""
    table = np.zeros((len(parts), bars * bar_steps))
    for row, part in zip(table, parts, strict=True):
        step = np.rint(part.notes[:, 0] / STEP_TICKS).astype(np.int64)
        np.add.at(row, step[step < len(row)], 1.0)
    return np.minimum(table, 1.0).reshape(len(parts), bars, bar_steps).swapaxes(0, 1).reshape(bars, -1)


def patterns(bars: Floats) -> dict[str, float]:
    """How rhythm comes back bar by bar, from ``onset_bars``.

    ``groove``: mean cosine of a bar with the likest of the bars one, two and four before it. ``rhythms``: share of bars
    whose rhythm is not the copy of an earlier bar.
    """
    norms = np.linalg.norm(bars, axis=1, keepdims=True)
    unit = bars / np.maximum(norms, 1e-9)
    best = np.full(len(bars), -1.0)
    for lag in (1, 2, 4):
        if lag < len(bars):
            best[lag:] = np.maximum(best[lag:], (unit[lag:] * unit[:-lag]).sum(axis=1))
    heard = (best >= 0) & (norms[:, 0] > 0)
    distinct = len(np.unique(bars, axis=0))
    return {
        "groove": float(best[heard].mean()) if heard.any() else 0.0,
        "rhythms": distinct / len(bars) if len(bars) else 0.0,
    }


def meter_weight(parts: Sequence[Part], weights: Floats) -> float:
    """How much onsets favour strong places: mean metric weight (1 downbeat to 0, by step of the bar) of the steps
    struck, each part's step once, over the mean weight of all steps. Above 1 where the meter can be heard.
    """
    steps = [np.unique(np.rint(part.notes[:, 0] / STEP_TICKS).astype(np.int64)) for part in parts if len(part.notes)]
    if not steps:
        return 1.0
    return float(weights[np.concatenate(steps) % len(weights)].mean() / weights.mean())


def density_contrast(parts: Sequence[Part], sections: Sequence[Section], bar_ticks: int) -> float:
    """Spread of onsets a bar between sections, over their mean."""
    starts = np.sort(np.concatenate([part.notes[:, 0] for part in parts])) if parts else np.zeros(0)
    rates = [
        float(np.searchsorted(starts, s.end_ticks) - np.searchsorted(starts, s.start_ticks))
        / max((s.end_ticks - s.start_ticks) / bar_ticks, 1.0)
        for s in sections
    ]
    mean = float(np.mean(rates)) if rates else 0.0
    return float(np.std(rates)) / mean if mean > 0 else 0.0
