"""A revision starts from what was resolved, and changes what was named and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.paths import known_paths, read_path
from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.ideation.brief import accept, brief_of
from musicgen_assets.ideation.revision import revised, streams_of


def base(prompt: str = "pop song with piano", **overrides: Any) -> CompositionContext:
    return accept(brief_of({"prompt": prompt, "overrides": overrides, "seed": 3}))


def changed(before: CompositionContext, after: CompositionContext) -> set[str]:
    return {path for path in known_paths() if read_path(before, path) != read_path(after, path)}


def players(context: CompositionContext) -> dict[str, str]:
    return {player.role: player.name for player in context.musical.instruments}


def test_nothing_named_changes_nothing() -> None:
    parent = base()
    assert revised(parent, {}) == parent


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("musical.tempo_bpm", 97.0),
        ("musical.key", "Eb"),
        ("technical.loudness_target_lufs", -9.0),
        ("technical.formats", ["wav", "flac", "mp3", "ogg"]),
        ("musical.genres", [{"name": "rock", "weight": 0.4}, {"name": "pop", "weight": 0.6}]),
        ("creative.title", "Another name"),
        ("ai_decisions.generation.seed", 77),
    ],
)
def test_only_what_was_named_changes(path: str, value: Any) -> None:
    parent = base()
    assert changed(parent, revised(parent, {path: value})) == {path}


def test_the_band_stays_when_the_style_changes() -> None:
    parent = base()
    assert players(revised(parent, {"musical.genres": "funk"})) == players(parent)


def test_one_player_is_replaced_by_role() -> None:
    parent = base()
    child = revised(parent, {"musical.instruments.bass": "upright bass"})
    assert players(child) == {**players(parent), "bass": "upright bass"}


def test_a_role_nobody_plays_is_refused_with_the_roles_there_are() -> None:
    with pytest.raises(BadInput, match="drums"):
        revised(base(), {"musical.instruments.percussion": "congas"})


def test_one_player_and_the_whole_band_contradict_each_other() -> None:
    with pytest.raises(BadInput, match="as a whole"):
        revised(base(), {"musical.instruments.bass": "upright bass", "musical.instruments": "piano, violin"})


def test_who_is_left_out_stops_playing() -> None:
    child = revised(base(), {"musical.excluded_roles": ["drums"]})
    assert "drums" not in players(child)


def test_a_band_without_a_melodic_instrument_is_refused() -> None:
    everybody_melodic = ["chords", "arpeggio", "pad", "lead", "counter", "vocal"]
    with pytest.raises(BadInput, match="melod"):
        revised(base(), {"musical.excluded_roles": everybody_melodic})


def test_words_bring_a_voice_and_no_voice_takes_the_words_away() -> None:
    sung = revised(base(), {"creative.lyrics": "The river runs\nThe river sings"})
    assert sung.creative.has_vocals
    silent = revised(sung, {"creative.has_vocals": False})
    assert silent.creative.lyrics is None


def test_words_without_a_voice_are_refused() -> None:
    with pytest.raises(BadInput, match="voice"):
        revised(base(), {"creative.lyrics": "La la la", "creative.has_vocals": False})


def test_a_reroll_raises_only_its_own_count() -> None:
    parent = base()
    once = revised(parent, {}, streams_of(["melody"]))
    twice = revised(once, {}, streams_of(["composition/melody", "rhythm_pattern"]))
    assert once.ai_decisions.generation.rerolls == {"melody": 1}
    assert twice.ai_decisions.generation.rerolls == {"melody": 2, "rhythm_pattern": 1}


@pytest.mark.parametrize("asset", ["mix", "nonsense"])
def test_what_has_no_dice_cannot_be_rerolled(asset: str) -> None:
    with pytest.raises(BadInput, match="melody"):
        streams_of([asset])


@pytest.mark.parametrize(
    ("path", "value"), [("musical.tempo_bpm", 999), ("musical.nonsense", 1), ("musical.key", "H"), ("musical", 3)]
)
def test_what_a_context_refuses_is_refused_with_its_path(path: str, value: Any) -> None:
    with pytest.raises(BadInput) as refused:
        revised(base(), {path: value})
    assert path.split(".", maxsplit=1)[0] in refused.value.field or path in str(refused.value.value)


def test_more_sections_than_bars_are_refused() -> None:
    with pytest.raises(BadInput, match="bars"):
        revised(base(**{"technical.duration_s": 30}), {"musical.structure": [{"kind": "verse", "bars": 64}]})
