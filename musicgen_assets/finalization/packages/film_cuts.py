"""Cut-downs: which bars of a song make its 60, 30, 15 or 6 seconds, so that they end as the song ends.

Belongs here: choosing the cuts on the score. Does not belong here: cutting sound (packages.film_audio).

A cut-down starts at a beat, leaves out whole stretches between bar lines, and ends with the song's own last bar, whose
downbeat comes at most 1.5 s before its end. All ways to do so with up to two cuts are compared by what a listener
would mind: cuts inside phrases, harmony that does not lead on, a hook that is missing, an upbeat too long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.context.schema import HOOK_KINDS
from musicgen_assets.score.clock import beat_ticks, song_clock, ticks_per_bar
from musicgen_assets.score.model import Score

LENGTHS_S = (60.0, 30.0, 15.0, 6.0)
LAST_DOWNBEAT_S = (0.6, 1.5)
"""How long before its end a cut-down's last downbeat comes: long enough to be heard as an ending."""
_AIM_S = 1.0
_SOON_S = 0.2
"""What sounds this soon after the last downbeat is part of its chord: rolled, or played behind the beat."""
_BEFORE_NEXT_S = 0.06
_CUT_COST = 0.6
_EDGE_COST = {"section": 0.0, "four": 0.35, "two": 0.7, "bar": 1.4}
_HARMONY_COST = 0.8
_NO_HOOK_COST = 1.6
_CALM_COST = 1.5
_UPBEAT_COST = 0.35
_START_WEIGHT = 2.0
"""A beginning inside a phrase is minded more than a cut there: nothing has been heard before it."""
_KEY_COST = 2.0

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CutDown:
    """``pieces``: stretches of the song in seconds, one after the other, the last one up to the song's end.

    ``last_downbeat_s``: when the closing chord comes in the cut-down. ``told``: its bars in words.
    """

    length_s: float
    pieces: tuple[tuple[float, float], ...]
    last_downbeat_s: float
    told: tuple[str, ...]

    @property
    def after_downbeat_s(self) -> float:
        """From the last downbeat to the end."""
        return self.length_s - self.last_downbeat_s


@dataclass(frozen=True)
class _Grid:
    """Bar lines of the song up to the one of the closing bar, and what holds at each."""

    times_s: Floats
    edge: Floats
    """Cost of a cut at this bar line."""
    is_section: NDArray[np.bool_]
    chord_before: NDArray[np.int64]
    transpose: NDArray[np.int64]
    calm_s: Floats
    """Running sum of (1 - energy) over seconds."""
    hook_s: Floats
    """Running sum of seconds of hook."""

    @property
    def close_s(self) -> float:
        """The downbeat of the closing bar."""
        return float(self.times_s[-1])


def plan_cut(score: Score, length_s: float) -> CutDown | None:
    """The best cut-down of ``length_s`` seconds; None where the song before its closing bar is not that long."""
    grid = _grid(score)
    window = (length_s - _latest(score), length_s - LAST_DOWNBEAT_S[0])
    if grid.close_s <= window[0]:
        return None
    starts = _starts(score, grid)
    ways = (
        _without_cut(grid, starts, window, length_s),
        _with_one(grid, starts, window, length_s, _EDGE_COST["two"]),
        _with_two(grid, starts, window, length_s),
    )
    found = [way for way in ways if way is not None]
    if not found:
        anywhere = _with_one(grid, starts, window, length_s, _EDGE_COST["bar"])
        found = [anywhere] if anywhere is not None else []
    if not found:
        return _straight(score, grid, length_s, window)
    _, pieces = min(found)
    return _made(score, grid, length_s, pieces)


def _latest(score: Score) -> float:
    """The longest time from the last downbeat to the end: 1.5 s, or to what is struck next in the closing bar."""
    clock, bar = song_clock(score), ticks_per_bar(score.time_signature)
    close_s = clock.seconds(score.end_ticks - bar)
    later = [
        clock.seconds(row[0]) - close_s
        for track in score.tracks
        for row in track.notes
        if row[0] > score.end_ticks - bar
    ]
    nexts = [time_s for time_s in later if time_s > _SOON_S]
    latest = min(LAST_DOWNBEAT_S[1], min(nexts, default=9.0) - _BEFORE_NEXT_S)
    return latest if latest > LAST_DOWNBEAT_S[0] + 0.1 else LAST_DOWNBEAT_S[1]


