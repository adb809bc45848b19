"""The table of sabotages: each kind's name, what a listener hears, and what it needs.

Belongs here: the table alone. Does not belong here: how a fault is made (order, timing, pitch, tunes, words).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.twins import order, pitch, timing, tunes, words
from benchmarks.written import WrittenSong

Spoil = Callable[[WrittenSong, WrittenSong, np.random.Generator], WrittenSong]
"""(song, another song, stream) -> the twin. Same stream state, same twin; ``song`` itself is not changed."""


def _on_paper_too(spoil: Spoil) -> Spoil:
    """``spoil`` done to the song as played and, with the same draws, to the song as written: a generator that errs
    errs in both.
    """

    def both(song: WrittenSong, other: WrittenSong, rng: np.random.Generator) -> WrittenSong:
        seed = int(rng.integers(1 << 62))
        played = spoil(song, other, np.random.default_rng(seed))
        paper, other_paper = replace(song, score=song.written), replace(other, score=other.written)
        written = spoil(paper, other_paper, np.random.default_rng(seed))
        return replace(played, written=written.score)

    return both


@dataclass(frozen=True)
class Sabotage:
    """One way to break a song. ``needs_words``: the song must be sung; ``needs_other_words``: the other too."""

    spoil: Spoil
    heard: str
    """What a listener would notice, one sentence."""
    needs_words: bool = False
    needs_other_words: bool = False
    needs_hook: bool = False
    """The song must state its hook somewhere: one that never does cannot lose it."""

    def suits(self, song: WrittenSong, other: WrittenSong) -> bool:
        """Whether this kind can be made of the pair."""
        if self.needs_words and not song.vocal.syllables:
            return False
        if self.needs_other_words and not other.lyrics.sections:
            return False
        return not self.needs_hook or tunes.states_hook(song)


KINDS: dict[str, Sabotage] = {
    "bars_shuffled": Sabotage(
        _on_paper_too(order.bars_shuffled),
        "The bars come in random order, as if the tape was cut at bar lines and glued blindly.",
    ),
    "chords_late": Sabotage(
        _on_paper_too(timing.chords_late),
        "Bass and chords change a beat after the melody and the drums have gone on.",
    ),
    "bass_semitone_off": Sabotage(
        _on_paper_too(pitch.bass_semitone_off),
        "The bass plays a semitone beside every chord, from beginning to end.",
    ),
    "four_bars_looped": Sabotage(
        _on_paper_too(order.four_bars_looped),
        "The same four bars come again and again, whatever part of the song it is.",
    ),
    "one_velocity": Sabotage(
        _on_paper_too(timing.one_velocity),
        "Every note and every drum is struck with the same force: no accents, no swells.",
    ),
    "white_jitter": Sabotage(
        timing.white_jitter,
        "Every note misses its place by about 25 ms, each for itself: players without a pulse.",
    ),
    "melody_of_another": Sabotage(
        _on_paper_too(tunes.melody_of_another),
        "The tune belongs to another song, with other chords and phrases, often another key.",
    ),
    "pitches_permuted": Sabotage(
        _on_paper_too(pitch.pitches_permuted),
        "Rhythms are right, but every part plays its own pitches in random order.",
    ),
    "sections_alike": Sabotage(
        _on_paper_too(order.sections_alike),
        "Verse, chorus and all else are one and the same stretch of music.",
    ),
    "ending_cut": Sabotage(
        _on_paper_too(order.ending_cut),
        "The song does not end: it breaks off two bars early or in the middle of a phrase.",
    ),
    "hook_removed": Sabotage(
        _on_paper_too(tunes.hook_removed),
        "Wherever the hook should come there are other notes, as many, different each time.",
        needs_hook=True,
    ),
    "lines_shuffled": Sabotage(
        words.lines_shuffled,
        "Lines of the lyrics stand in random places, verse lines in choruses and the other way round.",
        needs_words=True,
    ),
    "wrong_theme_words": Sabotage(
        words.wrong_theme_words,
        "Nouns, verbs and adjectives are those of a song about something else, in the sentences of this one.",
        needs_words=True,
        needs_other_words=True,
    ),
}
