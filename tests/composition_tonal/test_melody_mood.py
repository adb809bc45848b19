"""Mood moves harmony and melody the way people hear it, step by step over a grid, in the mean of several seeds."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pytest

from musicgen_assets.composition.chord_progression import HarmonyBrief, compose_harmony
from musicgen_assets.composition.chord_substitution import brightness
from musicgen_assets.composition.melody import MelodyBrief, compose_melody
from musicgen_assets.composition.melody_manner import loudness, mood_height, touch
from musicgen_assets.context.schema import Mood, Scale
from musicgen_assets.score.material import Prosody
from musicgen_assets.styles.loader import load_style
from musicgen_assets.theory.chords import Chord, parse_roman
from musicgen_assets.theory.scales import scale_pitch_classes

GRID = (0.1, 0.5, 0.9)
HARMONY_SEEDS, MELODY_SEEDS = 40, 8


def tension(chords: Sequence[Chord], tonic: str, scale: Scale) -> float:
    """0-1: how far chords lie from the key and how rough they are, the mean of both.

    A chord's distance is the share of its notes outside the scale; its roughness the share of its pairs of notes a
    semitone or a tritone apart (the rough ones of Hutchinson and Knopoff 1978).
    """
    pcs = set(scale_pitch_classes(tonic, scale))
    values = []
    for chord in chords:
        notes = chord.pitch_classes
        pairs = [(a - b) % 12 for at, a in enumerate(notes) for b in notes[:at]]
        rough = sum(step in (1, 6, 11) for step in pairs) / max(len(pairs), 1)
        values.append(0.5 * sum(pc not in pcs for pc in notes) / len(notes) + 0.5 * rough)
    return float(np.mean(values)) if values else 0.0


def chords_of(style: str, mood: Mood, seed: int) -> list[Chord]:
    brief = HarmonyBrief(load_style(style), "C", "major", "4/4", mood)
    harmony = compose_harmony(brief, np.random.default_rng([seed, 0]))[0]
    kinds = ("verse", "chorus", "bridge", "pre_chorus")
    return [parse_roman(span.roman, "C", "major") for kind in kinds for span in harmony.sections[kind].chords]


@lru_cache(maxsize=32)
def harmonies(valence: float, arousal: float) -> tuple[float, float]:
    """(brightness, tension), means over styles and seeds."""
    made = [
        chords_of(style, Mood(valence=valence, arousal=arousal), seed)
        for style in ("pop", "folk")
        for seed in range(HARMONY_SEEDS)
    ]
    return (
        float(np.mean([brightness(chords, "C", "major") for chords in made])),
        float(np.mean([tension(chords, "C", "major") for chords in made])),
    )


@lru_cache(maxsize=32)
def melodies(valence: float, arousal: float) -> dict[str, float]:
    """Means over seeds: MIDI pitch, notes a bar, share of its time that a note within a phrase sounds, velocity."""
    style, mood = load_style("folk"), Mood(valence=valence, arousal=arousal)
    rows = []
    for seed in range(MELODY_SEEDS):
        harmony = compose_harmony(HarmonyBrief(style, "C", "major", "4/4", mood), np.random.default_rng([seed, 0]))[0]
        brief = MelodyBrief(style, "4/4", 110.0, mood, "middle", 0.5)
        melody = compose_melody(brief, harmony, Prosody(is_sung=False), np.random.default_rng([seed, 1]))[0]
        themes = [melody.themes["verse"], melody.themes["chorus"]]
        notes = [note for theme in themes for note in theme.notes]
        sounding = [
            min(first[1] / (second[0] - first[0]), 1.0)
            for theme in themes
            for first, second in pairwise(theme.notes)
            if second[0] - first[0] <= 480
        ]
        bars = sum(theme.bars for theme in themes)
        rows.append(
            (np.mean([n[2] for n in notes]), len(notes) / bars, np.mean(sounding), np.mean([n[3] for n in notes]))
        )
    means = np.mean(rows, axis=0)
    return dict(zip(("pitch", "density", "touch", "velocity"), means.tolist(), strict=True))


def rises(values: list[float]) -> bool:
    return all(first < second for first, second in pairwise(values))


def test_brighter_moods_have_brighter_and_calmer_chords() -> None:
    made = [harmonies(valence, 0.5) for valence in GRID]
    assert rises([bright for bright, _ in made])
    assert rises([-tense for _, tense in made])


def test_aroused_moods_have_tenser_chords() -> None:
    assert rises([harmonies(0.5, arousal)[1] for arousal in GRID])


def test_brighter_moods_lie_higher() -> None:
    assert rises([melodies(valence, 0.5)["pitch"] for valence in GRID])


def test_aroused_moods_have_more_shorter_louder_notes() -> None:
    made = [melodies(0.5, arousal) for arousal in GRID]
    assert rises([means["density"] for means in made])
    assert rises([means["velocity"] for means in made])
    assert rises([-means["touch"] for means in made])


@pytest.mark.parametrize("valence", [0.0, 0.5, 1.0])
def test_the_rules_themselves_are_monotone(valence: float) -> None:
    moods = [Mood(valence=valence, arousal=arousal) for arousal in (0.0, 0.3, 0.6, 1.0)]
    assert rises([mood_height(mood) for mood in moods])
    assert rises([float(loudness(mood, 80)) for mood in moods])
    assert [touch(mood) for mood in moods] == sorted((touch(mood) for mood in moods), reverse=True)
    assert all(0.69 <= touch(mood) <= 1.0 for mood in moods)
