"""Harmony keeps its promises: every section has fitting chords that contrast, close and stay in the key."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from tonal_song import GRID, Choice, make

from musicgen_assets.composition.chord_cadence import cadence_of, closing_bars, follows_usually, wanted_cadences
from musicgen_assets.composition.chord_coherence import HARMONIC_THRESHOLD, harmonic_consistency
from musicgen_assets.composition.chord_progression import HarmonyBrief, compose_harmony
from musicgen_assets.composition.chord_substitution import with_mixture, with_secondary_dominant
from musicgen_assets.composition.chord_vocabulary import coloured
from musicgen_assets.composition.section_loops import ALL_KINDS
from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.schema import (
    AIDecisions,
    CompositionContext,
    GenerationParameters,
    Mood,
    MusicalContext,
    WeightedGenre,
)
from musicgen_assets.graph.memory_job import MemoryStore
from musicgen_assets.score.clock import ticks_per_bar
from musicgen_assets.score.midi import read_midi
from musicgen_assets.styles.loader import load_style
from musicgen_assets.theory.chords import CHORD_INTERVALS, Chord, parse_bar
from musicgen_assets.theory.pitch import pitch_class
from musicgen_assets.theory.scales import mode_family, scale_pitch_classes


def chords_of(text: str, tonic: str = "C", scale: str = "major") -> list[Chord]:
    return [chord for bar in text.split() for chord in parse_bar(bar, tonic, scale)]


@pytest.mark.parametrize("choice", GRID, ids=lambda choice: f"{choice.style}-{choice.time_signature}-{choice.scale}")
class TestAnyHarmony:
    def test_every_kind_has_chords_that_fill_its_loop_without_gaps(self, choice: Choice) -> None:
        harmony = make(choice).harmony
        bar = ticks_per_bar(choice.time_signature)
        assert tuple(harmony.sections) == ALL_KINDS
        for section in harmony.sections.values():
            assert section.bars in (4, 8, 12)
            position = 0
            for span in section.chords:
                assert span.start_ticks == position
                assert span.duration_ticks > 0
                position += span.duration_ticks
            assert position == section.bars * bar

    def test_chords_are_what_their_quality_says(self, choice: Choice) -> None:
        for section in make(choice).harmony.sections.values():
            for span in section.chords:
                expected = {(span.root + step) % 12 for step in CHORD_INTERVALS[span.quality]}
                assert set(span.pitch_classes) == expected

    def test_verse_and_chorus_and_bridge_differ(self, choice: Choice) -> None:
        sections = make(choice).harmony.sections
        loops = {kind: [span.roman for span in sections[kind].chords] for kind in ("verse", "chorus", "bridge")}
        assert loops["verse"] != loops["chorus"]
        assert loops["bridge"] != loops["chorus"]

    def test_outro_and_chorus_close_and_the_ending_is_home(self, choice: Choice) -> None:
        harmony = make(choice).harmony
        home = pitch_class(choice.key)
        assert harmony.sections["outro"].cadence in ("authentic", "plagal")
        assert harmony.sections["outro"].chords[-1].root == home
        assert harmony.sections["chorus"].cadence in wanted_cadences("chorus")
        third = (home + (4 if mode_family(choice.scale) == "major" else 3)) % 12
        assert harmony.ending.root == home
        assert third in harmony.ending.pitch_classes
        assert harmony.ending.duration_ticks == ticks_per_bar(choice.time_signature)

    def test_tonic_chords_have_the_keys_own_third(self, choice: Choice) -> None:
        home = pitch_class(choice.key)
        wrong = (home + (3 if mode_family(choice.scale) == "major" else 4)) % 12
        right = (home + (4 if mode_family(choice.scale) == "major" else 3)) % 12
        for section in make(choice).harmony.sections.values():
            for span in section.chords:
                if span.root == home and wrong in span.pitch_classes:
                    # Only a dominant on its way elsewhere (V7/iv) may have the other third.
                    assert right in span.pitch_classes or "/" in span.roman

    def test_it_passes_its_score(self, choice: Choice) -> None:
        scores = make(choice).harmony.scores
        assert all(math.isfinite(value) and 0.0 <= value <= 1.0 for value in scores.values())
        assert scores["harmonic_consistency"] >= HARMONIC_THRESHOLD


def test_equal_choices_give_equal_bytes_and_other_seeds_other_songs() -> None:
    brief = HarmonyBrief(load_style("pop"), "C", "major", "4/4", Mood())
    first, again = (compose_harmony(brief, np.random.default_rng(4))[0] for _ in range(2))
    assert first.model_dump_json() == again.model_dump_json()
    others = {compose_harmony(brief, np.random.default_rng(seed))[0].model_dump_json() for seed in range(12)}
    assert len(others) >= 6


def test_random_chords_are_told_from_harmony() -> None:
    rng = np.random.default_rng(0)
    qualities = ("maj", "min", "7", "maj7", "dim")
    scores = []
    for _ in range(60):
        loops = {}
        for kind in ("verse", "chorus", "bridge", "outro"):
            chords = []
            for _ in range(8):
                root, quality = int(rng.integers(12)), qualities[int(rng.integers(5))]
                pcs = tuple((root + step) % 12 for step in CHORD_INTERVALS[quality])
                chords.append(Chord(root, quality, root, pcs, "", ""))
            loops[kind] = chords
        scores.append(harmonic_consistency(loops, "C", "major")[0])  # type: ignore[arg-type]
    assert max(scores) < HARMONIC_THRESHOLD
    assert np.mean(scores) < 0.7


def test_one_foreign_chord_lowers_tonality_and_a_resolving_dominant_does_not() -> None:
    plain = {"verse": chords_of("I vi IV V")}
    foreign = {"verse": chords_of("I bII IV V")}
    secondary = {"verse": chords_of("I V7/vi vi V")}
    stranded = {"verse": chords_of("I V7/vi IV V")}
    parts = [harmonic_consistency(loops, "C", "major")[1] for loops in (plain, foreign, secondary, stranded)]  # type: ignore[arg-type]
    assert parts[0]["tonality"] == parts[2]["tonality"] == 1.0
    assert parts[1]["tonality"] < 0.9
    assert parts[3]["tonality"] < 1.0


@pytest.mark.parametrize(
    ("kind", "text", "cadence"),
    [
        ("verse", "I vi IV V", "half"),
        ("chorus", "I IV V I", "authentic"),
        ("chorus", "I V vi IV", "plagal"),
        ("chorus", "vi V IV I", "plagal"),
        ("chorus", "I IV ii V", "authentic"),
        ("verse", "I IV V vi", "deceptive"),
        ("verse", "I V vi IV", "open"),
    ],
)
def test_cadences_have_their_names(kind: str, text: str, cadence: str) -> None:
    assert cadence_of(kind, chords_of(text), "C") == cadence  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("bars", "scale", "closed"),
    [
        ("I V vi IV I V vi IV", "major", "I V vi IV I V IV I"),
        ("vi IV I V vi IV I V", "major", "vi IV I V vi IV V I"),
        ("I vi ii V", "major", "I vi ii_V I"),
        ("i bVI bIII bVII", "minor", "i bVI bVII i"),
        ("i i i i", "phrygian", "i i bvii i"),
    ],
)
def test_a_loop_is_closed_by_its_own_means(bars: str, scale: str, closed: str) -> None:
    assert closing_bars(bars.split(), "C", scale, prefers_dominant=True)[:-2] == closed.split()[:-2]
    result = closing_bars(bars.split(), "C", scale, prefers_dominant=True)
    assert result[-1] == closed.rsplit(maxsplit=1)[-1]
    assert result[-2] == closed.split()[-2]


def test_colour_follows_the_scale() -> None:
    sevenths = load_style("jazz_swing").model_copy(update={"harmony_extensions": "sevenths"})
    rng = np.random.default_rng(0)
    assert [coloured(bar, sevenths, "C", "major", rng) for bar in ("I", "ii", "V", "vii°", "ii_V", "IV6")] == [
        "Imaj7", "ii7", "V7", "viim7b5", "ii7_V7", "IV6",
    ]  # fmt: skip
    assert coloured("I", sevenths, "C", "mixolydian", rng) == "I7"
    triads = load_style("pop")
    assert coloured("I", triads, "C", "major", rng) == "I"
    ninths = load_style("lofi").model_copy(update={"harmony_extensions": "ninths"})
    seen = {coloured("ii", ninths, "C", "major", np.random.default_rng(seed)) for seed in range(20)}
    assert seen == {"ii7", "ii9"}


def test_secondary_dominants_lead_to_the_chord_they_are_of_and_mixture_is_for_dark_moods() -> None:
    style = load_style("jazz_swing")
    found = [
        with_secondary_dominant(["I", "I", "vi", "IV", "V", "V"], style, "major", np.random.default_rng(seed))
        for seed in range(40)
    ]
    changed = {tuple(bars) for bars in found if "V7/vi" in " ".join(bars) or "V7/IV" in " ".join(bars)}
    assert ("I", "I_V7/vi", "vi", "IV", "V", "V") in changed
    assert found.count(["I", "I", "vi", "IV", "V", "V"]) > 0
    assert with_secondary_dominant(["I", "I", "vi", "IV"], style, "dorian", np.random.default_rng(1))[1] == "I"
    dark = [
        with_mixture(["I", "IV", "V", "I"], Mood(valence=0.2), "major", np.random.default_rng(seed))[1]
        for seed in range(20)
    ]
    assert {"IV", "IV_iv"} <= set(dark)
    assert with_mixture(["I", "IV"], Mood(valence=0.9), "major", np.random.default_rng(0)) == ["I", "IV"]


def test_modes_keep_to_their_scale() -> None:
    for scale in ("dorian", "mixolydian", "lydian", "phrygian"):
        pcs = set(scale_pitch_classes("C", scale))
        harmony, _ = compose_harmony(
            HarmonyBrief(load_style("pop"), "C", scale, "4/4", Mood()), np.random.default_rng(3)  # type: ignore[arg-type]
        )  # fmt: skip
        share = np.mean([set(span.pitch_classes) <= pcs for part in harmony.sections.values() for span in part.chords])
        assert share >= 0.95, scale


def store(**musical: object) -> MemoryStore:
    return MemoryStore(
        context=CompositionContext(
            musical=MusicalContext(**{"genres": (WeightedGenre(name="pop", weight=1.0),), **musical}),  # type: ignore[arg-type]
            ai_decisions=AIDecisions(generation=GenerationParameters(seed=5)),
        )
    )


def test_the_asset_has_json_midi_facts_and_a_check() -> None:
    made = store()
    outcome = made.run("composition/chord_progression")
    assert [payload.role for payload in outcome.content] == ["main", "midi"]
    assert outcome.checks[0].name == "harmonic_consistency"
    assert outcome.checks[0].passed
    assert outcome.facts["draws"] >= 1
    tracks = read_midi(outcome.content[1].data)  # type: ignore[union-attr]
    assert set(tracks) == set(ALL_KINDS)
    assert all(len(notes) >= 3 * 4 for notes in tracks.values())
    again = store().run("composition/chord_progression")
    assert [payload.data for payload in again.content] == [payload.data for payload in outcome.content]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("asked", "verse", "chorus"),
    [
        (("I", "bII", "#iv°", "V7"), "I bII #iv° V7 I bII #iv° V7", "I bII #iv° V7 I bII #iv° V7"),
        (("i", "iv", "V"), "i iv V i iv V", "i iv V i iv V"),
        (("I", "IV", "V", "I", "vi", "ii", "V", "I", "I", "IV", "ii", "V") * 2, None, None),
    ],
)
def test_the_users_own_chords_stand_as_they_are_and_pass(
    asked: tuple[str, ...], verse: str | None, chorus: str | None
) -> None:
    made = store(chord_progression=asked)
    outcome = made.run("composition/chord_progression")
    sections = made.json("composition/chord_progression")["sections"]
    if verse is None:
        half = [numeral for bar in asked[: len(asked) // 2] for numeral in bar.split("_")]
        assert [span["roman"] for span in sections["verse"]["chords"]] == half
        assert sections["verse"]["bars"] == sections["chorus"]["bars"] == 12
    else:
        assert " ".join(span["roman"] for span in sections["verse"]["chords"]) == verse
        assert " ".join(span["roman"] for span in sections["chorus"]["chords"]) == chorus
    assert outcome.checks[0].passed


def test_a_numeral_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(BadInput, match=r"musical\.chord_progression"):
        store(chord_progression=("I", "H7")).run("composition/chord_progression")


def test_usual_moves_are_known() -> None:
    usual = chords_of("ii V I vi ii")
    assert all(follows_usually(a, b, "C") for a, b in pairwise(usual))
    odd = chords_of("V bII")
    assert not follows_usually(odd[0], odd[1], "C")
