"""The user's own words before anything is made of them: can they be sung, in which language, how many are there?

Belongs here: what a text must be to be sung at all, and its language. Does not belong here: sections and lines that fit
(composition.lyrics_text), syllables (composition.prosody).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from musicgen_assets.context.failures import BadInput
from musicgen_assets.ideation.wording.lexicon import LANGUAGES
from musicgen_assets.ideation.wording.text import fold

FIELD, LANGUAGE_FIELD = "creative.lyrics", "creative.language"
NAMES = {"en": "English", "es": "Spanish", "fr": "French", "de": "German", "pt": "Portuguese"}
FOREIGN_SHARE_MAX = 0.3
"""Most letters of another script among the words."""
SURE_WORDS, SURE_LEAD = 5, 0.5
"""A language is told from so many words on, if it leads the next by that in mean Zipf frequency."""
_RIGHT_TO_LEFT = frozenset({"R", "AL"})
_VOWELS = frozenset("aeiouy\u00e6\u0153\u00f8")
_TAG = re.compile(r"^\s*[\[(<{][^\])>}]{1,40}[\])>}]\s*:?\s*$")
_ZIPF_MAX = 6.0


@dataclass(frozen=True)
class GivenWords:
    """``language`` None: too few words to tell. ``notes`` are lines for the trace."""

    language: str | None
    notes: tuple[str, ...]


def read_given_words(
    text: object, asked: object = None, asked_in_prompt: str | None = None, prompt_language: str = "en"
) -> GivenWords | None:
    """What is to know of the words; None where none were given.

    ``asked``: the language set by hand, which must be that of the words. A language the prompt asks for gives way to
    that of the words, and it is said. Raises BadInput on words that cannot be sung.
    """
    if not isinstance(text, str) or not text.strip():
        return None
    lines = lines_of(text)
    words = [word for line in lines for word in _words(line)]
    _check_script(text)
    _check_vowels(text, words)
    found = language_of(words)
    if found is not None and asked in LANGUAGES and found != asked:
        raise BadInput(
            FIELD, text, f"the words read as {NAMES[found]}, but {LANGUAGE_FIELD} is {asked}",
            way_out=f"Set {LANGUAGE_FIELD}={found}, leave it out, or give words in {NAMES[str(asked)]}.",
        )  # fmt: skip
    return GivenWords(found, tuple(_notes(lines, found, asked_in_prompt, prompt_language)))


def lines_of(text: str) -> list[str]:
    """Lines to be sung: neither blank nor a heading such as [Chorus]."""
    return [line.strip() for line in text.splitlines() if line.strip() and not _TAG.match(line)]


def language_of(words: Sequence[str]) -> str | None:
    """The language in which the words are most usual, None if there are few or two languages are close."""
    if len(words) < SURE_WORDS:
        return None
    means = {name: sum(min(_usual(word, name), _ZIPF_MAX) for word in words) / len(words) for name in LANGUAGES}
    first, second = sorted(means.values(), reverse=True)[:2]
    if first - second < SURE_LEAD:
        return None
    return max(LANGUAGES, key=lambda name: means[name])


@lru_cache(maxsize=4096)
def _usual(word: str, language: str) -> float:
    from wordfreq import zipf_frequency

    return float(zipf_frequency(word, language, wordlist="small"))


def _words(line: str) -> list[str]:
    return re.findall(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*", unicodedata.normalize("NFC", line).lower())


def _check_script(text: str) -> None:
    letters = [character for character in text if character.isalpha()]
    foreign = [character for character in letters if not unicodedata.name(character, "").startswith("LATIN")]
    if len(foreign) <= FOREIGN_SHARE_MAX * len(letters):
        return
    is_backwards = sum(unicodedata.bidirectional(c) in _RIGHT_TO_LEFT for c in foreign) * 2 > len(foreign)
    script = unicodedata.name(foreign[0], "an unknown script").split()[0].capitalize()
    how = f"they are in {script} script" + (", written from right to left" if is_backwards else "")
    raise BadInput(
        FIELD, text, f"{how}, and there are voices only for {', '.join(NAMES.values())}",
        way_out="Write the words in Latin letters, as they are to be sung.",
    )  # fmt: skip


def _check_vowels(text: str, words: Sequence[str]) -> None:
    if any(_VOWELS & set(fold(word)) for word in words):
        return
    raise BadInput(
        FIELD, text, "no word in it has a vowel, and without vowels nothing can be sung",
        way_out="Write words that can be held on a note, such as 'la' or 'oh'.",
    )  # fmt: skip


def _notes(lines: Sequence[str], found: str | None, asked_in_prompt: str | None, prompt_language: str) -> list[str]:
    notes = ["the words are given, so they are sung as they stand"]
    if found is not None and asked_in_prompt is not None and found != asked_in_prompt:
        notes.append(f"the words read as {NAMES[found]}, so they are sung in it and not in {NAMES[asked_in_prompt]}")
    elif found is not None and found != prompt_language:
        notes.append(f"the words read as {NAMES[found]}")
    if len(lines) == 1:
        notes.append("one line of words: it comes back wherever the song is sung")
    mute = [line for line in lines if not any(_VOWELS & set(fold(word)) for word in _words(line))]
    if mute:
        notes.append(f"{len(mute)} of {len(lines)} lines have no vowel and are left to the instruments")
    return notes
