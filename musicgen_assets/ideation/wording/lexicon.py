"""The words of one language, and the instruments in all of them, read from data/.

Belongs here: reading and indexing lexicon files. Does not belong here: looking them up in a prompt (terms).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from musicgen_assets.context.schema import Role
from musicgen_assets.ideation.wording.text import phrase_key

DATA = Path(__file__).parent / "data"
LANGUAGES = ("en", "es", "fr", "de", "pt")
_PLURALS = ("s", "es", "n", "en", "e")


@dataclass(frozen=True)
class Sound:
    """An instrument one can name. ``roles`` in order of preference; ``family`` groups what counts as the same."""

    name: str
    program: int
    roles: tuple[Role, ...]
    family: str
    words: Mapping[str, tuple[str, ...]] = field(hash=False)
    is_generic: bool = False
    """True where any member of the family will do: "guitar"."""


@dataclass(frozen=True)
class Lexicon:
    """Sections of a language's file by name: lists of phrases, or phrases with a value, all as phrase keys."""

    language: str
    lists: Mapping[str, tuple[str, ...]]
    tables: Mapping[str, Mapping[str, Any]]

    def words(self, section: str) -> tuple[str, ...]:
        """Phrases of a list section; empty if the language has none."""
        return self.lists.get(section, ())

    def table(self, section: str) -> Mapping[str, Any]:
        """Phrase to value of a mapping section; empty if the language has none."""
        return self.tables.get(section, {})


@lru_cache(maxsize=8)
def lexicon(language: str) -> Lexicon:
    """The lexicon of one of LANGUAGES."""
    data = _read(f"lexicon_{language}.yaml")
    lists = {name: tuple(_keys(value)) for name, value in data.items() if isinstance(value, list)}
    tables = {
        name: {key: meaning for phrase, meaning in value.items() for key in _keys([phrase])}
        for name, value in data.items()
        if isinstance(value, dict)
    }
    return Lexicon(language, lists, tables)


def lexicon_texts(language: str, section: str) -> tuple[str, ...]:
    """A list section as written, for showing rather than comparing."""
    return tuple(str(text) for text in _read(f"lexicon_{language}.yaml")[section])


def lexicons(language: str) -> tuple[Lexicon, ...]:
    """The prompt's language first, then English, whose music words everybody uses."""
    return (lexicon(language),) if language == "en" else (lexicon(language), lexicon("en"))


@lru_cache(maxsize=1)
def sounds() -> tuple[Sound, ...]:
    """Every instrument of data/instruments.yaml, in its order."""
    found = []
    for entry in _read("instruments.yaml")["instruments"]:
        words = {
            language: tuple(_keys([*entry["words"].get("all", []), *entry["words"].get(language, [])]))
            for language in LANGUAGES
        }
        found.append(
            Sound(
                entry["name"], int(entry["program"]), tuple(entry["roles"]), entry["family"], words,
                is_generic=bool(entry.get("is_generic", False)),
            )
        )  # fmt: skip
    return tuple(found)


@lru_cache(maxsize=1)
def sounds_by_name() -> Mapping[str, Sound]:
    """Sounds by their name."""
    return {sound.name: sound for sound in sounds()}


@lru_cache(maxsize=1)
def common() -> Mapping[str, Any]:
    """What is the same in every language: Italian tempo marks, substitutes, tonics."""
    return _read("common.yaml")


def tables_of(name: str) -> Mapping[str, Any]:
    """A file of data/ that is the same in every language, by its name."""
    return _read(name)


@lru_cache(maxsize=8)
def instrument_words(language: str) -> Mapping[str, Sound]:
    """Phrase to instrument in a language, plurals included."""
    exact = {word: sound for sound in sounds() for word in sound.words[language]}
    plural = {word + ending: sound for word, sound in exact.items() for ending in _PLURALS}
    tails = lexicon(language).words("compound_tails")
    compounds = {word + tail: sound for word, sound in {**plural, **exact}.items() for tail in tails}
    return {**compounds, **plural, **exact}


def expanded(phrases: list[Any]) -> tuple[str, ...]:
    """Phrase keys of phrases with endings, as the lexicons write them."""
    return tuple(_keys(phrases))


def _keys(phrases: list[Any]) -> Iterator[str]:
    """Phrase keys; "trist|e|es" stands for the stem with each ending, "stem||e" also for the stem alone."""
    for phrase in phrases:
        words = str(phrase).split(" ")
        inflected = next((word for word in words if "|" in word), None)
        stem, *endings = inflected.split("|") if inflected is not None else ("", "")
        for ending in dict.fromkeys(endings):
            text = " ".join(stem + ending if word == inflected else word for word in words)
            yield phrase_key(text) or text


@lru_cache(maxsize=16)
def _read(name: str) -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    data: dict[str, Any] = yaml.load((DATA / name).read_text(encoding="utf-8"), Loader=loader)  # noqa: S506  # both are safe loaders
    return data
