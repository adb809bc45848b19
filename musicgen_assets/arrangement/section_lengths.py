"""How many bars each section gets, so that they fill a song exactly.

Belongs here: the fit of wished lengths to a total. Does not belong here: which sections there are (form).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_STRETCHES = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
_PART_COST = 0.35
_EVEN_COST, _ODD_COST = 1.2, 3.0
_ELASTIC_SHARE = 0.3
_LAST_ODD_COST = 0.1
_FREE_TIMES = 6
_CUT_SHORT_COST = 3.0


@dataclass(frozen=True)
class Wish:
    """A section's wished length in bars, and the length of the loop it is made of.

    ``exact`` bars were asked for and are kept. ``is_elastic`` sections (intro, outro) take odd lengths lightly.
    ``weight``: how much straying from the wish costs; ``lengthening`` times that to be longer.
    A section that is longer than half of ``whole_bars`` had rather have them all: it would stop in the middle.
    """

    bars: int
    loop_bars: int
    exact: int | None = None
    is_elastic: bool = False
    weight: float = 1.0
    lengthening: float = 1.0
    whole_bars: int = 0


def part_of(loop_bars: int) -> int:
    """The next smaller unit that makes sense by itself: four bars of eight or twelve, two of four."""
    if loop_bars > 4 and loop_bars % 4 == 0:
        return 4
    return max(loop_bars // 2, 1)


@dataclass(frozen=True)
class Line:
    """A barline that a section has to begin on; ``sections`` says which may (None: any)."""

    bar: int
    sections: frozenset[int] | None = None


def fit_lengths(wishes: Sequence[Wish], total_bars: int, lines: Sequence[Line] = ()) -> tuple[int, ...] | None:
    """``priced_lengths`` without the price."""
    found = priced_lengths(wishes, total_bars, lines)
    return None if found is None else found[1]


def priced_lengths(
    wishes: Sequence[Wish], total_bars: int, lines: Sequence[Line] = ()
) -> tuple[float, tuple[int, ...]] | None:
    """Bars per section that sum to ``total_bars`` and stray least from the wishes; None if it cannot be.

    Every section gets at least one bar, the last one two. Lengths are whole loops where possible, else parts of
    loops, else whole bars; straying costs the square of the logarithm of the stretch. The last section has a
    closing bar beside its loops and takes odd lengths lightly, so that a song can end on any bar. Solved exactly,
    by dynamic programming over the total. At each of ``lines`` a section begins; lengths are then free, because
    a picture does not count in fours. The price comes first.
    """
    costs = np.full((len(wishes) + 1, total_bars + 1), math.inf)
    chosen = np.zeros((len(wishes) + 1, total_bars + 1), dtype=np.int64)
    costs[0, 0] = 0.0
    for index, wish in enumerate(wishes):
        is_last = index == len(wishes) - 1
        starts = costs[index].copy()
        for line in lines:
            if line.sections is not None and index not in line.sections:
                starts[line.bar] = math.inf
        for bars in _free_options(wish, total_bars) if lines else _options(wish, total_bars, is_last):
            price = _price(bars, wish, is_last)
            before = starts[: total_bars + 1 - bars] + price
            for line in lines:
                before[max(line.bar - bars + 1, 0) : line.bar] = math.inf
            target = costs[index + 1, bars:]
            is_better = before < target - 1e-12
            target[is_better] = before[is_better]
            chosen[index + 1, bars:][is_better] = bars
    if not math.isfinite(costs[-1, total_bars]):
        return None
    lengths: list[int] = []
    left = total_bars
    for index in range(len(wishes), 0, -1):
        lengths.append(int(chosen[index, left]))
        left -= lengths[-1]
    return float(costs[-1, total_bars]), tuple(reversed(lengths))


def _free_options(wish: Wish, total_bars: int) -> range:
    """Any number of bars up to a multiple of the wish; asked ones are kept."""
    if wish.exact is not None:
        return range(wish.exact, wish.exact + 1)
    return range(1, min(total_bars, wish.bars * _FREE_TIMES) + 1)


def _options(wish: Wish, total_bars: int, is_last: bool) -> list[int]:
    if wish.exact is not None:
        return [wish.exact] if wish.exact <= total_bars else []
    if is_last or wish.is_elastic:
        shortest = 2 if is_last and total_bars > 2 else 1
        return list(range(shortest, min(total_bars, wish.bars * 8) + 1))
    part = part_of(wish.loop_bars)
    stretched = {round(wish.bars * stretch / part) * part for stretch in _STRETCHES}
    whole = range(wish.loop_bars, min(wish.bars * 2, total_bars) + 1, wish.loop_bars)
    tiny = range(1, min(wish.loop_bars, total_bars) + 1)
    return sorted(bars for bars in {*stretched, *whole, *tiny} if 1 <= bars <= total_bars)


def _price(bars: int, wish: Wish, is_last: bool) -> float:
    if wish.exact is not None:
        return 0.0
    part = part_of(wish.loop_bars)
    if is_last:
        body = bars - 1
        price = wish.weight * math.log2(max(body, 0.5) / wish.bars) ** 2
        price += _CUT_SHORT_COST * (wish.whole_bars / 2 < body < wish.whole_bars)
        return price + (_LAST_ODD_COST if body % part else _LAST_ODD_COST / 2 if body % wish.loop_bars else 0.0)
    price = wish.weight * math.log2(bars / wish.bars) ** 2 * (wish.lengthening if bars > wish.bars else 1.0)
    price += _CUT_SHORT_COST * (wish.whole_bars / 2 < bars < wish.whole_bars)
    if bars % wish.loop_bars == 0:
        return price
    cost = _PART_COST if bars % part == 0 else _EVEN_COST if bars % 2 == 0 else _ODD_COST
    return price + cost * (_ELASTIC_SHARE if wish.is_elastic else wish.weight)
