"""Swing and metric weight behave as they are described."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicgen_assets.composition.feel import (
    beat_starts,
    drummers_ratio,
    group_starts,
    metric_weight,
    swing_at,
    swung,
    swung_grid,
)
from musicgen_assets.score.clock import ticks_per_bar

METERS = ("2/4", "3/4", "4/4", "5/4", "6/8", "7/8", "12/8")


def test_straight_styles_stay_straight_at_any_tempo():
    assert [swing_at(0.5, 120, tempo) for tempo in (40, 120, 240)] == [0.5, 0.5, 0.5]


def test_swing_is_the_styles_own_at_its_home_and_falls_with_tempo():
    assert swing_at(0.65, 138, 138) == pytest.approx(0.65, abs=1e-3)
    falling = [swing_at(0.65, 138, tempo) for tempo in (60, 100, 138, 180, 220, 260)]
    assert falling == sorted(falling, reverse=True)
    assert swing_at(0.65, 138, 300) == 0.5


@pytest.mark.parametrize("pairs", [1, 2])
@given(swing=st.floats(0.5, 0.75), home=st.floats(40, 240), tempo=st.floats(40, 240))
def test_swing_never_leaves_its_range(pairs, swing, home, tempo):
    assert 0.5 <= swing_at(swing, home, tempo, pairs) <= 7 / 9 + 1e-4


def test_a_full_swing_falls_from_three_and_a_half_to_even_with_a_short_note_of_100_ms():
    assert drummers_ratio(60) == drummers_ratio(130) == 3.5
    assert drummers_ratio(300) == drummers_ratio(340) == 1.0
    for tempo in (140, 180, 220, 260, 300):
        assert 60_000 / tempo / (1 + drummers_ratio(tempo)) == pytest.approx(100.0)


def test_swung_sixteenths_leave_the_eighths_alone():
    assert [swung(tick, 0.5, "4/4", 0.6) for tick in (0, 120, 240, 360, 480)] == [0, 144, 240, 384, 480]


@given(st.integers(0, 20_000), st.integers(1, 500), st.floats(0.5, 7 / 9))
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
