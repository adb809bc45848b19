"""Syllables, stress and rhyme come out as they are sung, in five languages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicgen_assets.composition.prosody import line_of, rhymes, word_of, words_of

SYLLABLES = {
    "en": (
        "re-'mem-ber 'sum-mer 'night a-'long 'o-cean 'ev-ery-thing 'beau-ti-ful 'dy-ing 'fire 'loved 'can-dle "
        "to-'mor-row 'safe-ly 'home-ward 'qui-et 'ra-di-o 'o-pen de-'sire 'sta-tion cre-'a-tion 'run-ning 'wait-ing "
        "'go-ing 'did-n't 'heav-en 'lone-ly 'some-thing 'ta-ble 'peo-ple 'danced 'streets 'moon-light"
    ),
    "es": (
        "co-ra-'zón a-'ho-ra ciu-'dad po-e-'sí-a gui-'ta-rra 'quie-ro 'lu-na es-'tre-lla can-'ción 'a-gua re-'loj "
        "'lim-pia"
    ),
    "pt": (
        "sau-'da-de co-ra-'ção his-'tó-ria 'lu-a 'quan-do 'á-gua ra-'i-nha a-'in-da 'coi-sa cri-'an-ça mu-'lher a-'mor"
    ),
    "fr": "é-'toi-les 'lu-ne thé-'â-tre main-te-'nant 'nuit ou-bli-'er mai-'son",
    "de": "'Stra-ße zu-'rück ver-'lo-ren 'Feu-er 'ü-ber 'neu-en Mu-'sik zu-'sam-men 'Lie-be Me-lo-'die",
}


@pytest.mark.parametrize("language", SYLLABLES)
def test_words_fall_into_their_syllables(language: str) -> None:
    for entry in SYLLABLES[language].split():
        parts = entry.split("-")
        stress = next((n for n, part in enumerate(parts) if part.startswith("'")), 0)
        plain = tuple(part.removeprefix("'") for part in parts)
        word = word_of("".join(plain), language)
        assert word.syllables == plain
        assert word.stress == stress, entry


@pytest.mark.parametrize(
    ("language", "word", "count"),
    [
        ("en", "couldn't", 2), ("en", "don't", 1), ("en", "wanted", 2), ("en", "houses", 2), ("en", "played", 1),
        ("en", "o'clock", 2), ("en", "we're", 1), ("en", "society", 4), ("en", "fireflies", 2), ("en", "24", 2),
        ("pt", "rio", 2), ("es", "rio", 1), ("es", "río", 2), ("fr", "voyage", 3), ("de", "gehen", 2),
        ("en", "rhythm", 2),
        ("en", "pfft", 1), ("es", "h", 1), ("en", "candles", 2), ("en", "carrier", 3), ("en", "nation", 2),
    ],
)  # fmt: skip
def test_words_have_as_many_syllables_as_one_sings(language: str, word: str, count: int) -> None:
    assert len(word_of(word, language).syllables) == count


def test_spanish_and_portuguese_vowels_meet() -> None:
    line = line_of("La noche de abril y el mar", "es")
    assert line.syllables == ("La", "no", "che", "de a", "bril", "y el", "mar")
    assert line.word_ends == (True, False, True, False, True, True, True)
    assert len(line_of("de amor, amor", "es").syllables) == 4  # a comma keeps vowels apart
    assert line_of("a voz de antigos", "pt").syllables[2] == "de an"
    assert len(line_of("no other evening", "en").syllables) == 5


def test_french_mute_e_sounds_only_before_a_consonant() -> None:
    assert line_of("elle danse sous la lune", "fr").syllables == ("el", "le", "dan", "se", "sous", "la", "lune")
    assert line_of("la lune et moi", "fr").syllables == ("la", "lune", "et", "moi")
    assert line_of("les étoiles brillent ici", "fr").syllables[-3:] == ("brillent", "i", "ci")
    assert line_of("je me hâte si haut", "fr").syllables == ("je", "me", "hâ", "te", "si", "haut")


def test_small_words_carry_no_stress() -> None:
    assert line_of("I walk the line to you", "en").stresses == (0, 1, 0, 1, 0, 0)
    assert line_of("la noche es de los dos", "es").stresses == (0, 1, 0, 0, 0, 1)


RHYMES = {
    "en": [("night", "light", True), ("home", "roam", True), ("love", "above", True), ("love", "move", False),
           ("now", "know", False), ("fire", "desire", True), ("said", "instead", True), ("goes", "rose", True),
           ("fire in the night", "holding tight", True), ("summer", "drummer", True), ("yesterday", "away", True),
           ("night", "night", False), ("blue", "you", True), ("heart", "apart", True), ("cat", "dog", False)],
    "es": [("amor", "calor", True), ("mar", "cantar", True), ("casa", "alma", True), ("luna", "cuna", True),
           ("noche", "mar", False), ("fui", "aquí", True), ("vida", "perdida", True), ("canción", "corazón", True)],
    "pt": [("amor", "calor", True), ("coração", "mão", True), ("mar", "olhar", True), ("lua", "rua", True),
           ("noite", "mar", False), ("final", "normal", True)],
    "fr": [("toi", "moi", True), ("pas", "bras", True), ("aimer", "jouer", True), ("lune", "brume", True),
           ("chanson", "maison", True), ("mer", "hiver", True), ("vent", "doucement", True), ("lune", "amour", False),
           ("soleil", "oreille", True), ("nuit", "ici", True), ("temps", "blanc", True)],
    "de": [("Nacht", "gemacht", True), ("Haus", "hinaus", True), ("Leben", "geben", True), ("Weg", "Berg", False),
           ("Zeit", "weit", True), ("Glück", "Blick", True), ("Mond", "Hund", False), ("Neonlicht", "nicht", True)],
}  # fmt: skip


@pytest.mark.parametrize("language", RHYMES)
def test_rhymes_go_by_sound(language: str) -> None:
    for first, second, expected in RHYMES[language]:
        assert rhymes(first, second, language) is expected, (first, second)


@given(st.text(max_size=60), st.sampled_from(["en", "es", "fr", "de", "pt"]))
def test_any_text_becomes_a_line_of_equal_columns(text: str, language: str) -> None:
    line = line_of(text, language)
    assert len(line.syllables) == len(line.stresses) == len(line.word_ends)
    assert set(line.stresses) <= {0, 1}
    assert not line.word_ends or line.word_ends[-1]
    assert "".join(line.syllables).replace(" ", "") == "".join(words_of(text))
    rhymes(text, text + " x", language)
