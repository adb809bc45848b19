"""How many bars each section gets, so that they fill a song exactly.

Belongs here: the fit of wished lengths to a total. Does not belong here: which sections there are (form).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_STRETCHES = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
_HALF_PHRASE_COST = 0.35
_ODD_COST = 1.5
_LAST_ODD_COST = 0.1


@dataclass(frozen=True)
class Wish:
    """A section's wished length in bars, and what a whole phrase is for it.

    ``exact`` bars were asked for and are kept. ``is_elastic`` sections (intro, outro) take odd lengths lightly.
    ``weight``: how much straying from the wish costs.
    """

    bars: int
    phrase_bars: int
    exact: int | None = None
    is_elastic: bool = False
    weight: float = 1.0


def fit_lengths(wishes: Sequence[Wish], total_bars: int) -> tuple[int, ...] | None:
    """Bars per section that sum to ``total_bars`` and stray least from the wishes; None if it cannot be.

    Every section gets at least one bar. Lengths are whole phrases where possible, else half phrases, else
    whole bars; straying costs the square of the logarithm of the stretch. The last section has a closing bar
    beside its phrases and takes odd lengths lightly, so that a song can end on any bar. Solved exactly, by
    dynamic programming over the total.
    """
    costs = np.full((len(wishes) + 1, total_bars + 1), math.inf)
    chosen = np.zeros((len(wishes) + 1, total_bars + 1), dtype=np.int64)
    costs[0, 0] = 0.0
    for index, wish in enumerate(wishes):
        is_last = index == len(wishes) - 1
        for bars in _options(wish, total_bars, is_last):
            price = _price(bars, wish, is_last)
            before = costs[index, : total_bars + 1 - bars] + price
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
    return tuple(reversed(lengths))


def _options(wish: Wish, total_bars: int, is_last: bool) -> list[int]:
    if wish.exact is not None:
        return [wish.exact] if wish.exact <= total_bars else []
    if is_last or wish.is_elastic:
        return list(range(1, min(total_bars, wish.bars * 8) + 1))
    half = max(wish.phrase_bars // 2, 1)
    stretched = {round(wish.bars * stretch / half) * half for stretch in _STRETCHES}
    whole = range(wish.phrase_bars, min(wish.bars * 2, total_bars) + 1, wish.phrase_bars)
    tiny = range(1, min(wish.phrase_bars, total_bars) + 1)
    return sorted(bars for bars in {*stretched, *whole, *tiny} if 1 <= bars <= total_bars)


def _price(bars: int, wish: Wish, is_last: bool) -> float:
    if wish.exact is not None:
        return 0.0
    half = max(wish.phrase_bars // 2, 1)
    if is_last:
        body = bars - 1
        price = wish.weight * math.log2(max(body, 0.5) / wish.bars) ** 2
        return price + (_LAST_ODD_COST if body % half else _LAST_ODD_COST / 2 if body % wish.phrase_bars else 0.0)
    price = wish.weight * math.log2(bars / wish.bars) ** 2
    if bars % half:
        return price + _ODD_COST
    return price + (_HALF_PHRASE_COST * (0.3 if wish.is_elastic else 1.0) if bars % wish.phrase_bars else 0.0)
