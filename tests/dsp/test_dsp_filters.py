"""Filters: the measured response is the closed form's, at every rate."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from dsp_signals import RATES, FloatArray, noise, sine

from dsp import filters
from dsp.errors import AudioError


def response_db(shape: Callable[[FloatArray], FloatArray], hz: float, rate: int) -> float:
    """Gain at a frequency, from the answer to an impulse (long enough to have died away)."""
    impulse = np.zeros((1, rate), np.float32)
    impulse[0, 0] = 1.0
    answer = shape(impulse)[0].astype(np.float64)
    turn = np.exp(-2j * np.pi * hz / rate * np.arange(answer.size))
    return float(20 * np.log10(max(abs(np.dot(answer, turn)), 1e-9)))


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("order", [1, 2, 4, 8])
def test_butterworth_gains(rate: int, order: int) -> None:
    def warped(hz: float) -> float:
        return float(np.tan(np.pi * hz / rate))

    for hz in (50.0, 200.0, 1_000.0, 3_000.0, 10_000.0):
        ratio = warped(hz) / warped(1_000.0)
        low_db = -10 * np.log10(1 + ratio ** (2 * order))
        high_db = -10 * np.log10(1 + ratio ** (-2 * order))
        for expected, filtered in ((low_db, filters.low_pass), (high_db, filters.high_pass)):
            if expected > -90:
                shape = partial(filtered, rate=rate, cutoff_hz=1_000.0, order=order)
                assert response_db(shape, hz, rate) == pytest.approx(expected, abs=0.02), (filtered, hz)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("gain_db", [-12.0, -3.0, 0.0, 6.0])
def test_shelf_gains(rate: int, gain_db: float) -> None:
    def low(x: FloatArray) -> FloatArray:
        return filters.low_shelf(x, rate, 400.0, gain_db)

    def high(x: FloatArray) -> FloatArray:
        return filters.high_shelf(x, rate, 400.0, gain_db)

    for shape, near, far in ((low, 5.0, 20_000.0), (high, 20_000.0, 5.0)):
        assert response_db(shape, near, rate) == pytest.approx(gain_db, abs=0.01)
        assert response_db(shape, 400.0, rate) == pytest.approx(gain_db / 2, abs=0.01)
        assert response_db(shape, far, rate) == pytest.approx(0.0, abs=0.01)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("gain_db", [-12.0, 6.0])
@pytest.mark.parametrize("q", [0.5, 2.0, 8.0])
def test_bell_gains(rate: int, gain_db: float, q: float) -> None:
    def bell(x: FloatArray) -> FloatArray:
        return filters.peak_eq(x, rate, 1_000.0, gain_db, q)

    assert response_db(bell, 1_000.0, rate) == pytest.approx(gain_db, abs=0.01)
    assert response_db(bell, 0.0, rate) == pytest.approx(0.0, abs=0.01)
    assert response_db(bell, rate / 2 * 0.999, rate) == pytest.approx(0.0, abs=0.02)
    # The cookbook's bandwidth ends where half the gain is left: at tan(w / 2) of the centre times these factors.
    half = np.sqrt(1 + 1 / (4 * q * q)) + 1 / (2 * q)
    edge = np.arctan(np.tan(np.pi * 1_000 / rate) * half) * rate / np.pi
    assert response_db(bell, edge, rate) == pytest.approx(gain_db / 2, abs=0.15)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("gain_db", [-4.0, 3.0])
def test_tilt_turns_about_its_pivot(rate: int, gain_db: float) -> None:
    def tilted(x: FloatArray) -> FloatArray:
        return filters.tilt(x, rate, gain_db, 1_000.0)

    assert response_db(tilted, 1_000.0, rate) == pytest.approx(0.0, abs=0.01)
    assert response_db(tilted, 1.0, rate) == pytest.approx(-gain_db, abs=0.01)
    assert response_db(tilted, rate / 2 - 1, rate) == pytest.approx(gain_db, abs=0.01)


def test_no_gain_changes_nothing() -> None:
    samples = noise(48_000, 0.2)
    for shape in (
        filters.peak_eq(samples, 48_000, 800, 0.0),
        filters.low_shelf(samples, 48_000, 800, 0.0),
        filters.tilt(samples, 48_000, 0.0),
    ):
        np.testing.assert_allclose(shape, samples, atol=1e-7)


def test_a_chain_equals_one_filter_after_the_other() -> None:
    samples = noise(48_000, 3.0)
    designs = [filters.high_pass_sections(48_000, 80), filters.peak_sections(48_000, 3_000, 4, 1)]
    once = filters.apply_sections(samples, np.vstack(designs))
    twice = filters.peak_eq(filters.high_pass(samples, 48_000, 80), 48_000, 3_000, 4, 1)
    np.testing.assert_allclose(once, twice, atol=1e-6)


def test_blocks_join_without_a_seam() -> None:
    samples = sine(440, 48_000, 4.0, 0.5, 2)
    parts = filters.low_pass(samples, 48_000, 2_000)
    # A sine stays a sine: 65,536 samples in, nothing may jump.
    steady = parts[:, 10_000:]
    assert np.abs(np.diff(steady, 2, axis=1)).max() < 0.5 * (2 * np.pi * 440 / 48_000) ** 2 * 1.01


def test_a_deep_high_pass_removes_dc_at_every_rate() -> None:
    for rate in RATES:
        out = filters.high_pass(np.full((1, 4 * rate), 0.5, np.float32), rate, 20.0)
        assert np.abs(out[0, -rate:]).max() < 1e-6


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: filters.high_pass(x, 48_000, 24_000), "cutoff_hz"),
        (lambda x: filters.low_pass(x, 48_000, 0.5), "cutoff_hz"),
        (lambda x: filters.low_pass(x, 48_000, 100, 9), "order"),
        (lambda x: filters.peak_eq(x, 48_000, 100, np.nan), "gain_db"),
        (lambda x: filters.peak_eq(x, 48_000, 100, 3, 0.0), "q must"),
        (lambda x: filters.tilt(x, 48_000, 3, 30_000), "pivot_hz"),
        (lambda x: filters.apply_sections(x, np.zeros((0, 6))), "sections"),
        (lambda x: filters.apply_sections(x, np.zeros(6)), "sections"),
    ],
)
def test_values_out_of_range_are_refused(call: Callable[[FloatArray], FloatArray], words: str) -> None:
    with pytest.raises(AudioError, match=words):
        call(np.zeros((1, 100), np.float32))
