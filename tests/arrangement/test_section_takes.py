"""A section drawn anew: every note outside it stays, inside it is played another way, and its name is understood."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from musicgen_assets.arrangement.arrangement import Brief, best_of_draws
from musicgen_assets.arrangement.takes import section_stream, stream_of
from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.request import CompositionRequest
from musicgen_assets.graph.memory_job import MemoryStore
from musicgen_assets.ideation.brief import validate_request
from musicgen_assets.ideation.revision import revised, streams_of
from musicgen_assets.score.model import Score
from musicgen_assets.styles.loader import load_style
from support.hand_made_song import make_song, materials_for

STYLES = ("pop", "jazz_swing", "house", "solo_piano", "bossa_nova")


def song(style: str, rerolls: dict[str, int]) -> Score:
    return make_song(style, duration_s=60.0, seed=5, rerolls=rerolls)


def split(score: Score, start: int, end: int) -> tuple[dict[str, list], dict[str, list]]:
    """Everything that begins inside and outside of start..end, by track."""
    inside: dict[str, list] = {}
    outside: dict[str, list] = {}
    for track in score.tracks:
        for row in (*track.notes, *track.controllers, *track.bends):
            (inside if start <= row[0] < end else outside).setdefault(track.name, []).append(row)
    return inside, outside


@pytest.mark.parametrize("style", STYLES)
def test_every_note_outside_a_section_drawn_anew_is_identical_and_inside_it_differs(style: str) -> None:
    before = song(style, {})
    sections = before.sections if style in ("pop", "solo_piano") else before.sections[1:3]
    for section in sections:
        after = song(style, {stream_of(section): 1})
        assert after.sections == before.sections
        mine, others = split(before, section.start_ticks, section.end_ticks)
        mine_after, others_after = split(after, section.start_ticks, section.end_ticks)
        assert others_after == others, section.name
        assert mine_after != mine, section.name


def test_takes_differ_from_each_other_and_stand_beside_each_other() -> None:
    first, second = song("pop", {"verse 1": 1}), song("pop", {"verse 1": 2})
    assert first != second
    both = song("pop", {"verse 1": 1, "chorus 1": 1})
    verse = next(section for section in both.sections if section.kind == "verse")
    assert split(both, verse.start_ticks, verse.end_ticks)[0] == split(first, verse.start_ticks, verse.end_ticks)[0]


def test_no_note_sounds_over_the_end_of_its_section() -> None:
    for style in ("pop", "jazz_swing", "cinematic"):
        score = song(style, {})
        for section in score.sections[:-1]:
            for track in score.tracks:
                for start, duration, *_ in track.notes:
                    if section.start_ticks <= start < section.end_ticks:
                        assert start + duration <= section.end_ticks


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Verse 2", "arrangement/verse 2"), ("arrangement/verse 2", "arrangement/verse 2"),
        ("Pre-Chorus 1", "arrangement/pre_chorus 1"), ("bridge", "arrangement/bridge 1"),
        ("melody", None), ("arrangement/arrangement", None), ("", None), ("verse 0", None),
    ],
)  # fmt: skip
def test_sections_are_called_as_people_call_them(said: str, meant: str | None) -> None:
    assert section_stream(said) == meant


def test_a_reroll_names_sections_and_assets_alike() -> None:
    assert streams_of(["verse 2", "melody"]) == ("arrangement/verse 2", "melody")


def test_a_section_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(BadInput, match="no such section") as caught:
        song("pop", {"verse 9": 1})
    assert "verse 1" in caught.value.way_out


@pytest.mark.parametrize("material", ["melody", "rhythm", "bass"])
def test_a_take_of_one_material_is_heard_in_its_section_alone(material: str) -> None:
    style = load_style("pop")
    materials, others = (materials_for(style, 112.0, "4/4", seed) for seed in (5, 6))
    take = {
        "melody": others.melody.model_copy(update={"hook": materials.melody.hook}),
        "rhythm": others.rhythm,
        "bass": others.bass,
    }[material]
    own = {"verse 2": dataclasses.replace(materials, **{material: take})}  # type: ignore[arg-type]
    brief = Brief("Test", "C", "major", 112.0, "4/4", 75.0, style.mood)
    before, after = (
        best_of_draws(brief, style, materials, np.random.default_rng(6), {}, takes).score for takes in ({}, own)
    )
    verse = [section for section in before.sections if section.kind == "verse"][1]
    mine, outside = split(before, verse.start_ticks, verse.end_ticks)
    mine_after, outside_after = split(after, verse.start_ticks, verse.end_ticks)
    assert outside_after == outside
    heard = {"melody": "melody", "rhythm": "drums", "bass": "bass"}[material]
    assert mine_after.get(heard) != mine[heard]


def test_melody_rhythm_and_bass_keep_a_take_for_each_section_that_asks() -> None:
    """The real assets: the song's own material is what it was, and the take differs in the section's kind only."""
    context = validate_request(CompositionRequest(prompt="pop with drums and bass", seed=5))
    rolled = revised(context, {}, ("melody/verse 2", "bass_line/verse 2", "rhythm_pattern/chorus 1"))
    stores = [MemoryStore(context=one, data={"styles": []}) for one in (context, rolled)]
    assets = ("chord_progression", "rhythm_pattern", "lyrics", "melody", "bass_line")
    for store in stores:
        for asset in assets:
            store.run(f"composition/{asset}")
    plain, with_takes = ({name: store.json(f"composition/{name}") for name in assets} for store in stores)
    assert plain == with_takes
    melody = stores[1].json("composition/melody", "takes")["verse 2"]
    assert {kind for kind, theme in melody["themes"].items() if theme != plain["melody"]["themes"][kind]} == {"verse"}
    assert melody["hook"] == plain["melody"]["hook"]
    assert set(stores[1].json("composition/rhythm_pattern", "takes")) == {"chorus 1"}
    assert all(ref.role != "takes" for refs in stores[0].artifacts.values() for ref in refs)
