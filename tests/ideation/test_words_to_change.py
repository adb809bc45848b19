"""A change said in words becomes the values and dice it means, or is refused by quoting what was not understood."""

from __future__ import annotations

from typing import Any

import pytest

from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.request import CompositionRequest
from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.ideation.brief import validate_request
from musicgen_assets.ideation.revision import revised, streams_of
from musicgen_assets.ideation.words_to_change import read_words

TEMPO, KEY, SCALE = "musical.tempo_bpm", "musical.key", "musical.scale"
VALENCE, AROUSAL = "musical.mood.valence", "musical.mood.arousal"
LOUDNESS, DURATION = "technical.loudness_target_lufs", "technical.duration_s"


@pytest.fixture(scope="module")
def song() -> CompositionContext:
    prompt = "a pop song about the sea in D major, 120 bpm, 60 seconds"
    return validate_request(CompositionRequest(prompt=prompt, seed=3))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("slower", {TEMPO: 110.4}),
        ("a bit slower", {TEMPO: 115.2}),
        ("much faster", {TEMPO: 139.2}),
        ("10% slower", {TEMPO: 108.0}),
        ("at 100 bpm", {TEMPO: 100.0}),
        ("-9 LUFS", {LOUDNESS: -9.0}),
        ("at minus 11,5 lufs", {LOUDNESS: -11.5}),
        ("louder", {LOUDNESS: -11.0}),
        ("two semitones higher", {KEY: "E"}),
        ("a whole tone lower", {KEY: "C"}),
        ("in F# minor", {KEY: "F#", SCALE: "minor"}),
        ("90 seconds", {DURATION: 90.0}),
        ("ten seconds longer", {DURATION: 70.0}),
        ("shorter", {DURATION: 45.0}),
        ("instrumental", {"creative.has_vocals": False}),
        ("sung in Spanish", {"creative.has_vocals": True, "creative.language": "es"}),
        ("with a higher voice", {"creative.has_vocals": True, "creative.voice": "high"}),
        ("3/4", {"musical.time_signature": "3/4"}),
        ("slower, then 10% slower", {TEMPO: 99.4}),
    ],
)
def test_a_wish_is_the_value_it_means(song: CompositionContext, words: str, expected: dict[str, Any]) -> None:
    assert read_words(words, song).overrides == expected


@pytest.mark.parametrize(
    "words", ["slower, another melody", "más lento, otra melodía", "plus lent, une autre mélodie",
              "langsamer, eine andere Melodie", "mais lento, outra melodia"],
)  # fmt: skip
def test_five_languages_say_the_same(song: CompositionContext, words: str) -> None:
    found = read_words(words, song)
    assert (found.overrides, found.rerolls) == ({TEMPO: 110.4}, ["melody"])


def test_moods_move_by_steps_and_stay_within_their_range(song: CompositionContext) -> None:
    before = song.musical.mood
    found = read_words("a bit sadder, livelier", song).overrides
    assert found[VALENCE] == pytest.approx(before.valence - 0.1, abs=0.006)
    assert found[AROUSAL] == pytest.approx(before.arousal + 0.2, abs=0.006)
    assert read_words("much happier, much happier, much happier", song).overrides[VALENCE] == 1.0


def test_who_leaves_is_gone_and_who_comes_plays(song: CompositionContext) -> None:
    found = read_words("no drums, with brass and without strings", song)
    after = revised(song, found.overrides)
    roles = {player.role for player in after.musical.instruments}
    names = {player.name for player in after.musical.instruments}
    assert "drums" not in roles
    assert "brass section" in names
    assert "strings" not in names
    kept = {player.name for player in song.musical.instruments} - {"drum kit", "strings"}
    assert kept - names == {"electric piano"}, "brass takes the counter line; nobody else leaves"


def test_sections_and_assets_are_drawn_anew(song: CompositionContext) -> None:
    found = read_words("another verse 2, new chords and a different groove", song)
    assert sorted(found.rerolls) == ["chord_progression", "rhythm_pattern", "verse 2"]
    assert len(streams_of(found.rerolls)) == 3


def test_a_loudness_beside_delivery_targets_is_a_target_of_its_own(song: CompositionContext) -> None:
    base = revised(song, {"technical.targets": ["streaming", "broadcast"]})
    after = revised(base, read_words("-9 LUFS", base).overrides)
    assert after.technical.targets == ("custom", "streaming", "broadcast")


@pytest.mark.parametrize(
    ("words", "quoted"),
    [
        ("a shinier finish", "a shinier finish"),
        ("slower, blah blah", "blah blah"),
        ("without the tuba", "tuba"),
        ("...", "..."),
    ],
)
def test_what_is_not_understood_is_quoted_and_nothing_is_guessed(
    song: CompositionContext, words: str, quoted: str
) -> None:
    with pytest.raises(BadInput) as refused:
        read_words(words, song)
    assert quoted in str(refused.value)


def test_every_wish_says_how_it_was_taken(song: CompositionContext) -> None:
    assert read_words("slower, another melody", song).notes == [
        "slower: musical.tempo_bpm = 110.4 BPM",
        "melody is drawn anew",
    ]


@pytest.mark.parametrize(
    ("words", "rerolls"),
    [
        ("new lyrics in verse 2", ["lyrics/verse 2"]),
        ("other chords in the bridge", ["chord_progression/bridge 1"]),
        ("otra letra en el estribillo 2", ["lyrics/chorus 2"]),
        ("d'autres accords dans le pont", ["chord_progression/bridge 1"]),
        ("neuer Text in Strophe 2", ["lyrics/verse 2"]),
        ("outros acordes na ponte", ["chord_progression/bridge 1"]),
        ("another melody and another verse 2", ["melody", "verse 2"]),
    ],
)
def test_something_new_in_one_section_is_that_sections_alone(
    song: CompositionContext, words: str, rerolls: list[str]
) -> None:
    found = read_words(words, song)
    assert (found.overrides, found.rerolls) == ({}, rerolls)