def _grid(score: Score) -> _Grid:
    clock, bar = song_clock(score), ticks_per_bar(score.time_signature)
    bars = score.end_ticks // bar
    times = clock.seconds_of([number * bar for number in range(bars)])
    section_of = [part for part in score.sections for _ in range(part.bars)][:bars]
    edge, is_section = [], []
    for number, part in enumerate(section_of):
        inside = number - part.start_bar
        kind = "section" if inside == 0 else "four" if inside % 4 == 0 else "two" if inside % 2 == 0 else "bar"
        edge.append(_EDGE_COST[kind])
        is_section.append(inside == 0)
    roots = {chord.start_ticks: chord.root for chord in score.chords}
    starts = sorted(roots)
    before = [
        roots[starts[at - 1]] if (at := int(np.searchsorted(starts, number * bar))) else -1 for number in range(bars)
    ]
    spans = np.diff(times)
    calm = np.array([1.0 - part.energy for part in section_of])[:-1] * spans
    hook = np.array([part.kind in HOOK_KINDS for part in section_of])[:-1] * spans
    return _Grid(
        np.asarray(times), np.array(edge), np.array(is_section), np.array(before),
        np.array([part.transpose for part in section_of]), np.append(0.0, np.cumsum(calm)),
        np.append(0.0, np.cumsum(hook)),
    )  # fmt: skip


@dataclass(frozen=True)
class _Starts:
    """Where a cut-down may begin: time, the bar line that is first heard, cost."""

    times_s: Floats
    bars: NDArray[np.int64]
    costs: Floats


def _starts(score: Score, grid: _Grid) -> _Starts:
    """Every bar line, with up to a bar of upbeat in beats and half beats."""
    clock, bar = song_clock(score), ticks_per_bar(score.time_signature)
    half = beat_ticks(score.time_signature) // 2
    rows = []
    for number in range(len(grid.times_s)):
        edge = 0.0 if number == 0 else 0.15 + _START_WEIGHT * grid.edge[number]
        rows.append((grid.times_s[number], number, edge))
        if grid.edge[number] > _EDGE_COST["two"]:
            continue
        for count, tick in enumerate(range(number * bar - half, max((number - 1) * bar, -1), -half), 1):
            cost = _UPBEAT_COST * (1.0 + 0.12 * count) + (_UPBEAT_COST if count % 2 else 0.0)
            rows.append((clock.seconds(tick), number, edge + cost))
    times, bars, costs = zip(*rows, strict=True)
    return _Starts(np.array(times), np.array(bars), np.array(costs))


Found = tuple[float, tuple[tuple[float, int], ...]]
"""(cost, ((start in seconds, past bar line), ...)); the last piece ends with the song."""


def _without_cut(grid: _Grid, starts: _Starts, window: tuple[float, float], length_s: float) -> Found | None:
    music = grid.close_s - starts.times_s
    cost = starts.costs + _content(grid, length_s, _from(grid.calm_s, starts.bars), _from(grid.hook_s, starts.bars))
    return _best(cost + _aim(music, length_s), (music >= window[0]) & (music <= window[1]), starts)


def _with_one(
    grid: _Grid, starts: _Starts, window: tuple[float, float], length_s: float, edge_cost: float
) -> Found | None:
    """One cut from bar line u to bar line v, at edges that cost at most ``edge_cost``; v may be the closing bar."""
    close = len(grid.times_s) - 1
    lines = np.union1d(np.flatnonzero(grid.edge <= edge_cost), [close])
    u, v = (lines[side] for side in np.triu_indices(lines.size, 1))
    cut = _cut_costs(grid, u, v)
    gap = grid.times_s[v] - grid.times_s[u]
    calm_gap, hook_gap = grid.calm_s[v] - grid.calm_s[u], grid.hook_s[v] - grid.hook_s[u]
    best: Found | None = None
    for time_s, bar, start_cost in zip(starts.times_s, starts.bars, starts.costs, strict=True):
        music = grid.close_s - time_s - gap
        fits = (music >= window[0]) & (music <= window[1]) & (u >= bar + _least_bars(length_s))
        if not fits.any():
            continue
        calm = grid.calm_s[-1] - grid.calm_s[bar] - calm_gap
        hook = grid.hook_s[-1] - grid.hook_s[bar] - hook_gap
        cost = np.where(fits, start_cost + cut + _content(grid, length_s, calm, hook) + _aim(music, length_s), np.inf)
        at = int(np.argmin(cost))
        found = (round(float(cost[at]), 9), ((float(time_s), int(u[at])), (float(grid.times_s[v[at]]), -1)))
        best = found if best is None else min(best, found)
    return best


