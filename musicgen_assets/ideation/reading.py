"""A prompt taken apart once: words, language, phrases with their meanings, and what each stretch is for.

Belongs here: what all readers share, namely which words were spoken against, which are the subject of the
song, and which state a quantity. Does not belong here: deciding anything about the song.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from musicgen_assets.context.schema import Language
from musicgen_assets.ideation.durations import read_durations
from musicgen_assets.ideation.language import detect_language
from musicgen_assets.ideation.lexicon import Category, Sense, index_of, words_of
from musicgen_assets.ideation.quantities import Quantity, WrittenMeter, read_meters, read_tempos
from musicgen_assets.ideation.text import Match, Token, tokenize
from musicgen_assets.ideation.tonality import ReadKey, read_keys

_NEGATION_REACH = 3
"""Words that may stand between a negation and what it takes away ("no more heavy drums")."""
_CUT_REACH = 2
"""Words that may stand between "with" and the instrument that ends the subject ("with a soft piano")."""
_CONTENT: frozenset[Category] = frozenset(
    ("instrument", "vocals_on", "section", "mood", "tempo", "genre", "related", "accent", "vocals_off")
)
_THEME_ENDERS: frozenset[Category] = frozenset(("lyric_language", "meter", "scale_alone", "vocals_off"))


@dataclass(frozen=True)
class Found:
    """One meaning found: its value, and the tokens it stands at."""

    value: Any
    start: int
    end: int


@dataclass(frozen=True)
class Reading:
    """The prompt as everything after it sees it. Positions are token numbers; ``theme`` is (start, end)."""

    prompt: str
    tokens: tuple[Token, ...]
    language: Language
    is_language_clear: bool
    matches: tuple[Match[Sense], ...]
    keys: tuple[ReadKey, ...]
    tempos: tuple[Quantity, ...]
    durations: tuple[Quantity, ...]
    meters: tuple[WrittenMeter, ...]
    negated: frozenset[int] = frozenset()
    theme: tuple[int, int] | None = None
    quoted: tuple[tuple[int, int], ...] = field(default=())

    def found(self, category: Category, is_negated: bool = False, in_theme: bool = False) -> tuple[Found, ...]:
        """Meanings of a category outside the subject (or in it too), spoken for (or against)."""
        return tuple(
            Found(sense.value, match.start, match.end)
            for match in self.matches
            for sense in match.values
            if sense.category == category
            and (match.start in self.negated) == is_negated
            and (in_theme or not self.is_in_theme(match.start))
        )

    def is_in_theme(self, position: int) -> bool:
        """Whether a token belongs to what the song is about, or to a quoted title."""
        spans = (*((self.theme,) if self.theme else ()), *self.quoted)
        return any(start <= position < end for start, end in spans)

    def text(self, start: int, end: int) -> str:
        """The prompt's own writing from token ``start`` to ``end`` (exclusive)."""
        return self.prompt[self.tokens[start].start : self.tokens[end - 1].end] if start < end else ""


def read_prompt(prompt: str) -> Reading:
    """Take a prompt apart. Raises BadInput on an impossible key or meter."""
    tokens = tokenize(prompt)
    language, is_clear = detect_language(prompt, tokens)
    matches = tuple(index_of(language).scan(tokens))
    bare = Reading(
        prompt, tokens, language, is_clear, matches, read_keys(tokens), read_tempos(tokens, language),
        read_durations(tokens, language), read_meters(tokens), quoted=_quoted(prompt, tokens),
    )  # fmt: skip
    theme = _theme(bare)
    return Reading(
        prompt, tokens, language, is_clear, matches, _outside(bare.keys, theme), bare.tempos,
        _sober_durations(bare.durations, theme), bare.meters, _negated(bare, theme), theme, bare.quoted,
    )  # fmt: skip


def _outside(keys: tuple[ReadKey, ...], theme: tuple[int, int] | None) -> tuple[ReadKey, ...]:
    return tuple(key for key in keys if theme is None or not theme[0] <= key.start < theme[1])


def _sober_durations(durations: tuple[Quantity, ...], theme: tuple[int, int] | None) -> tuple[Quantity, ...]:
    """Durations without those spelled out within the subject ("about ten seconds to midnight")."""
    return tuple(
        quantity for quantity in durations if theme is None or not theme[0] <= quantity.start < theme[1]
    )  # fmt: skip


def _quoted(prompt: str, tokens: tuple[Token, ...]) -> tuple[tuple[int, int], ...]:
    """Token spans between quotation marks; an apostrophe is none."""
    marks = {'"': '"', "“": "”", "«": "»", "„": "“", "”": "”"}
    found: list[tuple[int, int]] = []
    position = 0
    while position < len(prompt):
        closing = marks.get(prompt[position])
        end = prompt.find(closing, position + 1) if closing else -1
        if end < 0:
            position += 1
            continue
        inside = [number for number, token in enumerate(tokens) if position < token.start and token.end <= end]
        if inside:
            found.append((inside[0], inside[-1] + 1))
        position = end + 1
    return tuple(found)


