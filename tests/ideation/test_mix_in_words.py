"""Words about how the whole mix sounds come to edits of the mix, in five languages, and leave mood and tracks alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.paths import project
from musicgen_assets.context.request import CompositionRequest
from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.graph.declarations import DECLARATIONS
from musicgen_assets.ideation import words_to_change
from musicgen_assets.ideation.brief import validate_request
from musicgen_assets.ideation.revision import revised
from musicgen_assets.ideation.wording.changes import MIX_WORDS
from musicgen_assets.ideation.wording.lexicon import expanded
from musicgen_assets.ideation.words_to_change import read_words

BRIGHT, WARM, BASS = "edits.mix.brightness_db", "edits.mix.warmth_db", "edits.mix.bass_db"
WIDTH, ROOM, DRUMS = "edits.mix.width", "edits.mix.reverb_db", "edits.buses.drums.gain_db"
TABLES = Path(words_to_change.__file__).parent / "wording" / "data" / "changes.yaml"
MEANT: dict[str, dict[str, Any]] = {
    "brighter": {BRIGHT: 2.0}, "duller": {BRIGHT: -2.0}, "warmer": {WARM: 2.0}, "colder": {WARM: -2.0},
    "bassier": {BASS: 2.0}, "less_bass": {BASS: -2.0}, "wider": {WIDTH: 1.2}, "narrower": {WIDTH: 0.8},
    "wetter": {ROOM: 4.0}, "drier": {ROOM: -4.0}, "dry": {ROOM: -60.0}, "punchier": {DRUMS: 2.0, ROOM: -2.0},
    "rounder": {DRUMS: -2.0, ROOM: 2.0},
}  # fmt: skip


@pytest.fixture(scope="module")
def song() -> CompositionContext:
    return validate_request(CompositionRequest(prompt="upbeat pop song with drums, bass and piano", seed=5))


@pytest.mark.parametrize("language", ["en", "es", "fr", "de", "pt"])
def test_every_phrase_of_a_language_says_what_it_means_by_itself(song: CompositionContext, language: str) -> None:
    table = yaml.safe_load(TABLES.read_text(encoding="utf-8"))[language]["mix"]
    assert tuple(table) == MIX_WORDS
    said = {phrase: name for name, phrases in table.items() for phrase in expanded(phrases)}
    assert {phrase: read_words(phrase, song).overrides for phrase in said} == {
        phrase: MEANT[name] for phrase, name in said.items()
    }


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("a bit darker mix", {BRIGHT: -1.0}),
        ("much wider", {WIDTH: 1.4}),
        ("2.5 dB more bass", {BASS: 2.5}),
        ("drier, a bit drier", {ROOM: -6.0}),
        ("a brighter, wider mix", {BRIGHT: 2.0, WIDTH: 1.2}),
        ("3 dB more bass and brighter", {BASS: 3.0, BRIGHT: 2.0}),
        ("make the mix brighter and slower", {BRIGHT: 2.0, "musical.tempo_bpm": 106.5}),
        ("brighter mix, -9 LUFS", {BRIGHT: 2.0, "technical.loudness_target_lufs": -9.0}),
        ("much wider, much wider, much wider, much wider", {WIDTH: 2.0}),
    ],
)
def test_a_wish_about_the_mix_is_the_edit_it_means(
    song: CompositionContext, words: str, wanted: dict[str, Any]
) -> None:
    assert read_words(words, song).overrides.items() >= wanted.items()


def test_the_mood_keeps_its_words(song: CompositionContext) -> None:
    for words in ("darker", "brighter mood", "oscura canción, más triste", "düsterer"):
        assert {path.rpartition(".")[0] for path in read_words(words, song).overrides} == {"musical.mood"}


def test_bass_and_drums_louder_are_still_their_tracks(song: CompositionContext) -> None:
    assert read_words("bass 3 dB louder", song).overrides == {"edits.tracks.bass.gain_db": 3.0}


@pytest.mark.parametrize("words", ["brighter drums", "less reverb on the piano", "more bass in the chorus"])
def test_a_track_or_section_has_no_tone_and_the_answer_names_it(song: CompositionContext, words: str) -> None:
    with pytest.raises(BadInput, match=f"it names .*{words.rpartition(' ')[2]}"):
        read_words(words, song)


def test_punch_without_drums_is_refused(song: CompositionContext) -> None:
    without = revised(song, read_words("no drums", song).overrides)
    with pytest.raises(BadInput, match="nobody drums"):
        read_words("punchier", without)


def test_an_edit_of_the_mix_enters_the_keys_of_mix_and_release_alone_and_back_leaves_no_trace(
    song: CompositionContext,
) -> None:
    turned = revised(song, read_words("brighter and wider mix", song).overrides)
    back = revised(turned, {BRIGHT: 0, WIDTH: 1})
    readers = {one.key for one in DECLARATIONS if project(song, one.paths) != project(turned, one.paths)}
    assert readers == {"mixing/mix", "finalization/release"}
    assert all(project(song, one.paths) == project(back, one.paths) for one in DECLARATIONS)
    assert back == song
