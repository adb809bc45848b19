"""Ticks become samples, pedals and chokes become lengths, bends and expression become curves."""

from __future__ import annotations

import numpy as np
import pytest

from musicgen_assets.production.curves import apply_gain, pitch_curve
from musicgen_assets.production.keys import DRUM_RING_S, keys_of
from musicgen_assets.production.places import pan_gains, places

RATE = 48_000


def test_ticks_become_the_nearest_sample_and_nothing_starts_outside() -> None:
    rows = np.array([[0, 480, 60, 100], [-10, 480, 60, 100], [481, 1, 62, 127], [4_800, 480, 64, 1]])
    found = keys_of(rows, 25.0, RATE, 48_000)
    assert found.starts.tolist() == [0, 12_025]
    assert found.ends.tolist() == [12_000, 12_025 + 960]
    assert found.pitches.tolist() == [60, 62]
    assert found.velocities.tolist() == pytest.approx([100 / 127, 1.0])


def test_a_struck_drum_rings_until_it_is_struck_again() -> None:
    rows = np.array([[480, 10, 36, 90], [0, 10, 36, 90], [0, 10, 49, 90]])
    found = keys_of(rows, 25.0, RATE, 480_000, is_drums=True)
    ring = round(DRUM_RING_S * RATE)
    assert found.ends.tolist() == [12_000 + ring, 12_000, ring]


def test_a_closed_hat_stops_an_open_one_and_nothing_else() -> None:
    rows = np.array([[0, 10, 46, 90], [0, 10, 51, 90], [240, 10, 42, 90]])
    found = keys_of(rows, 25.0, RATE, 480_000, is_drums=True)
    assert found.ends.tolist() == [6_000, round(DRUM_RING_S * RATE), 6_000 + round(DRUM_RING_S * RATE)]


def test_the_pedal_holds_what_ends_under_it_until_it_comes_up_or_the_key_is_struck_again() -> None:
    rows = np.array([[0, 100, 60, 90], [0, 100, 64, 90], [480, 100, 64, 90], [960, 100, 67, 90]])
    pedal = [(20, 64, 127), (900, 64, 0), (950, 1, 99)]
    found = keys_of(rows, 10.0, RATE, 480_000, controllers=pedal)
    assert found.ends.tolist() == [9_000, 4_800, 9_000, 10_600]


def test_notes_that_hold_the_pedal_already_and_a_pedal_never_lifted() -> None:
    rows = np.array([[0, 900, 60, 90], [480, 420, 64, 90]])
    assert keys_of(rows, 10.0, RATE, 480_000, controllers=[(20, 64, 127), (899, 64, 0)]).ends.tolist() == [9_000, 9_000]
    assert keys_of(rows, 10.0, RATE, 480_000, controllers=[(20, 64, 127)]).ends.tolist() == [9_000, 9_000]


def test_bends_that_belong_together_are_joined_and_others_are_jumps() -> None:
    curve = pitch_curve([(0, 0), (480, 4_096), (490, 8_192)], 100.0, RATE)
    assert curve.steps(47_700, 300)[0] == (0, 0.0)
    assert dict(curve.steps(48_000, 1_000)) == {0: 1.0, 256: 1.256, 512: 1.512, 768: 1.768}
    assert curve.moves(48_500, 50_000)
    assert not curve.moves(100, 40_000)
    assert not pitch_curve([], 100.0, RATE).moves(0, 10**9)


def test_expression_and_volume_are_gains_of_their_squares() -> None:
    sound = np.ones((2, 48_000), np.float32)
    apply_gain(sound, [(0, 11, 64), (0, 7, 100), (0, 1, 3)], 100.0, RATE)
    np.testing.assert_allclose(sound, (64 / 127) ** 2 * (100 / 127) ** 2, rtol=1e-5)


def test_a_swell_is_a_line_and_a_level_set_later_does_not_click() -> None:
    sound = np.ones((1, 96_000), np.float32)
    apply_gain(sound, [(480, 11, 60), (960, 11, 127)], 100.0, RATE)
    assert (sound[0, :47_000] == 1.0).all()
    assert np.abs(np.diff(sound[0])).max() < 2e-3
    assert sound[0, 48_000] == pytest.approx((60 / 127) ** 2, abs=1e-3)
    assert 0.3 < sound[0, 72_000] < 0.9


def test_panning_keeps_the_power() -> None:
    for pan in np.linspace(-1.0, 1.0, 9):
        left, right = pan_gains(float(pan))
        assert left**2 + right**2 == pytest.approx(2.0)
    assert pan_gains(0.0) == pytest.approx((1.0, 1.0))
    assert pan_gains(-1.0) == pytest.approx((np.sqrt(2.0), 0.0), abs=1e-9)


@pytest.mark.parametrize("is_drums", [True, False])
def test_every_key_has_a_place(is_drums: bool) -> None:
    found = places(np.arange(128), is_drums=is_drums)
    assert sorted(found) == list(range(128))
    assert all(-1.0 <= place <= 1.0 for place in found.values())
