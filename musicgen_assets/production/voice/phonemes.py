"""What the sounds of speech are: vowels and consonants, voiced or breathed, by their IPA signs.

Belongs here: the classes that singing needs. Does not belong here: which sounds a word has (espeak), when they are
sung (timing).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["vowel", "glide", "liquid", "nasal", "voiced_fricative", "fricative", "stop", "voiced_stop"]

VOWELS = frozenset("aeiouyɑɐɒæɔəɘɛɜɞɤɨɪɯɵøœɶʉʊʌɚɝᵻ")
_SYLLABIC = "\u0329"
_KINDS: dict[str, Kind] = {
    **dict.fromkeys("jwɥɰ", "glide"),
    **dict.fromkeys("lɹɾrʎʁʀɫɻɭ", "liquid"),
    **dict.fromkeys("mnŋɲɱɳ", "nasal"),
    **dict.fromkeys("vzʒðβɣʝʑɦ", "voiced_fricative"),
    **dict.fromkeys("fsʃθxçhχɕɬ", "fricative"),
    **dict.fromkeys("ptkcqʔʈ", "stop"),
    **dict.fromkeys("bdɡgɟɢ", "voiced_stop"),
}
SONORITY: dict[Kind, int] = {
    "stop": 1, "voiced_stop": 1, "fricative": 2, "voiced_fricative": 2, "nasal": 3, "liquid": 4, "glide": 5, "vowel": 6,
}  # fmt: skip
"""The usual scale (Clements 1990): syllables rise to their vowel and fall from it."""


@dataclass(frozen=True)
class Phoneme:
    """A sound of a line as singing sees it; times are those of the spoken source."""

    ipa: str
    kind: Kind
    start_s: float
    end_s: float
    is_stressed: bool = False

    @property
    def duration_s(self) -> float:
        """Its length when spoken."""
        return self.end_s - self.start_s

    @property
    def is_vowel(self) -> bool:
        """Whether it can carry a syllable."""
        return self.kind == "vowel"

    @property
    def is_diphthong(self) -> bool:
        """Whether it moves from one vowel, or from a vowel to a consonant of its syllable ("əl"), to another."""
        return self.is_vowel and sum(letter in VOWELS or letter in _KINDS for letter in self.ipa) > 1

    @property
    def is_voiced(self) -> bool:
        """Whether the vocal folds sound."""
        return is_voiced(self.ipa, self.kind)


def kind_of(ipa: str) -> Kind:
    """The class of a sound; an unknown sign counts as a liquid, which can be sung anywhere."""
    if _SYLLABIC in ipa or any(letter in VOWELS for letter in ipa):
        return "vowel"
    if ipa[:2] in ("tʃ", "ts", "tɕ", "pf", "ʈʂ"):
        return "stop"
    if ipa[:2] in ("dʒ", "dz", "dʑ"):
        return "voiced_stop"
    return next((_KINDS[letter] for letter in ipa if letter in _KINDS), "liquid")


def is_voiced(ipa: str, kind: Kind) -> bool:
    """Voiceless stops and fricatives are breathed; all else sounds."""
    del ipa
    return kind not in ("stop", "fricative")
