"""Words become sounds of syllables, in five languages, whatever people write."""

from __future__ import annotations

import time

import numpy as np
import pytest

from musicgen_assets.composition.prosody import line_of
from musicgen_assets.production.voice.espeak import speak
from musicgen_assets.production.voice.phonemes import Phoneme, kind_of
from musicgen_assets.production.voice.syllables import SungSyllable, divide, read_line
from support.voices import needs_voice

needs_voice()


def spelt(syllable: SungSyllable) -> str:
    return (
        "".join(one.ipa for one in syllable.onset)
        + "|" + (syllable.vowel.ipa if syllable.vowel else "-") + "|"
        + "".join(one.ipa for one in syllable.coda)
    )  # fmt: skip


def read(text: str, language: str) -> list[str]:
    line = line_of(text, language)
    return [spelt(one) for one in read_line(line.syllables, line.word_ends, language, "f2", 50).syllables]


@pytest.mark.parametrize(
    ("language", "text", "sounds"),
    [
        ("en", "little fire", ["l|ɪ|", "ɾ|əl|", "f|aɪɚ|"]),
        ("es", "noche de amor", ["n|o|", "tʃ|e|", "ð|e|a", "m|o|ɾ"]),
        ("fr", "belle femme", ["b|ɛ|", "l|œ|", "f|a|m"]),
        ("de", "schöne Straßen", ["ʃ|øː|", "n|ə|", "ʃtɾ|ɑː|", "s|ə|n"]),
        ("pt", "saudade", ["s|aʊ|", "d|a|", "dʒ|y|"]),
    ],
)
def test_syllables_have_the_sounds_of_their_words(language: str, text: str, sounds: list[str]) -> None:
    assert read(text, language) == sounds


@pytest.mark.parametrize("text", ["♥ 42 !!", "hmm pfft", "مرحبا", "x", "rock'n'roll don't", "a" * 60, "naïve façade"])
@pytest.mark.parametrize("language", ["en", "es", "fr", "de", "pt"])
def test_odd_words_are_sung_somehow_and_every_syllable_has_a_vowel(language: str, text: str) -> None:
    line = line_of(text, language)
    if line.syllables:
        reading = read_line(line.syllables, line.word_ends, language, "m1", 50)
        assert len(reading.syllables) == len(line.syllables)
        assert all(one.vowel is not None for one in reading.syllables)


def test_a_word_is_divided_into_as_many_syllables_as_its_lyrics_have() -> None:
    sounds = [
        Phoneme(ipa, kind_of(ipa), 0.1 * n, 0.1 * n + 0.1) for n, ipa in enumerate(("a", "s", "t", "aɪ", "n", "o"))
    ]
    for count in range(1, 8):
        parts = divide(sounds, count)
        assert len(parts) == count
        assert all(any(one.is_vowel for one in part) for part in parts)
        ipa = [one.ipa for part in parts for one in part]
        assert list(dict.fromkeys(ipa)) == ["a", "s", "t", "aɪ", "n", "o"]
    assert ["".join(one.ipa for one in part) for part in divide(sounds, 3)] == ["a", "staɪ", "no"]


def test_a_line_is_read_alike_whenever_and_after_whatever() -> None:
    first = speak(("hold", "me", "tonight"), "en", "f2")
    speak(("something", "else"), "de", "m3")
    time.sleep(1.1)  # the library seeds its noise with the clock unless told otherwise
    second = speak(("hold", "me", "tonight"), "en", "f2")
    assert np.array_equal(first.samples, second.samples)
    assert first.sounds == second.sounds
    assert [sound.word for sound in first.sounds] == [0, 0, 0, 0, 1, 1, 2, 2, 2, 2, 2]
