"""A tune's key, and plain chords under it: what a song is set in that begins with somebody's own melody.

Belongs here: finding both from notes. Does not belong here: progressions of a style (composition.chord_progression),
which chord is which numeral (theory.chords).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.theory.chords import parse_roman
from musicgen_assets.theory.keys import simplest_tonic

Notes = Sequence[tuple[int, int, int, int]]
"""Rows of start, duration (ticks), pitch, velocity."""
Floats = NDArray[np.float64]

# Probe-tone profiles of C. Krumhansl and E. Kessler (1982), Psychological Review 89.
_PROFILES = {
    "major": (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    "minor": (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
}
_LAST_NOTE = 0.15
"""What ending on the tonic adds to a key's correlation: tunes end at home."""
_NUMERALS = {"major": ("I", "IV", "V", "vi", "ii", "iii"), "minor": ("i", "iv", "VI", "VII", "III", "V")}
_CHANCE = {"I": 0.15, "i": 0.15, "IV": 0.05, "V": 0.05, "iv": 0.05, "VI": 0.05, "VII": 0.05}
"""How much commoner than the rest a chord is, as a share of the bar's notes."""
_SAME_AGAIN = -0.12
"""A chord that stays for another bar is a little dull."""
_DOWNBEAT = 0.5
"""What a note that begins the bar counts more."""


def key_of(notes: Notes) -> tuple[str, str]:
    """(tonic, "major" or "minor") of a tune: the best-correlated profile of its sounding time. Three notes or more."""
    heard = np.zeros(12)
    for _, duration, pitch, _ in notes:
        heard[pitch % 12] += duration
    best = max(
        ((_correlation(heard, tonic, scale) + _LAST_NOTE * (notes[-1][2] % 12 == tonic), tonic, scale)
         for tonic in range(12) for scale in _PROFILES),
        key=lambda found: found[0],
    )  # fmt: skip
    return simplest_tonic(best[1], best[2]), best[2]


def numerals_under(notes: Notes, tonic: str, scale: str, bar_ticks: int, bars: int) -> tuple[str, ...]:
    """A Roman numeral for each of ``bars`` bars: the row of plain chords that holds most of the tune, begins at home
    where it can, and moves on. ``scale`` "major" or "minor".
    """
    names = _NUMERALS[scale]
    chords = [frozenset(parse_roman(name, tonic, scale).pitch_classes) for name in names]
    fits = np.array([[_fit(notes, chord, name, number, bar_ticks) for name, chord in zip(names, chords, strict=True)]
                     for number in range(bars)])  # fmt: skip
    fits[0, 0] += 0.3
    total, back = fits[0].copy(), []
    for row in fits[1:]:
        ways = total[:, None] + _SAME_AGAIN * np.eye(len(names))
        back.append(ways.argmax(axis=0))
        total = ways.max(axis=0) + row
    path = [int(total.argmax())]
    for step in reversed(back):
        path.append(int(step[path[-1]]))
    return tuple(names[index] for index in reversed(path))


def _fit(notes: Notes, chord: frozenset[int], name: str, bar: int, bar_ticks: int) -> float:
    """The share of the bar's notes that the chord holds, and how common the chord is."""
    start, end = bar * bar_ticks, (bar + 1) * bar_ticks
    inside = all_of = 0.0
    for first, duration, pitch, _ in notes:
        heard = max(0, min(first + duration, end) - max(first, start)) * (1.0 + _DOWNBEAT * (first == start))
        all_of += heard
        inside += heard * (pitch % 12 in chord)
    return (inside / all_of if all_of else 0.0) + _CHANCE.get(name, 0.0)


def _correlation(heard: Floats, tonic: int, scale: str) -> float:
    if np.ptp(heard) == 0.0:
        return 0.0
    return float(np.corrcoef(heard, np.roll(_PROFILES[scale], tonic))[0, 1])
