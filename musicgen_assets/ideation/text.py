"""A prompt as words with positions: folding accents, cutting into tokens, finding phrases.

Belongs here: text without music. Does not belong here: what a word means (ideation.lexicon and the readers).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Value = TypeVar("Value")

_TOKEN = re.compile(r"\d+/\d+|\d+:\d\d(?!\d)|\d+(?:[.,]\d+)?|[^\W\d_]+[#♯♭]?|&")
_JOINING = frozenset("-‐‑'’`´ \t\n\r\xa0")
"""What may stand between the words of one phrase ("lo-fi", "rock'n'roll", "d'amour")."""

CLAUSE_ENDS = frozenset(",.;:!?()[]{}\"“”„«»|–—")
"""Characters that end a clause when they stand between two words."""


@dataclass(frozen=True)
class Token:
    """A word or number. ``folded`` is lower case without accents; ``before`` stands between it and the last one."""

    text: str
    folded: str
    start: int
    end: int
    before: str

    @property
    def is_joined(self) -> bool:
        """Whether it may continue a phrase begun by the token before."""
        return not set(self.before) - _JOINING

    @property
    def starts_clause(self) -> bool:
        """Whether punctuation separates it from the token before."""
        return bool(set(self.before) & CLAUSE_ENDS) or "\n" in self.before

    @property
    def is_number(self) -> bool:
        """Whether it is written in digits."""
        return self.folded[:1].isdecimal()


@dataclass(frozen=True)
class Match(Generic[Value]):
    """A phrase found at tokens ``start`` to ``end`` (exclusive), with all it may mean."""

    start: int
    end: int
    values: tuple[Value, ...]


def fold(text: str) -> str:
    """Lower case without accents: "Früh d'Été" -> "fruh d'ete"; "ß" is "ss", note signs become # and b."""
    plain = text.replace("♯", "#").replace("♭", "b").casefold()
    return "".join(sign for sign in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(sign))


def tokenize(text: str) -> tuple[Token, ...]:
    """The words and numbers of ``text`` in order; "&" counts as the word "and"."""
    tokens: list[Token] = []
    last = 0
    for match in _TOKEN.finditer(text):
        word = match.group()
        folded = "and" if word == "&" else fold(word)
        tokens.append(Token(word, folded, match.start(), match.end(), text[last : match.start()]))
        last = match.end()
    return tuple(tokens)


def phrase_key(phrase: str) -> tuple[str, ...]:
    """A phrase as the index writes it: its folded words."""
    return tuple(token.folded for token in tokenize(phrase))


class PhraseIndex(Generic[Value]):
    """Phrases with their meanings; the longest phrase at a place wins and takes its words."""

    def __init__(self, meanings: Mapping[tuple[str, ...], Sequence[Value]]) -> None:
        self._meanings = {key: tuple(values) for key, values in meanings.items() if key}
        self._longest: dict[str, int] = {}
        for key in self._meanings:
            self._longest[key[0]] = max(self._longest.get(key[0], 0), len(key))

    def __contains__(self, word: str) -> bool:
        return word in self._longest

    def meanings(self, phrase: str) -> tuple[Value, ...]:
        """What ``phrase`` as a whole may mean; empty if it is not listed."""
        return self._meanings.get(phrase_key(phrase), ())

    def words(self) -> frozenset[str]:
        """Every word that occurs in a phrase."""
        return frozenset(word for key in self._meanings for word in key)

    def scan(self, tokens: Sequence[Token]) -> Iterator[Match[Value]]:
        """Phrases from left to right, without overlap."""
        position = 0
        while position < len(tokens):
            match = self._at(tokens, position)
            if match is None:
                position += 1
            else:
                yield match
                position = match.end

    def _at(self, tokens: Sequence[Token], position: int) -> Match[Value] | None:
        reach = min(self._longest.get(tokens[position].folded, 0), len(tokens) - position)
        for length in range(1, reach):
            if not tokens[position + length].is_joined:
                reach = length
                break
        for length in range(reach, 0, -1):
            key = tuple(token.folded for token in tokens[position : position + length])
            if key in self._meanings:
                return Match(position, position + length, self._meanings[key])
        return None
