"""The context refuses what breaks a rule and says which; paths read, set and project it."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from musicgen_assets.context import limits
from musicgen_assets.context.failures import BadInput, MissingArtifact, TransientFailure
from musicgen_assets.context.paths import apply_overrides, known_paths, project, read_path
from musicgen_assets.context.request import check_prompt, check_text
from musicgen_assets.context.schema import CompositionContext

PIANO = {"role": "chords", "name": "piano", "program": 0}


def test_every_field_the_product_promises_is_there() -> None:
    promised = {
        "musical.key", "musical.scale", "musical.tempo_bpm", "musical.time_signature", "musical.genres",
        "musical.mood.valence",
        "musical.mood.arousal", "musical.structure", "musical.chord_progression", "musical.instruments",
        "technical.sample_rate_hz", "technical.bit_depth", "technical.channels", "technical.formats",
        "technical.duration_s", "technical.loudness_target_lufs", "creative.inspiration", "creative.references",
        "creative.constraints", "creative.preferences", "creative.style_modifiers", "creative.language",
        "ai_decisions.enhancement.enhanced_prompt", "ai_decisions.generation.seed", "ai_decisions.generation.rerolls",
        "ai_decisions.generation.routing", "ai_decisions.generation.frozen", "ai_decisions.model_selections",
        "ai_decisions.processing_history",
    }  # fmt: skip
    assert promised <= set(known_paths())


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("musical.tempo_bpm", limits.TEMPO_MIN_BPM - 0.1),
        ("musical.tempo_bpm", limits.TEMPO_MAX_BPM + 0.1),
        ("musical.tempo_bpm", "fast"),
        ("musical.key", "H"),
        ("musical.scale", "blue"),
        ("musical.time_signature", "4/3"),
        ("musical.genres", []),
        ("musical.genres", [{"name": "pop", "weight": -1}]),
        ("musical.mood.valence", 1.1),
        ("technical.duration_s", 29.99),
        ("technical.duration_s", 600.01),
        ("technical.sample_rate_hz", 8000),
        ("technical.bit_depth", 12),
        ("technical.channels", 3),
        ("technical.formats", ["aiff"]),
        ("technical.formats", []),
        ("technical.loudness_target_lufs", 0),
        ("creative.language", "tlh"),
        ("creative.title", ""),
        ("ai_decisions.generation.seed", -1),
        ("ai_decisions.generation.rerolls", {"melody": -1}),
    ],
)
def test_a_value_out_of_range_is_refused_by_its_path(path: str, value: object) -> None:
    with pytest.raises(BadInput) as caught:
        apply_overrides(CompositionContext(), {path: value})
    assert caught.value.field.startswith(path)
    assert caught.value.rule
    assert path.split(".")[1] in caught.value.way_out


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("musical.tempo_bpm", limits.TEMPO_MIN_BPM),
        ("musical.tempo_bpm", limits.TEMPO_MAX_BPM),
        ("technical.duration_s", limits.DURATION_MIN_S),
        ("technical.duration_s", limits.DURATION_MAX_S),
        ("ai_decisions.generation.rerolls.melody", 3),
        ("ai_decisions.generation.frozen", {"mix/bass": -3.5}),
    ],
)
def test_bounds_belong_to_the_range(path: str, value: object) -> None:
    assert read_path(apply_overrides(CompositionContext(), {path: value}), path) == value


@pytest.mark.parametrize("path", ["musical.keyy", "musical", "nothing.at.all", "musical.key.sharp", "", "musical."])
def test_an_unknown_path_is_refused(path: str) -> None:
    with pytest.raises(BadInput):
        apply_overrides(CompositionContext(), {path: "C"})


def test_a_near_miss_is_suggested() -> None:
    with pytest.raises(BadInput, match=r"Did you mean musical\.tempo_bpm\?"):
        apply_overrides(CompositionContext(), {"musical.temp_bpm": 90})


def test_lyrics_need_a_voice() -> None:
    with pytest.raises(BadInput) as caught:
        apply_overrides(CompositionContext(), {"creative.lyrics": "la la"})
    assert caught.value.field == "creative.lyrics"
    sung = apply_overrides(CompositionContext(), {"creative.lyrics": "la la", "creative.has_vocals": True})
    assert sung.creative.lyrics == "la la"


def test_an_excluded_role_has_no_instrument() -> None:
    with pytest.raises(BadInput) as caught:
        apply_overrides(CompositionContext(), {"musical.instruments": [PIANO], "musical.excluded_roles": ["chords"]})
    assert caught.value.field == "musical.instruments"


@settings(deadline=None)
@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=6))
def test_genre_weights_are_scaled_to_one(weights: list[float]) -> None:
    genres = [{"name": f"g{index}", "weight": weight} for index, weight in enumerate(weights)]
    try:
        context = CompositionContext.model_validate({"musical": {"genres": genres}})
    except ValidationError:
        assert min(weights) / sum(weights) < 1e-6  # scaled away to nothing: refused, not silently dropped
        return
    assert sum(genre.weight for genre in context.musical.genres) == pytest.approx(1.0, abs=1e-5)


def test_a_projection_is_plain_sorted_and_only_what_was_asked() -> None:
    found = project(CompositionContext(), ["musical.mood", "musical.key", "ai_decisions.generation.rerolls.drums"])
    assert list(found) == sorted(found)
    assert found == {
        "musical.key": "C", "musical.mood": {"valence": 0.5, "arousal": 0.5},
        "ai_decisions.generation.rerolls.drums": None,
    }  # fmt: skip


def test_a_context_cannot_be_changed_in_place() -> None:
    with pytest.raises(ValidationError):
        CompositionContext().musical.key = "D"  # type: ignore[misc]


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_a_prompt_or_bad_input(text: str) -> None:
    refusal: BadInput | None = None
    try:
        accepted = check_prompt(text)
    except BadInput as error:
        refusal = error
    if refusal is None:
        assert accepted == accepted.strip() != ""
    else:
        assert refusal.field == "prompt"
        assert refusal.way_out


@pytest.mark.parametrize("text", ["caf\u00e9 \u2014 na\u00efve", "two\nlines\tand a tab", "\u6b4c", "emoji \U0001f3b5"])
def test_text_of_any_language_is_text(text: str) -> None:
    check_text("prompt", text)


@pytest.mark.parametrize("text", ["\x00", "bell\x07", "\x1b[31m", "\ud800", "lost \ufffd"])
def test_control_characters_are_no_text(text: str) -> None:
    with pytest.raises(BadInput, match=r"U\+"):
        check_text("prompt", text)


@pytest.mark.parametrize(
    "failure",
    [
        BadInput("musical.key", "H", "there is no such key", way_out="Use B."),
        MissingArtifact("gone", way_out="again"),
        TransientFailure("busy", way_out="later"),
    ],
)
def test_failures_survive_a_pickle(failure: Exception) -> None:
    twin = pickle.loads(pickle.dumps(failure))
    assert type(twin) is type(failure)
    assert str(twin) == str(failure)
    assert twin.__dict__ == failure.__dict__


def test_a_long_value_is_shortened_in_the_message() -> None:
    assert len(str(BadInput("prompt", "x" * 9000, "too long"))) < 200
