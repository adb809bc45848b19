"""Genres in a prompt: style names and aliases, typos, and the shares of a mixture.

Belongs here: finding styles by the names their files give. Does not belong here: choosing one when none is
named (proposal.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from musicgen_assets.ideation.wording.lexicon import LANGUAGES, common, lexicon
from musicgen_assets.ideation.wording.terms import (
    Term,
    alternatives,
    find_phrases,
    table_of,
    vocabulary,
    words_of,
)
from musicgen_assets.ideation.wording.text import Prompt, phrase_key
from musicgen_assets.styles.loader import Snapshot, aliases_of, style_snapshot

GENRES_MAX = 6
WITH_WEIGHT, HINT_WEIGHT, COLOUR_WEIGHT = 0.55, 0.35, 0.45
"""Shares relative to the first genre: "house with jazz", "house with a touch of jazz", "jazzy house"."""
TYPO_MIN_LETTERS, TYPO_LONG_LETTERS = 4, 7
_VOWELS = frozenset("aeiou")
_PERCENT = r"(\d{1,3}(?:[.,]\d+)?)\s*(?:%|percent|per cent|por ciento|por cento|pour cent|prozent)"
_PERCENT_BEFORE = re.compile(_PERCENT + r"[\s,:(]*(?:of|de|d'|von)?\s*$")
_PERCENT_AFTER = re.compile(r"^\s*[(:=]?\s*" + _PERCENT)


@dataclass(frozen=True)
class GenreMatch:
    """What was found. ``typos``: word to the alias it was taken for."""

    terms: tuple[Term, ...]
    typos: Mapping[str, str]


def alias_keys(language: str) -> Mapping[str, str]:
    """Phrase key of every style name, alias and related genre to the style's name, compounds ("Popsong") too."""
    return _alias_keys(language, style_snapshot())


def is_related(phrase: str) -> bool:
    """True if ``phrase`` names a genre that has no style of its own, so that a neighbour plays it."""
    return (phrase in _keys_of("related_genres") or phrase in _keys_of("weak_genres")) and phrase not in _own_keys()


def _own_keys() -> frozenset[str]:
    return _keys_among(style_snapshot())


@lru_cache(maxsize=4)
def _keys_among(styles: Snapshot) -> frozenset[str]:
    return frozenset(phrase_key(alias) for alias in aliases_of(styles))


@lru_cache(maxsize=16)
def _alias_keys(language: str, styles: Snapshot) -> Mapping[str, str]:
    own = {key: name for alias, name in sorted(aliases_of(styles).items()) if (key := phrase_key(alias))}
    names = set(own.values())
    related = {
        phrase: near[0]
        for phrase, candidates in {**_keys_of("weak_genres"), **_keys_of("related_genres")}.items()
        if (near := [name for name in candidates if name in names])
    }
    known = {**related, **own}
    tails = lexicon(language).words("compound_tails")
    return {**{key + tail: name for key, name in known.items() for tail in tails if " " not in key}, **known}


@lru_cache(maxsize=2)
def _keys_of(section: str) -> Mapping[str, tuple[str, ...]]:
    return {phrase_key(phrase): tuple(names) for phrase, names in common()[section].items()}


def find_genres(prompt: Prompt, language: str) -> GenreMatch:
    """Genre terms in order of place; typos are tried only if nothing is named as it should be."""
    known = alias_keys(language)
    blanked = prompt.without(span[:2] for span in find_phrases(prompt, words_of(language, "genre_traps")))
    instruments = _instrument_phrases(blanked, language, known)
    found = _exact(blanked.without(instruments), known) or _exact(blanked, known)
    weak = _keys_of("weak_genres")
    proper = tuple(term for term in found if term.text not in weak or term.text in _own_keys())
    if proper:
        return GenreMatch(proper, {})
    typos = _typos(blanked, language, known)
    return typos if typos.terms else GenreMatch(found[:1], {})


def weigh(prompt: Prompt, language: str, terms: Sequence[Term]) -> list[dict[str, Any]]:
    """Wanted genres with shares that sum to 1, in order of place. Empty if there are none."""
    wanted = [term for term in terms if term.kind == "genre" and not term.is_negated]
    percents = [_percent(prompt, wanted, i) for i in range(len(wanted))]
    if all(percent is None for percent in percents) and len(wanted) > 1:
        percents = [_in_words(prompt, language, wanted, i) for i in range(len(wanted))]
    if any(percent is not None for percent in percents):
        shares = _by_percent(percents)
    else:
        shares = [_relative(prompt, language, wanted, i) for i in range(len(wanted))]
    joined: dict[str, float] = {}
    for term, share in zip(wanted, shares, strict=True):
        if share > 0 and (any(p is not None for p in percents) or term.value not in joined):
            joined[term.value] = joined.get(term.value, 0.0) + share
    kept = list(joined.items())[:GENRES_MAX]
    total = sum(share for _, share in kept)
    return [{"name": name, "weight": round(share / total, 4)} for name, share in kept]


def _instrument_phrases(prompt: Prompt, language: str, known: Mapping[str, str]) -> list[tuple[int, int]]:
    """Spans of instruments of several words ("acoustic guitar"), which name no genre by their first word."""
    found = find_phrases(prompt, _long_instrument_names(language))
    return [(start, end) for start, end, phrase in found if phrase not in known]


