"""Names of notes and chords as they stand in a song: by the key of their section and the chord they sound in.

Belongs here: choosing between F# and Gb. Does not belong here: what notes there are.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache

from musicgen_assets.score.model import ChordSpan, Score
from musicgen_assets.theory.chords import CHORD_INTERVALS, chord_symbol
from musicgen_assets.theory.keys import key_signature, practical_tonic, simplest_tonic
from musicgen_assets.theory.pitch import LETTERS, NATURALS, pitch_class, spell

_ALTER = {"#": 1, "b": -1}
_LETTERS_ABOVE = {0: 0, 1: 1, 2: 1, 3: 2, 4: 2, 5: 3, 6: 4, 7: 4, 8: 4, 9: 5, 10: 6, 11: 6}
"""Letters from a chord's root to a chord tone so many semitones above it."""

Spelled = tuple[str, int, int]
"""(letter, alteration in semitones, octave): F#4 is ("F", 1, 4)."""


class Speller:
    """Spells one song's pitches and chords. Keys of lifted sections are their own."""

    def __init__(self, score: Score) -> None:
        self.score = score
        self._section_starts = [section.start_ticks for section in score.sections]
        self._keys = [lifted_tonic(score.key, score.scale, section.transpose) for section in score.sections]
        self._chord_starts = [chord.start_ticks for chord in score.chords]

    def key_at(self, tick: int) -> tuple[str, str]:
        """(tonic as written, scale) of the section at a tick."""
        place = max(bisect_right(self._section_starts, tick) - 1, 0)
        return self._keys[place], self.score.scale

    def fifths_at(self, tick: int) -> int:
        """The key signature at a tick: sharps positive, flats negative."""
        return key_signature(*self.key_at(tick))

    def pitch(self, midi: int, tick: int, heard_at: int | None = None) -> Spelled:
        """A MIDI pitch as it is written at a tick. An early note is in the chord at ``heard_at``."""
        chord = self.chord_at(tick if heard_at is None else heard_at)
        tonic, scale = self.key_at(tick)
        name = _name(midi % 12, tonic, scale, chord.root if chord else -1, chord.quality if chord else "")
        return with_octave(name, midi)

    def chord_at(self, tick: int) -> ChordSpan | None:
        """The chord that sounds at a tick."""
        place = bisect_right(self._chord_starts, tick) - 1
        if place < 0:
            return None
        chord = self.score.chords[place]
        return chord if tick < chord.start_ticks + chord.duration_ticks else None

    def symbol(self, chord: ChordSpan) -> str:
        """The chord's symbol, spelled for its section's key: "F#m7", "G7/B"."""
        tonic, scale = self.key_at(chord.start_ticks)
        return chord_symbol(chord.root, chord.quality, chord.bass, tonic, scale)

    def root(self, chord: ChordSpan, pc: int) -> tuple[str, int]:
        """(letter, alteration) of a chord's root or bass."""
        name = spell(pc, *self.key_at(chord.start_ticks))
        return name[0], sum(_ALTER[sign] for sign in name[1:])


def lifted_tonic(key: str, scale: str, semitones: int) -> str:
    """The tonic ``semitones`` above a key, in its usual spelling; the key's own practical one for 0."""
    if semitones % 12 == 0:
        return practical_tonic(key, scale)
    return simplest_tonic(pitch_class(key) + semitones, scale)


def with_octave(name: str, midi: int) -> Spelled:
    """A spelled name with its octave: ("B#", 60) -> ("B", 1, 3)."""
    alter = sum(_ALTER[sign] for sign in name[1:])
    return name[0], alter, (midi - alter) // 12 - 1


@lru_cache(maxsize=8192)
def _name(pc: int, tonic: str, scale: str, root: int, quality: str) -> str:
    """Notes of the chord are thirds above its root (the third of E7 is G#, in C too); others as the key has them."""
    in_key = spell(pc, tonic, scale)
    interval = (pc - root) % 12
    if root < 0 or interval not in CHORD_INTERVALS.get(quality, ()):
        return in_key
    root_name = spell(root, tonic, scale)
    steps = _LETTERS_ABOVE[interval]
    if quality == "dim7" and interval == 9:
        steps = 6
    elif interval == 3 and quality == "7#9":
        steps = 1
    letter = LETTERS[(LETTERS.index(root_name[0]) + steps) % 7]
    alter = (pc - NATURALS[letter] + 6) % 12 - 6
    if abs(alter) > 1:
        return in_key
    return letter + ("#" * alter if alter > 0 else "b" * -alter)
