"""Decades, purposes, slips of the pen, shares in words, sections without an order, stored preferences."""

from __future__ import annotations

from typing import Any

import pytest

from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.schema import CompositionContext, Instrument
from musicgen_assets.ideation.brief import accept, brief_of
from musicgen_assets.ideation.enhancer import propose
from musicgen_assets.ideation.eras import aged, eras
from musicgen_assets.ideation.wording.lexicon import sounds_by_name
from musicgen_assets.ideation.wording.understanding import understand
from musicgen_assets.styles.loader import load_style


def resolved(prompt: str, **overrides: Any) -> CompositionContext:
    named = {path.replace("__", "."): value for path, value in overrides.items()}
    return accept(brief_of({"prompt": prompt, "seed": 1, "overrides": named}))


def names(prompt: str) -> list[str]:
    return [item.name for item in resolved(prompt).musical.instruments]


ERAS = [
    ("80s pop", "1980s"), ("1980s rock", "1980s"), ("rock from 1974", "1970s"), ("eighties synth", "1980s"),
    ("90s hip hop for 90s", "1990s"), ("2000s pop", "2000s"), ("pop des années 60", "1960s"),
    ("rock, années soixante-dix", "1970s"), ("rock de los noventa", "1990s"), ("pop de los años 80", "1980s"),
    ("canción ochentera de pop", "1980s"), ("Pop der 80er", "1980s"), ("80er-Jahre-Pop", "1980s"),
    ("Rock der siebziger Jahre", "1970s"), ("rock dos anos 70", "1970s"), ("pop dos anos noventa", "1990s"),
]  # fmt: skip


@pytest.mark.parametrize(("prompt", "era"), ERAS, ids=[row[0] for row in ERAS])
def test_a_decade_is_read_in_five_languages(prompt: str, era: str) -> None:
    assert era in resolved(prompt).creative.style_modifiers
    assert resolved(prompt).creative.preferences["era"] == era


@pytest.mark.parametrize(
    "prompt",
    [
        "pop for 90s", "pop, 60 s", "rock a noventa pulsaciones", "pop, noventa segundos", "trap with 808s",
        "Rock mit 80 bpm", "canção a noventa bpm", "pop, 80 bpm", "valse, soixante secondes",
    ],
)  # fmt: skip
def test_numbers_that_count_something_are_no_decade(prompt: str) -> None:
    assert understand(prompt).era is None


def test_a_decade_changes_bands_with_amplifiers_only_and_never_what_was_asked_for() -> None:
    pop, cinematic = load_style("pop"), load_style("cinematic")
    band = tuple(Instrument(role=i.role, name=i.name, program=i.program) for i in pop.instruments)
    old, new = aged(band, eras()["1950s"], pop, (), ()), aged(band, eras()["1980s"], pop, (), ())
    assert {"upright bass"} <= {item.name for item in old}
    assert {"synth bass", "electronic kit"} <= {item.name for item in new}
    assert [item.role for item in old] == [item.role for item in band]
    kept = aged(band, eras()["1950s"], pop, ("electric bass",), ())
    assert "electric bass" in {item.name for item in kept}
    players = tuple(Instrument(role=i.role, name=i.name, program=i.program) for i in cinematic.instruments)
    assert aged(players, eras()["1980s"], cinematic, (), ()) == players


def test_every_decade_names_instruments_that_there_are() -> None:
    for era in eras().values():
        assert era.sound
        for families, name in era.changes.values():
            assert families
            assert name in sounds_by_name() or name == "drum kit"


def test_the_decades_grow_slower() -> None:
    leans = [eras()[name].tempo_lean for name in ("1960s", "1980s", "2000s")]
    assert leans == sorted(leans, reverse=True)
    assert resolved("60s pop").musical.tempo_bpm > resolved("2000s pop").musical.tempo_bpm


PURPOSES = [
    ("something like a film trailer", "cinematic", 0.7, 1.0),
    ("music for a workout", "house", 0.8, 1.0),
    ("música para dormir", "lullaby", 0.0, 0.3),
    ("musique pour un mariage", "pop", 0.2, 0.6),
    ("Musik wie in einem Filmtrailer", "cinematic", 0.7, 1.0),
    ("música para um treino", "house", 0.8, 1.0),
]


@pytest.mark.parametrize(("prompt", "genre", "low", "high"), PURPOSES, ids=[row[0] for row in PURPOSES])
def test_a_purpose_gives_genre_and_energy_where_nothing_else_does(
    prompt: str, genre: str, low: float, high: float
) -> None:
    musical = resolved(prompt).musical
    assert [item.name for item in musical.genres] == [genre]
    assert low <= musical.mood.arousal <= high


