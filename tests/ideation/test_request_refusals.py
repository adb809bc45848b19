"""A request that cannot become a song is refused with the field, the value, the rule and a way out."""

from __future__ import annotations

import math
from typing import Any

import pytest

from musicgen_assets.context import limits
from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.request import CompositionRequest
from musicgen_assets.ideation.brief import validate_request

SONG = "a calm piano piece"
BASS = [{"role": "bass", "name": "upright bass", "program": 32}]
MELODIC = ["lead", "chords", "arpeggio", "pad", "counter"]


def refusal(prompt: str = SONG, title: str | None = None, **overrides: Any) -> BadInput:
    named = {path.replace("__", "."): value for path, value in overrides.items()}
    with pytest.raises(BadInput) as caught:
        validate_request(CompositionRequest(prompt=prompt, title=title, overrides=named))
    return caught.value


@pytest.mark.parametrize(
    ("prompt", "field"),
    [
        ("", "prompt"),
        (" \n\t", "prompt"),
        ("!!! ???", "prompt"),
        ("la " * 2000, "prompt"),
        ("a song\x07", "prompt"),
        ("\x00\x01", "prompt"),
        ("a song at 300 bpm", "musical.tempo_bpm"),
        ("a song at 39 bpm", "musical.tempo_bpm"),
        ("rock at three hundred beats per minute", "musical.tempo_bpm"),
        ("tempo: 0", "musical.tempo_bpm"),
        ("canción a 500 ppm", "musical.tempo_bpm"),
        ("a 20 minute song", "technical.duration_s"),
        ("twenty minutes of ambient", "technical.duration_s"),
        ("a 10 second jingle", "technical.duration_s"),
        ("pop, 0:20", "technical.duration_s"),
        ("una hora de jazz", "technical.duration_s"),
        ("zwanzig Minuten Pop", "technical.duration_s"),
        ("une chanson de dix secondes", "technical.duration_s"),
        ("a song in 3/4 and 4/4", "musical.time_signature"),
        ("a waltz in six-eight and 3/4", "musical.time_signature"),
        ("rock in 9/8", "musical.time_signature"),
    ],
)
def test_a_prompt_out_of_bounds_is_refused(prompt: str, field: str) -> None:
    error = refusal(prompt)
    assert error.field == field
    assert error.rule
    assert error.way_out


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("musical.key", "H#", "musical.key"),
        ("musical.key", "", "musical.key"),
        ("musical.key", 7, "musical.key"),
        ("musical.scale", "bluesish", "musical.scale"),
        ("musical.tempo_bpm", 39, "musical.tempo_bpm"),
        ("musical.tempo_bpm", 241, "musical.tempo_bpm"),
        ("musical.tempo_bpm", "quick", "musical.tempo_bpm"),
        ("technical.duration_s", 29.9, "technical.duration_s"),
        ("technical.duration_s", 601, "technical.duration_s"),
        ("technical.duration_s", math.nan, "technical.duration_s"),
        ("technical.duration_s", math.inf, "technical.duration_s"),
        ("technical.formats", ["aiff"], "technical.formats"),
        ("musical.time_signature", "9/8", "musical.time_signature"),
        ("musical.genres", "polkacore", "musical.genres"),
        ("musical.genres", [{"name": "polkacore", "weight": 1.0}], "musical.genres"),
        ("musical.genres", [], "musical.genres"),
        ("musical.genres", 7, "musical.genres"),
        ("musical.genres", [{"name": "pop", "weight": "heavy"}], "musical.genres"),
        ("musical.genres", [{"name": "pop", "weight": None}], "musical.genres"),
        ("musical.genres", {"pop": 0}, "musical.genres"),
        ("musical.genres", [{"name": "pop", "share": 1}], "musical.genres"),
        ("musical.instruments", ["theramone"], "musical.instruments"),
        ("musical.instruments", "qqqqzzzz", "musical.instruments"),
        ("musical.instruments", [{"role": "bass"}], "musical.instruments"),
        ("musical.instruments", 3, "musical.instruments"),
        ("musical.mood", "happy", "musical.mood"),
        ("musical.mood", {"valence": 2}, "musical.mood"),
        ("musical", 5, "musical"),
        ("musical.keyy", "C", "--set"),
        ("nowhere", 1, "--set"),
        ("musical.excluded_roles", MELODIC, "musical.excluded_roles"),
        ("musical.excluded_roles", ["kazoo"], "musical.excluded_roles"),
        ("musical.excluded_roles", 3, "musical.excluded_roles"),
        ("creative.lyrics", "  \n", "creative.lyrics"),
        ("creative.lyrics", "words\x00", "creative.lyrics"),
        ("creative.lyrics", ["a"], "creative.lyrics"),
        ("creative.theme", "bell\x07", "creative.theme"),
        ("creative.preferences", {"a\x00": "b"}, "creative.preferences"),
        ("creative.references", ["x\x00"], "creative.references"),
        ("creative.language", "xx", "creative.language"),
    ],
)
def test_an_override_out_of_bounds_is_refused(path: str, value: Any, field: str) -> None:
    error = refusal(**{path: value})
    assert error.field.startswith(field)
    assert error.rule
    assert error.way_out


def test_an_unknown_style_is_answered_with_its_neighbours() -> None:
    assert "house" in refusal(musical__genres="houze").way_out


def test_lyrics_need_a_voice() -> None:
    assert refusal("an instrumental piece", creative__lyrics="la la").field == "creative.lyrics"
    assert refusal(creative__lyrics="la la", creative__has_vocals=False).field == "creative.lyrics"
    assert refusal("rock ohne Gesang", creative__lyrics="la la").field == "creative.lyrics"
    validate_request(CompositionRequest(prompt=SONG, overrides={"creative.lyrics": "la la"}))
    both = {"creative.lyrics": "la la", "creative.has_vocals": True}
    validate_request(CompositionRequest(prompt="an instrumental piece", overrides=both))


def test_an_instrument_whose_role_is_left_out_is_refused() -> None:
    error = refusal(musical__excluded_roles=["bass"], musical__instruments=BASS)
    assert error.field == "musical.instruments"


def test_a_key_that_contradicts_its_scale_is_refused() -> None:
    assert refusal(musical__key="C minor", musical__scale="major").field == "musical.key"


def test_what_a_later_stage_could_not_play_is_refused_now() -> None:
    assert refusal(musical__chord_progression=["I", "Q7"]).field == "musical.chord_progression"
    sections = [{"kind": "verse"}, {"kind": "chorus"}] * 20
    error = refusal("pop at 60 bpm, 30 seconds", musical__structure=sections)
    assert error.field == "musical.structure"
    validate_request(CompositionRequest(prompt=SONG, overrides={"musical.chord_progression": ["I", "ii_V"]}))


def test_a_title_that_is_no_text_is_refused() -> None:
    assert refusal(title="a\x00b").field == "title"
    assert refusal(title="  ").field == "title"


def test_a_prompt_at_its_limit_is_read() -> None:
    text = ("a calm song, " * 500)[: limits.PROMPT_MAX_CHARACTERS]
    validate_request(CompositionRequest(prompt=text))
