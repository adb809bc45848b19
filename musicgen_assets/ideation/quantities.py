"""Tempo, duration and meter written as numbers: "at 128 bpm", "2:30", "three minutes", "6/8".

Belongs here: reading numbers with their units, and their limits. Does not belong here: tempo words ("slow"),
which are relative to a style (ideation.elements).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from musicgen_assets.context import limits
from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.schema import Language, TimeSignature
from musicgen_assets.ideation.text import Token

TIME_SIGNATURES: tuple[str, ...] = get_args(TimeSignature)

UNIT_SECONDS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds", "segundo", "segundos", "seg", "seconde", "secondes",
                     "sekunde", "sekunden", "sek"), 1.0),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes", "minuto", "minutos", "minuten"), 60.0),
    **dict.fromkeys(("h", "hour", "hours", "hora", "horas", "heure", "heures", "stunde", "stunden"), 3600.0),
}  # fmt: skip
"""Seconds in a unit of any of the five languages. "h" and "m" count only right behind digits."""
_BPM = frozenset(("bpm", "ppm", "bpms"))
_BEATS_PER_MINUTE = (
    ("beats", "per", "minute"), ("beats", "a", "minute"), ("pulsaciones", "por", "minuto"),
    ("battements", "par", "minute"), ("schlage", "pro", "minute"), ("batidas", "por", "minuto"), ("golpes", "por", "minuto"),
)  # fmt: skip
HALF_WORDS = frozenset(("half", "media", "medio", "demi", "demie", "halbe", "halben", "halb", "meia", "meio"))
AND_WORDS = frozenset(("and", "y", "et", "und", "e"))
ONE_WORDS = frozenset(("a", "an", "one", "un", "una", "une", "eine", "einer", "einen", "um", "uma"))
_MIXED_NUMBERS = {"anderthalb": 1.5, "eineinhalb": 1.5, "zweieinhalb": 2.5, "dreieinhalb": 3.5, "viereinhalb": 4.5}
LENGTH_WORDS = frozenset(
    ("for", "of", "lasting", "long", "about", "around", "is", "duration", "length", "de", "von", "durante", "dura", "pendant", "lang", "duracion",
     "duracao", "duree", "dauer")
)  # fmt: skip
_LANGUAGES_OF_NUMBERS = ("en", "es", "fr", "de", "pt")
_SPELLED_MAX_WORDS = 5
_METER_WORDS = frozenset(
    ("time", "meter", "metre", "signature", "takt", "compas", "mesure", "compasso", "in", "en", "em", "im", "a", "beat")
)


@dataclass(frozen=True)
class Quantity:
    """A number with its meaning at tokens ``start`` to ``end`` (exclusive)."""

    value: float
    start: int
    end: int
    is_spelled: bool = False


@dataclass(frozen=True)
class WrittenMeter:
    """A meter written as a fraction."""

    meter: str
    start: int
    end: int


def read_tempos(tokens: Sequence[Token], language: Language) -> tuple[Quantity, ...]:
    """Every tempo in quarters a minute with a unit ("90 bpm", "tempo of 90", "bpm: 120"), in order."""
    found: list[Quantity] = []
    for position, token in enumerate(tokens):
        length = 1 if token.folded in _BPM else _phrase_length(tokens, position, _BEATS_PER_MINUTE)
        if length:
            number = number_before(tokens, position, language)
            if number is None:
                number = _number_after(tokens, position + length)
            if number is not None:
                start, end = min(number.start, position), max(number.end, position + length)
                found.append(Quantity(number.value, start, end))
        elif token.folded == "tempo":
            number = _number_after(tokens, position + 1)
            if number is not None and not _has_unit(tokens, number.end):
                found.append(Quantity(number.value, position, number.end))
    return tuple(found)


def check_tempo(value: float) -> float:
    """The tempo, if it lies within the limits. Raises BadInput."""
    if limits.TEMPO_MIN_BPM <= value <= limits.TEMPO_MAX_BPM:
        return value
    raise BadInput(
        "musical.tempo_bpm", shown(value),
        f"a tempo lies between {limits.TEMPO_MIN_BPM:g} and {limits.TEMPO_MAX_BPM:g} BPM",
        way_out="Ask for a tempo within these limits, or say slow or fast.",
    )  # fmt: skip


def read_meters(tokens: Sequence[Token]) -> tuple[WrittenMeter, ...]:
    """Every meter written as a fraction. Raises BadInput on one that is clearly a meter but not supported."""
    found: list[WrittenMeter] = []
    for position, token in enumerate(tokens):
        numerator, slash, denominator = token.folded.partition("/")
        if not slash:
            continue
        meter = f"{numerator}/{denominator}"
        if meter in TIME_SIGNATURES:
            found.append(WrittenMeter(meter, position, position + 1))
        elif denominator in ("2", "4", "8", "16") and _is_called_a_meter(tokens, position):
            raise BadInput(
                "musical.time_signature", meter, f"meters are {' '.join(TIME_SIGNATURES)}",
                way_out="Choose one of these.",
            )  # fmt: skip
    return tuple(found)


def _is_called_a_meter(tokens: Sequence[Token], position: int) -> bool:
    before = tokens[position - 1].folded if position else ""
    after = tokens[position + 1].folded if position + 1 < len(tokens) else ""
    if after in UNIT_SECONDS:
        return False
    return after in _METER_WORDS - {"in", "a"} or before in _METER_WORDS


def number_before(tokens: Sequence[Token], position: int, language: Language) -> Quantity | None:
    """The number whose last word stands right before ``position``: digits, "two and a half", "half a"."""
    if position == 0 or tokens[position].starts_clause:
        return None
    last = tokens[position - 1]
    if last.is_number and ":" not in last.folded:
        return _digits(tokens, position - 1)
    return _spelled(tokens, position, language)


def _digits(tokens: Sequence[Token], position: int) -> Quantity:
    """A number in digits that ends at ``position``; "2 1/2" is 2.5, a range "2-3" its middle."""
    token = tokens[position]
    if "/" in token.folded:
        numerator, _, denominator = token.folded.partition("/")
        fraction = plain_float(numerator) / max(plain_float(denominator), 1.0)
        whole = tokens[position - 1] if position and tokens[position - 1].is_number else None
        if whole is None or "/" in whole.folded:
            return Quantity(fraction, position, position + 1)
        return Quantity(plain_float(whole.folded) + fraction, position - 1, position + 1)
    value = plain_float(token.folded)
    if position and tokens[position - 1].folded.isdecimal() and token.before.strip() in ("-", "–"):
        return Quantity((plain_float(tokens[position - 1].folded) + value) / 2, position - 1, position + 1)
    return Quantity(value, position, position + 1)


def _spelled(tokens: Sequence[Token], position: int, language: Language) -> Quantity | None:
    """A number in words that ends before ``position``."""
    half = 0.0
    end = position
    words = [token.folded for token in tokens[max(end - 3, 0) : end]]
    if words and words[-1] in _MIXED_NUMBERS:
        return Quantity(_MIXED_NUMBERS[words[-1]], end - 1, end, True)
    if len(words) >= 2 and words[-1] in ONE_WORDS and words[-2] in HALF_WORDS:
        return Quantity(0.5, end - 2, end, True)
    if words and words[-1] in HALF_WORDS and (len(words) < 2 or words[-2] not in (*ONE_WORDS, *AND_WORDS)):
        return Quantity(0.5, end - 1, end, True)
    if len(words) == 3 and words[0] in AND_WORDS:
        words = words[1:]
    if len(words) >= 2 and words[-1] in HALF_WORDS:
        half = 0.5
        end -= 3 if tokens[end - 2].folded in ONE_WORDS else 2
    number = _words_to_number(tokens, end, language)
    if number is None:
        return None
    return Quantity(number.value + half, number.start, position, True)


def _words_to_number(tokens: Sequence[Token], end: int, language: Language) -> Quantity | None:
    from text_to_num import text2num

    if end > 0 and tokens[end - 1].is_number and tokens[end - 1].folded.isdecimal():
        return Quantity(plain_float(tokens[end - 1].folded), end - 1, end)
    if end > 0 and tokens[end - 1].folded in ONE_WORDS:
        return Quantity(1.0, end - 1, end, True)
    for length in range(min(_SPELLED_MAX_WORDS, end), 0, -1):
        words = [token.text.lower() for token in tokens[end - length : end]]
        if words[0] in AND_WORDS:
            continue
        for code in dict.fromkeys((language, *_LANGUAGES_OF_NUMBERS[:1])):
            try:
                return Quantity(float(text2num(" ".join(words), code)), end - length, end, True)
            except ValueError:
                continue
    return None


def _number_after(tokens: Sequence[Token], position: int) -> Quantity | None:
    """A number in digits at ``position``, one filler word ("of", "is", "de") allowed."""
    for place in (position, position + 1):
        if place >= len(tokens) or place > position and tokens[place - 1].is_number:
            return None
        token = tokens[place]
        if token.is_number and "/" not in token.folded and ":" not in token.folded:
            return Quantity(plain_float(token.folded), place, place + 1)
        if token.folded not in LENGTH_WORDS | {"at", "a", "bei", "um"}:
            return None
    return None


def _has_unit(tokens: Sequence[Token], position: int) -> bool:
    return position < len(tokens) and (tokens[position].folded in UNIT_SECONDS or tokens[position].folded in _BPM)


def _phrase_length(tokens: Sequence[Token], position: int, phrases: tuple[tuple[str, ...], ...]) -> int:
    for phrase in phrases:
        if tuple(token.folded for token in tokens[position : position + len(phrase)]) == phrase:
            return len(phrase)
    return 0


def plain_float(text: str) -> float:
    return float(text.replace(",", "."))


def shown(value: float) -> float | int:
    return int(value) if value.is_integer() and abs(value) < 1e15 else value
