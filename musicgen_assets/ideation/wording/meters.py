"""Meters in a prompt: "3/4", "in six-eight", "waltz".

Belongs here: reading a meter and refusing two at once. Does not belong here: the meters of a style.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import get_args

from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.schema import TimeSignature
from musicgen_assets.ideation.wording.terms import alternatives, find_phrases, table_of, words_of
from musicgen_assets.ideation.wording.text import Prompt

METERS: tuple[str, ...] = get_args(TimeSignature)
FIELD = "musical.time_signature"
_TWINS = {"2/2": "2/4", "3/8": "6/8"}
"""Meters the schema does not know, played as what they are nearest to."""


@dataclass(frozen=True)
class MeterAsked:
    """The meter asked for, None if none was. ``is_implied``: by a dance ("waltz"), not by a number."""

    value: str | None
    is_implied: bool = False
    notes: tuple[str, ...] = ()


def find_meter(prompt: Prompt, music: Prompt, language: str) -> MeterAsked:
    """The one meter of the prompt; dances imply one only in ``music``, the prompt without what the song is about.

    Raises BadInput on two different ones or one that cannot be played.
    """
    written = [*_fractions(prompt, language), *_counted(prompt, language), *_named(prompt, language, "meters")]
    written = list(dict.fromkeys(written))
    if len(written) > 1:
        raise BadInput(
            FIELD, " and ".join(written), "a song has one meter, and these differ",
            way_out=f"Keep one of them, for example {written[0]}.",
        )  # fmt: skip
    implied = list(dict.fromkeys(_named(music, language, "implied_meters")))
    if not written:
        return MeterAsked(implied[0] if implied else None, is_implied=bool(implied))
    notes = tuple(
        f"{written[0]} was written out, so it beats the {other} a dance implies"
        for other in implied
        if other != written[0]
    )
    return MeterAsked(written[0], notes=notes)


def _named(prompt: Prompt, language: str, section: str) -> list[str]:
    table = table_of(language, section)
    return [str(table[phrase]) for _, _, phrase in find_phrases(prompt, tuple(table))]


def _fractions(prompt: Prompt, language: str) -> list[str]:
    """Meters written as fractions; unknown ones are refused where the words around say they are meters."""
    nouns = alternatives(words_of(language, "meter_nouns"))
    found = []
    for match in re.finditer(r"(?<![\d/.,])(\d{1,2})\s*/\s*(\d{1,2})(?![\d/]|[.,]\d)", prompt.plain):
        text = f"{int(match.group(1))}/{int(match.group(2))}"
        text = _TWINS.get(text, text)
        if text in METERS:
            found.append(text)
        elif int(match.group(2)) in (2, 4, 8, 16) and _is_named_meter(prompt.plain, match, nouns):
            raise BadInput(FIELD, text, f"it must be one of {', '.join(METERS)}", way_out="Choose one of these meters.")
    return found


def _counted(prompt: Prompt, language: str) -> list[str]:
    """ "3 quarter time", "6 eighth", "6-Achtel-Takt": digits with a note value. Quarters need a word for meter."""
    values = {str(word): int(value) for word, value in table_of(language, "note_values").items()}
    nouns = alternatives(words_of(language, "meter_nouns"))
    pattern = rf"(?<![\d.,:/])(\d{{1,2}})\s*({alternatives(tuple(values))})\s*(?:{nouns})(?!\w)"
    found = []
    for match in re.finditer(pattern, prompt.plain):
        text = f"{int(match.group(1))}/{values[match.group(2)]}"
        text = _TWINS.get(text, text)
        if text in METERS:
            found.append(text)
    return found


def _is_named_meter(text: str, match: re.Match[str], nouns: str) -> bool:
    before = re.search(rf"(?<!\w)(?:{nouns})\s*$", text[: match.start()])
    after = re.match(rf"\s*(?:{nouns})(?!\w)", text[match.end() :])
    return before is not None or after is not None
