"""What a song is about and whether it is sung: theme, voice, title, references.

Belongs here: reading these from words. Does not belong here: writing lyrics (composition).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from musicgen_assets.context import limits
from musicgen_assets.ideation.wording.terms import (
    Term,
    alternatives,
    find_phrases,
    table_of,
    word_after,
    word_before,
    words_of,
)
from musicgen_assets.ideation.wording.text import Prompt, Word, phrase_key

THEME_MAX_WORDS = 12
TITLE_WORDS = 6
_REFERENCE_MAX_CHARACTERS = 60


@dataclass(frozen=True)
class Theme:
    """What the song is about, as written; ``is_song``: it was called a song, so it has words."""

    text: str
    start: int
    end: int
    is_song: bool


@dataclass(frozen=True)
class Singing:
    """Whether the song is sung: True, False, or None where nothing was said. ``notes`` for the trace."""

    is_asked: bool | None
    notes: tuple[str, ...] = ()


def find_theme(prompt: Prompt, language: str, ends: Sequence[int] = ()) -> Theme | None:
    """The words after "about", up to a comma, a word that goes back to the music, or a place in ``ends``."""
    about, stops = _theme_patterns(language)
    match = about.search(prompt.plain)
    if match is None:
        return None
    rest = prompt.plain[match.end() :]
    stop = stops.search(rest)
    end = min([match.end() + (stop.start() if stop else len(rest)), *(place for place in ends if place >= match.end())])
    words = [word for word in prompt.words if match.end() <= word.start < end][:THEME_MAX_WORDS]
    while words and words[-1].text in words_of(language, "theme_trailing"):
        words.pop()
    if not words or re.fullmatch(r"\d+", words[0].text):
        return None
    text = prompt.raw[words[0].start : words[-1].end].strip()[:200]
    songs = words_of(language, "song_words")
    before = phrase_key(prompt.plain[: match.start()]).split()
    return Theme(text, words[0].start, words[-1].end, is_song=any(word.endswith(songs) for word in before))


@lru_cache(maxsize=8)
def _theme_patterns(language: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What a theme begins after, and what it ends before."""
    abouts, stops = alternatives(words_of(language, "about_words")), alternatives(words_of(language, "theme_stops"))
    return (
        re.compile(rf"(?<!\w)(?:{abouts})(?!\w)\s*"),
        re.compile(rf"[,;.:!?\n()]|\s(?:{stops})(?!\w)|\s*\d+\s*(?:bpm|s\b|sec|min)|\s+\d"),
    )


def find_singing(prompt: Prompt, language: str, terms: Sequence[Term], theme: Theme | None) -> Singing:
    """Sung only where asked for; an explicit "instrumental" or "no vocals" beats a theme, a voice beats both."""
    traps = set(words_of(language, "instrumental_traps"))
    wanted = [term for term in terms if term.kind == "vocals" and not term.is_negated]
    refused = [term for term in terms if term.kind == "vocals" and term.is_negated]
    for term in terms:
        after = word_after(prompt, term.end)
        if term.kind == "instrumental" and not (after and after.text in traps):
            (wanted if term.is_negated else refused).append(term)
    if refused:
        word = refused[0].text
        notes = (f"{word!r} stands against {wanted[0].text!r}: the song stays without words",) if wanted else ()
        return Singing(is_asked=False, notes=notes)
    if wanted:
        return Singing(is_asked=True)
    if theme is not None and theme.is_song:
        return Singing(is_asked=True, notes=("a song about something has words",))
    return Singing(is_asked=None)


def find_voice(prompt: Prompt, language: str, terms: Sequence[Term]) -> str | None:
    """ "female vocals" is high, "deep voice" low: the words beside a word for voice."""
    table = table_of(language, "voices")
    for term in terms:
        if term.kind != "vocals":
            continue
        beside = (word_before(prompt, term.start), word_after(prompt, term.end))
        for text in (term.text, *(word.text for word in beside if word is not None)):
            if text in table:
                return str(table[text])
    return None


def find_title(prompt: Prompt, language: str) -> str | None:
    """A title in quotation marks, or the capitalised words after "called"."""
    if prompt.quotes:
        return prompt.quotes[0][: limits.TITLE_MAX_CHARACTERS]
    for _, end, _ in find_phrases(prompt, words_of(language, "title_words")):
        match = re.match(r"[\s:]*([^\W\d_][^,.;:!?\n]*)", prompt.raw[end:])
        if match and match.group(1)[0].isupper():
            words = match.group(1).split()
            kept = [word for i, word in enumerate(words) if all(w[0].isupper() or len(w) <= 3 for w in words[: i + 1])]
            while kept and kept[-1][0].islower():
                kept.pop()
            return " ".join(kept)[: limits.TITLE_MAX_CHARACTERS] or None
    return None


def made_title(prompt: Prompt, language: str, theme: str) -> str:
    """A title where none was given: the theme, else the prompt's first words; "" if they say nothing.

    In German the theme loses its article, which stands in the accusative after "über".
    """
    source = re.sub(r"^(?:den|dem|die|das|der)\s+", "", theme) if language == "de" else theme
    source = source or _first_words(prompt, language)
    text = " ".join(source.split())[: limits.TITLE_MAX_CHARACTERS].strip()
    return text[:1].upper() + text[1:]


def find_references(prompt: Prompt, language: str) -> tuple[str, ...]:
    """Names after "in the style of": kept as a note, never imitated note for note."""
    found = []
    for _, end, _ in find_phrases(prompt, words_of(language, "reference_words")):
        match = re.match(r"\s+([A-ZÀ-Þ][^,.;:!?\n]*)", prompt.raw[end:])
        if match:
            found.append(match.group(1).strip()[:_REFERENCE_MAX_CHARACTERS])
    return tuple(dict.fromkeys(found))


def _without_length(words: Sequence[Word], language: str) -> list[Word]:
    """Title words before or after a length such as "two minutes of"."""
    units = {*words_of(language, "minutes"), *words_of(language, "seconds")}
    place = next((i for i, word in enumerate(words) if word.text in units), None)
    if place is None:
        return list(words)
    joins = set(words_of(language, "theme_trailing"))
    before, after = list(words[: max(place - 1, 0)]), list(words[place + 1 :])
    while before and before[-1].text in joins:
        before.pop()
    while after and after[0].text in joins:
        after.pop(0)
    return before or after


def _first_words(prompt: Prompt, language: str) -> str:
    """The prompt up to its first number, comma or "with", without "make me a" before it."""
    sections = ("title_skips", "minutes", "seconds", "half_words", "and_words")
    skipped = {word for section in sections for word in words_of(language, section)} | {"of", "de"}
    words = [word for word in prompt.words if not any(character.isdigit() for character in word.text)]
    while len(words) > 1 and words[0].text in skipped:
        words.pop(0)
    if not words or words[0].text in words_of(language, "negations"):
        return ""
    stops = alternatives(words_of(language, "title_stops"))
    rest = prompt.plain[words[0].start :]
    stop = re.search(rf"[,;.:!?\n\d(]|\s(?:{stops})(?!\w)", rest)
    end = words[0].start + (stop.start() if stop and stop.start() > 0 else len(rest))
    kept = _without_length([word for word in words if word.end <= end], language)[:TITLE_WORDS] or words[:1]
    if {word.text for word in kept} <= {*words_of(language, "song_words"), *words_of(language, "function_words")}:
        return ""
    return prompt.raw[words[0].start : kept[-1].end]
