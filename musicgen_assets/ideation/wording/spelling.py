"""Slips of the pen in musical words, mended before the prompt is read: "paino", "saxaphone", "ninty seconds".

Belongs here: finding the word that was meant, in the prompt's language. Does not belong here: genres, which are
tried last and more freely (genres), what a word means (terms).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from musicgen_assets.ideation.wording.genres import alias_keys
from musicgen_assets.ideation.wording.lexicon import LANGUAGES, lexicon, lexicons
from musicgen_assets.ideation.wording.terms import vocabulary
from musicgen_assets.ideation.wording.text import Prompt, Word, read_prompt

SHORTEST_LETTERS, LONG_LETTERS = 5, 8
"""Shorter words are left alone; longer ones may hold two slips."""
ORDINARY_ZIPF = 2.0
"""From this frequency on (a word in ten million, van Heuven 2014) a word is one of the language, not a slip."""
_LISTS = ("negations", "vocals", "instrumental", "minutes", "seconds", "bpm_units", "number_words", "about_words")
_TABLES = ("moods", "tempo_words", "sections", "scales", "roles", "languages", "implied_meters")
_HARD_WORDS = 40
"""Unknown words compared at most: a page of nonsense is not worth more."""


@dataclass(frozen=True)
class Corrected:
    """The prompt with its slips mended, and what was taken for what, in order of place."""

    prompt: Prompt
    slips: tuple[tuple[str, str], ...] = ()


def corrected(prompt: Prompt, language: str, spared: Sequence[tuple[int, int]] = ()) -> Corrected:
    """``prompt`` with misspelt musical words mended; what lies in ``spared`` spans stays as it is written."""
    known, targets = _known_words(language), _targets(language)
    raw, looked_up = prompt.raw, 0
    slips: list[tuple[str, str]] = []
    for word in reversed(prompt.words):
        if len(word.text) < SHORTEST_LETTERS or word.text in known or not word.text.isalpha():
            continue
        if any(start <= word.start < end for start, end in spared) or _is_name(prompt, word, language):
            continue
        if looked_up >= _HARD_WORDS:
            break
        looked_up += 1
        meant = _nearest(word.text, targets)
        if meant is None or _is_ordinary(prompt.raw[word.start : word.end].lower(), language):
            continue
        raw = raw[: word.start] + targets[meant] + raw[word.end :]
        slips.append((word.text, targets[meant]))
    return Corrected(read_prompt(raw) if slips else prompt, tuple(reversed(slips)))


def _is_name(prompt: Prompt, word: Word, language: str) -> bool:
    """A capital in the middle of a sentence is a name, except in German and in shouting."""
    if language == "de" or prompt.raw.isupper() or not prompt.raw[word.start].isupper():
        return False
    return prompt.raw[: word.start].rstrip()[-1:] not in ("", ".", "!", "?", ":", "\n", ";")


@lru_cache(maxsize=8)
def _targets(language: str) -> Mapping[str, str]:
    """Single musical words, folded, to how they are spelt."""
    found: dict[str, str] = {}
    for source in lexicons(language):
        phrases = [phrase for name in _LISTS for phrase in source.words(name)]
        phrases += [phrase for name in _TABLES for phrase in source.table(name)]
        for phrase in phrases:
            for word in phrase.split():
                if len(word) >= SHORTEST_LETTERS:
                    found.setdefault(word, word)
    for phrase, meanings in vocabulary(language).items():
        if any(kind == "instrument" for kind, _ in meanings):
            for word in phrase.split():
                if len(word) >= SHORTEST_LETTERS:
                    found.setdefault(word, word)
    return found


@lru_cache(maxsize=8)
def _known_words(language: str) -> frozenset[str]:
    """Every word of any lexicon, instrument or genre: never a slip."""
    found: set[str] = set(_targets(language))
    for name in LANGUAGES:
        source = lexicon(name)
        for phrases in (*source.lists.values(), *source.tables.values(), vocabulary(name), alias_keys(name)):
            found.update(word for phrase in phrases for word in str(phrase).split())
    return frozenset(found)


def _nearest(word: str, targets: Mapping[str, str]) -> str | None:
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    allowed = 2 if len(word) >= LONG_LETTERS else 1
    near = process.extract(word, list(targets), scorer=OSA.distance, score_cutoff=allowed, limit=3)
    for target, _, _ in near:
        if target[0] == word[0] and not _is_other_form(word, target):
            return str(target)
    return None


def _is_other_form(word: str, target: str) -> bool:
    """A plural or an ending more or less is another word ("violins", "sadly"), not a slip."""
    return word.startswith(target) or target.startswith(word)


def _is_ordinary(word: str, language: str) -> bool:
    from wordfreq import zipf_frequency

    return any(
        zipf_frequency(word, name, wordlist="small") >= ORDINARY_ZIPF for name in dict.fromkeys((language, "en"))
    )
