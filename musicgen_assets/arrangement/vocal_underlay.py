"""Laying syllables under notes: one each where the counts agree, else slurs, splits and silence where they hurt least.

Belongs here: one phrase of notes and the syllables it carries. Does not belong here: which words go where
in the song (vocal_line).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from musicgen_assets.composition.feel import metric_weight
from musicgen_assets.score.clock import ticks_per_bar
from musicgen_assets.score.model import NoteRow

_GRID_TICKS = 60
_SLUR_PRICE, _LONG_SLUR_PRICE, _DROP_PRICE = 0.7, 1.6, 1.1
_STRESS_PRICE = 1.2


@dataclass(frozen=True)
class Sung:
    """A syllable with the notes that carry it, first to last; one or more."""

    text: str
    is_word_end: bool
    line: int
    notes: tuple[NoteRow, ...]


@dataclass(frozen=True)
class Unit:
    """A syllable to be laid under notes."""

    text: str
    stress: int
    is_word_end: bool
    line: int


def underlay(notes: Sequence[NoteRow], units: Sequence[Unit], time_signature: str) -> tuple[Sung, ...]:
    """Every syllable on at least one note, in order; notes that carry none are left out.

    Too few notes are split, longest first. Too many become slurs, shortest and nearest first, or fall silent.
    Stressed syllables look for strong beats. Empty where there are no notes or no syllables.
    """
    if not notes or not units:
        return ()
    enough = _split(list(notes), len(units))
    if len(enough) == len(units):
        groups = [(index, index + 1) for index in range(len(units))]
    else:
        groups = _groups(enough, units, time_signature)
    return tuple(
        Sung(unit.text, unit.is_word_end, unit.line, _merged(enough[first:past]))
        for unit, (first, past) in zip(units, groups, strict=True)
    )


def _split(notes: list[NoteRow], wanted: int) -> list[NoteRow]:
    """The notes with the longest ones halved until there are ``wanted``."""
    while len(notes) < wanted:
        index = max(range(len(notes)), key=lambda place: (notes[place][1], place))
        start, duration, pitch, velocity = notes[index]
        half = max(duration // 2 // _GRID_TICKS * _GRID_TICKS, duration // 2 if duration < 2 * _GRID_TICKS else 0)
        half = min(max(half, 1), duration - 1) if duration > 1 else 1
        pieces = [(start, half, pitch, velocity), (start + half, max(duration - half, 1), pitch, velocity)]
        notes[index : index + 1] = pieces
    return notes


def _groups(notes: Sequence[NoteRow], units: Sequence[Unit], time_signature: str) -> list[tuple[int, int]]:
    """(first, past-last) note of each syllable, cheapest of all; notes between groups fall silent.

    Dynamic programming over (syllables placed, notes used): price of a syllable on its first note by stress,
    of each slurred note by its leap, of each silent note.
    """
    bar = ticks_per_bar(time_signature)
    best: dict[tuple[int, int], tuple[float, tuple[tuple[int, int], ...]]] = {(0, 0): (0.0, ())}
    for used in range(len(notes)):
        for placed in range(len(units) + 1):
            state = best.get((placed, used))
            if state is None:
                continue
            price, groups = state
            _offer(best, (placed, used + 1), price + _DROP_PRICE, groups)
            if placed == len(units):
                continue
            weight = metric_weight(notes[used][0] % bar, time_signature)
            unit = units[placed]
            here = price + _STRESS_PRICE * ((1.0 - weight) if unit.stress else 0.6 * weight)
            for past in range(used + 1, min(used + 4, len(notes)) + 1):
                _offer(best, (placed + 1, past), here, (*groups, (used, past)))
                if past < len(notes):
                    leap = abs(notes[past][2] - notes[past - 1][2])
                    here += (_SLUR_PRICE if past == used + 1 else _LONG_SLUR_PRICE) + 0.1 * leap - 0.3 * (leap == 0)
    return list(best[(len(units), len(notes))][1])


def _offer(
    best: dict[tuple[int, int], tuple[float, tuple[tuple[int, int], ...]]],
    state: tuple[int, int],
    price: float,
    groups: tuple[tuple[int, int], ...],
) -> None:
    if state not in best or price < best[state][0] - 1e-12:
        best[state] = (price, groups)


def _merged(notes: Sequence[NoteRow]) -> tuple[NoteRow, ...]:
    """Neighbours of one pitch under one syllable are one note."""
    joined: list[NoteRow] = []
    for note in notes:
        if joined and joined[-1][2] == note[2]:
            start, _, pitch, velocity = joined[-1]
            joined[-1] = (start, note[0] + note[1] - start, pitch, velocity)
        else:
            joined.append(note)
    return tuple(joined)
