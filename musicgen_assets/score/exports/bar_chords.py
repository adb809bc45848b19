"""A song's chords by bar and section: what charts are written from.

Belongs here: which symbols stand in which bar. Does not belong here: how a chart looks (chord_chart, chordpro).
"""

from __future__ import annotations

from dataclasses import dataclass

from musicgen_assets.score.exports.bars import Bar, bars_of, played_chords
from musicgen_assets.score.exports.spelling import Speller
from musicgen_assets.score.model import Score, Section

NO_CHORD = "N.C."


@dataclass(frozen=True)
class BarChord:
    """A chord as it stands in a bar; ``tick`` in the song. A bar without a chord has one of ``NO_CHORD``."""

    symbol: str
    tick: int
    is_held: bool = False
    """Whether it has sounded since the bar before."""


@dataclass(frozen=True)
class BarChords:
    """A bar with its chords, at least one."""

    bar: Bar
    chords: tuple[BarChord, ...]


@dataclass(frozen=True)
class SectionChords:
    """The bars of a section."""

    section: Section
    bars: tuple[BarChords, ...]


def chords_by_section(score: Score) -> tuple[SectionChords, ...]:
    """Every section with the chords of its bars."""
    bars = bars_of(score)
    speller = Speller(score)
    begun = played_chords(score)
    found = []
    for section in score.sections:
        cells = []
        for number in range(section.start_bar, section.start_bar + section.bars):
            inside = [BarChord(speller.symbol(chord), chord.start_ticks) for chord in begun.get(number, ())]
            bar, start = bars[number], bars[number].start_ticks
            if not inside or bar.offset(inside[0].tick) > 0:
                sounding = speller.chord_at(start)
                symbol = NO_CHORD if sounding is None else speller.symbol(sounding)
                inside.insert(0, BarChord(symbol, start, is_held=sounding is not None))
            cells.append(BarChords(bar, tuple(inside)))
        found.append(SectionChords(section, tuple(cells)))
    return tuple(found)
