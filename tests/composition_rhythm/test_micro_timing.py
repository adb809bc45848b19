"""People drift together, slowly and a little; machines do not drift; what one note does is no matter of another's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musicgen_assets.composition.micro_timing import (
    ASIDE_MAX_MS,
    DEVIATION_MAX_MS,
    band_pulse,
    long_range_noise,
    moves_ticks,
    player_hands,
    touch_changes,
)
from musicgen_assets.score.clock import seconds

END = 64 * 1920


def moved(starts, spread_ms, tempo=120.0, seed=1, player=0, aside_ms=0.0, pitches=None) -> np.ndarray:
    pulse = band_pulse(np.random.default_rng(seed), END, spread_ms, tempo)
    hands = player_hands(np.random.default_rng([seed, player]), pulse)
    starts = np.asarray(starts, dtype=np.int64)
    keys = np.full(len(starts), 38, dtype=np.int64) if pitches is None else np.asarray(pitches, dtype=np.int64)
    return moves_ticks(pulse, hands, starts, keys, np.full(len(starts), aside_ms))


def test_machines_do_not_deviate():
    starts = np.arange(0, END, 240)
    pulse = band_pulse(np.random.default_rng(1), END, 0.0, 120.0)
    hands = player_hands(np.random.default_rng(2), pulse)
    assert not moved(starts, 0.0, aside_ms=8.0).any()
    assert not touch_changes(pulse, hands, starts, starts % 3).any()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(1, 25), st.floats(60, 200))
def test_deviations_stay_within_twice_the_spread_and_a_player_aside(seed, spread_ms, tempo):
    moves = moved(np.arange(0, 48_000, 480), spread_ms, tempo, seed)
    limit_ms = 2 * min(spread_ms, DEVIATION_MAX_MS) + ASIDE_MAX_MS + seconds(1, tempo) * 1000
    assert np.abs(moves).max() * seconds(1, tempo) * 1000 <= limit_ms


def test_human_timing_drifts_instead_of_jittering():
    lag_one = []
    for seed in range(20):
        noise = long_range_noise(np.random.default_rng(seed), 256)
        lag_one.append(float(np.corrcoef(noise[:-1], noise[1:])[0, 1]))
        assert noise.std() == pytest.approx(1.0)
    assert np.mean(lag_one) > 0.5


def test_two_players_are_never_more_than_20_ms_apart():
    starts = np.arange(0, END, 480)
    for spread_ms in (5.0, 9.0, 25.0):
        for seed in range(5):
            one, other = (
                moved(starts, spread_ms, seed=seed, player=n, aside_ms=aside) for n, aside in ((1, -8), (2, 8))
            )
            assert np.abs(one - other).max() * seconds(1, 120.0) * 1000 <= 20.0


def test_notes_struck_together_stay_together():
    starts = np.repeat(np.arange(0, 19_200, 240), 3)
    moves = moved(starts, 10.0, seed=4, pitches=np.tile([36, 42, 49], len(starts) // 3)).reshape(-1, 3)
    assert np.ptp(moves, axis=1).mean() < np.ptp(moves.mean(axis=1)) / 4


def test_a_note_more_leaves_the_others_where_they_were():
    starts = np.arange(0, END, 480)
    fuller = np.sort(np.concatenate((starts, starts + 240)))
    assert np.array_equal(moved(fuller, 8.0)[::2], moved(starts, 8.0))


@given(st.lists(st.integers(0, END - 1), min_size=2, max_size=60, unique=True), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_order_is_kept_however_close_the_notes(starts, seed):
    starts = np.sort(np.array(starts))
    assert (np.diff(starts + moved(starts, 16.0, seed=seed)) >= 0).all()
