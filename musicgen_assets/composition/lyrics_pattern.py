"""Patterns: authored lines with choices in them, and every way to read one.

Belongs here: the notation and its readings. Does not belong here: packs (lyrics_pack), which reading a song takes
(lyrics_search), syllables (prosody).

``(a|b)`` is a free choice, ``(1:a|b)`` one of the linked choices of number 1, ``<I|we>`` goes by person,
``[sings|sang]`` by tense, ``{kind.form}`` is a noun of the theme in one of its forms and ``{title}`` the title.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Person = Literal["i", "we"]
Tense = Literal["present", "past"]
PERSONS: tuple[Person, ...] = ("i", "we")
TENSES: tuple[Tense, ...] = ("present", "past")

Readings = dict[str, int]
"""Which alternative each choice takes, by the choice's key; "kind:" keys say which noun a kind is."""


@dataclass(frozen=True)
class Text:
    """Letters as they stand."""

    text: str


@dataclass(frozen=True)
class Choice:
    """One of ``options``; choices of one ``key`` take the same place."""

    key: str
    options: tuple[Pattern, ...]


@dataclass(frozen=True)
class ByVoice:
    """The option of the song's person or tense."""

    axis: Literal["person", "tense"]
    options: tuple[Pattern, ...]


@dataclass(frozen=True)
class Slot:
    """A noun of a kind in a form; ``form`` is empty for the title."""

    kind: str
    form: str


Node = Text | Choice | ByVoice | Slot
Pattern = tuple[Node, ...]
Nouns = Mapping[str, Sequence[Mapping[str, Pattern]]]
"""Kind -> nouns, each form -> pattern."""

_CLOSERS = {"(": ")", "<": ">", "[": "]", "{": "}"}
_LINK = re.compile(r"(\d+):")
_SPACES = re.compile(r"\s+")
_LAST_WORD = re.compile(r"\s\S*\w\S*\s*$")


class PatternError(ValueError):
    """A pattern breaks the notation."""


def parse(text: str, prefix: str = "") -> Pattern:
    """The pattern of a text. ``prefix`` keeps the keys of choices apart from those of other texts.

    Raises PatternError.
    """
    counter = iter(range(10_000))
    pattern, end = _sequence(text, 0, "", lambda: f"{prefix}{next(counter)}")
    if end != len(text):
        raise PatternError(f"{text!r}: unexpected {text[end]!r} at {end}")
    return pattern


def _sequence(text: str, start: int, stops: str, key: Callable[[], str]) -> tuple[Pattern, int]:
    """Nodes from ``start`` until one of ``stops`` or the end, and where that is."""
    nodes: list[Node] = []
    position = start
    while position < len(text) and text[position] not in stops:
        letter = text[position]
        if letter in _CLOSERS:
            node, position = _bracket(text, position, key)
            nodes.append(node)
            continue
        if letter in ")>]}|":
            raise PatternError(f"{text!r}: unexpected {letter!r} at {position}")
        end = position
        while end < len(text) and text[end] not in "(<[{)>]}|":
            end += 1
        nodes.append(Text(text[position:end]))
        position = end
    return tuple(nodes), position


def _bracket(text: str, start: int, key: Callable[[], str]) -> tuple[Node, int]:
    opener, closer = text[start], _CLOSERS[text[start]]
    if opener == "{":
        end = text.find("}", start)
        name = text[start + 1 : end] if end > 0 else ""
        if not re.fullmatch(r"title|[a-z]+\d?\.[a-z]+", name):
            raise PatternError(f"{text!r}: no slot {{{name}}}; write {{title}} or {{kind.form}}")
        kind, _, form = name.partition(".")
        return Slot(kind, form), end + 1
    link = _LINK.match(text, start + 1) if opener == "(" else None
    own = f"link{link[1]}" if link else key()
    position = link.end() if link else start + 1
    options: list[Pattern] = []
    while True:
        option, position = _sequence(text, position, f"|{closer}", key)
        options.append(option)
        if position >= len(text):
            raise PatternError(f"{text!r}: {opener!r} at {start} is not closed")
        if text[position] == closer:
            break
        position += 1
    wanted = 2 if opener in "<[" else None
    if len(options) < 2 or (wanted and len(options) != wanted):
        raise PatternError(f"{text!r}: {opener}...{closer} at {start} has {len(options)} alternatives")
    if opener == "(":
        return Choice(own, tuple(options)), position + 1
    return ByVoice("person" if opener == "<" else "tense", tuple(options)), position + 1


def resolved(pattern: Pattern, person: Person, tense: Tense) -> Pattern:
    """The pattern in one person and tense."""
    found: list[Node] = []
    for node in pattern:
        if isinstance(node, ByVoice):
            index = PERSONS.index(person) if node.axis == "person" else TENSES.index(tense)
            found += resolved(node.options[index], person, tense)
        elif isinstance(node, Choice):
            found.append(Choice(node.key, tuple(resolved(option, person, tense) for option in node.options)))
        else:
            found.append(node)
    return tuple(found)


