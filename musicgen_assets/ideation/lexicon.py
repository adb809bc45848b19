"""The word lists of ideation/data as one index per language.

Belongs here: reading the YAML files and laying a language over English. Does not belong here: what to do
with a word once found (the readers beside this module).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from musicgen_assets.context.schema import Language, Role
from musicgen_assets.ideation.reading.text import PhraseIndex, phrase_key
from musicgen_assets.styles.loader import style_aliases

LANGUAGES: tuple[Language, ...] = get_args(Language)
DATA_FOLDER = Path(__file__).parent / "data"

Category = Literal[
    "negation", "joiner", "only", "about", "about_cut", "sung_noun", "titled", "vocals_on", "vocals_off", "voice",
    "lyric_language", "light", "mostly", "equal", "mood", "tempo", "meter", "meter_hint", "scale_alone", "section",
    "instrument", "genre", "related", "accent", "hint", "explicit",
]  # fmt: skip

_GRAMMAR: Mapping[str, Category] = {
    "negation": "negation", "joiners": "joiner", "only": "only", "about": "about", "about_cuts": "about_cut",
    "titled": "titled", "light": "light", "mostly": "mostly", "equal": "equal",
}  # fmt: skip
"""Lists of function words: a language's own only, never English ones in a Portuguese prompt ("no")."""

_LISTS: Mapping[str, Category] = {
    "sung_nouns": "sung_noun", "vocals_on": "vocals_on", "vocals_off": "vocals_off", "explicit_words": "explicit",
}  # fmt: skip
_TABLES: Mapping[str, Category] = {
    "lyric_languages": "lyric_language", "meters": "meter", "meter_hints": "meter_hint",
    "scales_alone": "scale_alone", "sections": "section", "instruments": "instrument", "genres": "genre",
    "hints": "hint",
}  # fmt: skip
"""Tables of meaning -> phrases."""

_ENDINGS: Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "en": (("", ("s",)),),
    "es": (("o", ("a", "os", "as")), ("", ("s", "es"))),
    "pt": (("o", ("a", "os", "as")), ("", ("s",))),
    "fr": (("", ("e", "s", "es")),),
    "de": (("el", ("le", "les", "ler", "len", "lem")), ("", ("e", "er", "es", "en", "em"))),
}
"""How mood adjectives inflect: (ending that is replaced, endings put in its place)."""


@dataclass(frozen=True)
class Sense:
    """One meaning of a phrase. ``value`` is a style, an instrument id, a section kind ... by category."""

    category: Category
    value: Any = None


@dataclass(frozen=True)
class InstrumentFact:
    """An instrument that can be asked for. ``program`` General MIDI 0-127; ``roles`` best first."""

    id: str
    name: str
    program: int
    family: str
    roles: tuple[Role, ...]


@lru_cache(maxsize=16)
def read_data(name: str) -> dict[str, Any]:
    """A file of ideation/data; every scalar is text, so that "no" stays a word."""
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    text = (DATA_FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.load(text, Loader=loader)  # noqa: S506  # makes strings, lists and mappings only
    return found


@lru_cache(maxsize=1)
def instrument_facts() -> dict[str, InstrumentFact]:
    """Every instrument that can be asked for, by id."""
    return {
        name: InstrumentFact(name, fact["name"], int(fact["program"]), fact["family"], tuple(fact["roles"]))
        for name, fact in read_data("instruments").items()
    }


@lru_cache(maxsize=1)
def drum_lenders() -> dict[str, str]:
    """Style without drums -> the style that lends it some."""
    return dict(read_data("genres")["drums_from"])


@lru_cache(maxsize=8)
def words_of(language: Language, section: str) -> frozenset[str]:
    """Folded first words of one list of a language's file."""
    return frozenset(phrase_key(phrase)[0] for phrase in read_data(language)[section])


@lru_cache(maxsize=8)
def index_of(language: Language) -> PhraseIndex[Sense]:
    """All phrases of a language; English music words and genre names are understood in every language."""
    senses: dict[tuple[str, ...], list[Sense]] = {}
    _add(senses, _own(language))
    if language != "en":
        known = set(senses)
        english = ((phrase, sense) for phrase, sense in _vocabulary("en") if phrase_key(phrase) not in known)
        _add(senses, english)
    _add(senses, _genre_names())
    return PhraseIndex(senses)


def _add(senses: dict[tuple[str, ...], list[Sense]], phrases: Iterable[tuple[str, Sense]]) -> None:
    for phrase, sense in phrases:
        entry = senses.setdefault(phrase_key(phrase), [])
        if sense not in entry:
            entry.append(sense)


def _own(language: Language) -> Iterator[tuple[str, Sense]]:
    data = read_data(language)
    for section, category in _GRAMMAR.items():
        for phrase in data.get(section, ()):
            yield phrase, Sense(category)
    yield from _vocabulary(language)


def _vocabulary(language: Language) -> Iterator[tuple[str, Sense]]:
    data = read_data(language)
    for section, category in _LISTS.items():
        for phrase in data.get(section, ()):
            yield phrase, Sense(category)
    for voice in ("low", "middle", "high"):
        for phrase in data.get(f"voice_{voice}", ()):
            yield phrase, Sense("voice", voice)
    for section, category in _TABLES.items():
        for value, phrases in data.get(section, {}).items():
            for phrase in phrases:
                yield phrase, Sense(category, value)
    for phrase, position in data["tempo"].items():
        yield phrase, Sense("tempo", float(position))
    yield from _moods(language)


def _moods(language: Language) -> Iterator[tuple[str, Sense]]:
    """Mood words with their inflections; a form that is listed itself keeps its own values."""
    listed = read_data(language)["moods"]
    for phrase, point in listed.items():
        sense = Sense("mood", (float(point[0]), float(point[1])))
        yield phrase, sense
        for form in _inflected(phrase, language):
            if form not in listed:
                yield form, sense


def _inflected(word: str, language: Language) -> Iterator[str]:
    for ending, forms in _ENDINGS[language]:
        if word.endswith(ending):
            stem = word[: len(word) - len(ending)]
            yield from (stem + form for form in forms)


def _genre_names() -> Iterator[tuple[str, Sense]]:
    data = read_data("genres")
    for phrase, style in data["accents"].items():
        yield phrase, Sense("accent", style)
    accents = {phrase_key(phrase) for phrase in data["accents"]}
    for phrase, style in style_aliases().items():
        if phrase_key(phrase) not in accents:
            yield phrase, Sense("genre", style)
    for phrase, shares in data["related"].items():
        yield phrase, Sense("related", (phrase, tuple((style, float(share)) for style, share in shares.items())))


def language_words(language: Language) -> dict[tuple[str, ...], Sense]:
    """The content words of one language: what tells it from the others beside its function words."""
    return {phrase_key(phrase): sense for phrase, sense in _vocabulary(language) if phrase_key(phrase)}
