"""How long a song shall be, in words: "2:30", "three minutes", "a minute and a half", "90 s".

Belongs here: lengths of the whole song, told apart from moments, parts and decades. Does not belong here:
numbers as such (ideation.quantities).
"""

from __future__ import annotations

from collections.abc import Sequence

from musicgen_assets.context import limits
from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.schema import Language
from musicgen_assets.ideation.quantities import (
    AND_WORDS,
    HALF_WORDS,
    LENGTH_WORDS,
    ONE_WORDS,
    UNIT_SECONDS,
    Quantity,
    number_before,
    plain_float,
    shown,
)
from musicgen_assets.ideation.text import Token

_SHORT_UNITS = frozenset(("s", "m", "h"))
_NOT_A_LENGTH_BEFORE = frozenset(
    ("after", "every", "last", "first", "within", "nach", "apres", "despues", "depois", "cada", "toutes", "alle", "jede")
)
"""Words that make "30 seconds" a moment in the song and not its length."""
_PARTS = frozenset(
    ("intro", "outro", "introduction", "introduccion", "introducao", "fade", "solo", "verse", "chorus", "bridge", "einleitung", "ending",
     "delay", "reverb", "loop", "break", "pause", "ago", "left", "late", "walk", "away")
)  # fmt: skip
_DECADES = frozenset(range(20, 100, 10))
_LIKELY_LENGTHS_S = frozenset((30, 40))


def read_durations(tokens: Sequence[Token], language: Language) -> tuple[Quantity, ...]:
    """Every length of the whole song in seconds ("2:30", "90 s", "two and a half minutes"), in order.

    Moments ("after 30 seconds"), lengths of parts ("a 10 second intro") and decades ("90s soul") are left out.
    """
    found: list[Quantity] = []
    position = 0
    while position < len(tokens):
        quantity = _clock_time(tokens, position) or _with_unit(tokens, position, language)
        if quantity is None:
            position += 1
            continue
        if found and _continues(tokens, found[-1], quantity):
            last = found.pop()
            quantity = Quantity(last.value + quantity.value, last.start, quantity.end, quantity.is_spelled)
        found.append(quantity)
        position = quantity.end
    return tuple(quantity for quantity in found if not _is_a_part(tokens, quantity))


def check_duration(value_s: float) -> float:
    """The duration in seconds, if it lies within the limits. Raises BadInput."""
    if limits.DURATION_MIN_S <= value_s <= limits.DURATION_MAX_S:
        return value_s
    raise BadInput(
        "technical.duration_s", shown(value_s),
        f"a song lasts {limits.DURATION_MIN_S:g} to {limits.DURATION_MAX_S:g} seconds",
        way_out="Ask for a length within these limits, for example '2 minutes' or --duration 120.",
    )  # fmt: skip


def _clock_time(tokens: Sequence[Token], position: int) -> Quantity | None:
    """ "2:30" with an optional unit behind it."""
    token = tokens[position]
    minutes, colon, rest = token.folded.partition(":")
    if not colon:
        return None
    end = position + 1
    if end < len(tokens) and tokens[end].folded in UNIT_SECONDS:
        end += 1
    return Quantity(plain_float(minutes) * 60 + plain_float(rest), position, end)


def _with_unit(tokens: Sequence[Token], position: int, language: Language) -> Quantity | None:
    """A duration whose unit stands at ``position``."""
    token = tokens[position]
    unit_s = UNIT_SECONDS.get(token.folded)
    if unit_s is None or position == 0 and token.folded in _SHORT_UNITS:
        return None
    previous = tokens[position - 1] if position else None
    if token.folded in _SHORT_UNITS and not (previous and previous.is_number and not token.before):
        return None
    number = number_before(tokens, position, language)
    if number is None:
        return None
    if token.folded == "s" and _is_decade(tokens, number, position):
        return None
    end = position + 1
    value = number.value
    halves = _half_after(tokens, end)
    if halves:
        value += 0.5
        end += halves
    elif unit_s == 60 and _is_seconds_left_out(tokens, end):
        value += plain_float(tokens[end].folded) / 60
        end += 1
    return Quantity(value * unit_s, number.start, end, number.is_spelled)


def _is_seconds_left_out(tokens: Sequence[Token], position: int) -> bool:
    """Whether "1 min 30" goes on with a number that has no unit of its own."""
    if position >= len(tokens) or not tokens[position].is_joined or not tokens[position].folded.isdecimal():
        return False
    after = tokens[position + 1].folded if position + 1 < len(tokens) else ""
    return len(tokens[position].folded) == 2 and plain_float(tokens[position].folded) < 60 and (
        not after or tokens[position + 1].starts_clause
    )


def _half_after(tokens: Sequence[Token], position: int) -> int:
    """How many words say "and a half" from ``position`` on; 0 if none do."""
    words = [token.folded for token in tokens[position : position + 3]]
    if len(words) >= 2 and words[0] in AND_WORDS and words[1] in HALF_WORDS:
        return 2
    if len(words) == 3 and words[0] in AND_WORDS and words[1] in ONE_WORDS and words[2] in HALF_WORDS:
        return 3
    return 0


def _is_decade(tokens: Sequence[Token], number: Quantity, position: int) -> bool:
    """Whether "90s" is a decade: no length word before it, and too odd or followed by what it describes."""
    if number.value not in _DECADES or number.start == 0 and position + 1 == len(tokens):
        return number.value in _DECADES and number.value not in _LIKELY_LENGTHS_S
    before = tokens[number.start - 1].folded if number.start else ""
    if before in LENGTH_WORDS:
        return False
    follows = position + 1 < len(tokens) and not tokens[position + 1].starts_clause
    return follows or number.value not in _LIKELY_LENGTHS_S


def _continues(tokens: Sequence[Token], last: Quantity, quantity: Quantity) -> bool:
    """ "1 minute 30 seconds", "3 minutes and 20 seconds": smaller, and at most a joining word between."""
    between = tokens[last.end : quantity.start]
    is_near = not between or len(between) == 1 and between[0].folded in AND_WORDS
    is_cut = any(token.starts_clause for token in (*between, tokens[quantity.start]))
    return quantity.value < 60 <= last.value and is_near and not is_cut


def _is_a_part(tokens: Sequence[Token], quantity: Quantity) -> bool:
    before = tokens[quantity.start - 1].folded if quantity.start else ""
    after = tokens[quantity.end].folded if quantity.end < len(tokens) else ""
    return before in _NOT_A_LENGTH_BEFORE or after in _PARTS or after in ("before", "into", "in") and quantity.value < 30


