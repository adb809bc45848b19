"""How the words of a style are built: rhyme, length of line and stanza, what comes back.

Belongs here: the model of a style's lyric habits. Does not belong here: themes (styles.schema), words and rhymes of a
language (composition).
"""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, model_validator

from musicgen_assets.context.frozen import Frozen

_SCHEME = re.compile(r"[A-HX]{2,16}")

Refrain = Literal["hook", "last_line", "first_line", "chant", "call_and_response", "none"]
"""What comes back. hook: the title stands in the chorus; last_line, first_line: a line closes or opens every stanza;
chant: a word or two over and over; call_and_response: a sung line and the answer of a group; none: nothing.
"""


class LyricHabits(Frozen):
    """What listeners of a style are used to; rules of thumb, all of them.

    A rhyme scheme has a letter a line: equal letters rhyme, X rhymes with nothing, and the lines of a stanza are as
    many as the letters of the scheme that was chosen.
    """

    verse_schemes: dict[str, float] = Field(default_factory=lambda: {"ABCB": 2.0, "AABB": 1.0, "ABAB": 1.0})
    """Rhyme scheme of a verse to weight."""
    chorus_schemes: dict[str, float] = Field(default_factory=lambda: {"AABB": 2.0, "ABAB": 1.0})
    """Rhyme scheme of a chorus to weight."""
    syllables_per_line: tuple[int, int] = (6, 10)
    """Fewest and most syllables of a line; 1 to 24."""
    rhyme: Literal["perfect", "near", "internal"] = "near"
    """perfect: sounds from the last stressed vowel on are equal; near: the vowel is; internal: within lines too."""
    refrain: Refrain = "hook"
    title_lines: int = Field(2, ge=0, le=8)
    """Lines of a chorus that hold the title."""
    person: Literal["i", "you", "we", "they"] = "i"
    """Who speaks or is spoken of in most songs of the style."""

    @model_validator(mode="after")
    def _hold_together(self) -> LyricHabits:
        for schemes in (self.verse_schemes, self.chorus_schemes):
            broken = [scheme for scheme in schemes if not _SCHEME.fullmatch(scheme)]
            if broken or not schemes:
                raise ValueError(f"{broken[0] if broken else 'nothing'} is no rhyme scheme: 2-16 letters A-H or X")
            if any(weight <= 0 for weight in schemes.values()):
                raise ValueError("a rhyme scheme must have a weight over 0")
        low, high = self.syllables_per_line
        if not 1 <= low <= high <= 24:
            raise ValueError(f"syllables_per_line: 1 <= {low} <= {high} <= 24 does not hold")
        return self
