"""Musical words in a prompt: instruments, roles, sections, vocals, moods, tempo words, and which are negated.

Belongs here: finding terms and the reach of a negation. Does not belong here: genres (genres.py), numbers
(quantities.py, meters.py), what follows from a term.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from musicgen_assets.ideation.wording.lexicon import instrument_words, lexicons
from musicgen_assets.ideation.wording.text import Prompt, Word, phrase_key

_FILLERS_MAX = 3
_TABLES = {
    "moods": "mood", "tempo_words": "tempo", "sections": "section", "roles": "role", "unwanted": "unwanted",
}  # fmt: skip
_LISTS = {"vocals": "vocals", "instrumental": "instrumental"}
_NEGATABLE = frozenset({"instrument", "role", "section", "vocals", "mood", "genre", "tempo", "instrumental"})


@dataclass(frozen=True)
class Term:
    """A phrase with a meaning. ``kind``: instrument role unwanted section vocals instrumental mood tempo genre."""

    kind: str
    value: Any
    text: str
    start: int
    end: int
    is_negated: bool = False


@lru_cache(maxsize=8)
def vocabulary(language: str) -> Mapping[str, tuple[tuple[str, Any], ...]]:
    """Phrase to its (kind, value) meanings; the prompt's language before English, which only adds phrases."""
    found: dict[str, tuple[tuple[str, Any], ...]] = {}
    for source in lexicons(language):
        own: dict[str, tuple[tuple[str, Any], ...]] = {}
        for phrase, sound in instrument_words(source.language).items():
            own[phrase] = (("instrument", sound),)
        for section, kind in _TABLES.items():
            for phrase, value in source.table(section).items():
                own[phrase] = (*own.get(phrase, ()), (kind, value))
        for section, kind in _LISTS.items():
            for phrase in source.words(section):
                own[phrase] = (*own.get(phrase, ()), (kind, True))
        found = {**own, **found}
    return found


def find_terms(prompt: Prompt, language: str, genres: Sequence[Term] = ()) -> tuple[Term, ...]:
    """Terms in order of place, genres merged in, negated ones marked."""
    known = vocabulary(language)
    found: list[Term] = []
    index = 0
    while index < len(prompt.words):
        length = _longest(prompt, index, known)
        if not length:
            index += 1
            continue
        first, last = prompt.words[index], prompt.words[index + length - 1]
        phrase = " ".join(word.text for word in prompt.words[index : index + length])
        found.extend(Term(kind, value, phrase, first.start, last.end) for kind, value in known[phrase])
        index += length
    merged = sorted([*found, *genres], key=lambda term: (term.start, term.end))
    return _with_negations(prompt, language, merged)


def _longest(prompt: Prompt, index: int, known: Collection[str]) -> int:
    phrases = prompt.phrases[index]
    for length in range(len(phrases), 0, -1):
        if phrases[length - 1] in known and prompt.is_phrase(index, index + length - 1):
            return length
    return 0


def find_phrases(prompt: Prompt, phrases: Collection[str]) -> list[tuple[int, int, str]]:
    """(start, end, phrase) of every occurrence of the phrases, in order of place, the longest at each place."""
    if prompt.every_phrase.isdisjoint(phrases.keys() if isinstance(phrases, Mapping) else phrases):
        return []  # most prompts hold none of what is looked for
    known = phrases if isinstance(phrases, (Mapping, frozenset)) else dict.fromkeys(phrases)
    found = []
    index = 0
    while index < len(prompt.words):
        length = _longest(prompt, index, known)
        if length:
            words = prompt.words[index : index + length]
            found.append((words[0].start, words[-1].end, " ".join(word.text for word in words)))
        index += length or 1
    return found


@lru_cache(maxsize=512)
def words_of(language: str, section: str) -> tuple[str, ...]:
    """A list section in the prompt's language and in English."""
    return tuple(dict.fromkeys(word for source in lexicons(language) for word in source.words(section)))


@lru_cache(maxsize=256)
def table_of(language: str, section: str) -> Mapping[str, Any]:
    """A mapping section in English with the prompt's language laid over it."""
    found: dict[str, Any] = {}
    for source in reversed(lexicons(language)):
        found.update(source.table(section))
    return found


