"""A happier mood never gives a darker mode, and a more excited or happier one never a slower song, dice being equal."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from musicgen_assets.context.schema import Mood
from musicgen_assets.ideation.brief import accept, brief_of
from musicgen_assets.ideation.proposal import mood_in, scale_in, tempo_in
from musicgen_assets.styles.loader import load_style, style_names
from musicgen_assets.theory.scales import mode_family

GRID = np.linspace(0.0, 1.0, 9)
DARK_TO_BRIGHT = ("phrygian", "minor", "dorian", "mixolydian", "major", "lydian")


@pytest.mark.parametrize("name", style_names())
def test_tempo_rises_with_arousal_and_with_valence_within_the_genre(name: str) -> None:
    style = load_style(name)
    for fixed in GRID[::4]:
        by_arousal = [tempo_in(style, Mood(valence=fixed, arousal=a), None, np.random.default_rng(4)) for a in GRID]
        by_valence = [tempo_in(style, Mood(valence=v, arousal=fixed), None, np.random.default_rng(4)) for v in GRID]
        for tempos in (by_arousal, by_valence):
            assert tempos == sorted(tempos)
            assert style.tempo_bpm.low - 1 <= tempos[0] <= tempos[-1] <= style.tempo_bpm.high + 1
    assert by_arousal[0] < by_arousal[-1]


@pytest.mark.parametrize("name", style_names())
def test_the_mode_brightens_with_valence_for_every_throw_of_the_dice(name: str) -> None:
    style = load_style(name)
    for seed in range(12):
        places = [DARK_TO_BRIGHT.index(scale_in(style, v, np.random.default_rng(seed))) for v in GRID]
        assert places == sorted(places)


def test_sad_songs_are_mostly_minor_and_happy_ones_mostly_major() -> None:
    style = load_style("pop")
    share = [
        sum(mode_family(scale_in(style, v, np.random.default_rng(seed))) == "major" for seed in range(200)) / 200
        for v in (0.05, 0.5, 0.95)
    ]
    assert share == sorted(share)
    assert share[0] < 0.5 < 0.85 < share[2]


def test_the_moods_of_words_reach_the_song_in_their_order() -> None:
    style = load_style("folk")
    found = [mood_in(style, Mood(valence=v, arousal=a)) for v, a in zip(GRID, GRID, strict=True)]
    assert [m.valence for m in found] == sorted(m.valence for m in found)
    assert [m.arousal for m in found] == sorted(m.arousal for m in found)


def test_prompts_of_rising_energy_rise_in_tempo() -> None:
    prompts = ["sleepy rock", "calm rock", "rock", "lively rock", "energetic rock", "furious rock"]
    tempos = [accept(brief_of({"prompt": p, "seed": 1})).musical.tempo_bpm for p in prompts]
    assert all(later >= earlier - 6 for earlier, later in pairwise(tempos))
    assert tempos[0] < tempos[-1] - 20
