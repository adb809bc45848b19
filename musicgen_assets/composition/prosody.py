"""Lines of words as syllables with stress, and whether two lines rhyme.

Belongs here: whole lines in all five languages. Does not belong here: a language's spelling rules
(prosody_<language>), writing or choosing words (lyrics_*).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from musicgen_assets.composition.prosody_de import GERMAN
from musicgen_assets.composition.prosody_en import ENGLISH
from musicgen_assets.composition.prosody_fr import FRENCH, is_mute
from musicgen_assets.composition.prosody_romance import PORTUGUESE, SPANISH
from musicgen_assets.composition.prosody_words import Rules, Word, cut, known, plain, word_set
from musicgen_assets.score.material import LyricLine

_RULES: dict[str, Rules] = {
    "en": ENGLISH, "es": SPANISH, "fr": FRENCH, "de": GERMAN, "pt": PORTUGUESE,
}  # fmt: skip
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*['’]?")
_VOWEL_SOUNDS = "aeiouy"


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text in order; hyphens and punctuation separate, apostrophes belong."""
    return tuple(match.group() for match in _WORD.finditer(unicodedata.normalize("NFC", text)))


@lru_cache(maxsize=8192)
def word_of(text: str, language: str) -> Word:
    """A word's syllables and stress. Figures count one syllable a digit; letters without vowels count one."""
    found = known(text, language)
    if found is not None:
        return found
    if text.isdigit():
        return Word(text, tuple(text), 0)
    rules = _RULES[language]
    lower = text.lower()
    if len(lower) != len(text):
        return Word(text, (text,), 0)
    syllables = cut(text, rules.nuclei(lower), rules.onsets)
    syllables = rules.recut(syllables) if rules.recut else syllables
    return Word(text, syllables, min(rules.stress(lower, syllables), len(syllables) - 1))


@lru_cache(maxsize=8192)
def line_of(text: str, language: str, rhyme: str = "") -> LyricLine:
    """``text`` as a sung line: syllables, stresses and word ends of equal length.

    Spanish and Portuguese vowels that meet between words share a syllable ("de a-mor" sings as "dea-mor"; the
    shared syllable's text keeps the space). A French mute e sounds only before a consonant inside the line.
    """
    rules = _RULES[language]
    syllables: list[str] = []
    stresses: list[int] = []
    ends: list[bool] = []
    tokens = list(_WORD.finditer(unicodedata.normalize("NFC", text)))
    for position, token in enumerate(tokens):
        word = word_of(token.group(), language)
        following = tokens[position + 1] if position + 1 < len(tokens) else None
        parts, beats = list(word.syllables), list(_stresses(word, language))
        is_bound = following is not None and text[token.end() : following.start()].strip() == ""
        keeps_mute = is_bound and following is not None and _sounds_consonant(following.group())
        if rules.drops_mute_e and not keeps_mute and len(parts) > 1 and is_mute(parts[-1], word.text):
            parts[-2:] = ["".join(parts[-2:])]
            beats = beats[: len(parts)]
        if rules.joins_vowels and position and _joins(text, tokens[position - 1], token, language):
            syllables[-1] = f"{syllables[-1]} {parts[0]}"
            stresses[-1] = max(stresses[-1], beats[0])
            ends[-1] = len(parts) == 1
            parts, beats = parts[1:], beats[1:]
        syllables += parts
        stresses += beats
        ends += [False] * (len(parts) - 1) + [True] * bool(parts)
    return LyricLine(
        text=text, syllables=tuple(syllables), stresses=tuple(stresses), word_ends=tuple(ends), rhyme=rhyme
    )


def rhyme_sound(text: str, language: str) -> str:
    """The sound a line ends on, from its last word's stressed vowel; empty without words."""
    words = words_of(text)
    return _RULES[language].tail(word_of(words[-1], language)) if words else ""


def rhymes(first: str, second: str, language: str) -> bool:
    """Whether two lines rhyme: their last words differ and sound alike from the stressed vowel on.

    In Spanish and Portuguese equal vowels are enough (assonance, the rhyme of their songs); m and n count as
    one everywhere.
    """
    ends = [words_of(first)[-1:], words_of(second)[-1:]]
    if not all(ends) or plain(ends[0][0]) == plain(ends[1][0]):
        return False
    one, other = (_sounds(end[0], language) for end in ends)
    if not one.isdisjoint(other):
        return True
    return _RULES[language].joins_vowels and not {_vowels(sound) for sound in one}.isdisjoint(map(_vowels, other))


@lru_cache(maxsize=8192)
def _sounds(word: str, language: str) -> frozenset[str]:
    """Every sound a word may end on, m and n alike."""
    rules, found = _RULES[language], word_of(word, language)
    return frozenset(sound.replace("m", "n") for sound in (rules.tail(found), *rules.variants(found)))


def _vowels(sound: str) -> str:
    letters = re.sub(r"(?<=[aeo])[iu]|[iu](?=[aeo])", "", re.sub(r"[^aeiou]", " ", sound)).split()
    joined = "".join(letters)
    return joined[0] + joined[-1] if len(joined) > 1 else joined


def _stresses(word: Word, language: str) -> tuple[int, ...]:
    if plain(word.text).replace("’", "'") in _plain_unstressed(language):
        return (0,) * len(word.syllables)
    return tuple(int(index == word.stress) for index in range(len(word.syllables)))


@lru_cache(maxsize=8)
def _plain_unstressed(language: str) -> frozenset[str]:
    return frozenset(plain(word) for word in word_set(language, "unstressed"))


def _sounds_consonant(word: str) -> bool:
    lower = plain(word)
    if lower.startswith("h"):
        return word.lower() in word_set("fr", "aspirated")
    return lower[:1] not in _VOWEL_SOUNDS


def _joins(text: str, left: re.Match[str], right: re.Match[str], language: str) -> bool:
    """Whether the vowels at a word boundary share a syllable: nothing but a space between, the second unstressed."""
    if text[left.end() : right.start()].strip():
        return False
    first = word_of(right.group(), language)
    opens = plain(first.text).lstrip("h")[:1] in "aeiou" if language == "es" else plain(first.text)[:1] in "aeiou"
    before = plain(left.group())
    closes = before[-1:] in "aeiou" or before == "y"
    is_stressed = _stresses(first, language)[0] == 1
    return bool(opens and closes and not is_stressed and plain(first.text) not in ("ou", "o", "u"))
