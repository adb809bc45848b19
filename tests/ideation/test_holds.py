"""What a revision holds of its parent: all but edited sections, and for as long as nothing that it rests on changes."""

from __future__ import annotations

from typing import Any

import pytest

from musicgen_assets.context.edits import HeldFile, HeldMaster, HeldMix
from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.request import CompositionRequest
from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.ideation.brief import validate_request
from musicgen_assets.ideation.holds import HELD_MASTER, HELD_MIX, holding_of
from musicgen_assets.ideation.revision import revised, streams_of

FILE = HeldFile(sha256="a" * 64, size_bytes=9, media_type="audio/flac", meta={"gain_db": 0.0})
DRUMS_OUT = {"edits.tracks.drums.sections.verse 1.is_muted": True}


@pytest.fixture(scope="module")
def song() -> CompositionContext:
    return validate_request(CompositionRequest(prompt="upbeat pop song with drums, bass and piano", seed=5))


@pytest.fixture(scope="module")
def holding(song: CompositionContext) -> CompositionContext:
    """A version that holds the mix and the master of another."""
    mix = HeldMix(sections=("verse 1",), plan=FILE, stems={"bass": FILE, "drums": FILE})
    master = HeldMaster(plan=FILE, targets={"streaming": FILE})
    held = {HELD_MIX: mix.model_dump(mode="json"), HELD_MASTER: master.model_dump(mode="json")}
    return revised(song, {**DRUMS_OUT, **held})


@pytest.mark.parametrize(
    ("overrides", "rerolls", "sections", "is_master_held"),
    [
        (DRUMS_OUT, (), ("verse 1",), True),
        ({}, ("verse 2",), ("verse 2",), True),
        ({}, ("melody/verse 2", "bass_line/chorus 1"), ("chorus 1", "verse 2"), True),
        ({"technical.loudness_target_lufs": -10}, ("verse 2",), ("verse 2",), False),
        ({"musical.tempo_bpm": 90}, ("verse 2",), (), False),
        ({"edits.tracks.bass.gain_db": 2}, ("verse 2",), (), False),
        ({"edits.tracks.bass.gain_db": 2}, (), (), False),
        ({}, ("melody",), (), False),
    ],
)
def test_only_an_edit_that_is_confined_to_sections_holds_the_rest(
    song: CompositionContext,
    overrides: dict[str, Any],
    rerolls: tuple[str, ...],
    sections: tuple[str, ...],
    is_master_held: bool,
) -> None:
    found = holding_of(song, revised(song, overrides, streams_of(rerolls)))
    assert (found.sections, found.is_master_held) == (sections, is_master_held)


@pytest.mark.parametrize(
    ("overrides", "wanted"),
    [
        ({}, {}),
        ({"creative.title": "Another"}, {}),
        ({"technical.loudness_target_lufs": -10}, {HELD_MASTER: None}),
        ({"musical.tempo_bpm": 90}, {HELD_MIX: None, HELD_MASTER: None}),
        ({"edits.buses.drums.gain_db": 1}, {HELD_MIX: None, HELD_MASTER: None}),
    ],
)
def test_what_is_held_stays_until_something_that_it_rests_on_changes(
    holding: CompositionContext, overrides: dict[str, Any], wanted: dict[str, Any]
) -> None:
    assert holding_of(holding, revised(holding, overrides)).kept == wanted


def test_a_track_that_is_moved_as_a_whole_is_let_go_and_no_other(holding: CompositionContext) -> None:
    kept = holding_of(holding, revised(holding, {"edits.tracks.bass.gain_db": 2})).kept or {}
    assert kept[HELD_MASTER] is None
    assert (set(kept[HELD_MIX]["stems"]), kept[HELD_MIX]["let_go"]) == ({"drums"}, ["bass"])


def test_today_s_code_holds_nothing(holding: CompositionContext) -> None:
    assert holding_of(holding, holding, is_refresh=True).kept == {HELD_MIX: None, HELD_MASTER: None}


def test_nobody_says_by_hand_what_is_held(song: CompositionContext) -> None:
    for overrides in ({HELD_MIX: None}, {"edits": {"held_master": None}}):
        with pytest.raises(BadInput, match="follows from an edit of a section"):
            validate_request(CompositionRequest(prompt="pop", overrides=overrides))
    file = {"name": "a.wav", "sha256": "b" * 64, "size_bytes": 9, "media_type": "audio/wav"}
    given = revised(song, {"edits.stems.bass": file})
    assert given.edits.stems["bass"].name == "a.wav"
    assert revised(given, {"edits.stems.bass": None}) == song


def test_assets_in_a_section_are_streams_of_their_own_and_some_cannot_be() -> None:
    assert streams_of(["composition/melody/Verse 2", "verse 1"]) == ("melody/verse 2", "arrangement/verse 1")
    with pytest.raises(BadInput, match=r"arrangement, .*melody"):
        streams_of(["instrumentation/verse 2"])
    with pytest.raises(BadInput, match="no such asset"):
        streams_of(["melody/second verse"])
