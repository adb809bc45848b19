"""Faders in words and options come to edits of the tracks that are meant, and unknown tracks are named with those there
are.
"""

from __future__ import annotations

from typing import Any

import pytest

from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.paths import apply_overrides, project
from musicgen_assets.context.request import CompositionRequest
from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.graph.declarations import declaration_of
from musicgen_assets.graph.keys import inputs_key
from musicgen_assets.ideation.brief import validate_request
from musicgen_assets.ideation.edit_rules import edit_overrides
from musicgen_assets.ideation.revision import revised
from musicgen_assets.ideation.words_to_change import read_words


@pytest.fixture(scope="module")
def song() -> CompositionContext:
    return validate_request(CompositionRequest(prompt="upbeat pop song with drums, bass and piano", seed=5))


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("bass 3 dB louder", {"edits.tracks.bass.gain_db": 3.0}),
        ("drums a bit quieter", {"edits.tracks.drums.gain_db": -1.5}),
        ("mute the drums", {"edits.tracks.drums.is_muted": True}),
        ("no drums in the verse", {"edits.tracks.drums.sections.verse.is_muted": True}),
        ("drums 4 db quieter in verse 2", {"edits.tracks.drums.sections.verse 2.gain_db": -4.0}),
        ("sans batterie dans le couplet 2", {"edits.tracks.drums.sections.verse 2.is_muted": True}),
        ("ohne Schlagzeug in der Strophe", {"edits.tracks.drums.sections.verse.is_muted": True}),
        ("pan the guitar left", {"edits.tracks.muted_guitar.pan": -0.5}),
        ("bass louder and drums quieter", {"edits.tracks.bass.gain_db": 3.0, "edits.tracks.drums.gain_db": -3.0}),
        ("louder", {"technical.loudness_target_lufs": -11.0}),
    ],
)
def test_words_about_tracks_move_these_tracks(song: CompositionContext, words: str, wanted: dict[str, Any]) -> None:
    assert read_words(words, song).overrides == wanted


def test_louder_twice_adds_up(song: CompositionContext) -> None:
    moved = revised(song, read_words("bass 3 dB louder", song).overrides)
    assert read_words("bass 1 dB louder", moved).overrides == {"edits.tracks.bass.gain_db": 4.0}


def test_a_track_that_nobody_plays_is_refused_with_those_there_are(song: CompositionContext) -> None:
    for refused in (lambda: read_words("cello louder", song), lambda: revised(song, {"edits.tracks.cello.gain_db": 1})):
        with pytest.raises(BadInput, match=r"The tracks are: .*melody.*bass.*drums"):
            refused()


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("edits.tracks.bass.gain_db", 99, "less than or equal to 24"),
        ("edits.tracks.bass.pan", -3, "greater than or equal to -1"),
        ("edits.tracks.bass.gian_db", 1, "no such context path"),
        ("edits.tracks.bass.automation", "0=0, loud", "no point of an automation"),
        ("edits.tracks.bass.automation", "9=0, 3=-6", "in order of time"),
        ("edits.tracks.bass.sections.chores.is_muted", True, "names no section"),
        ("edits.buses.brass.gain_db", 1, "drums"),
    ],
)
def test_edits_out_of_range_are_refused(song: CompositionContext, path: str, value: Any, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        revised(song, {path: value})


def test_options_are_paths_and_points_are_seconds_and_decibels(song: CompositionContext) -> None:
    asked = edit_overrides("bass", gain_db=-2.0, automation="0=0, 30s=-6 dB")
    track = revised(song, asked).edits.tracks["bass"]
    assert (track.gain_db, [(point.time_s, point.gain_db) for point in track.automation]) == (-2.0, [(0, 0), (30, -6)])
    assert edit_overrides("drums", is_muted=True, section="Pre-Chorus 2") == {
        "edits.tracks.drums.sections.pre_chorus 2.is_muted": True
    }


def test_a_song_without_edits_is_written_and_keyed_as_if_there_were_none(song: CompositionContext) -> None:
    assert "edits" not in song.model_dump(mode="json")
    assert "edits" not in song.model_dump_json()
    back = apply_overrides(revised(song, {"edits.tracks.bass.gain_db": 2}), {"edits.tracks.bass.gain_db": 0})
    assert back == song
    declaration = declaration_of("mixing/mix")
    plain = {name: value for name, value in project(song, declaration.paths).items() if value}
    assert not any(path.startswith("edits") for path in plain)


def test_an_edit_enters_the_keys_of_those_who_read_it_and_of_no_others(song: CompositionContext) -> None:
    moved = revised(song, {"edits.tracks.bass.gain_db": 2})
    for asset, is_same in (("ideation/brief", True), ("composition/chord_progression", True)):
        declaration = declaration_of(asset)
        keys = [inputs_key(declaration, context, {}, {"request": 1}) for context in (song, moved)]
        assert (keys[0] == keys[1]) == is_same
    mix = declaration_of("mixing/mix")
    assert project(song, mix.paths) != project(moved, mix.paths)
