"""Taste: which of several candidate themes is the one to keep.

Belongs here: named criteria and their weights. Does not belong here: the coherence score that the check
reports (melody_coherence), making candidates.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.composition.melody_coherence import theme_parts, weighted
from musicgen_assets.composition.melody_hook import section_likeness
from musicgen_assets.composition.melody_measures import contour_type, entropy_bits, lempel_ziv_phrases, resolved_share
from musicgen_assets.composition.melody_pitch import STEP_SEMITONES
from musicgen_assets.score.clock import ticks_per_bar
from musicgen_assets.score.material import Theme
from musicgen_assets.score.model import ChordSpan

Ints = NDArray[np.int64]

CRITERIA = {
    "coherence": 3.0, "register": 1.0, "peak": 0.6, "variety": 0.7, "reach": 0.5, "ending": 0.8, "memory": 0.5,
    "contrast": 2.0, "inertia": 0.4, "arch": 0.5, "expectancy": 0.8, "repetition": 0.7, "rhythm": 0.7,
    "resolved": 1.2, "tones": 0.8,
}  # fmt: skip
_INERTIA, _ARCHED = 0.45, 0.5
"""Shares from which steps that go on and phrases that arch or fall count fully; rules of thumb."""
_PHRASES_A_NOTE = (0.4, 0.8)
"""Lempel-Ziv phrases a note: fewer is a loop, more has no memory of itself."""
_RHYTHM_BITS = (0.9, 2.4)
"""Entropy of the waits between notes: less is a drill, more a scatter."""
_TONES_BITS = 2.2
"""Entropy of pitch classes from which a line counts as having tones enough: five of them, unequally used."""
_LARGE_SEMITONES = 6


def criticise(
    theme: Theme,
    chords: Sequence[ChordSpan],
    tonic: str,
    scale: str,
    time_signature: str,
    *,
    register: float,
    reach_semitones: int,
    ending_pcs: frozenset[int],
    apart: Theme | None = None,
) -> dict[str, float]:
    """Marks 0-1 by criterion.

    coherence: melody_coherence's score. register: mean pitch within two semitones of ``register``. peak: one high
    point, after the first third. variety: at least five different pitches and no pitch over a third of the notes.
    reach: range near three fifths of ``reach_semitones`` or more. ending: the last note is one of ``ending_pcs``.
    memory: phrases of different first and last notes are few, so that the line is remembered. contrast: unlike
    ``apart`` (melody_hook). inertia: steps that go on the same way (Huron 2006, Sweet Anticipation, chapter 5). arch:
    phrases that arch or fall (Huron 1996, Computing in Musicology 10). expectancy: the near note comes, and after a
    large interval a smaller one the other way (Schellenberg 1997, Music Perception 14(3), two-factor model).
    repetition: neither a loop nor without memory (Lempel-Ziv parse). rhythm: two to five lengths rather than one.
    resolved: dissonances move on by step. tones: enough different notes.
    """
    pitches = np.array([note[2] for note in theme.notes])
    counts = np.unique(pitches, return_counts=True)[1]
    extent = int(pitches.max() - pitches.min())
    peak_places = np.flatnonzero(pitches == pitches.max())
    openings = {int(pitches[a]) for a, b in theme.phrases if b > a}
    phrases = [pitches[a:b] for a, b in theme.phrases if b > a]
    waits = np.minimum(np.diff([note[0] for note in theme.notes]) // 60, 16)
    return {
        "coherence": weighted(theme_parts(theme, chords, tonic, scale, time_signature)),
        "register": max(0.0, 1.0 - max(0.0, abs(float(pitches.mean()) - register) - 1.0) / 4.0),
        "peak": (0.5 if len(peak_places) <= 3 else 0.0) + (0.5 if peak_places[-1] >= len(pitches) / 3 else 0.0),
        "variety": 0.5 * min(len(counts) / 5.0, 1.0) + 0.5 * float(counts.max() <= max(len(pitches) / 3.0, 2)),
        "reach": min(extent / (0.6 * reach_semitones), 1.0) if extent <= reach_semitones else 0.3,
        "ending": float(int(pitches[-1]) % 12 in ending_pcs),
        "contrast": _contrast(theme, apart, ticks_per_bar(time_signature)),
        "memory": 1.0 if len(openings) <= max(1, len(theme.phrases) - 1) else 0.4,
        "inertia": _inertia(phrases),
        "arch": _arched(phrases),
        "expectancy": _expectancy(phrases),
        "repetition": _within(lempel_ziv_phrases(_figures(theme)) / len(pitches), *_PHRASES_A_NOTE),
        "resolved": resolved_share(theme.notes, chords),
        "tones": min(entropy_bits(pitches % 12) / _TONES_BITS, 1.0),
        "rhythm": _within(entropy_bits(waits), *_RHYTHM_BITS),
    }


def _inertia(phrases: Sequence[Ints]) -> float:
    going_on = [
        first * second > 0
        for line in phrases
        for first, second in pairwise(np.diff(line).tolist())
        if 0 < abs(first) <= STEP_SEMITONES and second != 0
    ]
    return min(sum(going_on) / len(going_on) / _INERTIA, 1.0) if going_on else 0.5


def _arched(phrases: Sequence[Ints]) -> float:
    shaped = sum(contour_type(line.tolist()) in ("arch", "fall") for line in phrases)
    return min(shaped / max(len(phrases), 1) / _ARCHED, 1.0)


def _expectancy(phrases: Sequence[Ints]) -> float:
    """Mean of nearness (1 a repeated note, 0 an octave) and, after large intervals, of turning back by less."""
    values: list[float] = []
    for line in phrases:
        for first, second in pairwise(np.diff(line).tolist()):
            nearness = 1.0 - min(abs(second), 12) / 12.0
            if abs(first) > _LARGE_SEMITONES:
                nearness = 0.5 * nearness + 0.5 * float(first * second < 0 and abs(second) < abs(first))
            values.append(nearness)
    return sum(values) / len(values) if values else 0.5


def _figures(theme: Theme) -> list[int]:
    """A symbol a note: the interval to it and the wait before it."""
    known: dict[tuple[int, int], int] = {}
    moves = [(b[2] - a[2], round((b[0] - a[0]) / 120)) for a, b in pairwise(theme.notes)]
    return [known.setdefault(move, len(known)) for move in moves]


def _within(value: float, low: float, high: float) -> float:
    """1 inside the bounds, falling to 0 half the low bound below and half the high one above."""
    if value < low:
        return max(0.0, 1.0 - (low - value) / (0.5 * low))
    return max(0.0, 1.0 - max(0.0, value - high) / (0.5 * high))


def _contrast(theme: Theme, apart: Theme | None, bar_ticks: int) -> float:
    if apart is None:
        return 1.0
    likeness = section_likeness(apart.notes, theme.notes, bar_ticks, (0, -1, 1, -2, 2))
    return min(max((0.7 - likeness) / (0.7 - 0.4), 0.0), 1.0)


def mark(marks: dict[str, float]) -> float:
    """One number from the criteria."""
    return sum(CRITERIA[name] * value for name, value in marks.items())
