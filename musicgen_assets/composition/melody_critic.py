"""Taste: which of several candidate themes is the one to keep.

Belongs here: named criteria and their weights. Does not belong here: the coherence score that the check
reports (melody_coherence), making candidates.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from musicgen_assets.composition.melody_coherence import theme_parts, weighted
from musicgen_assets.composition.melody_hook import section_likeness
from musicgen_assets.score.clock import ticks_per_bar
from musicgen_assets.score.material import Theme
from musicgen_assets.score.model import ChordSpan

CRITERIA = {
    "coherence": 3.0, "register": 1.0, "peak": 0.6, "variety": 0.7, "reach": 0.5, "ending": 0.8, "memory": 0.5,
    "contrast": 2.0,
}  # fmt: skip


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
    memory: phrases of different first and last notes are few, so that the line is remembered.
    """
    pitches = np.array([note[2] for note in theme.notes])
    counts = np.unique(pitches, return_counts=True)[1]
    extent = int(pitches.max() - pitches.min())
    peak_places = np.flatnonzero(pitches == pitches.max())
    openings = {int(pitches[a]) for a, b in theme.phrases if b > a}
    return {
        "coherence": weighted(theme_parts(theme, chords, tonic, scale, time_signature)),
        "register": max(0.0, 1.0 - max(0.0, abs(float(pitches.mean()) - register) - 1.0) / 4.0),
        "peak": (0.5 if len(peak_places) <= 3 else 0.0) + (0.5 if peak_places[-1] >= len(pitches) / 3 else 0.0),
        "variety": 0.5 * min(len(counts) / 5.0, 1.0) + 0.5 * float(counts.max() <= max(len(pitches) / 3.0, 2)),
        "reach": min(extent / (0.6 * reach_semitones), 1.0) if extent <= reach_semitones else 0.3,
        "ending": float(int(pitches[-1]) % 12 in ending_pcs),
        "contrast": _contrast(theme, apart, ticks_per_bar(time_signature)),
        "memory": 1.0 if len(openings) <= max(1, len(theme.phrases) - 1) else 0.4,
    }


def _contrast(theme: Theme, apart: Theme | None, bar_ticks: int) -> float:
    if apart is None:
        return 1.0
    likeness = section_likeness(apart.notes, theme.notes, bar_ticks, (0, -1, 1, -2, 2))
    return min(max((0.7 - likeness) / (0.7 - 0.4), 0.0), 1.0)


def mark(marks: dict[str, float]) -> float:
    """One number from the criteria."""
    return sum(CRITERIA[name] * value for name, value in marks.items())
