"""Moments the music must meet: "drop at 0:32, stop at 1:10", "un golpe en 0:45", "Einschlag bei 12 Sekunden".

Belongs here: reading them, and taking them out of the text so that their times are no lengths and their words no
sections. Does not belong here: which moments can be met (ideation.rules), meeting them (arrangement).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from musicgen_assets.context import limits
from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.schema import HitPoint
from musicgen_assets.ideation.wording.lexicon import LANGUAGES
from musicgen_assets.ideation.wording.terms import alternatives, table_of, words_of
from musicgen_assets.ideation.wording.text import Prompt, fold

HIT_POINTS_MAX = 8
_BETWEEN_WORDS = r"(?:\s+(?:%s)){0,2}"


@dataclass(frozen=True)
class HitsAsked:
    """Points in order of time, the text left without them, and lines for the trace."""

    points: tuple[HitPoint, ...]
    text: str
    notes: tuple[str, ...] = ()


def find_hit_points(text: str, language: str) -> HitsAsked:
    """Hit points in ``text`` (from ``quantities.prepared``), blanked out of it; at most HIT_POINTS_MAX of them."""
    found: dict[tuple[float, str], None] = {}
    notes = []
    left = text
    for kind, start, end, times in [*_word_first(text, language), *_time_first(text, language)]:
        if left[start:end] != text[start:end]:
            continue
        left = left[:start] + " " * (end - start) + left[end:]
        for at_s in times:
            if 0.0 < at_s <= limits.DURATION_MAX_S:
                found[(at_s, kind)] = None
            else:
                notes.append(f"a {kind} at {at_s:g} s lies outside any song and is left out")
    points = [HitPoint(kind=cast("Any", kind), at_s=at_s) for at_s, kind in sorted(found)]
    if len(points) > HIT_POINTS_MAX:
        notes.append(f"{len(points)} moments were named; the first {HIT_POINTS_MAX} are met")
    return HitsAsked(tuple(points[:HIT_POINTS_MAX]), left, tuple(notes))


def read_hit_points(text: str) -> tuple[HitPoint, ...]:
    """Hit points as an option gives them, in whichever language says most. Raises BadInput where there are none."""
    folded = fold(unicodedata.normalize("NFC", text))
    found = max((find_hit_points(folded, language).points for language in LANGUAGES), key=len)
    if not found:
        raise BadInput(
            "musical.hit_points", text, "it names no moment",
            way_out="Write 'drop at 0:32, stop at 1:10', or [{\"kind\": \"drop\", \"at_s\": 32}].",
        )  # fmt: skip
    return found


def without_hit_words(prompt: Prompt, language: str) -> Prompt:
    """The prompt without the words of hit points ("drop at", "stop bei"), which name no sections there."""
    words, ats = alternatives(tuple(table_of(language, "hit_words"))), alternatives(words_of(language, "at_words"))
    pattern = rf"(?<!\w)(?:{words})(?!\w)(?=\s*(?:(?:{ats})(?!\w)|[:@])\s*\S)|(?<=\d)\s+(?:{words})(?!\w)"
    return prompt.without(match.span() for match in re.finditer(pattern, prompt.plain))


def _word_first(text: str, language: str) -> Iterator[tuple[str, int, int, list[float]]]:
    """ "drop at 0:32", "hits at 12 s, 24 s and 36 s"."""
    kinds = table_of(language, "hit_words")
    for match in _word_pattern(language).finditer(text):
        kind = str(kinds[" ".join(match.group("word").split())])
        times = [_seconds(time) for time in _time_pattern(language).finditer(match.group("times"))]
        yield kind, match.start(), match.end(), times


def _time_first(text: str, language: str) -> Iterator[tuple[str, int, int, list[float]]]:
    """ "at 0:32 the drop comes": a time said to be a place, then the word."""
    kinds = table_of(language, "hit_words")
    for match in _place_pattern(language).finditer(text):
        time = _time_pattern(language).match(match.group("time"))
        if time is not None:
            yield str(kinds[" ".join(match.group("word").split())]), match.start(), match.end(), [_seconds(time)]


@lru_cache(maxsize=8)
def _time_pattern(language: str) -> re.Pattern[str]:
    """Groups: minutes and seconds of a clock; minutes and seconds in words; seconds alone, before or after the unit."""
    minute, second = (alternatives(words_of(language, name)) for name in ("minutes", "seconds"))
    joins = alternatives(words_of(language, "and_words"))
    return re.compile(
        rf"(?<![\d:.,])(?:(?P<clock>\d{{1,2}}):(?P<rest>[0-5]\d(?:\.\d{{1,3}})?)(?![\d:])"
        rf"|(?P<minutes>\d{{1,2}})\s*(?:{minute})(?!\w)(?:\s*(?:{joins})?\s*(?P<more>[0-5]?\d)\s*(?:{second})?(?!\w))?"
        rf"|(?P<seconds>\d{{1,3}}(?:[.,]\d{{1,3}})?)\s*(?:{second})(?!\w)"
        rf"|(?:{second})\s+(?P<second>\d{{1,3}})(?![\w:]))"
    )


def _seconds(match: re.Match[str]) -> float:
    groups = match.groupdict()
    if groups["clock"] is not None:
        return round(int(groups["clock"]) * 60.0 + float(groups["rest"]), 3)
    if groups["minutes"] is not None:
        return int(groups["minutes"]) * 60.0 + float(groups["more"] or 0)
    return round(float((groups["seconds"] or groups["second"]).replace(",", ".")), 3)


@lru_cache(maxsize=8)
def _word_pattern(language: str) -> re.Pattern[str]:
    words, ats = alternatives(tuple(table_of(language, "hit_words"))), alternatives(words_of(language, "at_words"))
    fillers = _BETWEEN_WORDS % alternatives((*words_of(language, "fillers"), *words_of(language, "hit_fillers")))
    joins = alternatives(words_of(language, "and_words"))
    time = re.sub(r"\?P<\w+>", "?:", _time_pattern(language).pattern)
    each = rf"(?:(?:{ats})\s+)?(?:{time})(?!\s*(?:{_lengths(language)})(?!\w))"
    more = rf"(?:(?:\s*,\s*{each})*\s*,?\s*(?:{joins})\s+{each})"
    return re.compile(
        rf"(?<!\w)(?P<word>{words})(?!\w){fillers}\s*(?:(?:{ats})(?!\w)|[:@(])\s*"
        rf"(?P<times>(?:{time}){more}?)"
    )


@lru_cache(maxsize=8)
def _place_pattern(language: str) -> re.Pattern[str]:
    words, ats = alternatives(tuple(table_of(language, "hit_words"))), alternatives(words_of(language, "at_words"))
    fillers = _BETWEEN_WORDS % alternatives((*words_of(language, "fillers"), *words_of(language, "hit_fillers")))
    time = re.sub(r"\?P<\w+>", "?:", _time_pattern(language).pattern)
    return re.compile(
        rf"(?:(?<!\w)(?:{ats})\s+|@\s*|(?<=[,;(\n])\s*|^)(?P<time>{time})\s*[:=-]?(?:\s+1)?{fillers}\s*(?P<word>{words})(?!\w)"
    )


def _lengths(language: str) -> str:
    """Words after a time that make it a length: "and 2 minutes long", "in all"."""
    return alternatives(words_of(language, "length_words"))