def negation_words(language: str) -> tuple[str, ...]:
    """Negations of the prompt's language; English ones too, but not words that mean something else there."""
    own, *others = lexicons(language)
    foreign = set(own.words("not_negations"))
    return tuple(
        dict.fromkeys((*own.words("negations"), *(w for o in others for w in o.words("negations") if w not in foreign)))
    )


def _with_negations(prompt: Prompt, language: str, terms: Sequence[Term]) -> tuple[Term, ...]:
    negations = find_phrases(prompt, negation_words(language))
    marked: set[int] = set()
    for _, end, _ in negations:
        marked |= _reach(prompt, language, terms, end)
    return tuple(
        replace(term, is_negated=True) if i in marked and term.kind in _NEGATABLE else term
        for i, term in enumerate(terms)
    )


def _reach(prompt: Prompt, language: str, terms: Sequence[Term], end: int) -> set[int]:
    """Indices of the terms a negation ending at ``end`` covers: the next one, and the list it begins."""
    fillers = set(words_of(language, "fillers"))
    joins = set(words_of(language, "and_words"))
    or_words = set(words_of(language, "or_words"))
    chain: list[tuple[set[int], str]] = []
    place = end
    while True:
        group = _next_group(terms, place)
        if not group:
            break
        between = prompt.plain[place : terms[min(group)].start]
        link = _link(between, fillers, joins, or_words, is_first=not chain)
        if link is None:
            break
        chain.append((group, link))
        place = max(terms[i].end for i in group)
    return _covered(chain)


def _covered(chain: Sequence[tuple[set[int], str]]) -> set[int]:
    """The first item; then items joined by "and"/"or"; those after a comma only when an "or" closes the list."""
    if not chain:
        return set()
    last_or = max((i for i, (_, link) in enumerate(chain) if link == "or"), default=0)
    covered = set(chain[0][0])
    for i, (group, link) in enumerate(chain[1:], 1):
        if i > last_or and link != "and":
            break
        covered |= group
    return covered


def _next_group(terms: Sequence[Term], place: int) -> set[int]:
    """Indices of the negatable terms that begin first after ``place`` (a phrase may have several meanings)."""
    later = [i for i, term in enumerate(terms) if term.start >= place and term.kind in _NEGATABLE]
    if not later:
        return set()
    first = terms[later[0]]
    return {i for i in later if terms[i].start < first.end}


def _link(between: str, fillers: set[str], joins: set[str], or_words: set[str], *, is_first: bool) -> str | None:
    """How an item hangs on the one before: "first", "and", "or", "comma"; None if it does not."""
    words = re.findall(r"[\w'&]+", between)
    punctuation = set(re.findall(r"[^\w\s'&]", between))
    if is_first:
        return "first" if not punctuation and len(words) <= _FILLERS_MAX and set(words) <= fillers else None
    if punctuation - {",", "/"}:
        return None
    rest = [word for word in words if word not in joins | or_words]
    if len(words) > _FILLERS_MAX or rest:
        return None
    if any(word in or_words for word in words) or "/" in punctuation:
        return "or"
    if any(word in joins for word in words):
        return "and"
    return "comma" if punctuation else None


def word_before(prompt: Prompt, place: int) -> Word | None:
    """The word that ends last at or before ``place``."""
    before = [word for word in prompt.words if word.end <= place]
    return before[-1] if before else None


def word_after(prompt: Prompt, place: int) -> Word | None:
    """The first word that starts at or after ``place``."""
    return next((word for word in prompt.words if word.start >= place), None)


def alternatives(phrases: Sequence[str]) -> str:
    """A regular expression for any of the phrases in folded text, longest first."""
    return _alternatives(tuple(phrases))


@lru_cache(maxsize=512)
def _alternatives(phrases: tuple[str, ...]) -> str:
    keys = sorted({phrase_key(phrase) or phrase for phrase in phrases}, key=lambda key: (-len(key), key))
    return "|".join(re.escape(key).replace(r"\ ", r"[\s.]+") for key in keys) or r"(?!)"
