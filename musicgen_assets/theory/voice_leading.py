"""What happens between two voicings: how far voices move, and which perfect intervals they carry along.

Belongs here: measures of voice-leading and the rules of strict style as counts. Does not belong here: choosing
voicings (theory.voicing), which styles keep the rules (arrangement, styles).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

PERFECT = frozenset({0, 7})
"""Interval classes whose parallels strict style avoids: unison or octave, and fifth (Fux 1725)."""
_LEAP_SEMITONES = 2


def mean_movement(before: Sequence[int], after: Sequence[int]) -> float:
    """Semitones a voice moves on average; voicings of unequal size go to the nearest note. 0 for an empty one."""
    if not before or not after:
        return 0.0
    if len(before) == len(after):
        return sum(abs(a - b) for a, b in zip(sorted(before), sorted(after), strict=True)) / len(after)
    smaller, larger = sorted((before, after), key=len)
    return sum(min(abs(a - b) for b in larger) for a in smaller) / len(smaller)


def parallel_perfects(before: Sequence[int], after: Sequence[int]) -> int:
    """Pairs of voices that move the same way from one fifth or octave into another; 0 between unequal sizes."""
    if len(before) != len(after):
        return 0
    voices = list(zip(sorted(before), sorted(after), strict=True))
    found = 0
    for (low, low_to), (high, high_to) in combinations(voices, 2):
        moved = low != low_to and high != high_to and (low_to > low) == (high_to > high)
        interval = (high - low) % 12
        found += moved and interval in PERFECT and (high_to - low_to) % 12 == interval
    return found


def hidden_perfects(before: Sequence[int], after: Sequence[int]) -> int:
    """1 where the outer voices reach a fifth or octave in similar motion with a leap above, else 0."""
    if len(before) < 2 or len(after) < 2:
        return 0
    low, high, low_to, high_to = min(before), max(before), min(after), max(after)
    is_similar = (low_to - low) * (high_to - high) > 0
    is_reached = (high_to - low_to) % 12 in PERFECT and (high - low) % 12 != (high_to - low_to) % 12
    return int(is_similar and is_reached and abs(high_to - high) > _LEAP_SEMITONES)