def _with_two(grid: _Grid, starts: _Starts, window: tuple[float, float], length_s: float) -> Found | None:
    """Two cuts between beginnings of sections and four-bar phrases; a minute has room for that, six seconds do not."""
    lines = np.flatnonzero(grid.edge <= _EDGE_COST["four"])
    if length_s < 15.0 or lines.size < 3:
        return None
    lines = lines if lines.size <= 24 else np.flatnonzero(grid.is_section)
    lines = np.append(lines, len(grid.times_s) - 1) if lines[-1] != len(grid.times_s) - 1 else lines
    u, v = (lines[side] for side in np.triu_indices(lines.size, 1))
    first, second = np.nonzero(u[None, :] >= v[:, None] + _least_bars(length_s))
    cut = _cut_costs(grid, u, v)
    gap = grid.times_s[v] - grid.times_s[u]
    calm_gap, hook_gap = grid.calm_s[v] - grid.calm_s[u], grid.hook_s[v] - grid.hook_s[u]
    best: Found | None = None
    for time_s, bar, start_cost in zip(starts.times_s, starts.bars, starts.costs, strict=True):
        if bar not in lines:
            continue
        music = grid.close_s - time_s - gap[first] - gap[second]
        fits = (music >= window[0]) & (music <= window[1]) & (u[first] >= bar + _least_bars(length_s))
        if not fits.any():
            continue
        calm = grid.calm_s[-1] - grid.calm_s[bar] - calm_gap[first] - calm_gap[second]
        hook = grid.hook_s[-1] - grid.hook_s[bar] - hook_gap[first] - hook_gap[second]
        cost = start_cost + cut[first] + cut[second] + _content(grid, length_s, calm, hook) + _aim(music, length_s)
        cost = np.where(fits, cost, np.inf)
        at = int(np.argmin(cost))
        a, b = first[at], second[at]
        pieces = (
            (float(time_s), int(u[a])), (float(grid.times_s[v[a]]), int(u[b])), (float(grid.times_s[v[b]]), -1),
        )  # fmt: skip
        found = (round(float(cost[at]), 9), pieces)
        best = found if best is None else min(best, found)
    return best


def _straight(score: Score, grid: _Grid, length_s: float, window: tuple[float, float]) -> CutDown:
    """The end of the song as it is, from the moment that makes it fit: where no beat does."""
    start_s = max(grid.close_s - 0.5 * (window[0] + window[1]), 0.0)
    return _made(score, grid, length_s, ((start_s, -1),))


def _best(cost: Floats, fits: NDArray[np.bool_], starts: _Starts) -> Found | None:
    if not fits.any():
        return None
    at = int(np.argmin(np.where(fits, cost, np.inf)))
    return round(float(cost[at]), 9), ((float(starts.times_s[at]), -1),)


def _least_bars(length_s: float) -> int:
    return 1 if length_s < 15.0 else 2


def _from(running: Floats, bars: NDArray[np.int64]) -> Floats:
    return np.asarray(running[-1] - running[bars])


def _content(grid: _Grid, length_s: float, calm_s: Floats, hook_s: Floats) -> Floats:
    """What the music in it costs: calm for its own sake, and less than a fourth of it being the hook."""
    has_hook = grid.hook_s[-1] > 0.0
    missing = np.clip(1.0 - hook_s / (0.25 * length_s), 0.0, 1.0) if has_hook else 0.0
    return np.asarray(_CALM_COST * calm_s / length_s + _NO_HOOK_COST * missing)


def _aim(music_s: Floats, length_s: float) -> Floats:
    return np.asarray(0.8 * np.abs(length_s - music_s - _AIM_S))


def _cut_costs(grid: _Grid, u: NDArray[np.int64], v: NDArray[np.int64]) -> Floats:
    """Leaving at bar line u and going on at v: phrase ends, harmony as it is led to v in the song, key."""
    close = len(grid.times_s) - 1
    motion = (grid.chord_before[v] - grid.chord_before[u]) % 12
    leads = (motion == 0) | np.isin(motion, (5, 7))
    lift = np.abs(grid.transpose[v] - grid.transpose[np.maximum(u - 1, 0)])
    into = np.where(v == close, 0.2, grid.edge[v])
    return np.asarray(_CUT_COST + grid.edge[u] + into + _HARMONY_COST * ~leads + _KEY_COST * (lift > 0))


def _made(score: Score, grid: _Grid, length_s: float, pieces: Sequence[tuple[float, int]]) -> CutDown:
    spans, told, music = [], [], 0.0
    for number, (start_s, past) in enumerate(pieces):
        end_s = float(grid.times_s[past]) if past >= 0 else score.duration_s
        music += (float(grid.times_s[past]) if past >= 0 else grid.close_s) - start_s
        spans.append((start_s, end_s))
        told.append(_told(score, grid, start_s, past, is_last=number == len(pieces) - 1))
    return CutDown(length_s, tuple(spans), music, tuple(told))


def _told(score: Score, grid: _Grid, start_s: float, past: int, *, is_last: bool) -> str:
    """ "bars 9 to 16 (Chorus 1)": bars count from 1, as musicians do."""
    bar = int(np.searchsorted(grid.times_s, start_s - 1e-6))
    end = len(grid.times_s) if is_last else past
    names = [part.name for part in score.sections if part.start_bar < end and part.start_bar + part.bars > bar]
    upbeat = "" if abs(grid.times_s[min(bar, len(grid.times_s) - 1)] - start_s) < 1e-3 else "upbeat, "
    return f"{upbeat}bars {bar + 1} to {end} ({', '.join(names)})"
