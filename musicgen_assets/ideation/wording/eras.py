"""Decades in a prompt: "80s pop", "rock from 1974", "années 60", "los noventa", "achtziger Jahre".

Belongs here: reading them. Does not belong here: what a decade does to band and tempo (ideation.eras).
"""

from __future__ import annotations

import re

from musicgen_assets.ideation.wording import quantities
from musicgen_assets.ideation.wording.terms import alternatives, table_of, words_of
from musicgen_assets.ideation.wording.text import Prompt

_DIGITS = re.compile(r"(?<![\w.,:/])'?((?:19|20)?\d0)'?(?:s|er|ern)(?!\w)(?:\s+jahren?)?")
_YEAR = re.compile(r"(?<![\w.,:/-])((?:19[2-9]|20[0-2])\d)(?![\w/:]|[.,]\d|\s*bpm)")
_THIS_CENTURY_UP_TO = 20
"""A bare "20s" or "10s" is of this century, "30s" of the last."""


def find_era(prompt: Prompt, language: str) -> str | None:
    """The first decade named ("1980s"), or None."""
    found: list[tuple[int, str]] = []
    for match in _DIGITS.finditer(prompt.plain):
        if len(match.group(1)) == 4 or not _is_length(prompt, match, language):
            found.append((match.start(), _decade(match.group(1))))
    before = alternatives(words_of(language, "era_before"))
    numbers = rf"(?<!\w)(?:{before})\s+'?((?:19)?\d0)(?!\s*(?:%|{_units(language)})(?!\w))(?![\w:])"
    found += [(match.start(), _decade(match.group(1))) for match in re.finditer(numbers, prompt.plain)]
    found += [(match.start(), match.group(1)[:3] + "0s") for match in _YEAR.finditer(prompt.plain)]
    found += _in_words(prompt, language, before)
    return min(found)[1] if found else None


def _in_words(prompt: Prompt, language: str, before: str) -> list[tuple[int, str]]:
    """ "the eighties", "années soixante"; a number word alone only where it counts nothing."""
    words = table_of(language, "era_words")
    joins = alternatives(words_of(language, "and_words"))
    number = rf"(?:\d|%|(?:{joins})\s|{alternatives(words_of(language, 'number_words'))}|{_units(language)})"
    pattern = (
        rf"(?<!\w)(?P<before>(?:{before})\s+)?(?P<word>{alternatives(tuple(words))})(?!\w)(?P<counts>\s*{number}\b)?"
    )
    found = []
    for match in re.finditer(pattern, prompt.plain):
        is_number = language != "en" and match.group("word") in words_of(language, "number_words")
        if match.group("counts") and not match.group("before"):
            continue
        if match.group("before") or not is_number or not _is_counted(prompt.plain[: match.start()], language):
            found.append((match.start(), str(words[" ".join(match.group("word").split())])))
    return found


def _is_counted(text: str, language: str) -> bool:
    """Whether what stands before makes a number of it: "tempo noventa", "ciento noventa"."""
    words = alternatives((*words_of(language, "tempo_nouns"), *words_of(language, "number_words"), "a", "à", "bei"))
    return re.search(rf"(?<!\w)(?:{words}|\d+)\s*$", text) is not None


def _units(language: str) -> str:
    names = ("minutes", "seconds", "hours", "bpm_units")
    return alternatives([word for name in names for word in words_of(language, name)])


def _is_length(prompt: Prompt, match: re.Match[str], language: str) -> bool:
    """ "for 90s" and "90s long" are lengths."""
    return quantities.is_length_beside(prompt.plain[: match.start()], prompt.plain[match.end() :], language)


def _decade(digits: str) -> str:
    if len(digits) == 4:
        return f"{digits}s"
    century = "20" if int(digits) <= _THIS_CENTURY_UP_TO else "19"
    return f"{century}{digits}s"
