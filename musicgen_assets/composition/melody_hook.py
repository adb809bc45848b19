"""How a hook is known again: its statements in a line of notes, and how alike two stretches of melody are.

Belongs here: the one measure of likeness between melodies, and what is counted with it. Does not belong here:
inventing hooks (melody_theme), taste (melody_critic), scores that checks report.

Two notes match when they fall at the same distance from the start of their figure and, after one transposition of
the whole figure, on the same pitch; a scale step aside still counts, since a sequence in the key changes whole
tones for semitones. Likeness is the harmonic mean of what is matched on either side (an F-measure), so that notes
left out and notes put in cost alike. Intervals and rhythm together are what makes tunes be taken for one another
(Müllensiefen and Frieler 2004, Computing in Musicology 13). The bounds on hooks follow catchiness studies in spirit
(Burgoyne et al. 2013; Van Balen et al. 2015): short, early, often; the numbers are rules of thumb.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.score.model import NoteRow

HOOK_NOTES_MIN, HOOK_NOTES_MAX = 3, 9
HOOK_BARS_MAX = 2
STATEMENTS_MIN = 4
"""Statements of the hook in a chorus of eight bars or more."""
_BARS_A_STATEMENT = 2
"""A phrase that begins with the hook and answers it takes two bars; said faster, the hook would have no answer."""
HEARD_WITHIN = 0.25
"""Share of the song within which the hook is first stated."""
STATED = 0.75
"""Likeness from which a figure counts as a statement of the hook."""
HEADLESS_FROM = 5
"""Notes from which a hook is known without its first."""
ALIKE, DIFFERENT = 0.8, 0.5
"""Least likeness of the first and the last chorus, most of a verse and a chorus."""

_NEAR_TICKS, _FAR_TICKS = 65, 130
"""Onsets this near are the same; to a sixteenth away they count half."""
_NEAR_SEMITONES, _FAR_SEMITONES = 1, 2

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Statement:
    """A place where the hook is heard: its first onset in ticks, 0-1 how like, semitones from the hook itself."""

    start_ticks: int
    likeness: float
    semitones: int


def hook_statements(notes: Sequence[NoteRow], hook: Sequence[NoteRow], least: float = STATED) -> tuple[Statement, ...]:
    """Statements of ``hook`` in a one-voiced line, in order, none overlapping; the likest win.

    Exact, transposed and sequenced statements count, and of a hook of HEADLESS_FROM notes those without its first
    note, as a line without an upbeat has it. Empty where either has under HOOK_NOTES_MIN notes.
    """
    if min(len(notes), len(hook)) < HOOK_NOTES_MIN:
        return ()
    line, figure = _line(notes), _line(hook)
    figure[:, 0] -= figure[0, 0]
    span = int(figure[-1, 0])
    found = []
    waits = (0, int(figure[1, 0])) if len(figure) >= HEADLESS_FROM else (0,)
    for place, wait in itertools.product(range(len(line)), waits):
        last = line[place, 0] + span - wait + _FAR_TICKS
        window = line[place : np.searchsorted(line[:, 0], last, side="right")].copy()
        start = int(window[0, 0])
        # Fewer or more notes than this can't reach ``least`` whatever their pitches.
        if 2 * min(len(window), len(figure)) < least * (len(window) + len(figure)):
            continue
        window[:, 0] += wait - start
        like, semitones = _likeness(window, figure)
        if like >= least:
            found.append(Statement(start, round(like, 4), semitones))
    return _without_overlaps(found, span)


def statements_wanted(bars: int) -> int:
    """How often a refrain of so many bars should say the hook: STATEMENTS_MIN times, and in a shorter one once a
    phrase, so that six bars have room for three and five for two.
    """
    return min(STATEMENTS_MIN, max(bars // _BARS_A_STATEMENT, 1))


def figure_likeness(first: Sequence[NoteRow], second: Sequence[NoteRow]) -> float:
    """0-1, how alike two stretches of melody are whose times count from a common start; 0 where one is empty."""
    if not first or not second:
        return 0.0
    return _likeness(_line(first), _line(second))[0]


def section_likeness(
    first: Sequence[NoteRow], second: Sequence[NoteRow], bar_ticks: int, shifts_bars: Sequence[int] = (0,)
) -> float:
    """The same for two sections, the best of ``shifts_bars`` by which the second may be moved against the first."""
    moved = [
        [(start + shift * bar_ticks, duration, pitch, velocity) for start, duration, pitch, velocity in second]
        for shift in shifts_bars
    ]
    return max((figure_likeness(first, rows) for rows in moved), default=0.0)


def refrain_likeness(
    first: Sequence[NoteRow], first_bars: int, last: Sequence[NoteRow], last_bars: int, bar_ticks: int
) -> float:
    """The same for two refrains of these lengths, over the bars that both have: one that goes round twice is no other
    tune than one that goes round once.
    """
    limit = min(first_bars, last_bars) * bar_ticks - _NEAR_TICKS
    return figure_likeness([row for row in first if row[0] < limit], [row for row in last if row[0] < limit])


def _line(notes: Sequence[NoteRow]) -> Ints:
    rows = np.array([(note[0], note[2]) for note in notes], dtype=np.int64).reshape(-1, 2)
    return rows[np.lexsort((rows[:, 1], rows[:, 0]))]


def _likeness(first: Ints, second: Ints) -> tuple[float, int]:
    """(likeness, transposition of the first against the second)."""
    pairs = _paired(first, second)
    if not pairs:
        return 0.0, 0
    rhythm = np.array([credit for _, _, credit in pairs])
    gaps = np.array([int(first[a, 1] - second[b, 1]) for a, b, _ in pairs])
    best, best_shift = 0.0, 0
    for shift in np.unique(gaps):
        off = np.abs(gaps - shift)
        pitch = np.where(off <= _NEAR_SEMITONES, 1.0, np.where(off <= _FAR_SEMITONES, 0.5, 0.0))
        total = float((rhythm * pitch).sum())
        if total > best:
            best, best_shift = total, int(shift)
    return 2.0 * best / (len(first) + len(second)), best_shift


def _paired(first: Ints, second: Ints) -> list[tuple[int, int, float]]:
    """Notes of both lines that fall together, each used once, with the credit of their onsets."""
    pairs: list[tuple[int, int, float]] = []
    taken = -1
    for index, onset in enumerate(first[:, 0]):
        rest = second[taken + 1 :, 0]
        if not len(rest):
            break
        nearest = int(np.abs(rest - onset).argmin())
        away = abs(int(rest[nearest] - onset))
        if away <= _FAR_TICKS:
            taken += nearest + 1
            pairs.append((index, taken, 1.0 if away <= _NEAR_TICKS else 0.5))
    return pairs


def _without_overlaps(found: Sequence[Statement], span: int) -> tuple[Statement, ...]:
    kept: list[Statement] = []
    for statement in sorted(found, key=lambda item: (-item.likeness, item.start_ticks)):
        if all(abs(statement.start_ticks - other.start_ticks) > span for other in kept):
            kept.append(statement)
    return tuple(sorted(kept, key=lambda item: item.start_ticks))
