"""How words fall on the beats of songs that are written to the vocal line.

Belongs here: matching sung syllables to stresses and beats. Does not belong here: writing songs.
"""

from __future__ import annotations

from benchmarks.written import WrittenSong
from musicgen_assets.composition.feel import beat_starts
from musicgen_assets.composition.prosody_words import plain
from musicgen_assets.score.clock import ticks_per_bar
from musicgen_assets.score.model import Syllable

ANTICIPATION_TICKS = 240
"""A note may come up to an eighth before the beat it belongs to, if it sounds through it."""


def strong_share(song: WrittenSong) -> float:
    """Share of the stressed syllables of content words that begin on a beat or anticipate one: begin at most an eighth
    before it and sound through it, with no other syllable on it. 1 where nothing is sung.
    """
    stresses = _stresses(song)
    signature = song.score.time_signature
    bar, beats = ticks_per_bar(signature), set(beat_starts(signature))
    starts = {syllable.start_ticks for syllable in song.vocal.syllables}
    hits = []
    for syllable, stress in zip(song.vocal.syllables, stresses, strict=True):
        if stress:
            hits.append(
                any(_falls(syllable, tick, bar, beats, starts) for tick in (0, *range(1, ANTICIPATION_TICKS + 1)))
            )
    return sum(hits) / len(hits) if hits else 1.0


def _falls(syllable: Syllable, ahead: int, bar: int, beats: set[int], starts: set[int]) -> bool:
    tick = syllable.start_ticks + ahead
    if tick % bar not in beats:
        return False
    return ahead == 0 or (syllable.duration_ticks > ahead and tick not in starts)


def _stresses(song: WrittenSong) -> list[int]:
    """Stress of each sung syllable, by the line it belongs to; 0 where the line is not found."""
    table: dict[tuple[str, ...], tuple[int, ...]] = {}
    for section in song.lyrics.sections:
        for line in section.lines:
            table[tuple(plain(text) for text in line.syllables)] = line.stresses
    found: list[int] = []
    group: list[Syllable] = []
    for syllable in song.vocal.syllables:
        group.append(syllable)
        texts = tuple(plain(each.text) for each in group)
        if texts in table:
            found += table[texts]
            group = []
    return found + [0] * len(group)
