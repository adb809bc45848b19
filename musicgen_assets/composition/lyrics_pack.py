"""The words there are: authored patterns by language, theme and part.

Belongs here: what a pack is, which of its patterns a voice may use, the words that belong to a theme. Does not belong
here: reading files (lyrics_loading), choosing (lyrics_search), building stanzas (lyrics_writer).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Literal

from musicgen_assets.composition.lyrics_pattern import Nouns, Pattern, Person, Tense, resolved
from musicgen_assets.composition.prosody import words_of
from musicgen_assets.composition.prosody_words import plain, word_set
from musicgen_assets.context.schema import Language

Part = Literal["hooks", "verse", "pre_chorus", "chorus", "bridge"]
PARTS: tuple[Part, ...] = ("hooks", "verse", "pre_chorus", "chorus", "bridge")
TIMELESS: frozenset[str] = frozenset({"hooks", "chorus", "pre_chorus"})
"""Parts that claim: they stand in the present whatever tense the scenes are told in."""
_MARKS = re.compile(r"\{[^}]*\}|\(\d+:|[()<>\[\]|/]")


@dataclass(frozen=True)
class Voice:
    """Who speaks, when, to whom, and in which mood. One voice holds through a song."""

    person: Person = "i"
    tense: Tense = "present"
    is_addressed: bool = False
    """Whether the song is sung to a "you"."""
    is_bright: bool = True


@dataclass(frozen=True)
class Tags:
    """Which voices may use a line; None where any may."""

    person: Person | None = None
    tense: Tense | None = None
    is_addressed: bool = False
    is_bright: bool | None = None

    def allow(self, voice: Voice, part: str) -> bool:
        """Whether ``voice`` may use it in ``part``. Claims know no past."""
        if self.is_addressed and not voice.is_addressed:
            return False
        if self.person not in (None, voice.person) or self.is_bright not in (None, voice.is_bright):
            return False
        return self.tense in (None, "present" if part in TIMELESS else voice.tense)


@dataclass(frozen=True)
class Unit:
    """A couplet (two lines that rhyme) or a single line, as patterns; ``source`` is its text as written."""

    source: str
    lines: tuple[Pattern, ...]
    tags: Tags = Tags()
    is_loose: bool = False
    """Whether each line of the couplet stands alone, so that others may come between them (written ``//``)."""
    is_half: bool = False
    """Whether the two lines are half a ballad stanza: they need not rhyme, the second answers another half's."""


@dataclass(frozen=True)
class Title:
    """A title of a theme and the couplets that open its refrain; without any the pack's general ones serve."""

    text: str
    tags: Tags = Tags()
    hooks: tuple[Unit, ...] = ()


@dataclass(frozen=True)
class Theme:
    """One theme's words in one language."""

    name: str
    keywords: frozenset[str]
    titles: tuple[Title, ...]
    parts: Mapping[str, tuple[Unit, ...]]
    nouns: Nouns = field(default_factory=dict)
    noun_texts: Mapping[str, tuple[Mapping[str, str], ...]] = field(default_factory=dict)
    """Kind -> nouns as written, for lexicons and checkers: forms and ``g``, gender and number."""
    is_bright: bool | None = None
    """Which moods it suits; None both."""

    @property
    def sources(self) -> tuple[str, ...]:
        """All its texts as written."""
        return tuple(text for part in self.parts for text in self.sources_of(part))

    def sources_of(self, part: str) -> tuple[str, ...]:
        """Texts as written of one part: titles and hooks are the chorus's, nouns the verse's."""
        texts = [unit.source for unit in self.parts.get(part, ())]
        if part == "chorus":
            texts += [text for title in self.titles for text in (title.text, *(hook.source for hook in title.hooks))]
        if part == "verse":
            groups = self.noun_texts.values()
            texts += [text for group in groups for noun in group for form, text in noun.items() if form != "g"]
        return tuple(texts)


@dataclass(frozen=True)
class Pack:
    """One language's words: general patterns by part, themes, and words that sound bright or dark."""

    language: Language
    general: Mapping[str, tuple[Unit, ...]]
    themes: Mapping[str, Theme]
    bright: frozenset[str] = frozenset()
    dark: frozenset[str] = frozenset()

    @cached_property
    def fields(self) -> dict[str, frozenset[str]]:
        """Theme -> its content words, plain: those of its lines, titles and nouns, and its keywords."""
        return {
            name: content_words(" ".join(theme.sources), self.language) | theme.keywords
            for name, theme in self.themes.items()
        }

    @cached_property
    def common(self) -> frozenset[str]:
        """Content words of the general patterns."""
        return content_words(" ".join(unit.source for part in self.general.values() for unit in part), self.language)

    @cached_property
    def part_fields(self) -> dict[str, dict[str, frozenset[str]]]:
        """Part -> theme -> content words of that theme's and the general patterns of that part; hooks belong to the
        chorus, nouns to the verse.
        """
        found: dict[str, dict[str, frozenset[str]]] = {}
        for part in ("verse", "pre_chorus", "chorus", "bridge"):
            also = ("chorus", "hooks") if part == "chorus" else (part,)
            shared = [unit.source for name in also for unit in self.general.get(name, ())]
            found[part] = {
                name: content_words(" ".join([*shared, *theme.sources_of(part)]), self.language)
                for name, theme in self.themes.items()
            }
        return found

    @cached_property
    def weights(self) -> dict[str, float]:
        """How telling a word is of its theme: ln(1 + themes / themes that have it) (Spärck Jones 1972)."""
        counts: dict[str, int] = {}
        for words in self.fields.values():
            for word in sorted(words):
                counts[word] = counts.get(word, 0) + 1
        return {word: math.log(1.0 + len(self.fields) / count) for word, count in counts.items()}


def content_words(source: str, language: str) -> frozenset[str]:
    """Plain words of more than two letters that carry meaning, of a text or of a pattern as written."""
    words = {plain(word) for word in words_of(_MARKS.sub(" ", source))}
    return frozenset(word for word in words - _empty_words(language) if len(word) > 2)


@lru_cache(maxsize=8)
def _empty_words(language: str) -> frozenset[str]:
    return frozenset(plain(word) for word in word_set(language, "unstressed"))


def nouns_in(theme: Theme, voice: Voice, part: str) -> Nouns:
    """The theme's nouns as the voice says them in a part."""
    tense: Tense = "present" if part in TIMELESS else voice.tense
    return {
        kind: [{form: resolved(pattern, voice.person, tense) for form, pattern in noun.items()} for noun in group]
        for kind, group in theme.nouns.items()
    }
