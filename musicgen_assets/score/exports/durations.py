"""Spans of time as note values: split at bar lines and where a reader wants to see the beat, tied together.

Belongs here: which values a span is written in. Does not belong here: which notes there are.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from musicgen_assets.score.clock import beat_ticks, meter, ticks_per_bar
from musicgen_assets.score.model import TICKS_PER_QUARTER

_VALUES = {"whole": 1920, "half": 960, "quarter": 480, "eighth": 240, "16th": 120, "32nd": 60}
_PLAIN: dict[int, tuple[str, int]] = {
    **{length: (name, 0) for name, length in _VALUES.items()},
    **{length * 3 // 2: (name, 1) for name, length in _VALUES.items() if name != "32nd"},
}
"""Ticks -> (value, dots)."""
_TRIPLETS: dict[int, tuple[str, int]] = {160: ("eighth", 0), 320: ("quarter", 0)}
_EIGHTH = TICKS_PER_QUARTER // 2


@dataclass(frozen=True)
class Value:
    """One written value. ``start_ticks`` counts from the bar; a triplet is three in the time of two."""

    start_ticks: int
    duration_ticks: int
    name: str
    dots: int = 0
    is_triplet: bool = False
    is_whole_bar: bool = False


def values_of(
    start: int, end: int, time_signature: str, *, is_rest: bool = False, triplets: Collection[int] = ()
) -> tuple[Value, ...]:
    """A span inside one bar, both ends counted from its start, in the fewest values that show the beats.

    ``triplets``: starts of the quarters of this bar that are divided in three.
    """
    return _values(start, end, time_signature, is_rest, tuple(sorted(triplets)))


@lru_cache(maxsize=16384)
def _values(start: int, end: int, time_signature: str, is_rest: bool, triplets: tuple[int, ...]) -> tuple[Value, ...]:
    if is_rest and start == 0 and end == ticks_per_bar(time_signature):
        return (Value(0, end, "whole", is_whole_bar=True),)
    for beat in triplets:
        beat_end = beat + TICKS_PER_QUARTER
        if start < beat_end and end > beat and (start > beat or end < beat_end):
            inside = (max(start, beat), min(end, beat_end))
            before = _values(start, beat, time_signature, is_rest, triplets) if start < beat else ()
            after = _values(beat_end, end, time_signature, is_rest, triplets) if end > beat_end else ()
            if inside == (beat, beat_end):
                continue
            return (*before, *_triplet(*inside), *after)
    if end - start in _PLAIN and (end - start) % 60 == 0 and _is_clear(start, end, time_signature, is_rest):
        name, dots = _PLAIN[end - start]
        return (Value(start, end - start, name, dots),)
    middle = _strongest(start, end, time_signature)
    if middle is None:
        return _greedy(start, end)
    return (
        *_values(start, middle, time_signature, is_rest, triplets),
        *_values(middle, end, time_signature, is_rest, triplets),
    )


@lru_cache(maxsize=16)
def strong_places(time_signature: str) -> dict[int, int]:
    """Tick of the bar -> rank, 0 its start and end, 1 its groups, 2 its beats. Weaker places have ranks 3 to 5."""
    bar = ticks_per_bar(time_signature)
    ranks = dict.fromkeys(range(0, bar, 60), 5)
    ranks |= dict.fromkeys(range(0, bar, 120), 4)
    ranks |= dict.fromkeys(range(0, bar, _EIGHTH), 3)
    ranks |= dict.fromkeys(beats_of(time_signature), 2)
    ranks |= dict.fromkeys(groups_of(time_signature), 1)
    return {**ranks, 0: 0, bar: 0}


def beats_of(time_signature: str) -> tuple[int, ...]:
    """Ticks of a bar's felt beats; in 7/8 the unequal ones, 2+2+3, in what a cut leaves of a bar its quarters."""
    if time_signature == "7/8":
        return (0, TICKS_PER_QUARTER, 2 * TICKS_PER_QUARTER)
    if meter(time_signature)[1] > 8:
        return tuple(range(0, ticks_per_bar(time_signature), TICKS_PER_QUARTER))
    return tuple(range(0, ticks_per_bar(time_signature), beat_ticks(time_signature)))


def groups_of(time_signature: str) -> tuple[int, ...]:
    """Ticks where a bar falls into halves a reader looks for: 2+2 in 4/4, 3+2 in 5/4, dotted quarters in eighths."""
    numerator, denominator = meter(time_signature)
    if denominator == 8:
        return beats_of(time_signature)
    return {4: (0, 2 * TICKS_PER_QUARTER), 5: (0, 3 * TICKS_PER_QUARTER)}.get(numerator, (0,))


def _is_clear(start: int, end: int, time_signature: str, is_rest: bool) -> bool:
    """Whether no place inside the span is stronger than both its ends; usual syncopations are let through."""
    ranks = strong_places(time_signature)
    inside = min((ranks.get(tick, 6) for tick in range(start + 60 - start % 60, end, 60)), default=6)
    edges = ranks.get(start, 6), ranks.get(end, 6)
    if meter(time_signature)[1] == 8:
        return inside >= max(edges) or (is_rest and inside > edges[0])
    if inside >= min(edges) and (not is_rest or inside > edges[0] or edges[0] == 0):
        return True
    if is_rest:
        return False
    length = end - start
    off_beat_quarter = length == TICKS_PER_QUARTER and edges == (3, 3) and inside == 2
    middle_half = length == 2 * TICKS_PER_QUARTER and edges == (2, 2) and inside == 1
    off_eighth = length == _EIGHTH and edges == (4, 4) and inside == 3
    return off_beat_quarter or middle_half or off_eighth


def _strongest(start: int, end: int, time_signature: str) -> int | None:
    """The strongest place inside a span, of equals the last: what follows it then starts on the beat."""
    ranks = strong_places(time_signature)
    inside = [tick for tick in range(start + 60 - start % 60, end, 60) if tick in ranks]
    return max(inside, key=lambda tick: (-ranks[tick], tick)) if inside else None


def _triplet(start: int, end: int) -> tuple[Value, ...]:
    """A span inside a beat of three."""
    name, dots = _TRIPLETS[end - start]
    return (Value(start, end - start, name, dots, is_triplet=True),)


def _greedy(start: int, end: int) -> tuple[Value, ...]:
    found: list[Value] = []
    while start < end:
        length = max((size for size in _PLAIN if size <= end - start), default=end - start)
        name, dots = _PLAIN.get(length, ("64th" if length <= 30 else "32nd", 0))
        found.append(Value(start, length, name, dots))
        start += length
    return tuple(found)
