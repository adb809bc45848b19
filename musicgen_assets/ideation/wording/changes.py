"""What is to become more or less, or to be drawn anew, in words said about a song that is there already.

Belongs here: parting what was said into wishes, finding comparatives, numbers beside them, and "another melody". Does
not belong here: what a song is asked to have outright ("with strings", "in D minor": wording.understanding), and what
any of it makes of a context (words_to_change).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from musicgen_assets.ideation.wording.language import prompt_language
from musicgen_assets.ideation.wording.lexicon import expanded, tables_of
from musicgen_assets.ideation.wording.terms import alternatives, find_phrases, table_of, words_of
from musicgen_assets.ideation.wording.text import Prompt, phrase_key, read_prompt, split_words, with_digits

SLIGHTLY, PLAINLY, MUCH = 0.5, 1.0, 2.0
"""Degrees: "a bit slower", "slower", "much slower"."""
_FILE = "changes.yaml"
_COMPARATIVES = (
    "slower", "faster", "louder", "quieter", "longer", "shorter", "happier", "sadder", "calmer", "livelier", "higher",
    "lower",
)  # fmt: skip
FADER_WORDS = ("mute", "unmute", "left", "right", "centre")
"""What is done to a track besides turning it up and down."""
MIX_WORDS = (
    "brighter", "duller", "warmer", "colder", "bassier", "less_bass", "wider", "narrower", "wetter", "drier", "dry",
    "punchier", "rounder",
)  # fmt: skip
"""What the whole mix can become more of."""
_NUMBER = r"(\d{1,3}(?:[.,]\d+)?)"
_PER_CENT = "%|per ?cent|prozent|por ciento|pour cent|por cento"
_BUTS = ("but", "pero", "mais", "aber", "mas", "then", "luego", "puis", "dann", "depois")
_PARTS = re.compile(r"\s*(?:[;\n]+|,(?!\d)|\.(?=\s|$)|\s[–—]\s)\s*")


@dataclass(frozen=True)
class Comparative:
    """One thing that is to become more or less: ``name`` of changes.yaml, how much, and how it was said."""

    name: str
    degree: float
    text: str


def wishes_in(text: str) -> tuple[str, ...]:
    """``text`` in parts that each say one thing, where commas and sentences part them."""
    return tuple(part for part in (piece.strip() for piece in _PARTS.split(text)) if split_words(part))


def halves(text: str, language: str) -> tuple[str, ...]:
    """A part at its "and" or "but", where it has one; else nothing. Tried only on what makes no sense whole."""
    joins = alternatives((*words_of(language, "and_words"), *_BUTS))
    parts = re.split(rf"\s(?:{joins})\s", f" {text} ", flags=re.IGNORECASE)
    return tuple(part.strip() for part in parts if part.strip()) if len(parts) > 1 else ()


def change_language(text: str) -> str:
    """The language of words about a change: the one whose comparatives cover most of them, else by all words.

    "Weniger Hall" and "mais agudos" say their language by nothing but what they ask for.
    """
    prompt = read_prompt(text)
    named = (*((name, "") for name in _COMPARATIVES), *((name, "mix") for name in MIX_WORDS))
    covered = {}
    for language in tables_of(_FILE):
        phrases = frozenset[str]().union(*(_own_phrases(language, name, group) for name, group in named))
        covered[language] = sum(len(phrase.split()) for _, _, phrase in find_phrases(prompt, phrases))
    usual = prompt_language(prompt)
    best = max(covered, key=lambda language: (covered[language], language == usual))
    return best if covered[best] > covered.get(usual, 0) else usual


def comparatives(prompt: Prompt, language: str) -> tuple[Comparative, ...]:
    """Every comparative, in order of place, with the degree that stands beside it."""
    found = []
    for name in _COMPARATIVES:
        for start, end, text in find_phrases(prompt, _phrases(language, name)):
            found.append((start, Comparative(name, _degree(prompt, start, language), text), end))
    longest = [one for one in found if not any(_is_inside(one, other) for other in found)]
    return tuple(comparative for _, comparative, _ in sorted(longest, key=lambda item: item[0]))


def mix_comparatives(prompt: Prompt, language: str) -> tuple[tuple[Comparative, ...], Prompt]:
    """What the whole mix is to become more or less of, in order of place, and the rest of what was said.

    A phrase that is part of a longer one of the song itself ("brighter" in "brighter mood") is none.
    """
    phrases = {name: _phrases(language, name, "mix") for name in MIX_WORDS}
    found = [(start, name, end) for name in phrases for start, end, _ in find_phrases(prompt, phrases[name])]
    songs = [
        (start, name, end) for name in _COMPARATIVES for start, end, _ in find_phrases(prompt, _phrases(language, name))
    ]
    own = sorted(one for one in found if not any(_is_inside(one, other) for other in (*found, *songs)))
    said = tuple(
        Comparative(name, _degree(prompt, start, language), prompt.plain[start:end]) for start, name, end in own
    )
    return said, prompt.without((start, end) for start, _, end in own)


def per_cent(prompt: Prompt) -> float | None:
    """A share said in per cent, as a factor over 1: "10% faster" is .1. None where there is none."""
    match = re.search(rf"{_NUMBER}\s*(?:{_PER_CENT})", prompt.plain)
    return float(match[1].replace(",", ".")) / 100.0 if match else None


def seconds_by(prompt: Prompt, language: str) -> float | None:
    """Seconds by which a song is to be longer or shorter ("ten seconds longer", read with digits)."""
    match = re.search(rf"{_NUMBER}\s*(?:{alternatives(words_of(language, 'seconds'))})(?!\w)", prompt.plain)
    return float(match[1].replace(",", ".")) if match else None


def without_amounts(text: str, language: str) -> str:
    """``text`` without seconds and per cents, which beside a comparative are how much, not what."""
    digits = with_digits(read_prompt(text).raw, language)
    units = alternatives(words_of(language, "seconds"))
    return re.sub(rf"{_NUMBER}\s*(?:{_PER_CENT}|(?:{units})(?!\w))", " ", digits, flags=re.IGNORECASE)


def decibels(prompt: Prompt) -> float | None:
    """An amount in dB: "3 dB louder", "by 1.5 decibels". None where there is none."""
    match = re.search(rf"{_NUMBER}\s*(?:db|decib[eé]l\w*|d[eé]cibel\w*|dezibel)(?!\w)", prompt.plain)
    return float(match[1].replace(",", ".")) if match else None


def fader_words(prompt: Prompt, language: str) -> frozenset[str]:
    """Which of ``FADER_WORDS`` are said."""
    return frozenset(name for name in FADER_WORDS if find_phrases(prompt, _phrases(language, name)))


def asset_words(prompt: Prompt, language: str, asset: str) -> bool:
    """Whether an asset that can be drawn anew is named."""
    return bool(find_phrases(prompt, _phrases(language, asset, "assets")))


def sections_in(prompt: Prompt, language: str) -> tuple[str, ...]:
    """Sections that are named: "verse 2", or "verse" for every one of them."""
    kinds = {phrase: str(kind) for phrase, kind in table_of(language, "sections").items()}
    found = []
    for _, end, phrase in find_phrases(prompt, frozenset(kinds)):
        number = re.match(r"\s*(\d{1,2})(?!\d|\s*(?:db|dec))", prompt.plain[end:])
        found.append(f"{kinds[phrase]} {number[1]}" if number else kinds[phrase])
    return tuple(dict.fromkeys(found))


def semitones(prompt: Prompt, language: str) -> int | None:
    """An interval named: "two semitones", "a whole tone" (2), "3 half steps". None where there is none."""
    for name, size in (("semitone", 1), ("tone", 2)):
        found = find_phrases(prompt, _phrases(language, name))
        if found:
            count = re.search(r"(\d{1,2})\s*$", prompt.plain[: found[0][0]])
            return size * (int(count[1]) if count else 1)
    return None


def loudness_lufs(prompt: Prompt) -> float | None:
    """A loudness in LUFS: "-9 LUFS", "at minus 11 lufs". A number without a sign is taken as under full scale."""
    match = re.search(rf"(?:^|[^\d.]){_NUMBER}\s*(?:lufs|lkfs|lu\b)", prompt.plain)
    return -float(match[1].replace(",", ".")) if match else None


def anew(prompt: Prompt, language: str) -> tuple[str, ...]:
    """Assets and sections that are to be drawn again, and assets in sections: "another melody", "another verse 2", "new
    lyrics in verse 2", which is "lyrics/verse 2". "A different second verse" is not read.
    """
    starts = find_phrases(prompt, _phrases(language, "anew"))
    if not starts:
        return ()
    assets = [name for name in _table(language)["assets"] if find_phrases(prompt, _phrases(language, name, "assets"))]
    kinds = {phrase: str(kind) for phrase, kind in table_of(language, "sections").items()}
    sections = []
    for _, end, phrase in find_phrases(prompt, frozenset(kinds)):
        number = re.match(r"\s*(\d{1,2})", prompt.plain[end:])
        sections.append(f"{kinds[phrase].replace('_', ' ')} {number[1] if number else 1}")
    if assets and sections and len(starts) == 1:
        return tuple(f"{asset}/{section}" for asset in assets for section in sections)
    return (*assets, *sections)


def instead(prompt: Prompt, language: str) -> bool:
    """Whether one thing is to take the place of another: "a violin instead of the trumpet"."""
    return bool(find_phrases(prompt, _phrases(language, "with_instead")))


def _is_inside(one: tuple[int, Any, int], other: tuple[int, Any, int]) -> bool:
    """Whether a phrase is only a part of a longer one: "happier" does not stand in "less happy"."""
    is_longer = other[2] - other[0] > one[2] - one[0]
    return is_longer and other[0] <= one[0] and one[2] <= other[2]


def _degree(prompt: Prompt, start: int, language: str) -> float:
    """What stands right before: "a bit" halves, "much" doubles."""
    before = read_prompt(prompt.plain[:start]) if prompt.plain[:start].strip() else None
    if before is None:
        return PLAINLY
    if _ends_on(before, words_of(language, "slightly")):
        return SLIGHTLY
    return MUCH if _ends_on(before, (*words_of(language, "very"), *_phrases(language, "much"))) else PLAINLY


def _ends_on(prompt: Prompt, phrases: Iterable[str]) -> bool:
    """Whether one of the phrases is the last that is said."""
    found = find_phrases(prompt, frozenset(phrases))
    return bool(found) and not split_words(prompt.plain[found[-1][1] :])


def _table(language: str) -> Mapping[str, Any]:
    tables = tables_of(_FILE)
    found: Mapping[str, Any] = tables[language if language in tables else "en"]
    return found


@lru_cache(maxsize=256)
def _phrases(language: str, name: str, group: str = "") -> frozenset[str]:
    """Phrases of one name in a language and in English, whose words of music everybody uses."""
    return _own_phrases(language, name, group) | _own_phrases("en", name, group)


@lru_cache(maxsize=512)
def _own_phrases(language: str, name: str, group: str) -> frozenset[str]:
    table = _table(language)
    listed = (table.get(group, {}) if group else table).get(name, [])
    return frozenset(phrase_key(phrase) for phrase in expanded(listed))
