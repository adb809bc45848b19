"""Voicings: where on the keyboard a chord's notes lie, moving as little as possible from the last chord.

Belongs here: choosing pitches for pitch classes. Does not belong here: which chords, or when they are struck.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, combinations_with_replacement, pairwise, product

from musicgen_assets.context.failures import PermanentFailure
from musicgen_assets.theory.voice_leading import hidden_perfects, parallel_perfects

CLOSE_SPAN = 12
"""Semitones from the lowest to the highest note of a close voicing; wider costs more and more."""
OPEN_SPAN = (14, 24)
"""The same for an open voicing, least and most."""
OPEN_GAP = 12
MUDDY_BELOW = 48
"""MIDI pitch (C3) under which notes closer than a fourth blur."""

_SPAN_COST = 2.0
_MUD_COST = 6.0
_CLUSTER_COST = 4.0
_MISSING_GUIDE_COST = 8.0
_PARALLEL_COST, _HIDDEN_COST = 6.0, 1.0
"""What a parallel and a hidden fifth or octave cost, in semitones of movement."""
_DOUBLING_COST = (0.0, 5.0, 0.5)
"""Cost of doubling root, third, fifth: a doubled third makes a chord heavy."""


def voice_lead(
    previous: Sequence[int] | None,
    pitch_classes: Sequence[int],
    low: int,
    high: int,
    count: int,
    *,
    is_open: bool = False,
) -> tuple[int, ...]:
    """``count`` MIDI pitches in ``low``..``high``, ascending, that sound ``pitch_classes`` (root first).

    Searches all placements for the least total movement from ``previous`` (None: nearest to the middle of the
    range) without parallel fifths and octaves where others are near, preferring close position, or with ``is_open``
    one that spreads over more than an octave. With fewer voices than notes the third and seventh stay and the fifth
    goes first; with more, root and fifth are doubled before the third. Where the range
    holds fewer places than ``count``, fewer sound. Raises PermanentFailure if the range is under an octave or
    ``count`` is not 1-8.
    """
    if high - low < 11 or not 1 <= count <= 8:
        raise PermanentFailure(
            f"A voicing of {count} notes between {low} and {high} cannot be made: "
            "the range must hold an octave and the count be 1-8.",
            way_out="Widen the range.",
        )
    best: tuple[float, tuple[int, ...]] | None = None
    for chosen, omission_cost in _selections(tuple(dict.fromkeys(pitch_classes)), count):
        places = [range(low + (pc - low) % 12, high + 1, 12) for pc in chosen]
        for placed in product(*places):
            pitches = tuple(sorted(placed))
            if len(set(pitches)) < count:
                continue
            shape = _open_cost(pitches) if is_open else _close_cost(pitches)
            led = _movement(previous, pitches, low, high) + _leading_cost(previous, pitches)
            candidate = (omission_cost + shape + _clarity_cost(pitches) + led, pitches)
            if best is None or candidate < best:
                best = candidate
    if best is None:
        return voice_lead(previous, pitch_classes, low, high, count - 1, is_open=is_open)
    return best[1]


def _selections(pitch_classes: tuple[int, ...], count: int) -> list[tuple[tuple[int, ...], float]]:
    """Which pitch classes ``count`` voices sing, with the cost of what is left out or doubled."""
    size = len(pitch_classes)
    if count >= size:
        return [
            (pitch_classes + tuple(pitch_classes[index] for index in extra), sum(_DOUBLING_COST[i] for i in extra))
            for extra in combinations_with_replacement(range(min(size, len(_DOUBLING_COST))), count - size)
        ]
    guides = {1, 3} if size > 3 else {0, 1}
    found = []
    for kept in combinations(range(size), count):
        missing_guides = sum(1 for index in guides if index < size and index not in kept)
        cost = _MISSING_GUIDE_COST * missing_guides + (0.5 if 2 in kept and count < size else 0.0)
        found.append((tuple(pitch_classes[index] for index in kept), cost))
    return found


def _close_cost(pitches: tuple[int, ...]) -> float:
    """How far from close position."""
    return _SPAN_COST * max(pitches[-1] - pitches[0] - CLOSE_SPAN, 0)


def _open_cost(pitches: tuple[int, ...]) -> float:
    """How far from open position: too narrow or too wide, or a hole above the lowest two notes."""
    span = pitches[-1] - pitches[0]
    holes = sum(max(upper - lower - OPEN_GAP, 0) for lower, upper in pairwise(pitches[1:]))
    return _SPAN_COST * (max(OPEN_SPAN[0] - span, 0) + max(span - OPEN_SPAN[1], 0) + holes)


def _clarity_cost(pitches: tuple[int, ...]) -> float:
    """Low seconds and thirds, and a semitone at the top."""
    gaps = [upper - lower for lower, upper in pairwise(pitches)]
    cost = sum(_MUD_COST for pitch, gap in zip(pitches, gaps, strict=False) if pitch < MUDDY_BELOW and gap < 5)
    return cost + (_CLUSTER_COST if gaps and gaps[-1] == 1 else 0.0)


def _leading_cost(previous: Sequence[int] | None, pitches: tuple[int, ...]) -> float:
    """Parallel and hidden perfect intervals between two voicings."""
    if not previous or tuple(sorted(previous)) == pitches:
        return 0.0
    return _PARALLEL_COST * parallel_perfects(previous, pitches) + _HIDDEN_COST * hidden_perfects(previous, pitches)


def _movement(previous: Sequence[int] | None, pitches: tuple[int, ...], low: int, high: int) -> float:
    """Semitones moved: voice by voice between equal counts, else to the nearest note; a pull to the middle."""
    middle = (low + high) / 2
    centre_pull = abs(sum(pitches) / len(pitches) - middle)
    if not previous:
        return centre_pull
    before = sorted(previous)
    if len(before) == len(pitches):
        moved = float(sum(abs(old - new) for old, new in zip(before, pitches, strict=True)))
    else:
        moved = float(sum(min(abs(old - new) for old in before) for new in pitches))
    return moved + 0.05 * centre_pull
