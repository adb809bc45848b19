"""Saturation, stretching, joining, layouts, sweeps, expansion: closed forms, lengths and pitches."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_signals import FloatArray, noise, sine, smooth

from dsp import automation, dynamics, joining, layout, saturation, timepitch
from dsp.errors import AudioError
from dsp.levels import db_to_gain, rms_dbfs


def strongest_hz(samples: FloatArray, rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples[0] * np.hanning(samples.shape[1])))
    return float(np.argmax(spectrum) * rate / samples.shape[1])


@pytest.mark.parametrize("curve", ["tanh", "tape", "tube"])
@pytest.mark.parametrize("rate", [8_000, 48_000, 192_000])
def test_soft_sounds_pass_a_saturator_as_they_are(curve: saturation.Curve, rate: int) -> None:
    samples = smooth(sine(rate / 50.0, rate, 0.1, 1e-3, channels=2))
    out = saturation.saturate(samples, rate, 6.0, curve)
    assert out.shape == samples.shape
    np.testing.assert_allclose(out, samples, atol=1e-5)


def test_overtones_are_odd_for_tape_and_even_too_for_a_valve() -> None:
    samples = sine(1_000.0, 48_000, 1.0, 0.5)
    for curve, even in (("tape", False), ("tube", True)):
        spectrum = np.abs(np.fft.rfft(saturation.saturate(samples, 48_000, 12.0, curve)[0]))  # type: ignore[arg-type]
        assert spectrum[3_000] > 0.01 * spectrum[1_000]
        assert (spectrum[2_000] > 0.01 * spectrum[1_000]) == even


def test_oversampling_keeps_overtones_from_folding_back() -> None:
    # Overtones of 5 kHz at 48 kHz fold to 13, 23, 3 kHz ...: anything at 3 kHz is folded.
    samples = sine(5_000.0, 48_000, 1.0, 0.5)
    folded = {
        n: np.abs(np.fft.rfft(saturation.saturate(samples, 48_000, 18.0, "tanh", n)[0]))[3_000] / 12_000 for n in (1, 4)
    }
    assert 20 * np.log10(folded[4]) < -70.0
    assert folded[4] < 0.05 * folded[1]


def test_a_stretch_has_no_seams_and_mixes() -> None:
    samples = noise(48_000, 0.5, 0.5, channels=1)
    whole = saturation.saturate(samples, 48_000, 12.0)
    np.testing.assert_allclose(saturation.saturate(samples, 48_000, 12.0, mix=0.0), samples, atol=1e-7)
    half = saturation.saturate(samples, 48_000, 12.0, mix=0.5)
    np.testing.assert_allclose(half, 0.5 * (samples + whole), atol=1e-6)


@pytest.mark.parametrize("stretch", [0.5, 0.9, 1.0, 1.5, 3.0])
@pytest.mark.parametrize("rate", [8_000, 44_100, 96_000])
def test_stretched_audio_is_as_long_as_asked_and_as_high_as_it_was(stretch: float, rate: int) -> None:
    samples = smooth(sine(440.0, rate, 1.0, 0.5, channels=2))
    out = timepitch.time_stretch(samples, rate, stretch)
    assert out.shape == (2, round(samples.shape[1] * stretch))
    assert np.isfinite(out).all()
    assert strongest_hz(out, rate) == pytest.approx(440.0, abs=2.5 / min(1.0, stretch))
    assert np.array_equal(out, timepitch.time_stretch(samples, rate, stretch)), "not repeatable"


@pytest.mark.parametrize("semitones", [-12.0, -0.5, 0.0, 4.0, 12.0])
def test_shifted_audio_is_as_high_as_asked_and_as_long_as_it_was(semitones: float) -> None:
    samples = smooth(sine(440.0, 48_000, 1.0, 0.5))
    out = timepitch.pitch_shift(samples, 48_000, semitones)
    assert out.shape == samples.shape
    cents = 1_200.0 * np.log2(strongest_hz(out, 48_000) / (440.0 * 2.0 ** (semitones / 12.0)))
    assert abs(cents) < 10.0


def test_equal_power_keeps_the_power_of_strangers_and_linear_a_sum() -> None:
    rate, seconds = 48_000, 2.0
    before, after = (noise(rate, seconds, 0.5, seed=seed) for seed in (1, 2))
    joined = joining.crossfade(before, after, rate, 1.0)
    assert joined.shape == (2, 3 * rate)
    overlap = joined[:, rate : 2 * rate]
    assert rms_dbfs(np.ascontiguousarray(overlap)) == pytest.approx(rms_dbfs(before), abs=0.1)
    same = joining.crossfade(before[:, :rate], before[:, :rate], rate, 1.0, "linear")
    np.testing.assert_allclose(same, before[:, :rate], atol=1e-6)
    hard = joining.crossfade(before, after, rate, 0.0)
    np.testing.assert_array_equal(hard, np.concatenate([before, after], axis=1))


def test_surround_folds_down_as_the_standard_says() -> None:
    channels = np.eye(6, dtype=np.float32)
    stereo = layout.downmix(channels)
    half = 0.7071068
    np.testing.assert_allclose(stereo, [[1, 0, half, 0, half, 0], [0, 1, half, 0, 0, half]], atol=1e-6)
    np.testing.assert_allclose(layout.downmix(channels, 1), stereo.mean(axis=0, keepdims=True), atol=1e-6)
    with pytest.raises(AudioError, match="7 channels"):
        layout.downmix(np.zeros((7, 10), np.float32))


@pytest.mark.parametrize("bits", [16, 24])
def test_integers_and_floats_are_the_same_audio(bits: int) -> None:
    samples = noise(48_000, 0.1, 0.9)
    back = layout.from_pcm(layout.to_pcm(samples, bits))
    np.testing.assert_allclose(back, samples, atol=0.51 / (1 << (bits - 1)))
    assert layout.from_pcm(np.array([[0, 128, 255]], np.uint8))[0] == pytest.approx([-1.0, 0.0, 127 / 128])
    with pytest.raises(AudioError, match="int64"):
        layout.from_pcm(np.zeros((1, 5), np.int64))


def test_a_level_goes_straight_between_its_points() -> None:
    curve = automation.level_curve(48_000, 48_000, [0.25, 0.75], [0.0, -20.0])
    assert curve[[0, 12_000, 24_000, 36_000, 47_999]] == pytest.approx(
        [1.0, 1.0, db_to_gain(-10.0), 0.1, 0.1], rel=1e-4
    )
    with pytest.raises(AudioError, match="must not fall"):
        automation.level_curve(10, 48_000, [1.0, 0.5], [0.0, 0.0])


@pytest.mark.parametrize("rate", [8_000, 48_000, 192_000])
def test_a_sweep_filters_inside_its_stretch_only_and_ends_where_it_should(rate: int) -> None:
    low = sine(100.0, rate, 3.0, 0.5)
    out = automation.swept_filter(low, rate, "high_pass", 1.0, 2.0, 50.0, 800.0)
    np.testing.assert_array_equal(out[:, :rate], low[:, :rate])
    np.testing.assert_array_equal(out[:, 2 * rate :], low[:, 2 * rate :])
    begin, end = (
        rms_dbfs(np.ascontiguousarray(out[:, round(s * rate) : round((s + 0.05) * rate)])) for s in (1.02, 1.93)
    )
    assert begin > rms_dbfs(low) - 2.0
    # Nearly three octaves under a second-order corner: about -35 dB.
    assert end < rms_dbfs(low) - 28.0
    assert np.abs(np.diff(out[0])).max() < 3.0 * np.abs(np.diff(low[0])).max(), "a click"


def test_a_corner_that_stands_still_is_the_fixed_filter() -> None:
    from dsp.filters import low_pass

    samples = noise(48_000, 1.0, 0.5)
    out = automation.swept_filter(samples, 48_000, "low_pass", 0.0, 1.0, 1_000.0, 1_000.0)
    fixed = low_pass(samples, 48_000, 1_000.0)
    np.testing.assert_allclose(out[:, 4_800:-4_800], fixed[:, 4_800:-4_800], atol=1e-5)


def test_an_expander_turns_down_what_is_soft_by_its_ratio() -> None:
    for level_db, expected in ((-10.0, -10.0), (-40.0, -50.0), (-80.0, -120.0)):
        samples = sine(1_000.0, 48_000, 1.0, db_to_gain(level_db))
        out = dynamics.expander(samples, 48_000, -30.0, 2.0, range_db=40.0)
        peak_db = 20 * np.log10(np.abs(out[:, 40_000:]).max())
        assert peak_db == pytest.approx(expected, abs=0.2)
