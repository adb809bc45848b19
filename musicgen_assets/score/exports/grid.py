"""Where a note starts and ends on paper: sixteenths, thirty-seconds or triplets, found out beat by beat.

Belongs here: the grid of one track. Does not belong here: the song on it (written), note values (durations).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from musicgen_assets.score.clock import meter, ticks_per_bar
from musicgen_assets.score.exports.bars import bars_of
from musicgen_assets.score.model import TICKS_PER_QUARTER, NoteRow, Score

GRID_TICKS = 120
FINE_TICKS = 60
TRIPLET_TICKS = 160
LEAN_TICKS = 40
"""A note so close before a beat belongs to that beat."""
_CLEAN_TICKS = 20.0
"""Mean distance from the sixteenths up to which a beat is written in sixteenths."""
_PRICE = {GRID_TICKS: 0.0, TRIPLET_TICKS: 6.0, FINE_TICKS: 8.0}
"""Ticks that a rarer grid must win by."""
_TOUCH = 0.4
"""Share of the way to a near next note from which a note is written as reaching it."""
_TO_THE_BEAT = 0.5
"""Share of the way to the next beat from which a note is written as reaching it."""
_NEARLY = 0.2
"""Share of a note's length by which its end may be moved to a beat or the next note."""
_LONG_TICKS = 360
"""Notes from this length that start on an eighth end on one: no quarter tied to a sixteenth for a touch."""


class Grid:
    """Where notes of one track may start and end. Finds out beat by beat how it is divided."""

    def __init__(self, score: Score) -> None:
        self.bar = ticks_per_bar(score.time_signature)
        self.has_triplets = meter(score.time_signature)[1] == 4
        self.end_ticks = score.end_ticks
        self.skips = score.skips
        self.odd_bars = frozenset(bar.number for bar in bars_of(score) if not bar.is_on_quarters)
        self.steps: dict[int, int] = {}

    def beat_of(self, tick: float) -> int:
        """The start of the beat (quarter of its bar) that a tick lies in."""
        inside = tick % self.bar
        return int(tick - inside + inside // TICKS_PER_QUARTER * TICKS_PER_QUARTER)

    def placed(self, played: Sequence[float]) -> list[int]:
        """Each tick on the grid of its beat; sets ``steps``."""
        beats = [self.beat_of(max(tick, 0.0) + LEAN_TICKS) for tick in played]
        inside: dict[int, list[float]] = {}
        for tick, beat in zip(played, beats, strict=True):
            inside.setdefault(beat, []).append(tick - beat)
        self.steps = {beat: self._step(beat, offsets) for beat, offsets in inside.items()}
        starts = [max(_rounded(tick, beat, self.steps[beat]), 0) for tick, beat in zip(played, beats, strict=True)]
        return [self._past_skips(start) for start in starts] if self.skips else starts

    def end(self, start: int, end: float, onsets: Sequence[int]) -> int:
        """Where a note that sounds until ``end`` stops on paper."""
        place = bisect_right(onsets, start)
        following = onsets[place] if place < len(onsets) else self.end_ticks
        length = max(end - start, 1.0)
        gap = following - start
        beat = self._next_beat(start)
        if end <= following + LEAN_TICKS and gap <= TICKS_PER_QUARTER and length >= _TOUCH * gap:
            found = following
        elif end <= beat and length >= _TO_THE_BEAT * (beat - start):
            found = beat
        else:
            found = self._near_end(start, end, length, following)
        return self._before_skips(min(max(found, self._at_least(start, min(gap, FINE_TICKS))), self.end_ticks))

    def drum_end(self, start: int, onsets: Sequence[int]) -> int:
        """A drum is written as long as the next one or the next beat."""
        place = bisect_right(onsets, start)
        following = onsets[place] if place < len(onsets) else self.end_ticks
        return self._before_skips(min(following, self._next_beat(start), self.end_ticks))

    def _past_skips(self, tick: int) -> int:
        """A start; where it is not played, the next tick that is."""
        return next((skip.end_ticks for skip in self.skips if skip.start_ticks <= tick < skip.end_ticks), tick)

    def _before_skips(self, tick: int) -> int:
        """An end; where it is not played, the last tick before that is."""
        return next((skip.start_ticks for skip in self.skips if skip.start_ticks < tick <= skip.end_ticks), tick)

    def _step(self, beat: int, offsets: Sequence[float]) -> int:
        has_triplets = self.has_triplets and beat // self.bar not in self.odd_bars
        costs = {
            step: sum(abs(offset - round(offset / step) * step) for offset in offsets) / len(offsets)
            for step in (GRID_TICKS, TRIPLET_TICKS, FINE_TICKS)
            if has_triplets or step != TRIPLET_TICKS
        }
        if costs[GRID_TICKS] <= _CLEAN_TICKS:
            return GRID_TICKS
        return min(costs, key=lambda step: costs[step] + _PRICE[step])

    def _next_beat(self, start: int) -> int:
        beat = self.beat_of(start)
        bar_end = beat - beat % self.bar + self.bar
        return min(beat + TICKS_PER_QUARTER, bar_end)

    def _near_end(self, start: int, end: float, length: float, following: int) -> int:
        beat = self.beat_of(end)
        step = self.steps.get(beat, GRID_TICKS)
        if length >= _LONG_TICKS and step == GRID_TICKS and start % (2 * GRID_TICKS) == 0:
            step = 2 * GRID_TICKS
        near = max(_NEARLY * length, FINE_TICKS)
        for candidate in (following, self._next_beat(beat), beat):
            if candidate > start and abs(candidate - end) <= near:
                return candidate
        return max(_rounded(end, beat, step), self._at_least(start, step))

    def _at_least(self, start: int, length: int) -> int:
        """Where a note of ``length`` ends; in a cut bar, where it may begin off every grid, not past the bar."""
        number = start // self.bar
        return min(start + length, (number + 1) * self.bar) if number in self.odd_bars else start + length


def _rounded(tick: float, beat: int, step: int) -> int:
    return beat + round((tick - beat) / step) * step


def triplet_beats(notes: Iterable[NoteRow], time_signature: str) -> frozenset[int]:
    """Ticks of the beats (quarters of a bar) that written notes divide in three."""
    bar = ticks_per_bar(time_signature)
    edges = {tick for start, duration, _, _ in notes for tick in (start, start + duration)}
    return frozenset(tick - tick % bar % TICKS_PER_QUARTER for tick in edges if tick % bar % FINE_TICKS)
