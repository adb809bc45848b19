"""A prompt as comparable words that keep their place in the original.

Belongs here: folding case and accents, splitting into words, blanking spans, number words. Does not belong
here: what any word means.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import accumulate
from typing import NamedTuple

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_PLAIN = {"’": "'", "‘": "'", "ʼ": "'", "_": " ", "-": " ", "‐": " ", "‑": " ", "–": " ", "—": " "}
_JOINS = re.compile(r"[\s&+'’/.-]*")
"""What may stand between two words of one phrase; a comma or colon parts them."""
_QUOTES = re.compile(
    r"\"([^\"\n]{1,120})\"|“([^”\n]{1,120})”|«([^»\n]{1,120})»|„([^“”\n]{1,120})[“”]|(?<!\w)'([^'\n]{3,80})'(?!\w)"
)
_QUOTED_SHARE_MAX = 0.8
"""A quotation longer than this share of the prompt is the prompt itself, not a title."""

PHRASE_MAX_WORDS = 5
"""No phrase that is looked for is longer."""

KEPT_AS = "sec"
"""How units of time are written once number words are digits."""


class Word(NamedTuple):
    """A folded word and where it stands."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Prompt:
    """``raw`` is NFC text; ``plain`` its folded twin of the same length, quotations blanked; ``words`` of plain."""

    raw: str
    plain: str
    words: tuple[Word, ...]
    quotes: tuple[str, ...] = ()

    @cached_property
    def phrases(self) -> tuple[tuple[str, ...], ...]:
        """At each word: what it begins, one word long, two words long, up to PHRASE_MAX_WORDS."""
        texts = [word.text for word in self.words]
        return tuple(tuple(accumulate(texts[i : i + PHRASE_MAX_WORDS], "{} {}".format)) for i in range(len(texts)))

    @cached_property
    def every_phrase(self) -> frozenset[str]:
        """All of ``phrases``, wherever they stand and whatever parts their words."""
        return frozenset(phrase for found in self.phrases for phrase in found)

    def without(self, spans: Iterable[tuple[int, int]]) -> Prompt:
        """The same prompt with spans (start, end) blanked."""
        plain = self.plain
        for start, end in spans:
            plain = plain[:start] + " " * (end - start) + plain[end:]
        if plain == self.plain:
            return self
        return replace(self, plain=plain, words=split_words(plain))

    def is_phrase(self, first: int, last: int) -> bool:
        """True if words ``first`` to ``last`` (inclusive) stand together with nothing parting them."""
        return all(
            _JOINS.fullmatch(self.plain, self.words[i].end, self.words[i + 1].start) is not None
            for i in range(first, last)
        )


def read_prompt(text: str) -> Prompt:
    """``text`` ready for matching."""
    raw = unicodedata.normalize("NFC", text)
    plain = fold(raw)
    found = [match for match in _QUOTES.finditer(raw) if match.end() - match.start() <= _QUOTED_SHARE_MAX * len(raw)]
    quotes = tuple(next(group for group in match.groups() if group).strip() for match in found)
    prompt = Prompt(raw, plain, split_words(plain), tuple(quote for quote in quotes if quote))
    return prompt.without((match.start(), match.end()) for match in found)


def fold(text: str) -> str:
    """Lower case without accents, hyphens as spaces; each character stays one character."""
    return "".join(_fold_character(character) for character in text)


def phrase_key(text: str) -> str:
    """How phrases are compared: folded words, one space between them."""
    return " ".join(word.text for word in split_words(fold(unicodedata.normalize("NFC", text))))


def split_words(plain: str) -> tuple[Word, ...]:
    """The words of folded text."""
    return tuple(Word(match.group(), match.start(), match.end()) for match in _WORD.finditer(plain))


def with_digits(text: str, language: str, kept: Sequence[str] = ()) -> str:
    """Folded text whose number words are digits: "zwei Minuten" -> "2 minuten". Positions are lost.

    ``kept``: words that are numbers too but mean something else here ("second"); each becomes KEPT_AS.
    """
    from text_to_num import alpha2digit

    lowered = unicodedata.normalize("NFC", text).lower()
    for word in kept:
        lowered = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", KEPT_AS, lowered)
    return fold(alpha2digit(lowered, language, threshold=0))


@lru_cache(maxsize=4096)
def _fold_character(character: str) -> str:
    if character in _PLAIN:
        return _PLAIN[character]
    base = unicodedata.normalize("NFD", character.lower())[0]
    return base if not unicodedata.combining(base) else character
