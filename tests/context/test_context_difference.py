"""Comparing contexts: every changed path is named, and lists are told as a musician would tell them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musicgen_assets.context.difference import change_in_words, context_changes, revision_in_words, value_in_words
from musicgen_assets.context.paths import apply_overrides, known_paths
from musicgen_assets.context.schema import CompositionContext

BASE = CompositionContext()
BAND = [
    {"role": "bass", "name": "electric bass", "program": 33},
    {"role": "chords", "name": "piano", "program": 0},
    {"role": "lead", "name": "flute", "program": 73},
]
EDITS: dict[str, Any] = {
    "musical.key": "D", "musical.tempo_bpm": 90.0, "musical.mood.arousal": 0.9, "technical.loudness_target_lufs": -9.0,
    "technical.formats": ["ogg"], "creative.title": "Rain", "creative.has_vocals": True, "creative.references": ["x"],
    "creative.constraints.tempo": "slow", "ai_decisions.generation.seed": 3,
    "ai_decisions.generation.rerolls.melody": 1,
    "musical.genres": [{"name": "house", "weight": 1.0}], "musical.structure": [{"kind": "verse", "bars": 8}],
    "musical.instruments": BAND,
}  # fmt: skip


def dumped(**overrides: Any) -> dict[str, Any]:
    return apply_overrides(BASE, overrides).model_dump(mode="json")


@settings(deadline=None)
@given(st.sets(st.sampled_from(sorted(EDITS))))
def test_exactly_the_edited_paths_are_named(paths: set[str]) -> None:
    edited = dumped(**{path: EDITS[path] for path in paths})
    there, back = context_changes(dumped(), edited), context_changes(edited, dumped())
    assert {row["path"] for row in there} == paths == {row["path"] for row in back}
    assert {row["path"]: row["old"] for row in there} == {row["path"]: row["new"] for row in back}


def test_changes_come_in_the_order_of_the_schema() -> None:
    edited = dumped(**{path: EDITS[path] for path in ("technical.formats", "musical.key", "creative.title")})
    order = [row["path"] for row in context_changes(dumped(), edited)]
    assert order == sorted(order, key=known_paths().index)


@pytest.mark.parametrize(
    ("path", "old", "new", "words"),
    [
        ("musical.tempo_bpm", 120.0, 92.5, "120 → 92.5"),
        ("creative.has_vocals", False, True, "no → yes"),
        ("creative.lyrics", None, "one two\nthree", "none → “one two / three”"),
        ("technical.formats", ["wav", "mp3"], ["wav", "ogg"], "+ ogg, − mp3"),
        ("technical.formats", ["wav", "mp3"], ["mp3", "wav"], "wav, mp3 → mp3, wav"),
        ("musical.genres", [{"name": "pop", "weight": 1.0}],
         [{"name": "pop", "weight": 0.7}, {"name": "house", "weight": 0.3}], "pop 100 % → pop 70 % + house 30 %"),
        ("musical.structure", [], [{"kind": "verse", "bars": 8, "energy": None}, {"kind": "drop", "energy": 0.9}],
         "none → verse 8 bars, drop (energy 0.9)"),
        ("ai_decisions.model_selections", [], [{"task": "song", "engine": "builtin", "model": ""}],
         "none → task song engine builtin"),
    ],
)  # fmt: skip
def test_values_are_told_as_people_say_them(path: str, old: Any, new: Any, words: str) -> None:
    assert change_in_words(path, old, new) == words


def test_players_are_compared_by_role() -> None:
    path = "musical.instruments"
    other = [{"role": "bass", "name": "synth bass", "program": 38}, BAND[1],
             {"role": "pad", "name": "strings", "program": 48}]  # fmt: skip
    assert change_in_words(path, BAND, other) == "bass: electric bass → synth bass, + pad: strings, − lead: flute"
    assert change_in_words(path, BAND, BAND[::-1]) == "the same players in another order"
    rewired = [{**BAND[0], "program": 34}, *BAND[1:]]
    assert change_in_words(path, BAND, rewired) == "bass: electric bass (program 33) → electric bass (program 34)"
    assert value_in_words(BAND[:2]) == "bass: electric bass, chords: piano"


def test_a_revision_is_told_with_the_values_it_replaced() -> None:
    change = {
        "set": {"musical.tempo_bpm": 90, "instruments.bass": "synth bass"},
        "rerolls": ["composition/melody"],
        "prompt": "calmer",
        "refresh": True,
    }
    told = revision_in_words(change, dumped())
    assert told == "tempo_bpm 110 → 90, bass “synth bass”, re-rolled melody, prompt “calmer”, made with today's code"
    assert revision_in_words({"set": {"musical.key": "D"}}) == "key D"
    assert revision_in_words(None) == revision_in_words({}) == "nothing changed"


def test_edits_by_hand_are_told_by_who_and_where() -> None:
    file = {"name": "take.wav", "sha256": "ab" * 32, "size_bytes": 9, "media_type": "audio/wav"}
    change = {
        "set": {"edits.tracks.drums.sections.verse 2.is_muted": True, "edits.buses.music.gain_db": -1.5,
                "edits.stems.vocal": file},
        "rerolls": ["melody/verse 2", "arrangement/chorus 1", "composition/melody"],
    }  # fmt: skip
    assert revision_in_words(change) == (
        "drums verse 2 is_muted yes, bus music gain_db -1.5, stem vocal take.wav (abababababab), "
        "re-rolled melody in verse 2, chorus 1, melody"
    )
    old, new = {"edits": {}}, {"edits": {"tracks": {"bass": {"gain_db": 2.0, "is_muted": False}}, "held_mix": {"a": 1}}}
    assert [row["path"] for row in context_changes(old, new)] == ["edits.tracks.bass.gain_db"]
