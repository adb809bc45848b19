"""The context is complete, follows the overrides, and is the same whenever it is asked for again."""

from __future__ import annotations

from typing import Any

import pytest

from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.graph.memory_job import MemoryStore
from musicgen_assets.ideation.brief import accept, brief_of
from musicgen_assets.ideation.enhancer import propose
from musicgen_assets.ideation.overrides import normalise_overrides
from musicgen_assets.ideation.players import MELODIC_ROLES
from musicgen_assets.ideation.resolver import check_context, resolve
from musicgen_assets.styles.loader import load_style, style_names


def resolved(prompt: str, seed: int = 3, title: str | None = None, **overrides: Any) -> CompositionContext:
    named = {path.replace("__", "."): value for path, value in overrides.items()}
    return accept(brief_of({"prompt": prompt, "seed": seed, "title": title, "overrides": named}))


def made(prompt: str, **overrides: Any) -> MemoryStore:
    named = {path.replace("__", "."): value for path, value in overrides.items()}
    request = {"prompt": prompt, "overrides": named, "seed": 5, "title": None}
    store = MemoryStore(data={"request": request, "all_styles": list(style_names())})
    for asset in ("ideation/brief", "ideation/enhanced_prompt", "ideation/context"):
        store.run(asset)
    return store


def test_the_three_assets_hand_on_what_their_contract_says() -> None:
    store = made("upbeat pop song about summer, 2 minutes", musical__key="eb minor")
    brief = store.json("ideation/brief")
    assert set(brief) == {"prompt", "title", "overrides", "seed", "moderation"}
    assert brief["overrides"] == {"musical.key": "Eb", "musical.scale": "minor"}
    enhanced = store.json("ideation/enhanced_prompt")
    assert set(enhanced) == {
        "original_prompt", "enhanced_prompt", "parameters", "reasoning_trace", "confidence"
    }  # fmt: skip
    context = CompositionContext.model_validate(store.json("ideation/context"))
    assert (context.musical.key, context.musical.scale) == ("Eb", "minor")
    assert context.ai_decisions.generation.seed == 5
    assert context.ai_decisions.generation.routing == {"full_song": "builtin"}
    assert context.ai_decisions.enhancement.confidence == enhanced["confidence"]
    assert context.ai_decisions.model_selections[0].reason
    assert context.creative.inspiration == brief["prompt"]
    checks = {check.name: check.passed for outcome in store.outcomes.values() for check in outcome.checks}
    assert checks == {"brief_is_legal": True, "context_is_consistent": True}


def test_every_step_leaves_a_line_in_the_trace() -> None:
    trace = made("jazz waltz in F minor without drums, 3 minutes").json("ideation/enhanced_prompt")["reasoning_trace"]
    steps = {line.split(":")[0] for line in trace}
    assert steps == {"intent", "elements", "preferences", "theory", "parameters", "template"}


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("slow rock at 150 bpm", "the number beats slow"),
        ("waltz in 4/4", "4/4 was written out"),
        ("pop at 100 bpm, then 120 bpm", "several tempos"),
        ("pop, 2 minutes, or 3 minutes", "several lengths"),
        ("jazz in C major and D minor", "several keys"),
        ("instrumental with vocals", "stands against"),
        ("rokc music", "was taken for"),
        ("dubstep", "no style of its own"),
        ("rock, intro of 10 seconds", "part of the song"),
        ("not jazz, calm", "not jazz_swing"),
    ],
)
def test_a_contradiction_or_guess_is_told(prompt: str, words: str) -> None:
    assert any(words in line for line in propose(prompt).trace), propose(prompt).trace


def test_nonsense_becomes_a_song_with_little_confidence() -> None:
    assert propose("asdf qwer zxcv").confidence < 0.4
    assert propose("blorp?").confidence < 0.4
    assert resolved("asdf qwer zxcv").musical.instruments


def test_more_said_is_more_confidence() -> None:
    prompts = [
        "music",
        "happy music",
        "happy pop",
        "happy pop in D major",
        "happy pop in D major at 120 bpm, 3 minutes",
    ]
    found = [propose(prompt).confidence for prompt in prompts]
    assert found == sorted(set(found))
    assert found[-1] <= 1.0


