"""The sounds of each syllable: a spoken line cut as its lyrics are cut.

Belongs here: reading the words of a line, and dividing each word's sounds among its syllables, whatever espeak-ng and
the lyrics disagree about. Does not belong here: cutting words on paper (composition.prosody), times (timing).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from musicgen_assets.graph.job import FloatArray
from musicgen_assets.production.voice.espeak import Sound, speak
from musicgen_assets.production.voice.phonemes import SONORITY, Phoneme, kind_of

MUTE_E = "euh"
"""How a French mute e that is sung is spelt for the reader, as a word of its own."""
FALLBACK_WORD = "la"
"""Sung where letters have no sound: people do."""
_MUTE_ENDING = re.compile(r"[^aeiouyéèêàâîïôûùh](?:e|es|ent)$")
_MOST_NUCLEI = 3
"""A word read with more vowels a syllable than this was spelt out ("asterisk"), which is not singing."""


@dataclass(frozen=True)
class SungSyllable:
    """Sounds of one syllable around its vowel. ``vowel`` None: it goes on with the vowel before it."""

    onset: tuple[Phoneme, ...]
    vowel: Phoneme | None
    coda: tuple[Phoneme, ...]


@dataclass(frozen=True)
class Reading:
    """A line as read: audio, and its syllables in order, one for each asked for."""

    samples: FloatArray
    rate_hz: int
    syllables: tuple[SungSyllable, ...]


def read_line(
    texts: Sequence[str], word_ends: Sequence[bool], language: str, variant: str, pitch: int, pitch_range: int = 0
) -> Reading:
    """A line of syllables, read in the context of the whole line.

    ``texts`` and ``word_ends`` as in score.model.Syllable: a syllable that two words share holds a space.

    Raises:
        PermanentFailure: espeak-ng cannot be used here.
    """
    words = _words(texts, word_ends)
    spoken = [_readable(word.text) for word in words]
    mutes = [_sings_mute_e(word, language) for word in words]
    speech = speak(_with_mutes(spoken, mutes), language, variant, pitch, pitch_range)
    owners = [index for index, is_sung in enumerate(mutes) for _ in range(1 + is_sung)]
    sounds = [replace(sound, word=owners[sound.word]) for sound in speech.sounds]
    odd = _odd_words(words, sounds)
    if odd:
        spoken = [FALLBACK_WORD if index in odd else text for index, text in enumerate(spoken)]
        speech = speak(spoken, language, variant, pitch, pitch_range)
        sounds = list(speech.sounds)
    groups: list[list[Phoneme]] = [[] for _ in texts]
    for index, word in enumerate(words):
        own = _phonemes([sound for sound in sounds if sound.word == index])
        for place, part in zip(word.places, divide(own, len(word.places)), strict=True):
            groups[place] += part
    return Reading(speech.samples, speech.rate_hz, tuple(_syllable(group) for group in groups))


@dataclass(frozen=True)
class _Word:
    """A word and the syllables of the line that carry it; the last may be the next word's first."""

    text: str
    places: tuple[int, ...]


def _words(texts: Sequence[str], word_ends: Sequence[bool]) -> list[_Word]:
    words: list[_Word] = []
    text, places = "", list[int]()
    for place, (syllable, is_end) in enumerate(zip(texts, word_ends, strict=True)):
        *before, last = syllable.split(" ") if syllable.strip() else [syllable]
        for part in before:
            words.append(_Word(text + part, (*places, place)))
            text, places = "", []
        text += last
        places.append(place)
        if is_end:
            words.append(_Word(text, tuple(places)))
            text, places = "", []
    if places:
        words.append(_Word(text, tuple(places)))
    return words


def _readable(word: str) -> str:
    """Letters, figures and inner apostrophes of a word; the fallback where there are none."""
    kept = "".join(
        letter if unicodedata.category(letter)[0] in "LMN" or letter in "'’" else "" for letter in word
    ).strip("'’")
    return kept.replace("’", "'") or FALLBACK_WORD


def _sings_mute_e(word: _Word, language: str) -> bool:
    """Whether a French word's last syllable is nothing but a mute e, which readers leave out and singers do not."""
    if (
        language != "fr"
        or len(word.places) < 2
        or not re.search(r"[^aeiouyéèêàâîïôûùh](?:e|es|ent)$", word.text.lower())
    ):
        return False
    return _vowels(word.text, "fr") < len(word.places)


@lru_cache(maxsize=4096)
def _vowels(word: str, language: str) -> int:
    return sum(
        sound.ipa != "" and kind_of(sound.ipa) == "vowel" for sound in speak((_readable(word),), language, "").sounds
    )


