"""The bars of a song on paper: all of one meter, but for those that were cut short to meet a picture.

Belongs here: which bars there are, how long each is, where a tick of the song stands in its bar. Does not belong here:
why a bar is cut (arrangement.pace), how it is written (staves, musicxml_part).
"""

from __future__ import annotations

from dataclasses import dataclass

from musicgen_assets.score.clock import cut_meter, ticks_per_bar, ticks_played
from musicgen_assets.score.model import TICKS_PER_QUARTER, ChordSpan, Score, Skip


@dataclass(frozen=True)
class Bar:
    """One bar. ``number`` from 0, ``start_ticks`` on the song's own time line, ``ticks`` what is played of it.

    ``time_signature`` is the song's, or that of what a cut leaves: "2/4" of a bar of 4/4.
    """

    number: int
    start_ticks: int
    ticks: int
    time_signature: str
    skips: tuple[Skip, ...] = ()

    @property
    def is_on_quarters(self) -> bool:
        """Whether nothing was cut but whole quarters: beats are where they were, and may be divided in three."""
        edges = [tick for skip in self.skips for tick in (skip.start_ticks, skip.end_ticks)]
        return all((tick - self.start_ticks) % TICKS_PER_QUARTER == 0 for tick in edges)

    def offset(self, tick: int) -> int:
        """Ticks played from the start of the bar to a tick of the song; negative before the bar."""
        return ticks_played(tick, self.skips) - self.start_ticks


def bars_of(score: Score) -> tuple[Bar, ...]:
    """Every bar of a song."""
    length = ticks_per_bar(score.time_signature)
    found = []
    for number in range(score.end_ticks // length):
        start = number * length
        skips = tuple(skip for skip in score.skips if start <= skip.start_ticks < start + length)
        left = ticks_played(start + length, skips) - start
        meter = cut_meter(left, score.time_signature) if skips else score.time_signature
        found.append(Bar(number, start, left, meter, skips))
    return tuple(found)


def played_chords(score: Score) -> dict[int, tuple[ChordSpan, ...]]:
    """Bar number -> the chords that begin in it. A chord of which nothing is played is none."""
    length = ticks_per_bar(score.time_signature)
    found: dict[int, tuple[ChordSpan, ...]] = {}
    for chord in score.chords:
        end = chord.start_ticks + chord.duration_ticks
        if not score.skips or ticks_played(end, score.skips) > ticks_played(chord.start_ticks, score.skips):
            number = chord.start_ticks // length
            found[number] = (*found.get(number, ()), chord)
    return found


def cut_words(score: Score) -> str:
    """ "bar 8: 2/4; bar 20: 3/8", bars counted from 1; empty where none is cut."""
    cut = [f"bar {bar.number + 1}: {bar.time_signature}" for bar in bars_of(score) if bar.skips]
    return "; ".join(cut)
