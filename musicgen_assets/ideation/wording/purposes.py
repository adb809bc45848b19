"""What a piece is for, or like: "like a film trailer", "for a wedding", "zum Einschlafen".

Belongs here: finding a purpose and what it says of mood and genre (data/common.yaml). Does not belong here: mood words
(moods), genre names (genres), which both come first.
"""

from __future__ import annotations

from dataclasses import dataclass

from musicgen_assets.context.schema import Mood
from musicgen_assets.ideation.wording.lexicon import common
from musicgen_assets.ideation.wording.terms import find_phrases, table_of
from musicgen_assets.ideation.wording.text import Prompt
from musicgen_assets.styles.loader import style_names


@dataclass(frozen=True)
class Purpose:
    """``text`` as written; the mood of such music; the style it is mostly written in, None if there is none of them."""

    text: str
    mood: Mood
    style: str | None


def find_purpose(prompt: Prompt, language: str) -> Purpose | None:
    """The first purpose named, or None."""
    table = table_of(language, "purposes")
    for start, end, phrase in find_phrases(prompt, tuple(table)):
        entry = common()["purposes"][table[phrase]]
        valence, arousal = entry["mood"]
        style = next((name for name in entry["genres"] if name in style_names()), None)
        return Purpose(prompt.raw[start:end], Mood(valence=valence, arousal=arousal), style)
    return None