def nodes_of(pattern: Pattern) -> Iterator[Node]:
    """Every node, nested ones among them."""
    for node in pattern:
        yield node
        if isinstance(node, (Choice, ByVoice)):
            for option in node.options:
                yield from nodes_of(option)


def slots_of(pattern: Pattern) -> tuple[Slot, ...]:
    """Every slot of a pattern, nested ones among them."""
    return tuple(node for node in nodes_of(pattern) if isinstance(node, Slot))


def count_readings(pattern: Pattern, nouns: Nouns) -> int:
    """How many texts a resolved pattern can become, links and repeated nouns counted as if they were free."""
    total = 1
    for node in pattern:
        if isinstance(node, (Choice, ByVoice)):
            total *= sum(count_readings(option, nouns) for option in node.options)
        elif isinstance(node, Slot) and node.form:
            total *= sum(count_readings(noun[node.form], nouns) for noun in nouns[node.kind.rstrip("23456789")])
    return total


def tails(pattern: Pattern, nouns: Nouns, title: str) -> list[tuple[str, Readings]]:
    """Every last word of a resolved pattern with the readings that lead to it: lines are searched from their end."""
    done: list[tuple[str, Readings]] = []
    open_ends: list[tuple[str, Readings]] = [("", {})]
    for node in reversed(pattern):
        following: list[tuple[str, Readings]] = []
        for text, readings in open_ends:
            for piece, more in _all(node, nouns, title, readings):
                whole = piece + text
                (done if _LAST_WORD.search(whole) else following).append((whole, {**readings, **more}))
        open_ends = following
        if not open_ends:
            break
    return [(text.split()[-1], readings) for text, readings in [*done, *open_ends] if text.split()]


def _all(node: Node, nouns: Nouns, title: str, readings: Readings) -> Iterator[tuple[str, Readings]]:
    """Every text a node can be, given what is read already."""
    if isinstance(node, Text):
        yield node.text, {}
    elif isinstance(node, Choice):
        chosen = [readings[node.key]] if node.key in readings else range(len(node.options))
        for index in chosen:
            for text, more in _all_of(node.options[index], nouns, title, {**readings, node.key: index}):
                yield text, {node.key: index, **more}
    elif isinstance(node, Slot) and node.form:
        group = nouns[node.kind.rstrip("23456789")]
        key = f"{node.kind}:"
        for index in [readings[key]] if key in readings else range(len(group)):
            for text, more in _all_of(_spaced(group[index][node.form], node), nouns, title, {**readings, key: index}):
                yield text, {key: index, **more}
    else:
        yield title, {}


def _all_of(pattern: Pattern, nouns: Nouns, title: str, readings: Readings) -> list[tuple[str, Readings]]:
    found: list[tuple[str, Readings]] = [("", {})]
    for node in pattern:
        found = [
            (text + piece, {**before, **more})
            for text, before in found
            for piece, more in _all(node, nouns, title, {**readings, **before})
        ]
    return found


def _spaced(pattern: Pattern, slot: Slot) -> Pattern:
    """A noun's form with keys of its own, so that two nouns' adjectives do not hang together."""
    return tuple(
        Choice(f"{slot.kind}.{slot.form}.{node.key}", tuple(_spaced(option, slot) for option in node.options))
        if isinstance(node, Choice)
        else node
        for node in pattern
    )


def read(pattern: Pattern, nouns: Nouns, title: str, readings: Readings, pick: Callable[[str, int], int]) -> str:
    """One text of a resolved pattern. ``readings`` is kept to and completed by ``pick(key, alternatives)``."""
    pieces: list[str] = []
    for node in pattern:
        if isinstance(node, Text):
            pieces.append(node.text)
        elif isinstance(node, Choice):
            if node.key not in readings:
                readings[node.key] = pick(node.key, len(node.options))
            pieces.append(read(node.options[readings[node.key]], nouns, title, readings, pick))
        elif isinstance(node, Slot) and node.form:
            group = nouns[node.kind.rstrip("23456789")]
            key = f"{node.kind}:"
            if key not in readings:
                readings[key] = _other(node.kind, len(group), readings, pick)
            pieces.append(read(_spaced(group[readings[key]][node.form], node), nouns, title, readings, pick))
        else:
            pieces.append(title)
    return "".join(pieces)


def _other(kind: str, count: int, readings: Readings, pick: Callable[[str, int], int]) -> int:
    """A noun of a kind that no sibling slot ("object", "object2") has taken."""
    family = kind.rstrip("23456789")
    taken = {value for key, value in readings.items() if key.endswith(":") and key[:-1].rstrip("23456789") == family}
    free = [index for index in range(count) if index not in taken] or list(range(count))
    return free[pick(kind, len(free))]


def tidy(text: str) -> str:
    """Single spaces, none before a comma; the first letter a capital."""
    text = _SPACES.sub(" ", text).strip()
    text = re.sub(r"\s+([,?!])", r"\1", text)
    return text[:1].upper() + text[1:]