def test_named_genres_and_mood_words_beat_a_purpose() -> None:
    musical = resolved("calm folk like a film trailer").musical
    assert musical.genres[0].name == "folk"
    assert musical.mood.arousal < 0.35


SLIPS = [
    ("jaz with paino and saxaphone", {"piano", "saxophone"}),
    ("pop with a hamond orgen and vilolin", {"organ", "violin"}),
    ("pop con acordéon y guitara", {"accordion", "guitar"}),
    ("Pop mit Geiege und Akkordion", {"violin", "accordion"}),
    ("pop com violimo e acordeáo", {"violin", "accordion"}),
]


@pytest.mark.parametrize(("prompt", "wanted"), SLIPS, ids=[row[0] for row in SLIPS])
def test_slips_of_the_pen_are_mended_and_told(prompt: str, wanted: set[str]) -> None:
    found = names(prompt)
    assert all(any(name in item for item in found) for name in wanted), found
    assert sum("was taken for" in line for line in propose(prompt).trace) >= 1


def test_numbers_moods_and_units_may_be_misspelt() -> None:
    assert resolved("pop, ninty secnods").technical.duration_s == 90
    assert resolved("melancoly pop").musical.mood.valence < 0.4
    assert resolved("rock withuot drums").musical.excluded_roles


def test_ordinary_words_names_and_themes_are_left_alone() -> None:
    for prompt in (
        "a song about horses and stings",
        "pop for Violetta",
        "folk about a paino tuner",
        "rock, thanks mate",
    ):
        assert understand(prompt).slips == ()
    assert resolved("folk song about a paino").creative.theme == "a paino"


SHARES = [
    ("three quarters jazz, one quarter funk", {"jazz_swing": 0.75, "funk": 0.25}),
    ("two thirds rock and a third folk", {"rock": 0.67, "folk": 0.33}),
    ("mitad jazz y mitad funk", {"jazz_swing": 0.5, "funk": 0.5}),
    ("trois quarts jazz, un quart rock", {"jazz_swing": 0.75, "rock": 0.25}),
    ("zwei Drittel Rock und ein Drittel Folk", {"rock": 0.67, "folk": 0.33}),
    ("dois terços rock e um terço folk", {"rock": 0.67, "folk": 0.33}),
]


@pytest.mark.parametrize(("prompt", "shares"), SHARES, ids=[row[0] for row in SHARES])
def test_shares_are_read_in_words(prompt: str, shares: dict[str, float]) -> None:
    musical = resolved(prompt).musical
    assert {genre.name: round(genre.weight, 2) for genre in musical.genres} == shares
    assert musical.time_signature == "4/4"


@pytest.mark.parametrize(
    ("prompt", "wanted"),
    [
        ("rock with a bridge and a guitar solo", {"bridge", "solo"}),
        ("pop with a slow intro and an outro", {"intro", "outro"}),
        ("rock con un puente y un solo de guitarra", {"bridge"}),
        ("rock avec un pont", {"bridge"}),
        ("Rock mit Zwischenspiel", {"interlude"}),
        ("rock com uma ponte", {"bridge"}),
    ],
)
def test_sections_named_without_an_order_come(prompt: str, wanted: set[str]) -> None:
    assert wanted <= {section.kind for section in resolved(prompt).musical.structure}


def test_a_solo_instrument_is_no_section() -> None:
    assert resolved("pop with solo piano").musical.structure == ()


def test_stored_preferences_fill_in_what_the_prompt_leaves_open() -> None:
    stored = {"genre": "jazz", "tempo": "slow", "instruments": "cello", "key": "D minor", "voice": "female voice"}
    open_song, fixed = resolved("something nice", creative__preferences=stored), None
    musical = open_song.musical
    assert musical.genres[0].name == "jazz_swing"
    assert (musical.key, musical.scale) == ("D", "minor")
    assert musical.tempo_bpm < load_style("jazz_swing").tempo_bpm.typical
    assert "cello" in [item.name for item in musical.instruments]
    fixed = resolved("fast rock in C major with violin", creative__preferences=stored).musical
    assert (fixed.genres[0].name, fixed.key, fixed.scale) == ("rock", "C", "major")
    assert fixed.tempo_bpm > load_style("rock").tempo_bpm.typical
    assert "violin" in [item.name for item in fixed.instruments]


def test_what_became_of_stored_preferences_is_told() -> None:
    overrides = {"creative.preferences": {"genre": "jazz", "key": "D minor"}}
    trace = propose("rock", overrides).trace
    assert "preferences: stored genre 'jazz' gives way to the prompt" in trace
    assert "preferences: stored key 'D minor' is followed" in trace
    with pytest.raises(BadInput, match=r"creative\.preferences"):
        propose("rock", {"creative.preferences": {"tempo": "900 bpm"}})
