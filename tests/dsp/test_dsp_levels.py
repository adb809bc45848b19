"""Levels against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_signals import RATES, noise, sine
from hypothesis import given
from hypothesis import strategies as st

from dsp import levels
from dsp.errors import AudioError


@given(st.floats(-110, 60))
def test_decibels_and_gains_are_inverse(db: float) -> None:
    assert levels.gain_to_db(levels.db_to_gain(db)) == pytest.approx(db, abs=1e-9)


def test_known_gains() -> None:
    assert levels.db_to_gain(0) == 1.0
    assert levels.db_to_gain(-20) == pytest.approx(0.1)
    assert levels.gain_to_db(0.0) == -120.0
    assert levels.gain_to_db(-0.5) == pytest.approx(-6.0206, abs=1e-4)
    assert levels.gain_to_db(1e-12, floor_db=-90) == -90.0


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("channels", [1, 2])
def test_a_sine_has_its_peak_and_3_01_db_less_rms(rate: int, channels: int) -> None:
    wave = sine(1_000, rate, 1.0, 0.5, channels)
    # A whole number of periods; samples miss the crest by at most 0.05 % at 44.1 kHz.
    assert levels.peak_dbfs(wave) == pytest.approx(-6.02, abs=0.05)
    assert levels.rms_dbfs(wave) == pytest.approx(-6.0206 - 3.0103, abs=1e-4)


def test_rms_counts_channels_alike() -> None:
    half = np.zeros((2, 1_000), np.float32)
    half[1] = 1.0
    assert levels.rms_dbfs(half) == pytest.approx(-3.0103, abs=1e-4)


def test_rms_of_long_audio_keeps_its_precision() -> None:
    long = np.full((1, 9_000_001), 0.1, np.float32)
    assert levels.rms_dbfs(long) == pytest.approx(20 * np.log10(np.float32(0.1)), abs=1e-9)


def test_dc_is_the_largest_mean() -> None:
    wave = sine(100, 48_000, 1.0, 0.5, 2)
    wave[1] -= np.float32(0.02)
    assert levels.dc_offset(wave) == pytest.approx(0.02, abs=1e-6)


def test_layout_changes_keep_levels() -> None:
    mono = noise(48_000, 0.1, channels=1)
    stereo = levels.as_channels(mono, 2)
    assert np.array_equal(stereo, np.vstack([mono, mono]))
    assert np.array_equal(levels.as_channels(stereo, 1), mono)
    assert levels.as_channels(mono, 1) is mono
    with pytest.raises(AudioError, match="3"):
        levels.as_channels(mono, 3)


def test_null_depth_finds_one_wrong_sample() -> None:
    a = noise(48_000, 1.0)
    b = a.copy()
    assert levels.null_depth_db(a, b) == -120.0
    b[1, 12_345] += np.float32(1e-3)
    assert levels.null_depth_db(a, b) == pytest.approx(-60.0, abs=0.01)
    with pytest.raises(AudioError, match="shape"):
        levels.null_depth_db(a, b[:, 1:])


def test_correlation_of_known_pairs() -> None:
    left = noise(48_000, 4.0, channels=1, seed=1)
    right = noise(48_000, 4.0, channels=1, seed=2)
    assert levels.correlation(left) == 1.0
    assert levels.correlation(np.vstack([left, left])) == pytest.approx(1.0)
    assert levels.correlation(np.vstack([left, -0.3 * left])) == pytest.approx(-1.0)
    # Unrelated: 192,000 values leave a standard deviation of 0.0023.
    assert abs(levels.correlation(np.vstack([left, right]))) < 0.01
    # Half shared: r = 0.5 / (0.5 + 0.5) for equal powers.
    shared = noise(48_000, 4.0, channels=1, seed=3)
    assert levels.correlation(np.vstack([left + shared, right + shared])) == pytest.approx(0.5, abs=0.01)
    assert levels.correlation(np.zeros((2, 10), np.float32)) == 1.0
    assert levels.correlation(np.vstack([left, 0 * left])) == 0.0


def test_fold_down_loses_what_theory_says() -> None:
    rate = 48_000
    left = noise(rate, 4.0, channels=1, seed=1)
    right = noise(rate, 4.0, channels=1, seed=2)
    assert levels.mono_fold_down_loss_lu(left, rate) == 0.0
    assert levels.mono_fold_down_loss_lu(np.vstack([left, left]), rate) == pytest.approx(0.0, abs=1e-6)
    assert levels.mono_fold_down_loss_lu(np.vstack([left, right]), rate) == pytest.approx(3.01, abs=0.1)
    opposite = np.vstack([left, -left])
    assert levels.mono_fold_down_loss_lu(opposite, rate) > 50.0