@pytest.mark.parametrize("name", style_names())
def test_every_style_is_found_by_its_name_and_resolves_inside_its_range(name: str) -> None:
    style = load_style(name)
    for seed in (1, 2):
        musical = resolved(name.replace("_", " "), seed=seed).musical
        assert [genre.name for genre in musical.genres] == [name]
        assert style.tempo_bpm.low <= musical.tempo_bpm <= style.tempo_bpm.high
        assert musical.time_signature in style.meters
        assert musical.scale in style.scales
        roles = {item.role for item in musical.instruments}
        needed = {item.role for item in style.instruments if not item.is_optional}
        assert needed <= roles
        assert roles & MELODIC_ROLES
        if not style.has_drums:
            assert "drums" not in roles


def test_overrides_win_and_everything_not_asked_for_follows_them() -> None:
    plain = resolved("a happy song")
    other = resolved("a happy song", musical__genres=[{"name": "jazz", "weight": 1}])
    assert [genre.name for genre in other.musical.genres] == ["jazz_swing"]
    assert other.musical.instruments != plain.musical.instruments
    jazz = load_style("jazz_swing")
    assert jazz.tempo_bpm.low <= other.musical.tempo_bpm <= jazz.tempo_bpm.high
    kept = resolved("pop in D minor at 101 bpm with violin", musical__genres="funk")
    assert (kept.musical.key, kept.musical.scale, kept.musical.tempo_bpm) == ("D", "minor", 101)
    assert "violin" in [item.name for item in kept.musical.instruments]


def test_overrides_beat_the_prompt() -> None:
    context = resolved(
        "sad pop song about rain in C major at 100 bpm, no drums, 2 minutes", title="Mine",
        musical__tempo_bpm=77, musical__key="F#m", technical__duration_s=60, creative__language="de",
        creative__has_vocals=False, creative__theme="sun", musical__time_signature="3 / 4",
        musical__mood={"valence": 1},
    )  # fmt: skip
    musical = context.musical
    assert (musical.tempo_bpm, musical.key, musical.scale, musical.time_signature) == (77, "F#", "minor", "3/4")
    assert context.technical.duration_s == 60
    assert (context.creative.language, context.creative.has_vocals, context.creative.theme) == ("de", False, "sun")
    assert context.creative.title == "Mine"
    assert musical.mood.valence == 1
    assert musical.mood.arousal < 0.5


def test_an_override_of_the_band_beats_an_exclusion_in_words() -> None:
    band = [{"role": "drums", "name": "kit", "program": 0}, {"role": "chords", "name": "piano", "program": 0}]
    context = resolved("pop without drums", musical__instruments=band)
    assert [item.role for item in context.musical.instruments] == ["drums", "chords"]
    assert "drums" not in context.musical.excluded_roles


def test_an_excluded_role_has_no_player() -> None:
    context = resolved("rock", musical__excluded_roles=["bass", "pad"])
    assert not {"bass", "pad"} & {item.role for item in context.musical.instruments}
    context = resolved("just piano", musical__excluded_roles=["lead"])
    assert "lead" not in {item.role for item in context.musical.instruments}
    context = resolved("just harp", musical__excluded_roles=["lead"])
    assert {(item.role, item.name) for item in context.musical.instruments} == {("chords", "harp")}


def test_only_keeps_the_roles_named_beside_it() -> None:
    roles = {item.role for item in resolved("house, only synths and drums").musical.instruments}
    assert roles == {"lead", "chords", "drums"}
    assert resolved("just timpani").musical.instruments
    own = resolved("solo piano").musical.instruments
    assert [item.name for item in own] == [item.name for item in load_style("solo_piano").instruments]


def test_refused_instruments_leave_no_gap() -> None:
    refused = "pop without piano, synths, strings, guitars, organ, flute or violin"
    musical = resolved(refused).musical
    assert {"lead", "chords"} <= {item.role for item in musical.instruments}
    assert not {"piano", "flute", "violin"} & {item.name for item in musical.instruments}


def test_a_refused_genre_is_not_chosen() -> None:
    assert resolved("anything, not pop").musical.genres[0].name != "pop"
    assert resolved("jazz, not rock").musical.genres[0].name == "jazz_swing"


