"""Finished songs keep the rules of groove: in time together, alive, drums and bass as one, fills that lead on."""

from __future__ import annotations

import itertools
from functools import lru_cache

import numpy as np
import pytest

from benchmarks import groove_measures, groove_rules
from benchmarks.written import WrittenSong
from musicgen_assets.composition.syncopation import syncopation
from musicgen_assets.styles.loader import load_style

STYLES = ("pop", "funk", "jazz_swing", "hip_hop", "house", "rock")
HUMAN = tuple(style for style in STYLES if load_style(style).humanize_ms > 0)
SEED = 2


@lru_cache(maxsize=len(STYLES))
def song(style: str) -> WrittenSong:
    return groove_rules.song_of(style, SEED)


def broken(style: str) -> set[str]:
    return set(groove_rules.faults(groove_rules.measured(song(style), style, SEED), load_style(style)))


@pytest.mark.parametrize("style", STYLES)
def test_every_rule_of_groove_is_kept(style):
    assert broken(style) == set()


@pytest.mark.parametrize("style", HUMAN)
def test_timing_drifts_over_the_whole_song_and_parts_stay_within_20_ms(style):
    found = groove_measures.deviations(song(style))
    assert all(one.lag_one > 0.2 for one in found if len(one.ticks) >= 64)
    assert np.percentile(groove_measures.apart_ms(found), 99) <= 20.0


@pytest.mark.parametrize("style", HUMAN)
def test_touch_wavers_slowly_too(style):
    assert np.median(groove_measures.touch_lag_one(song(style))) > 0.1


def test_machines_neither_drift_nor_sit_back():
    assert all(not one.ms.any() for one in groove_measures.deviations(song("house")))


def test_hip_hop_snares_sit_behind_the_kick():
    drums = song("hip_hop").score.track("drums").notes
    written = song("hip_hop").written.track("drums").notes
    late = {key: np.mean([a[0] - b[0] for a, b in zip(drums, written, strict=True) if a[2] == key]) for key in (36, 38)}
    assert late[38] > late[36] + 2


@pytest.mark.parametrize("style", ["funk", "hip_hop", "rock", "pop"])
def test_ghosts_whisper_under_struck_backbeats(style):
    rows = groove_measures.drums(song(style))
    assert groove_measures.ghosts(song(style)) > 0
    fade = song(style).score.fade
    if fade is not None:  # there everything whispers in the end
        rows = rows[rows[:, 0] < fade[0]]
    soft = rows[np.isin(rows[:, 2], (37, 38, 39)) & (rows[:, 3] < 46), 3]
    assert soft.min() >= 20
    assert (groove_measures.velocities_of(song(style), 95, 127) <= 120).all()


@pytest.mark.parametrize("style", STYLES)
def test_the_same_fill_is_never_played_twice_running(style):
    fills = [one.hits for one in groove_measures.crossings(song(style)) if one.is_filled]
    assert len(fills) >= 3
    assert all(one != other for one, other in itertools.pairwise(fills))


def test_fills_grow_with_the_rise_of_energy():
    found = [one for style in STYLES for one in groove_measures.crossings(song(style))]
    rises, weights = [one.rise for one in found], [one.weight for one in found]
    assert np.corrcoef(rises, weights)[0, 1] > 0.3


def test_syncopation_is_none_on_the_beat_and_most_before_it():
    on_beats = [0, 4, 8, 12]
    clave = [0, 3, 6, 10, 12]
    anticipated = [3, 7, 11, 15]
    values = [syncopation(steps, "4/4", 1) for steps in (on_beats, clave, anticipated)]
    assert values[0] == 0 < values[1] < values[2] == 11
    assert syncopation([], "7/8", 2) == 0.0
