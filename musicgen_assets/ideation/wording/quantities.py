"""Tempo and duration as numbers in a prompt.

Belongs here: reading and ranging numbers with their units. Does not belong here: tempo words such as "slow"
(terms.py) and what they come to in a style (proposal.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from musicgen_assets.context import limits
from musicgen_assets.context.failures import BadInput
from musicgen_assets.ideation.wording.lexicon import common
from musicgen_assets.ideation.wording.terms import alternatives, table_of, words_of

_NUMBER = r"(?<![\d.,:/])(\d{1,9}(?:[.,]\d{1,3})?)"
_DECADES = frozenset({"20", "30", "40", "50", "60", "70", "80", "90"})
_MACHINES = frozenset({"303", "707", "808", "909"})
_WHOLE_WORD_LETTERS = 4
"""Units from this length on may follow "a": "a minute", but not "a min" or "am"."""


@dataclass(frozen=True)
class Numbers:
    """What numbers were found: first the one that counts. ``notes`` are lines for the trace."""

    value: float | None
    notes: tuple[str, ...] = ()


def prepared(text: str, language: str) -> str:
    """Folded text with digits, ready for the finders below: "half a minute" becomes "0.5 minute"."""
    unit = alternatives([word for name in ("minutes", "seconds", "hours") for word in words_of(language, name)])
    ones = alternatives(words_of(language, "one_words"))
    for phrase, seconds in table_of(language, "length_phrases").items():
        text = re.sub(rf"(?<!\w)(?<!\d\s)(?:(?:{ones})\s+)?{re.escape(phrase)}(?!\w)", f"{seconds} sec", text)
    joined = "".join(rf"(?<!\b{re.escape(word)}\s)" for word in words_of(language, "and_words"))
    for phrase, number in sorted(
        table_of(language, "number_phrases").items(), key=lambda item: (-len(item[0]), item[0])
    ):
        text = re.sub(rf"(?<!\w){joined}{re.escape(phrase)}(?=\s*(?:{unit})(?!\w))", str(number), text)
    return text


def find_tempo(text: str, language: str) -> Numbers:
    """Beats a minute asked for in ``text`` (from ``prepared``). Raises BadInput outside 40-240."""
    unit = alternatives(words_of(language, "bpm_units"))
    noun = alternatives(words_of(language, "tempo_nouns"))
    span = alternatives(words_of(language, "range_words"))
    ranges = re.findall(rf"{_NUMBER}\s*(?:(?:{unit})\s*)?(?:{span}|–|to|\s)\s*(\d{{2,3}})\s*(?:{unit})(?!\w)", text)
    values = [
        (float(low.replace(",", ".")) + float(high)) / 2
        for low, high in ranges
        if float(low.replace(",", ".")) < float(high)
    ]
    if not values:
        found = re.findall(rf"{_NUMBER}\s*(?:{unit})(?!\w)", text)
        found += re.findall(rf"(?<!\w)(?:{noun}|{unit})\s*(?:of|:|=|de|von)?\s*{_NUMBER}(?![\w/])", text)
        found += re.findall(r"[♩𝅘𝅥]\s*=\s*(\d{1,4})", text)
        values = [float(number.replace(",", ".")) for number in found]
    notes = []
    for value in values:
        if not limits.TEMPO_MIN_BPM <= value <= limits.TEMPO_MAX_BPM:
            raise BadInput(
                "musical.tempo_bpm", value,
                f"a tempo must lie between {limits.TEMPO_MIN_BPM:g} and {limits.TEMPO_MAX_BPM:g} BPM",
                way_out="Ask for a tempo inside that range.",
            )  # fmt: skip
    if len(set(values)) > 1:
        notes.append(f"several tempos were named; the first, {values[0]:g} BPM, counts")
    return Numbers(values[0] if values else None, tuple(notes))


def find_tempo_mark(text: str) -> tuple[str, float] | None:
    """The first Italian tempo mark and its beats a minute."""
    marks: dict[str, float] = common()["tempo_marks"]
    match = re.search(rf"(?<!\w)({'|'.join(sorted(marks, key=len, reverse=True))})(?!\w)", text)
    return (match.group(1), float(marks[match.group(1)])) if match else None


def find_duration(text: str, language: str) -> Numbers:
    """Seconds asked for in ``text`` (from ``prepared``). Raises BadInput outside 30-600 s."""
    found = sorted({*_clock(text), *_in_units(text, language)})
    notes = []
    values: list[float] = []
    last_end = 0
    for start, end, seconds in found:
        if start < last_end:
            continue
        last_end = end
        if _is_partial(text, start, end, language):
            notes.append(f"{text[start:end].strip()!r} is about a part of the song, not its length")
            continue
        values.append(seconds)
    if len(set(values)) > 1:
        notes.append(f"several lengths were named; the first, {values[0]:g} s, counts")
    if values and not limits.DURATION_MIN_S <= values[0] <= limits.DURATION_MAX_S:
        raise BadInput(
            "technical.duration_s", values[0],
            f"a song must last {limits.DURATION_MIN_S:g} to {limits.DURATION_MAX_S:g} seconds",
            way_out="Ask for a length inside that range, for example '2 minutes'.",
        )  # fmt: skip
    return Numbers(values[0] if values else None, tuple(notes))


def _clock(text: str) -> list[tuple[int, int, float]]:
    """ "2:30" is minutes and seconds, unless it is a time of day."""
    return [
        (match.start(), match.end(), int(match.group(1)) * 60.0 + int(match.group(2)))
        for match in re.finditer(r"(?<![\d:/.,])(\d{1,2}):([0-5]\d)(?![\d:])(?!\s*(?:am|pm|a\.m|p\.m|uhr|h\b))", text)
        if int(match.group(1)) + int(match.group(2)) > 0
    ]


def _in_units(text: str, language: str) -> list[tuple[int, int, float]]:
    """ "2 minutes", "90s", "a minute and a half", "3 min 30", "2m30s": (start, end, seconds) of each."""
    found = []
    hour, second = (alternatives(words_of(language, name)) for name in ("hours", "seconds"))
    for match in _length_pattern(language).finditer(text):
        number, half_before, unit, half_after, *tops = match.groups()
        more: str | None = next((top for top in tops if top is not None), None)
        is_second = re.fullmatch(second, unit) is not None
        factor = 1.0 if is_second else 3600.0 if re.fullmatch(hour, unit) else 60.0
        if number is None and (is_second or len(unit) < _WHOLE_WORD_LETTERS):
            continue
        if is_second and unit == "s" and _is_decade(text, match, language):
            continue
        amount = float((number or "1").replace(",", ".")) + 0.5 * bool(half_before or half_after)
        is_both = more is not None and factor == 60.0
        found.append((match.start(), match.end() if is_both else match.end(4 if half_after else 3),
                      amount * factor + (float(more or 0.0) if is_both else 0.0)))  # fmt: skip
    return found


@lru_cache(maxsize=8)
def _length_pattern(language: str) -> re.Pattern[str]:
    """Groups: number (none for "a minute"), half before the unit, unit, half after it, seconds on top."""
    minute, second = (alternatives(words_of(language, name)) for name in ("minutes", "seconds"))
    hour, half = (alternatives(words_of(language, name)) for name in ("hours", "half_words"))
    joins, ones = (alternatives(words_of(language, name)) for name in ("and_words", "one_words"))
    a_half = rf"(?:\s*(?:{joins})\s*(?:an?\s+)?({half})(?!\w))"
    beats = alternatives((*words_of(language, "bpm_units"), "%"))
    on_top = rf"(?:\s*(?:,|{joins})?\s*([0-5]?\d)(?:\s*(?:{second})(?!\w)|(?=\s*(?:[,;!?)\n]|\.(?!\d)|$))))"
    on_top = rf"(?:{on_top}|\s*([1-5]\d)(?![\w:/%.,])(?!\s*(?:{beats})))"
    return re.compile(
        rf"(?:{_NUMBER}|(?<!\w)(?:{ones}))(?:{a_half})?\s*({minute}|{second}|{hour})(?![^\W\d]){a_half}?{on_top}?"
    )


def _is_decade(text: str, match: re.Match[str], language: str) -> bool:
    """ "80s pop", "1980s" and the drum machine in "808s" are no lengths; "for 90s" and "90s long" are."""
    if match.group(1) in _MACHINES or len(match.group(1)) > len("999"):
        return True
    if match.group(1) not in _DECADES or match.start(3) > match.end(1):
        return False
    return not is_length_beside(text[: match.start()], text[match.end(3) :], language)


def is_length_beside(before: str, after: str, language: str) -> bool:
    """Whether the words beside "90s" say that it is a length: "for 90s", "90s long"."""
    last, first = re.findall(r"\w+", before)[-1:], re.findall(r"\w+", after)[:1]
    return bool(set(last) & set(words_of(language, "decade_cues")) or set(first) & {"long", "length", "duration"})


def _is_partial(text: str, start: int, end: int, language: str) -> bool:
    before = re.search(rf"(?<!\w)(?:{alternatives(words_of(language, 'partial_before'))})\s*$", text[:start])
    after = re.match(rf"\s*(?:{alternatives(words_of(language, 'partial_after'))})(?!\w)", text[end:])
    return before is not None or after is not None
