"""Width, lag, three-band compression and the curve equaliser against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_signals import RATES, noise, sine, smooth

from dsp.curve_eq import curve_equalizer
from dsp.errors import AudioError
from dsp.levels import as_channels, rms_dbfs
from dsp.multiband import multiband_compressor, split_bands, width_db, with_width
from dsp.spectrum import band_levels
from dsp.stereo import channel_lag, low_end_correlation


@pytest.mark.parametrize("rate", RATES)
def test_bands_add_up_to_what_was_split(rate: int) -> None:
    samples = noise(rate, 0.5)
    np.testing.assert_allclose(sum(split_bands(samples, rate, (200.0, 3_000.0))), samples, atol=1e-6)


def test_audio_under_every_threshold_is_untouched_and_loud_bands_come_down() -> None:
    rate = 48_000
    steady = smooth(sine(1_000, rate, 2.0, 0.3, 2))
    same, deepest = multiband_compressor(steady, rate, 2.0)
    assert np.array_equal(same, steady)
    assert deepest == (0.0, 0.0, 0.0)
    bass = sine(60, rate, 4.0, 0.05, 2)
    bass[:, rate : rate + rate // 4] *= 10.0
    out, deepest = multiband_compressor(bass + sine(1_000, rate, 4.0, 0.1, 2), rate, 4.0)
    assert np.isfinite(out).all()
    assert deepest[0] < -3.0
    assert deepest[1] > deepest[0]
    assert rms_dbfs(out) < rms_dbfs(bass + sine(1_000, rate, 4.0, 0.1, 2))


@pytest.mark.parametrize("rate", RATES)
def test_width_is_side_over_middle_by_band(rate: int) -> None:
    middle, side = sine(1_000, rate, 1.0, 0.5)[0], sine(6_000, rate, 1.0, 0.05)[0]
    top = sine(6_000, rate, 1.0, 0.5, phase=1.0)[0]
    samples = np.stack([middle + top + side, middle + top - side])
    low, mid, high = width_db(samples, rate)
    assert high == pytest.approx(-20.0, abs=0.5)
    assert mid < -25.0, "bands of second order leak a little"
    wider = with_width(samples, rate, (0.0, 0.0, 6.0))
    assert width_db(wider, rate)[2] == pytest.approx(-14.0, abs=0.7)
    np.testing.assert_allclose(wider.sum(axis=0), samples.sum(axis=0), atol=1e-6)
    assert width_db(samples[:1], rate) == (-120.0, -120.0, -120.0)
    assert np.isfinite(low)


def test_width_asks_for_two_channels_and_three_gains() -> None:
    with pytest.raises(AudioError, match="two channels"):
        with_width(noise(48_000, 0.1, channels=1), 48_000, (0.0, 0.0, 1.0))


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("lag_ms", [0.0, 2.0, 15.0])
def test_a_late_side_is_found(rate: int, lag_ms: float) -> None:
    left = noise(rate, 4.0, channels=1)[0]
    right = np.roll(left, round(lag_ms * rate / 1_000))
    found, clarity = channel_lag(np.stack([left, right]), rate)
    assert found == pytest.approx(lag_ms, abs=0.15)
    assert clarity > 0.4
    assert channel_lag(left[None, :], rate) == (0.0, 0.0)
    assert channel_lag(np.zeros((2, 100), np.float32), rate) == (0.0, 0.0)


@pytest.mark.parametrize("rate", RATES)
def test_the_low_end_alone_is_compared(rate: int) -> None:
    bass, hiss = sine(60, rate, 2.0, 0.3)[0], noise(rate, 2.0, 0.2)
    assert low_end_correlation(np.stack([bass, bass]) + hiss * 0.05, rate) > 0.95
    assert low_end_correlation(np.stack([bass, -bass]) + hiss * 0.05, rate) < -0.95
    assert low_end_correlation(as_channels(hiss, 1), rate) == 1.0
    assert low_end_correlation(np.zeros((2, 1), np.float32), rate) == 1.0


@pytest.mark.parametrize("rate", RATES)
def test_a_curve_is_met_band_by_band_and_nothing_is_delayed(rate: int) -> None:
    samples = noise(rate, 4.0, 0.3)
    hz, gains = (50.0, 200.0, 1_000.0, 4_000.0, 12_000.0), (-4.0, 3.0, 0.0, -3.0, 5.0)
    out = curve_equalizer(samples, rate, hz, gains)
    assert out.shape == samples.shape
    centres, before = band_levels(samples, rate)
    change = band_levels(out, rate)[1] - before
    wanted = np.interp(np.log2(centres), np.log2(hz), gains)
    chosen = (centres > 60) & (centres < 14_000)
    assert np.abs(change - wanted)[chosen].max() < 0.6
    click = np.zeros((1, rate), np.float32)
    click[0, rate // 2] = 1.0
    assert int(np.argmax(np.abs(curve_equalizer(click, rate, hz, gains)))) == rate // 2


def test_a_curve_that_does_not_rise_is_refused() -> None:
    with pytest.raises(AudioError, match="rise"):
        curve_equalizer(noise(48_000, 0.1), 48_000, (200.0, 100.0), (0.0, 0.0))