def _theme(reading: Reading) -> tuple[int, int] | None:
    """The tokens after "about" up to punctuation or to where the talk turns to music again."""
    for match in reading.matches:
        if any(sense.category == "about" for sense in match.values) and not _counts(reading, match.end):
            end = _theme_end(reading, match.end)
            if end > match.end:
                return match.end, end
    return None


def _counts(reading: Reading, position: int) -> bool:
    """Whether a quantity starts here: "about 2 minutes" is no subject."""
    return any(span.start == position for span in (*reading.durations, *reading.tempos))


def _theme_end(reading: Reading, start: int) -> int:
    cuts = {match.start: match for match in reading.matches}
    for position in range(start, len(reading.tokens)):
        token = reading.tokens[position]
        if position > start and (token.starts_clause or _is_turn(reading, cuts, position)):
            return position
    return len(reading.tokens)


def _is_turn(reading: Reading, matches: dict[int, Match[Sense]], position: int) -> bool:
    """Whether the subject ends before ``position``: a technical phrase, or a preposition that leads to one."""
    if _is_technical(reading, matches, position, has_with=False):
        return True
    match = matches.get(position)
    categories = {sense.category for sense in match.values} if match else set()
    word = reading.tokens[position].folded
    has_with = word in words_of(reading.language, "with_words") or "negation" in categories
    is_cut = has_with or word in words_of(reading.language, "about_cuts")
    if not is_cut:
        return False
    begin = match.end if match else position + 1
    return any(
        _is_technical(reading, matches, place, has_with)
        for place in range(begin, min(begin + _CUT_REACH + 1, len(reading.tokens)))
    )


def _is_technical(reading: Reading, matches: dict[int, Match[Sense]], position: int, has_with: bool) -> bool:
    spans = (*reading.keys, *reading.tempos, *reading.durations, *reading.meters)
    if any(span.start == position and not getattr(span, "is_spelled", False) for span in spans):
        return True
    match = matches.get(position)
    if match is None:
        return False
    categories = {sense.category for sense in match.values}
    if has_with:
        return bool(categories & {"instrument", "vocals_on", "section", "voice", "lyric_language"})
    return bool(categories & _THEME_ENDERS)


def _negated(reading: Reading, theme: tuple[int, int] | None) -> frozenset[int]:
    """First tokens of the phrases that are spoken against."""
    found: set[int] = set()
    for number, match in enumerate(reading.matches):
        is_in_theme = theme is not None and theme[0] <= match.start < theme[1]
        if not is_in_theme and any(sense.category == "negation" for sense in match.values):
            found.update(_negation_scope(reading, number))
    found.update(match.start for match in reading.matches if _has_free_suffix(reading, match))
    return frozenset(found)


def _negation_scope(reading: Reading, number: int) -> Iterator[int]:
    """Phrases a negation reaches: the next one, and those joined to it by "or", "and", or commas and an "or"."""
    position = reading.matches[number].end
    waiting: list[int] = []
    is_first = True
    joiners = words_of(reading.language, "joiners")
    for match in reading.matches[number + 1 :]:
        categories = {sense.category for sense in match.values}
        between = reading.tokens[position : match.start + 1]
        if not categories & _CONTENT:
            if categories <= {"joiner", "about_cut", "with_words", "lyric_language"} and "joiner" in categories:
                continue
            return
        breaks = [token for token in between if token.starts_clause]
        unknown = [token for token in between[:-1] if token.folded not in joiners]
        if is_first:
            if breaks or len(unknown) > _NEGATION_REACH:
                return
            yield match.start
        elif unknown:
            return
        elif breaks:
            if any(set(token.before) - set(", \n\t") for token in breaks):
                return
            waiting.append(match.start)
            if len(between) > 1:
                yield from waiting
                waiting = []
        elif len(between) > 1:
            yield from waiting
            waiting = []
            yield match.start
        elif categories & {"instrument", "vocals_on"} and not is_first:
            return
        position = match.end
        is_first = is_first and not categories & {"instrument", "vocals_on", "section", "genre"}


def _has_free_suffix(reading: Reading, match: Match[Sense]) -> bool:
    """ "drum-free"."""
    after = reading.tokens[match.end] if match.end < len(reading.tokens) else None
    return after is not None and after.before == "-" and after.folded in ("free", "less")


def senses_at(reading: Reading, categories: Collection[Category]) -> Iterator[Match[Sense]]:
    """Phrases outside the subject that may mean one of ``categories``, spoken for."""
    for match in reading.matches:
        if match.start in reading.negated or reading.is_in_theme(match.start):
            continue
        if any(sense.category in categories for sense in match.values):
            yield match
