"""Pitch, scales, chords and keys say what a theory book says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicgen_assets.context.failures import BadInput
from musicgen_assets.theory.chords import CHORD_INTERVALS, chord_symbol, parse_bar, parse_roman
from musicgen_assets.theory.keys import (
    key_signature,
    practical_tonic,
    relative_key,
    simplest_tonic,
)
from musicgen_assets.theory.pitch import pitch_class, spell
from musicgen_assets.theory.scales import SCALE_STEPS, mode_family, scale_pitch_classes

TONICS = ("C", "C#", "Db", "D", "D#", "Eb", "E", "F", "F#", "Gb", "G", "G#", "Ab", "A", "A#", "Bb", "B")
SCALES = tuple(SCALE_STEPS)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("C", 0), ("Eb", 3), ("F#", 6), ("b", 11), ("E#", 5), ("Cb", 11), ("B♭", 10), ("c♯", 1), ("Gbb", 5), (" A ", 9)],
)
def test_note_names_are_pitch_classes(name: str, expected: int) -> None:
    assert pitch_class(name) == expected


@pytest.mark.parametrize("name", ["", "H", "C###", "Do", "Eb minor", "4"])
def test_no_note_name_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="no note name") as caught:
        pitch_class(name)
    assert caught.value.field == "musical.key"


@pytest.mark.parametrize(
    ("key", "scale", "expected"),
    [
        ("C", "major", ["C", "D", "E", "F", "G", "A", "B"]),
        ("Eb", "major", ["Eb", "F", "G", "Ab", "Bb", "C", "D"]),
        ("F#", "major", ["F#", "G#", "A#", "B", "C#", "D#", "E#"]),
        ("F#", "minor", ["F#", "G#", "A", "B", "C#", "D", "E"]),
        ("Bb", "minor", ["Bb", "C", "Db", "Eb", "F", "Gb", "Ab"]),
        ("D", "dorian", ["D", "E", "F", "G", "A", "B", "C"]),
        ("E", "phrygian", ["E", "F", "G", "A", "B", "C", "D"]),
        ("Bb", "lydian", ["Bb", "C", "D", "E", "F", "G", "A"]),
        ("D#", "major", ["Eb", "F", "G", "Ab", "Bb", "C", "D"]),
    ],
)
def test_scales_are_spelled_with_one_letter_each(key: str, scale: str, expected: list[str]) -> None:
    assert [spell(pc, key, scale) for pc in scale_pitch_classes(key, scale)] == expected


@pytest.mark.parametrize(
    ("pc", "key", "scale", "expected"),
    [
        (1, "D", "minor", "C#"),
        (10, "C", "major", "Bb"),
        (6, "C", "major", "F#"),
        (8, "C", "major", "Ab"),
        (8, "A", "minor", "G#"),
        (1, "G", "major", "C#"),
        (3, "D", "minor", "Eb"),
    ],
)
def test_foreign_notes_take_their_usual_accidental(pc: int, key: str, scale: str, expected: str) -> None:
    assert spell(pc, key, scale) == expected


@given(st.integers(0, 11), st.sampled_from(TONICS), st.sampled_from(SCALES))
def test_a_spelled_note_is_the_note(pc: int, key: str, scale: str) -> None:
    assert pitch_class(spell(pc, key, scale)) == pc


@pytest.mark.parametrize(
    ("tonic", "scale", "expected"),
    [
        ("C", "major", 0),
        ("G", "major", 1),
        ("F", "major", -1),
        ("A", "minor", 0),
        ("C", "minor", -3),
        ("F#", "minor", 3),
        ("D", "dorian", 0),
        ("G", "mixolydian", 0),
        ("E", "phrygian", 0),
        ("F", "lydian", 0),
        ("Gb", "major", -6),
        ("C#", "major", 7),
        ("D#", "major", -3),
        ("Db", "minor", 4),
    ],
)
def test_key_signatures(tonic: str, scale: str, expected: int) -> None:
    assert key_signature(tonic, scale) == expected


@given(st.sampled_from(TONICS), st.sampled_from(SCALES))
def test_every_key_has_a_signature_of_at_most_seven(tonic: str, scale: str) -> None:
    assert -7 <= key_signature(tonic, scale) <= 7
    assert pitch_class(practical_tonic(tonic, scale)) == pitch_class(tonic)


@given(st.sampled_from(TONICS), st.sampled_from(SCALES))
def test_a_relative_key_has_the_same_notes(tonic: str, scale: str) -> None:
    relative = relative_key(tonic, scale)
    assert set(scale_pitch_classes(*relative)) == set(scale_pitch_classes(tonic, scale))
    assert relative != (tonic, scale)


def test_the_usual_names_of_tonics() -> None:
    assert [simplest_tonic(pc, "major") for pc in range(12)] == [
        "C",
        "Db",
        "D",
        "Eb",
        "E",
        "F",
        "Gb",
        "G",
        "Ab",
        "A",
        "Bb",
        "B",
    ]
    assert simplest_tonic(1, "minor") == "C#"
    assert relative_key("C", "major") == ("A", "minor")
    assert relative_key("F#", "minor") == ("A", "major")


@pytest.mark.parametrize(
    ("numeral", "tonic", "scale", "symbol"),
    [
        ("I", "C", "major", "C"),
        ("ii", "Eb", "major", "Fm"),
        ("iii7", "A", "major", "C#m7"),
        ("IVmaj7", "F", "major", "Bbmaj7"),
        ("V7", "D", "major", "A7"),
        ("vi", "C", "major", "Am"),
        ("vii°", "C", "major", "Bdim"),
        ("viim7b5", "C", "major", "Bm7b5"),
        ("bVII", "D", "major", "C"),
        ("#iv°", "C", "major", "F#dim"),
        ("V/V", "C", "major", "D"),
        ("V7/ii", "C", "major", "A7"),
        ("V7/vi", "C", "major", "E7"),
        ("vii°7/V", "C", "major", "F#dim7"),
        ("Vsus4", "G", "major", "Dsus4"),
        ("Iadd9", "C", "major", "Cadd9"),
        ("I6", "C", "major", "C6"),
        ("ii9", "C", "major", "Dm9"),
        ("V13", "C", "major", "G13"),
        ("III+", "C", "major", "Eaug"),
        ("i", "A", "minor", "Am"),
        ("iv7", "A", "minor", "Dm7"),
        ("VI", "C", "minor", "Ab"),
        ("bVI", "C", "minor", "Ab"),
        ("bVI", "C", "major", "Ab"),
        ("VII", "C", "minor", "Bb"),
        ("vii°7", "C", "minor", "Bdim7"),
        ("iim7b5", "C", "minor", "Dm7b5"),
        ("bII", "C", "minor", "Db"),
        ("#vi°", "C", "minor", "Adim"),
        ("V7", "A", "minor", "E7"),
        ("V7/iv", "A", "minor", "A7"),
        ("IV", "D", "dorian", "G"),
        ("VI", "D", "dorian", "Bb"),
        ("IV", "C", "lydian", "F"),
        ("II", "C", "lydian", "D"),
        ("bVII", "G", "mixolydian", "F"),
        ("I/3", "C", "major", "C/E"),
        ("V/7", "C", "major", "G/B"),
        ("V/#7", "A", "minor", "E/G#"),
        ("i6", "C", "minor", "Cm6"),
        ("imaj7", "C", "minor", "CmM7"),
        ("I69", "C", "major", "C6/9"),
        ("I5", "E", "major", "E5"),
    ],
)
def test_numerals_are_chords(numeral: str, tonic: str, scale: str, symbol: str) -> None:
    chord = parse_roman(numeral, tonic, scale)
    assert chord.symbol == symbol
    assert chord.roman == numeral
    assert chord.pitch_classes[0] == chord.root


def test_a_chord_has_the_pitch_classes_of_its_quality() -> None:
    assert parse_roman("ii9", "C", "major").pitch_classes == (2, 5, 9, 0, 4)
    assert parse_roman("V7b9", "C", "minor").pitch_classes == (7, 11, 2, 5, 8)
    assert parse_roman("V/7", "C", "major").bass == 11
    assert parse_roman("V/V", "C", "major").bass == 2


@pytest.mark.parametrize(
    ("numeral", "rule"),
    [
        ("", "nothing is no Roman numeral"),
        ("H", "no Roman numeral"),
        ("VIII", "suffix"),
        ("IVfoo", "no chord suffix"),
        ("Idim", "upper case"),
        ("iaug", "lower case"),
        ("V/", "nothing follows the slash"),
        ("V/8", "no Roman numeral"),
        ("V/V7", "plain major or minor"),
        ("Iv", "suffix"),
        ("V7/#", "no Roman numeral"),
    ],
)
def test_bad_numerals_are_named_clearly(numeral: str, rule: str) -> None:
    with pytest.raises(BadInput, match=rule) as caught:
        parse_roman(numeral, "C", "major")
    assert caught.value.field == "musical.chord_progression"
    assert caught.value.value == numeral
    assert "Roman numerals" in caught.value.way_out


def test_chords_that_share_a_bar() -> None:
    assert [chord.symbol for chord in parse_bar("ii7_V7", "C", "major")] == ["Dm7", "G7"]
    with pytest.raises(BadInput):
        parse_bar("ii__V", "C", "major")


@given(st.text(max_size=8), st.sampled_from(TONICS), st.sampled_from(SCALES))
def test_any_text_is_a_chord_or_bad_input(text: str, tonic: str, scale: str) -> None:
    try:
        chord = parse_roman(text, tonic, scale)
    except BadInput:
        return
    assert chord.quality in CHORD_INTERVALS


@given(st.sampled_from(sorted(CHORD_INTERVALS)), st.integers(0, 11), st.sampled_from(TONICS), st.sampled_from(SCALES))
def test_symbols_begin_with_the_root(quality: str, root: int, tonic: str, scale: str) -> None:
    symbol = chord_symbol(root, quality, root, tonic, scale)
    assert symbol.startswith(spell(root, tonic, scale))


def test_families_of_modes() -> None:
    assert {scale: mode_family(scale) for scale in SCALES} == {
        "major": "major",
        "minor": "minor",
        "dorian": "minor",
        "mixolydian": "major",
        "phrygian": "minor",
        "lydian": "major",
    }
