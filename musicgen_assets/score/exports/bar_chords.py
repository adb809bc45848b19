"""A song's chords by bar and section: what charts are written from.

Belongs here: which symbols stand in which bar. Does not belong here: how a chart looks (chord_chart, chordpro).
"""

from __future__ import annotations

from dataclasses import dataclass

from musicgen_assets.score.clock import ticks_per_bar
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
class SectionChords:
    """The bars of a section, each with at least one chord."""

    section: Section
    bars: tuple[tuple[BarChord, ...], ...]


def chords_by_section(score: Score) -> tuple[SectionChords, ...]:
    """Every section with the chords of its bars."""
    bar = ticks_per_bar(score.time_signature)
    speller = Speller(score)
    by_bar: dict[int, list[BarChord]] = {}
    for chord in score.chords:
        held = BarChord(speller.symbol(chord), chord.start_ticks)
        by_bar.setdefault(chord.start_ticks // bar, []).append(held)
    found = []
    for section in score.sections:
        bars = []
        for number in range(section.start_bar, section.start_bar + section.bars):
            inside = list(by_bar.get(number, ()))
            start = number * bar
            if not inside or inside[0].tick > start:
                sounding = speller.chord_at(start)
                symbol = NO_CHORD if sounding is None else speller.symbol(sounding)
                inside.insert(0, BarChord(symbol, start, is_held=sounding is not None))
            bars.append(tuple(inside))
        found.append(SectionChords(section, tuple(bars)))
    return tuple(found)
