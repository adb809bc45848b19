"""Swing, human timing and metric weight behave as they are described."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musicgen_assets.composition.feel import (
    DEVIATION_MAX_MS,
    beat_starts,
    deviation_ticks,
    group_starts,
    long_range_noise,
    metric_weight,
    swing_at,
    swung,
    swung_grid,
)
from musicgen_assets.score.clock import seconds, ticks_per_bar

METERS = ("2/4", "3/4", "4/4", "5/4", "6/8", "7/8", "12/8")


def test_straight_styles_stay_straight_at_any_tempo():
    assert [swing_at(0.5, 120, tempo) for tempo in (40, 120, 240)] == [0.5, 0.5, 0.5]


def test_swing_is_the_styles_own_at_its_home_and_falls_with_tempo():
    assert swing_at(0.65, 138, 138) == pytest.approx(0.65, abs=1e-3)
    falling = [swing_at(0.65, 138, tempo) for tempo in (60, 100, 138, 180, 220, 260)]
    assert falling == sorted(falling, reverse=True)
    assert swing_at(0.65, 138, 300) == 0.5


@given(st.floats(0.5, 0.75), st.floats(40, 240), st.floats(40, 240))
def test_swing_never_leaves_its_range(swing, home, tempo):
    assert 0.5 <= swing_at(swing, home, tempo) <= 0.72


@given(st.integers(0, 20_000), st.integers(1, 500), st.floats(0.5, 0.72))
def test_swinging_keeps_the_order_and_the_beats(tick, step, swing):
    assert swung(tick, swing, "4/4") <= swung(tick + step, swing, "4/4")
    assert swung(tick // 480 * 480, swing, "4/4") == tick // 480 * 480


def test_triplet_swing_puts_the_off_beat_on_the_third_triplet():
    assert swung(240, 2 / 3, "4/4") == 320
    assert swung(240, 2 / 3, "6/8") == 240


@pytest.mark.parametrize("meter", METERS)
def test_pulses_begin_with_the_bar_and_lie_on_its_beats(meter):
    assert group_starts(meter)[0] == 0
    assert set(group_starts(meter)) <= set(beat_starts(meter))
    assert beat_starts(meter)[-1] < ticks_per_bar(meter)
    assert metric_weight(0, meter) == 1.0
    assert len(swung_grid(2, 0.6, meter)) == 2 * ticks_per_bar(meter) // 120 + 1


def test_seven_eight_is_two_two_three():
    assert group_starts("7/8") == (0, 480, 960)


def test_machines_do_not_deviate():
    starts = np.arange(0, 3840, 240)
    assert not deviation_ticks(np.random.default_rng(1), starts, 0.0, 120).any()


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.floats(1, 25), st.floats(60, 200))
def test_deviations_stay_within_twice_the_spread(seed, spread_ms, tempo):
    moves = deviation_ticks(np.random.default_rng(seed), np.arange(0, 48_000, 120), spread_ms, tempo)
    limit_ms = 2 * min(spread_ms, DEVIATION_MAX_MS) + seconds(1, tempo) * 1000
    assert np.abs(moves).max() * seconds(1, tempo) * 1000 <= limit_ms


def test_human_timing_drifts_instead_of_jittering():
    lag_one = []
    for seed in range(20):
        noise = long_range_noise(np.random.default_rng(seed), 256)
        lag_one.append(float(np.corrcoef(noise[:-1], noise[1:])[0, 1]))
        assert noise.std() == pytest.approx(1.0)
    assert np.mean(lag_one) > 0.5


def test_notes_struck_together_stay_together():
    starts = np.repeat(np.arange(0, 19_200, 240), 3)
    moves = deviation_ticks(np.random.default_rng(4), starts, 10.0, 120.0).reshape(-1, 3)
    assert np.ptp(moves, axis=1).mean() < np.ptp(moves.mean(axis=1)) / 2
