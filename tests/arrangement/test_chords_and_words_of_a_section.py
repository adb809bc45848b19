"""Other chords, or other words, in one section: other inside it, and outside it every note and word is the same."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from musicgen_assets.arrangement.takes import stream_of
from musicgen_assets.composition.chord_progression import HarmonyBrief, compose_harmony, with_other_loop
from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.request import CompositionRequest
from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.finalization.words import _spelling
from musicgen_assets.graph.declarations import DECLARATIONS
from musicgen_assets.graph.memory_job import MemoryStore
from musicgen_assets.ideation.brief import validate_request
from musicgen_assets.ideation.revision import revised, streams_of
from musicgen_assets.score.lyrics_difference import compare_lyrics
from musicgen_assets.score.material import Lyrics
from musicgen_assets.score.model import Score, Section
from musicgen_assets.styles.loader import load_style

PROMPTS = {
    "pop": "pop song with drums, bass and piano, sung, 80 seconds",
    "jazz": "swing jazz sung in French, 70 seconds",
    "folk": "calm folk song sung in German, 70 seconds",
    "house": "deep house with a voice, 75 seconds",
}
ASSETS = [one.key for one in DECLARATIONS if one.stage in ("composition", "arrangement")]


@lru_cache(maxsize=8)
def song(name: str) -> CompositionContext:
    return validate_request(CompositionRequest(prompt=PROMPTS[name], seed=7))


@lru_cache(maxsize=4)
def written(name: str) -> MemoryStore:
    return _written(song(name))


def _written(context: CompositionContext) -> MemoryStore:
    store = MemoryStore(context=context, data={"styles": []})
    for asset in ASSETS:
        store.run(asset)
    return store


def _score(store: MemoryStore) -> Score:
    return Score.model_validate(store.json("arrangement/arrangement"))


def _section(store: MemoryStore, kind: str) -> Section:
    return [section for section in _score(store).sections if section.kind == kind][-1]


def _rows(store: MemoryStore, section: Section) -> tuple[list[Any], list[Any]]:
    """All that begins inside and outside the section: notes, controllers and bends of players and voices, chords."""
    line = store.json("arrangement/vocal_line")
    score = store.json("arrangement/arrangement")
    tracks: list[Mapping[str, Any]] = [
        *score["tracks"],
        *(line["harmonies"]),
        *([line["track"]] if line["track"] else []),
    ]
    found = [(t["name"], row[0], row) for t in tracks for part in ("notes", "controllers", "bends") for row in t[part]]
    found += [("chord", chord["start_ticks"], chord) for chord in score["chords"]]
    is_in = [section.start_ticks <= start < section.end_ticks for _, start, _ in found]
    return [row for row, yes in zip(found, is_in, strict=True) if yes], [
        row for row, yes in zip(found, is_in, strict=True) if not yes
    ]


@pytest.mark.parametrize(("name", "kind"), [("pop", "verse"), ("pop", "chorus"), ("jazz", "verse"), ("house", "drop")])
def test_other_chords_in_a_section_change_that_section_and_nothing_else(name: str, kind: str) -> None:
    before = written(name)
    section = _section(before, kind)
    stream = f"chord_progression/{stream_of(section)}"
    after = _written(revised(song(name), {}, (stream,)))
    for asset in ("chord_progression", "rhythm_pattern", "lyrics", "melody", "bass_line"):
        assert after.json(f"composition/{asset}") == before.json(f"composition/{asset}")
    (mine, others), (mine_after, others_after) = _rows(before, section), _rows(after, section)
    assert others_after == others
    assert [row for row in mine_after if row[0] == "chord"] != [row for row in mine if row[0] == "chord"]
    assert mine_after != mine
    assert _score(after).sections == _score(before).sections


@pytest.mark.parametrize("style", ["pop", "hip_hop", "k_pop", "lofi", "techno", "rock", "blues", "jazz_swing"])
def test_every_style_has_other_chords_for_a_section(style: str) -> None:
    loaded = load_style(style)
    brief = HarmonyBrief(loaded, "C", max(loaded.scales, key=lambda scale: loaded.scales[scale]), "4/4", loaded.mood)
    harmony, _ = compose_harmony(brief, np.random.default_rng(1))
    for kind in ("verse", "chorus", "bridge", "drop"):
        take = with_other_loop(harmony, f"{kind} 1", brief, np.random.default_rng(2))
        own, other = ([chord.roman for chord in one.sections[kind].chords] for one in (harmony, take))
        assert other != own
        assert take.sections[kind].bars == harmony.sections[kind].bars
        assert take.model_copy(update={"sections": {**take.sections, kind: harmony.sections[kind]}}) == harmony


def test_tune_and_bass_of_the_section_are_made_for_its_chords() -> None:
    before = written("pop")
    name = stream_of(_section(before, "verse"))
    after = _written(revised(song("pop"), {}, (f"chord_progression/{name}",)))
    loop = after.json("composition/chord_progression", "takes")[name]["sections"]["verse"]
    assert loop["bars"] == before.json("composition/chord_progression")["sections"]["verse"]["bars"]
    melody, bass = (after.json(f"composition/{asset}", "takes")[name] for asset in ("melody", "bass_line"))
    assert melody["hook"] == before.json("composition/melody")["hook"]
    assert {
        kind for kind, theme in melody["themes"].items() if theme != before.json("composition/melody")["themes"][kind]
    } == {"verse"}
    first = loop["chords"][0]
    struck = {row[2] % 12 for level in bass["sections"]["verse"].values() for row in level if row[0] == 0}
    assert struck <= {first["bass"], *first["pitch_classes"]}


@pytest.mark.parametrize(("name", "kind"), [("pop", "verse"), ("pop", "chorus"), ("jazz", "verse"), ("folk", "verse")])
def test_other_words_in_a_section_change_what_is_sung_there_and_nothing_else(name: str, kind: str) -> None:
    before = written(name)
    section = _section(before, kind)
    after = _written(revised(song(name), {}, (f"lyrics/{stream_of(section)}",)))
    for asset in ASSETS:
        if asset not in ("composition/lyrics", "arrangement/vocal_line"):
            assert after.artifacts[asset] == before.artifacts[asset], asset
    assert after.json("composition/lyrics", "prosody") == before.json("composition/lyrics", "prosody")
    assert _rows(after, section)[1] == _rows(before, section)[1]

    def sung(store: MemoryStore, *, is_inside: bool) -> list[Any]:
        words = store.json("arrangement/vocal_line")["syllables"]
        return [one for one in words if (section.start_ticks <= one["start_ticks"] < section.end_ticks) == is_inside]

    assert sung(after, is_inside=False) == sung(before, is_inside=False)
    texts = [[one["text"] for one in sung(store, is_inside=True)] for store in (before, after)]
    failed = [{check.name for check in store.outcomes["arrangement/vocal_line"].checks if not check.passed}
              for store in (before, after)]  # fmt: skip
    assert failed[1] <= failed[0]
    assert texts[0] != texts[1]
    assert texts[1]


def test_other_words_are_lines_that_the_song_has_not_and_their_spelling_and_difference_are_told() -> None:
    before = Lyrics.model_validate(written("pop").json("composition/lyrics"))
    name = stream_of(_section(written("pop"), "verse"))
    store = MemoryStore(context=revised(song("pop"), {}, (f"lyrics/{name}",)), data={"styles": []})
    store.run("composition/lyrics")
    after = Lyrics.model_validate(store.json("composition/lyrics"))
    assert after.sections == before.sections
    known = {line.text for stanza in before.sections for line in stanza.lines}
    new = [line.text for stanza in after.takes[name] for line in stanza.lines]
    assert not known & set(new)
    assert set(new) <= set(_spelling(after).values())
    assert {row["section"].partition(",")[0] for row in compare_lyrics(before, after)} == {name}


def test_words_and_chords_of_a_section_count_on_and_stand_beside_other_takes() -> None:
    name = stream_of(_section(written("pop"), "verse"))
    streams = streams_of([f"lyrics/{name}", f"composition/chord_progression/{name}", f"melody/{name}"])
    both = _written(revised(song("pop"), {}, streams))
    twice = _written(revised(revised(song("pop"), {}, streams), {}, (f"lyrics/{name}",)))
    assert both.json("composition/lyrics")["takes"] != twice.json("composition/lyrics")["takes"]
    assert both.artifacts["arrangement/arrangement"] == twice.artifacts["arrangement/arrangement"]


@pytest.mark.parametrize(
    ("overrides", "stream", "said"),
    [
        ({"creative.has_vocals": False}, "lyrics/verse 2", "nobody sings"),
        ({"creative.lyrics": "[verse]\nOne line\nTwo lines\n[chorus]\nThree\nFour"}, "lyrics/verse 1", "your own"),
        ({}, "lyrics/intro 1", "no words"),
    ],
)
def test_words_that_nobody_could_write_are_refused_with_the_reason(
    overrides: dict[str, Any], stream: str, said: str
) -> None:
    with pytest.raises(BadInput, match=said):
        revised(song("pop"), overrides, (stream,))