def test_a_form_made_of_refused_sections_still_has_sections() -> None:
    kinds = [item.kind for item in resolved("pop, no intro, no verse, no chorus, no outro").musical.structure]
    assert kinds
    assert not {"intro", "verse", "chorus", "outro"} & set(kinds)
    every = ["intro", "verse", "pre-chorus", "chorus", "bridge", "solo", "interlude", "build", "drop", "break", "outro"]
    everything = "pop, " + ", ".join(f"no {kind}" for kind in every)
    assert resolved(everything).musical.structure


def test_given_words_turn_the_voice_on() -> None:
    assert resolved("a calm piano piece", creative__lyrics="la la la").creative.has_vocals


def test_a_sung_song_without_a_subject_gets_a_title_in_its_language() -> None:
    assert resolved("rock con voz femenina").creative.title != "Untitled"
    titles = {resolved("rock with vocals", seed=seed).creative.title for seed in range(12)}
    assert len(titles) > 1


@pytest.mark.parametrize(
    ("written", "key", "scale"),
    [
        ("C minor", "C", "minor"),
        ("Ebm", "Eb", "minor"),
        ("f#", "F#", None),
        ("b♭", "Bb", None),
        ("Cb", "B", None),
        ("E# minor", "F", "minor"),
        ("h-Moll", "B", "minor"),
        ("la menor", "A", "minor"),
        ("sol mineur", "G", "minor"),
        ("D dorian", "D", "dorian"),
        ("GM", "G", "major"),
    ],
)
def test_a_key_may_be_written_as_people_write_it(written: str, key: str, scale: str | None) -> None:
    found = normalise_overrides({"musical.key": written})
    assert found["musical.key"] == key
    assert found.get("musical.scale") == scale


def test_genres_and_instruments_may_be_written_as_people_write_them() -> None:
    both = [{"name": "house", "weight": 0.75}, {"name": "jazz_swing", "weight": 0.25}]
    assert normalise_overrides({"musical.genres": "House=3, jazz"})["musical.genres"] == both
    assert normalise_overrides({"musical.genres": {"house": 3, "jazz": 1}})["musical.genres"] == both
    found = normalise_overrides({"musical.instruments": "piano, violín"})["musical.instruments"]
    assert [item["name"] for item in found] == ["piano", "violin"]
    assert "musical.instruments" not in normalise_overrides({"musical.instruments": []})


def test_the_same_request_gives_the_same_bytes_and_another_seed_another_song() -> None:
    first, second = made("pop about the sea"), made("pop about the sea")
    assert first.artifacts == second.artifacts
    songs = {resolved("pop", seed=seed).musical.model_dump_json() for seed in range(8)}
    assert len(songs) > 3


def test_a_check_sees_what_does_not_hold_together() -> None:
    context = resolved("pop")
    assert check_context(context, {}).passed
    assert not check_context(context, {"musical.tempo_bpm": 99}).passed
    nobody = context.model_copy(update={"musical": context.musical.model_copy(update={"instruments": ()})})
    assert not check_context(nobody, {}).passed
    twins = context.musical.instruments[:3] * 2
    doubled = context.model_copy(update={"musical": context.musical.model_copy(update={"instruments": twins})})
    assert "twice" in str(check_context(doubled, {}).measured)


def test_a_tempo_preference_that_is_no_number_is_passed_over() -> None:
    brief = {"prompt": "pop", "seed": 1, "overrides": {"creative.preferences": {"tempo": "quick"}}}
    assert resolve(brief, propose("pop").parameters).musical.tempo_bpm


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        ("a fucking loud rock song", ["profanity"]),
        ("una canción de mierda", ["profanity"]),
        ("a song about Scunthorpe and an assassin", []),
        ("gore and bullshit", ["profanity", "violence"]),
    ],
)
def test_moderation_marks_and_never_refuses(text: str, flags: list[str]) -> None:
    moderation = brief_of({"prompt": text, "seed": 1})["moderation"]
    assert moderation == {"is_explicit": bool(flags), "flags": flags}


def test_explicit_lyrics_mark_the_song() -> None:
    brief = brief_of({"prompt": "pop", "seed": 1, "overrides": {"creative.lyrics": "oh shit"}})
    assert brief["moderation"]["is_explicit"]