def _with_mutes(spoken: Sequence[str], mutes: Sequence[bool]) -> list[str]:
    return [
        part for text, is_sung in zip(spoken, mutes, strict=True) for part in ([text, MUTE_E] if is_sung else [text])
    ]


def _odd_words(words: Sequence[_Word], sounds: Sequence[Sound]) -> set[int]:
    """Words that were not read at all, read without a vowel, or spelt out."""
    counts = [0] * len(words)
    for sound in sounds:
        counts[sound.word] += kind_of(sound.ipa) == "vowel"
    heard = {sound.word for sound in sounds}
    return {
        index
        for index, word in enumerate(words)
        if index not in heard or not 0 < counts[index] <= _MOST_NUCLEI * len(word.places)
    }


def _phonemes(sounds: Sequence[Sound]) -> list[Phoneme]:
    """Sounds of a word; a glide that no vowel follows is a vowel ("sauda-dj")."""
    made = [Phoneme(s.ipa, kind_of(s.ipa), s.start_s, s.end_s, s.is_stressed) for s in sounds]
    for index, one in enumerate(made):
        neighbours = made[max(index - 1, 0) : index] + made[index + 1 : index + 2]
        if one.kind == "glide" and not any(other.is_vowel for other in neighbours):
            made[index] = replace(one, kind="vowel")
    return made


def divide(sounds: Sequence[Phoneme], count: int) -> list[list[Phoneme]]:
    """A word's sounds in ``count`` syllables, in order, each with a vowel where there are enough of them.

    Consonants between vowels go to the later syllable as far as their sonority rises. Vowels too many: the weakest
    joins its neighbour, those with nothing between them first. Too few: the longest is cut in two.
    """
    pieces = list(sounds)
    while 0 < sum(one.is_vowel for one in pieces) < count:
        pieces = _one_vowel_more(pieces)
    nuclei = [index for index, one in enumerate(pieces) if one.is_vowel]
    if not nuclei:
        return [pieces, *([] for _ in range(count - 1))]
    heads = _heads(pieces, nuclei, count)
    cuts = [
        0,
        *(_cut(pieces, left, right) for left, right in zip(heads[1][:-1], heads[0][1:], strict=True)),
        len(pieces),
    ]
    return [pieces[a:b] for a, b in pairwise(cuts)]


def _heads(pieces: Sequence[Phoneme], nuclei: Sequence[int], count: int) -> tuple[list[int], list[int]]:
    """First and last nucleus of each syllable, when only ``count`` syllables are left of the nuclei."""
    groups = [[index] for index in nuclei]
    while len(groups) > count:
        prices = [
            (right[0] - left[-1], max(pieces[left[-1]].duration_s, pieces[right[0]].duration_s), place)
            for place, (left, right) in enumerate(pairwise(groups))
        ]
        place = min(prices)[2]
        groups[place : place + 2] = [groups[place] + groups[place + 1]]
    return [group[0] for group in groups], [group[-1] for group in groups]


def _cut(pieces: Sequence[Phoneme], left: int, right: int) -> int:
    """Where the later syllable begins between two nuclei: its consonants rise in sonority towards its vowel."""
    start = right
    while start - 1 > left and (start == right or SONORITY[pieces[start - 1].kind] < SONORITY[pieces[start].kind]):
        start -= 1
    if start - 1 > left and pieces[start - 1].ipa == "s" and pieces[start].kind == "stop" and start - 2 == left:
        return start - 1  # "ha-sta", "mi-ster"
    return start


def _one_vowel_more(pieces: list[Phoneme]) -> list[Phoneme]:
    """The longest vowel in two halves; of a diphthong the second half is its end."""
    index = max(
        (i for i, one in enumerate(pieces) if one.is_vowel),
        key=lambda i: (pieces[i].is_diphthong, pieces[i].duration_s, i),
    )
    one = pieces[index]
    middle = one.start_s + 0.55 * one.duration_s
    return [*pieces[:index], replace(one, end_s=middle), replace(one, start_s=middle), *pieces[index + 1 :]]


def _syllable(sounds: Sequence[Phoneme]) -> SungSyllable:
    """Sounds around the vowel that is held: the stressed one, else the longest. Others keep their natural length."""
    nuclei = [index for index, one in enumerate(sounds) if one.is_vowel]
    if not nuclei:
        return SungSyllable(tuple(sounds), None, ())
    held = max(nuclei, key=lambda index: (sounds[index].is_stressed, sounds[index].duration_s))
    return SungSyllable(tuple(sounds[:held]), sounds[held], tuple(sounds[held + 1 :]))