@lru_cache(maxsize=8)
def _long_instrument_names(language: str) -> frozenset[str]:
    return frozenset(
        phrase
        for phrase, meanings in vocabulary(language).items()
        if " " in phrase and any(kind == "instrument" for kind, _ in meanings)
    )


def _exact(prompt: Prompt, known: Mapping[str, str]) -> tuple[Term, ...]:
    return tuple(Term("genre", known[phrase], phrase, start, end) for start, end, phrase in find_phrases(prompt, known))


def _typos(prompt: Prompt, language: str, known: Mapping[str, str]) -> GenreMatch:
    """Words a slip away from an alias and no word of any lexicon."""
    ordinary = _ordinary_words(language)
    single = _single_names(tuple(known))
    terms: list[Term] = []
    typos: dict[str, str] = {}
    for word in prompt.words:
        if len(word.text) < TYPO_MIN_LETTERS - 1 or word.text in ordinary:
            continue
        near = _nearest(word.text, single)
        if near is not None:
            terms.append(Term("genre", known[near], near, word.start, word.end))
            typos[word.text] = near
    return GenreMatch(tuple(terms), typos)


@lru_cache(maxsize=16)
def _single_names(known: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(key for key in known if " " not in key and len(key) >= TYPO_MIN_LETTERS))


@lru_cache(maxsize=8)
def _ordinary_words(language: str) -> frozenset[str]:
    found: set[str] = set()
    for name in LANGUAGES:
        for phrases in lexicon(name).lists.values():
            found.update(word for phrase in phrases for word in phrase.split())
    for phrase in vocabulary(language):
        found.update(phrase.split())
    return frozenset(found)


def _nearest(word: str, aliases: Iterable[str]) -> str | None:
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    allowed = 2 if len(word) >= TYPO_LONG_LETTERS else 1
    near = process.extract(word, list(aliases), scorer=OSA.distance, score_cutoff=allowed, limit=4)
    for alias, distance, _ in near:
        if alias[0] == word[0] and (distance > 1 or _is_slip(word, alias)):
            return str(alias)
    return None


def _is_slip(word: str, alias: str) -> bool:
    """A letter left out, doubled or swapped; another letter only in long words or vowel for vowel."""
    if len(word) != len(alias) or sorted(word) == sorted(alias) or len(word) >= TYPO_LONG_LETTERS - 1:
        return True
    pair = next((a, b) for a, b in zip(word, alias, strict=True) if a != b)
    return len(word) > TYPO_MIN_LETTERS and set(pair) <= _VOWELS


def _percent(prompt: Prompt, wanted: Sequence[Term], index: int) -> float | None:
    left = wanted[index - 1].end if index else 0
    right = wanted[index + 1].start if index + 1 < len(wanted) else len(prompt.plain)
    term = wanted[index]
    match = _PERCENT_BEFORE.search(prompt.plain[left : term.start]) or _PERCENT_AFTER.search(
        prompt.plain[term.end : right]
    )
    return float(match.group(1).replace(",", ".")) if match else None


def _in_words(prompt: Prompt, language: str, wanted: Sequence[Term], index: int) -> float | None:
    """ "three quarters jazz", "mitad funk", "mostly house": the share said right before a genre."""
    span = _share_before(prompt, language, wanted[index], wanted[index - 1].end if index else 0)
    table = table_of(language, "share_phrases")
    return float(table[" ".join(prompt.plain[span[0] : span[1]].split())]) if span else None


def _share_before(prompt: Prompt, language: str, term: Term, left: int) -> tuple[int, int] | None:
    phrases = alternatives(tuple(table_of(language, "share_phrases")))
    match = re.search(rf"(?<!\w)({phrases})(?:\s+(?:of|de|d'|von|the|a))?\s*$", prompt.plain[left : term.start])
    return (left + match.start(1), left + match.end(1)) if match else None


def share_spans(prompt: Prompt, language: str, genres: Sequence[Term]) -> list[tuple[int, int]]:
    """Where shares in words stand before genres: "three quarters" is no meter there. None unless genres are mixed."""
    if len(genres) < 2:  # a mixture
        return []
    spans = (_share_before(prompt, language, term, genres[i - 1].end if i else 0) for i, term in enumerate(genres))
    return [span for span in spans if span]


def _by_percent(percents: Sequence[float | None]) -> list[float]:
    """Named shares; the rest is divided among the genres that have none."""
    named = sum(percent for percent in percents if percent is not None)
    silent = sum(percent is None for percent in percents)
    rest = max(100.0 - named, 0.0) / silent if silent else 0.0
    return [rest if percent is None else percent for percent in percents]


def _relative(prompt: Prompt, language: str, wanted: Sequence[Term], index: int) -> float:
    term = wanted[index]
    if (
        index + 1 < len(wanted)
        and term.text.endswith("y")
        and not prompt.plain[term.end : wanted[index + 1].start].strip()
    ):
        return COLOUR_WEIGHT
    if index == 0:
        return 1.0
    between = set(phrase_key(prompt.plain[wanted[index - 1].end : term.start]).split())
    after = set(phrase_key(prompt.plain[term.end : term.end + 14]).split()[:1])
    if (between | after) & set(words_of(language, "hint_words")):
        return HINT_WEIGHT
    return WITH_WEIGHT if between & set(words_of(language, "with_words")) else 1.0
