"""Devices of harmony stand where theory has them, and only in styles that use them."""

from __future__ import annotations

import numpy as np
import pytest

from musicgen_assets.composition.chord_progression import HarmonyBrief, compose_harmony
from musicgen_assets.composition.chord_substitution import (
    brightness,
    habits_of,
    with_inversions,
    with_mixture,
    with_pedal,
    with_quicker_cadence,
    with_sharper_dominants,
    with_tritone_substitute,
)
from musicgen_assets.context.schema import Mood
from musicgen_assets.score.material import Harmony
from musicgen_assets.styles.loader import load_style
from musicgen_assets.theory.chords import parse_bar, parse_roman

SEEDS = range(40)


def songs(style: str, scale: str = "major") -> list[Harmony]:
    brief = HarmonyBrief(load_style(style), "C", scale, "4/4", load_style(style).mood)  # type: ignore[arg-type]
    return [compose_harmony(brief, np.random.default_rng(seed))[0] for seed in range(12)]


def numerals(harmonies: list[Harmony]) -> list[str]:
    return [span.roman for harmony in harmonies for section in harmony.sections.values() for span in section.chords]


def test_tritone_substitutes_slide_home_in_jazz_only() -> None:
    jazz, pop = load_style("jazz_swing"), load_style("pop")
    found = {
        tuple(with_tritone_substitute(["ii", "V", "I", "I"], jazz, "major", np.random.default_rng(s))) for s in SEEDS
    }
    assert found == {("ii", "V", "I", "I"), ("ii", "bII7", "I", "I")}
    assert all(
        with_tritone_substitute(["ii", "V", "I"], pop, "major", np.random.default_rng(s)) == ["ii", "V", "I"]
        for s in SEEDS
    )
    assert parse_roman("bII7", "C", "major").root == 1


def test_cadences_quicken_by_a_chord_that_prepares_the_dominant() -> None:
    waltz, house = load_style("waltz"), load_style("house")
    found = {
        tuple(with_quicker_cadence(["I", "vi", "V", "I"], waltz, "major", np.random.default_rng(s))) for s in SEEDS
    }
    assert found == {("I", "vi", "V", "I"), ("I", "vi", "IV_V", "I"), ("I", "vi", "ii_V", "I")}
    assert with_quicker_cadence(["I", "V", "IV", "V"], house, "major", np.random.default_rng(0))[-1] == "V"


@pytest.mark.parametrize("scale", ["major", "minor", "dorian"])
def test_inversions_let_the_bass_step(scale: str) -> None:
    style = load_style("solo_piano")
    row = (
        ["I", "V", "vi", "IV", "I", "IV", "V", "I"]
        if scale == "major"
        else ["i", "v", "bVI", "iv", "i", "iv", "v", "i"]
    )
    changed = 0
    for seed in SEEDS:
        found = with_inversions(row, style, "C", scale, np.random.default_rng(seed))  # type: ignore[arg-type]
        assert (found[0], found[-1]) == (row[0], row[-1])
        for index, (before, after) in enumerate(zip(row, found, strict=True)):
            if before == after:
                continue
            changed += 1
            chord = parse_roman(after, "C", scale)
            assert chord.bass in chord.pitch_classes[1:]
            around = [parse_bar(found[place], "C", scale)[0].bass for place in (index - 1, index + 1)]
            assert any((chord.bass - other) % 12 in (1, 2, 10, 11) for other in around)
    assert changed >= 10
    assert with_inversions(row, load_style("rock"), "C", scale, np.random.default_rng(1)) == row  # type: ignore[arg-type]


def test_pedals_hold_the_tonic_in_sections_that_wait() -> None:
    style = load_style("cinematic")
    found = [with_pedal(["I", "IV", "V", "I"], style, "intro", "C", "major", np.random.default_rng(s)) for s in SEEDS]
    assert ["I", "IV/1", "V", "I"] in found
    assert ["I", "IV", "V", "I"] in found
    assert parse_roman("IV/1", "C", "major").bass == 0
    assert all(
        with_pedal(["I", "IV", "V", "I"], style, "chorus", "C", "major", np.random.default_rng(s))[1] == "IV"
        for s in SEEDS
    )


def test_dominants_sharpen_with_arousal_and_power_chords_stay_plain() -> None:
    pop, rock = load_style("pop"), load_style("rock")

    def share(arousal: float, style: object = pop) -> float:
        mood = Mood(valence=0.5, arousal=arousal)
        made = [with_sharper_dominants(["V"], style, mood, "major", np.random.default_rng(s)) for s in SEEDS]  # type: ignore[arg-type]
        return float(np.mean([bars == ["V7"] for bars in made]))

    assert share(0.0) < share(0.5) < share(1.0)
    assert share(1.0, rock) == 0.0
    gloom = Mood(valence=0.0, arousal=1.0)
    assert ["V7b9"] in [with_sharper_dominants(["V"], pop, gloom, "minor", np.random.default_rng(s)) for s in SEEDS]


def test_mixture_grows_as_moods_darken() -> None:
    row = ["I", "vi", "IV", "V"] * 2

    def borrowed(valence: float) -> float:
        made = [with_mixture(row, Mood(valence=valence), "major", np.random.default_rng(s)) for s in SEEDS]
        return float(np.mean([sum(a != b for a, b in zip(row, bars, strict=True)) for bars in made]))

    shares = [borrowed(valence) for valence in (0.9, 0.6, 0.3, 0.0)]
    assert shares == sorted(shares)
    assert shares[0] == 0.0 < shares[1] < shares[3]


def test_habits_follow_the_style() -> None:
    assert habits_of(load_style("rock")).inversions == habits_of(load_style("house")).inversions == 0.0
    assert habits_of(load_style("solo_piano")).inversions > habits_of(load_style("folk")).inversions > 0.0
    assert habits_of(load_style("jazz_swing")).tritone > habits_of(load_style("pop")).tritone == 0.0
    assert habits_of(load_style("ambient")).pedals > habits_of(load_style("rock")).pedals


def test_whole_songs_use_what_their_style_uses() -> None:
    jazz, piano, house = numerals(songs("jazz_swing")), numerals(songs("solo_piano")), numerals(songs("house", "minor"))
    assert any(roman.startswith("bII7") for roman in jazz)
    assert np.mean(["V7/" in roman for roman in jazz]) > 0.03
    assert np.mean([roman[-2:] in ("/1", "/3", "/5", "/7") for roman in piano]) > 0.05
    assert not any("V7/" in roman for roman in house)


@pytest.mark.parametrize("style", ["pop", "rock", "folk", "jazz_swing", "latin", "solo_piano", "house"])
def test_bridges_begin_elsewhere(style: str) -> None:
    for harmony in songs(style):
        first = {kind: harmony.sections[kind].chords[0] for kind in ("verse", "chorus", "bridge")}
        assert first["bridge"].roman not in (first["verse"].roman, first["chorus"].roman)


def test_brightness_is_what_it_says() -> None:
    def chords(text: str) -> list:  # type: ignore[type-arg]
        return [parse_roman(numeral, "C", "major") for numeral in text.split()]

    assert brightness(chords("I IV V I"), "C", "major") == 1.0
    assert brightness(chords("ii vi iii"), "C", "major") == -1.0
    assert brightness([], "C", "major") == 0.0
