"""What the next lines of a stanza must be, beyond rhyming with each other.

Belongs here: wants by the shape of a stanza, lines as they were chosen. Does not belong here: shapes (lyrics_schemes),
finding lines (lyrics_search), writing stanzas (lyrics_writer).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from musicgen_assets.composition.lyrics_schemes import Shape
from musicgen_assets.composition.lyrics_search import Rhyme
from musicgen_assets.composition.prosody import words_of
from musicgen_assets.composition.prosody_words import plain


@dataclass(frozen=True)
class Want:
    """What is asked of the next lines, beyond rhyming."""

    sound: str = ""
    """On this sound only; empty on any."""
    ends: frozenset[str] = frozenset()
    """Words that no line may end on."""
    is_loose: bool = False
    """Whether each line must stand alone."""
    is_ballad: bool = False
    """Whether four lines are wanted, of which the second and the fourth rhyme."""
    has_company: bool = False
    """Whether other sources on the same sound are wanted too."""

    def allows(self, rhyme: Rhyme) -> bool:
        """Whether a rhyme is of the kind asked for."""
        return (
            rhyme.is_ballad == self.is_ballad
            and (not self.is_loose or rhyme.is_loose)
            and self.sound in ("", rhyme.sound)
        )


@dataclass(frozen=True)
class Chosen:
    """Lines as they will be sung and the sound they rhyme on."""

    lines: tuple[str, ...]
    sound: str


def last_word(text: str) -> str:
    """The word a line ends on, lower case without accents."""
    words = words_of(text)
    return plain(words[-1]) if words else ""


def wanted(shape: Shape, number: int, before: Sequence[Chosen]) -> Want:
    """What the couplet of that number in a shape must be."""
    if shape == "AAAA":
        return Want(sound=before[0].sound, ends=ends_of(before)) if before else Want(has_company=True)
    if shape == "AABCCB":
        return Want(is_loose=number == 2)
    return Want(is_loose=shape in ("ABAB", "ABBA"))


def ends_of(pairs: Sequence[Chosen]) -> frozenset[str]:
    """The words that lines end on."""
    return frozenset(last_word(line) for pair in pairs for line in pair.lines)
