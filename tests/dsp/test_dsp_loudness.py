"""Loudness meters against the test signals of EBU Tech 3341 and 3342, an independent meter, and closed forms."""

from __future__ import annotations

import numpy as np
import pyebur128
import pytest
from dsp_signals import RATES, FloatArray, noise, sine, smooth

from dsp import loudness
from dsp.errors import AudioError
from dsp.filters import low_pass
from dsp.levels import as_channels


def steps(rate: int, *parts: tuple[float, float]) -> FloatArray:
    """A 1 kHz stereo sine, (peak in dBFS, seconds) after (peak, seconds)."""
    pieces = [sine(1_000, rate, seconds, 10 ** (level / 20), 2) for level, seconds in parts]
    return np.concatenate(pieces, axis=1)


def reference(samples: FloatArray, rate: int) -> tuple[float, float]:
    """Integrated loudness and range by libebur128."""
    mode = pyebur128.MeasurementMode
    state = pyebur128.R128State(samples.shape[0], rate, mode.MODE_I.value | mode.MODE_LRA.value)
    state.add_frames(np.ascontiguousarray(samples.T).reshape(-1), samples.shape[1])
    return pyebur128.get_loudness_global(state), pyebur128.get_loudness_range(state)


@pytest.mark.parametrize("rate", RATES)
def test_k_weighting_is_the_one_of_bs_1770(rate: int) -> None:
    sections = loudness.k_weighting(48_000)
    shelf = [1.53512485958697, -2.69169618940638, 1.19839281085285, 1.0, -1.69065929318241, 0.73248077421585]
    high_pass = [1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621]
    np.testing.assert_allclose(sections, [shelf, high_pass], atol=1e-9)
    # The same curve at other rates: 1 kHz is amplified by 0.691 dB, which the formula's constant takes back.
    wave = sine(997, rate, 2.0)
    assert loudness.integrated_lufs(wave, rate) == pytest.approx(-3.01, abs=0.03)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("level", [-23.0, -33.0])
def test_a_stereo_sine_reads_its_peak_level(rate: int, level: float) -> None:
    # EBU Tech 3341, cases 1 and 2: +-0.1 LU.
    figures = loudness.measure(steps(rate, (level, 20.0)), rate)
    assert figures.integrated_lufs == pytest.approx(level, abs=0.1)
    assert figures.max_momentary_lufs == pytest.approx(level, abs=0.1)
    assert figures.max_short_term_lufs == pytest.approx(level, abs=0.1)
    assert figures.loudness_range_lu == pytest.approx(0.0, abs=0.1)


def test_gates_ignore_what_is_far_below() -> None:
    # EBU Tech 3341, cases 3 and 4 (shortened in proportion): -23 between quiet and very quiet parts.
    parts = [(-36.0, 5.0), (-23.0, 30.0), (-36.0, 5.0)]
    assert loudness.integrated_lufs(steps(48_000, *parts), 48_000) == pytest.approx(-23.0, abs=0.1)
    framed = [(-72.0, 5.0), *parts, (-72.0, 5.0)]
    assert loudness.integrated_lufs(steps(48_000, *framed), 48_000) == pytest.approx(-23.0, abs=0.1)


def test_levels_within_the_gate_are_averaged_as_power() -> None:
    # EBU Tech 3341, case 5.
    samples = steps(48_000, (-26.0, 20.0), (-20.0, 20.1), (-26.0, 20.0))
    assert loudness.integrated_lufs(samples, 48_000) == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize(("first", "second", "range_lu"), [(-20, -30, 10), (-20, -15, 5), (-40, -20, 20)])
def test_loudness_range_of_two_steps_is_their_distance(first: float, second: float, range_lu: float) -> None:
    # EBU Tech 3342, cases 1 to 3: +-1 LU.
    samples = steps(48_000, (first, 20.0), (second, 20.0))
    assert loudness.measure(samples, 48_000).loudness_range_lu == pytest.approx(range_lu, abs=1.0)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("channels", [1, 2])
def test_an_independent_meter_agrees(rate: int, channels: int) -> None:
    rng = np.random.default_rng(8)
    shape = np.repeat(rng.uniform(0.02, 0.6, 24), rate)
    samples = (noise(rate, 24.0, 1.0, channels) * shape).astype(np.float32)
    integrated, range_lu = reference(samples, rate)
    figures = loudness.measure(samples, rate)
    assert figures.integrated_lufs == pytest.approx(integrated, abs=0.01)
    assert loudness.integrated_lufs(samples, rate) == figures.integrated_lufs
    # Ours takes a window every 0.1 s, libebur128 every 1 s, of a level that changes every second.
    assert figures.loudness_range_lu == pytest.approx(range_lu, abs=2.0)


def test_mono_reads_three_less_than_the_same_on_both_sides() -> None:
    mono = noise(44_100, 3.0, channels=1)
    both = loudness.integrated_lufs(as_channels(mono, 2), 44_100)
    assert both - loudness.integrated_lufs(mono, 44_100) == pytest.approx(3.0103, abs=1e-3)


@pytest.mark.parametrize("length", [1, 100, 4_799, 4_800, 19_199, 48_000])
def test_audio_shorter_than_a_window_is_one_window(length: int) -> None:
    wave = sine(1_000, 48_000, 1.0, 0.1, 2)[:, :length]
    times, values = loudness.short_term_curve(wave, 48_000)
    assert times.tolist() == [pytest.approx(length / 96_000)]
    assert values.size == 1
    if length >= 4_800:
        assert values[0] == pytest.approx(-20.0, abs=0.2)
        assert loudness.integrated_lufs(wave, 48_000) == pytest.approx(-20.0, abs=0.2)


def test_silence_reads_the_floor() -> None:
    silence = np.zeros((2, 200_000), np.float32)
    assert loudness.measure(silence, 48_000) == loudness.Loudness(-70.0, 0.0, -70.0, -70.0)
    assert loudness.true_peak_dbtp(silence, 48_000) == -120.0
    assert loudness.tt_dynamic_range_db(silence, 48_000) == 0.0
    assert loudness.peak_to_short_term_db(silence, 48_000) == 0.0
    assert set(loudness.short_term_curve(silence, 48_000)[1]) == {-70.0}


def test_the_curve_follows_the_music_in_the_middle_of_its_windows() -> None:
    samples = steps(48_000, (-20.0, 10.0), (-30.0, 10.0))
    times, values = loudness.short_term_curve(samples, 48_000, 0.5)
    assert np.diff(times) == pytest.approx(0.5)
    assert (times[0], times[-1]) == (pytest.approx(1.5), pytest.approx(18.5))
    assert values[times <= 8.5] == pytest.approx(-20.0, abs=0.1)
    assert values[times >= 11.5] == pytest.approx(-30.0, abs=0.1)
    # Half of each power at the step: 10 log10((0.01 + 0.001) / 2).
    assert values[np.argmin(np.abs(times - 10.0))] == pytest.approx(-22.6, abs=0.1)
    with pytest.raises(AudioError, match="hop_s"):
        loudness.short_term_curve(samples, 48_000, 0.01)


def test_a_rate_too_low_for_k_weighting_is_refused() -> None:
    with pytest.raises(AudioError, match="8000"):
        loudness.integrated_lufs(noise(4_000, 1.0), 4_000)


@pytest.mark.parametrize("rate", RATES)
def test_true_peak_of_a_quarter_rate_sine_lies_between_its_samples(rate: int) -> None:
    # All samples stand at 0.707 of the crest. EBU Tech 3341, cases 15 to 19: +0.2, -0.4 dB; far better here.
    wave = smooth(sine(rate / 4, rate, 0.2, 0.5, 2, np.pi / 4))
    assert np.abs(wave).max() == pytest.approx(0.3536, abs=1e-3)
    assert loudness.true_peak_dbtp(wave, rate) == pytest.approx(-6.0206, abs=0.02)


@pytest.mark.parametrize("share", [1 / 6, 1 / 5, 0.3, 0.4])
@pytest.mark.parametrize("phase", [0.0, 0.3, 1.0])
def test_true_peak_of_any_sine_reads_low_by_no_more_than_four_fold_sampling_may(share: float, phase: float) -> None:
    wave = smooth(sine(48_000 * share, 48_000, 0.2, 1.0, 1, phase))
    under_db = -20 * np.log10(np.cos(np.pi * share / 4))
    reading = loudness.true_peak_dbtp(wave, 48_000)
    assert -under_db - 0.01 <= reading <= 0.02


def test_true_peak_is_found_wherever_it_is_and_never_under_the_sample_peak() -> None:
    # Up to 18 kHz, where the interpolator is exact; 0.25 dB is what 8-fold sampling may see that 4-fold cannot.
    base = low_pass(noise(48_000, 1.0, 0.3), 48_000, 14_000, 8)
    burst = smooth(sine(12_000, 48_000, 0.01, 1.0, 1, np.pi / 4))[0]
    for at in (0, 2_040, 4_095, 20_000, base.shape[1] - burst.size):
        samples = base.copy()
        samples[1, at : at + burst.size] += burst
        reading = loudness.true_peak_dbtp(samples, 48_000)
        assert reading >= 20 * np.log10(np.abs(samples).max()) - 1e-6
        oversampled = _eight_fold_peak(samples[:, max(0, at - 500) : at + 1_000])
        assert reading == pytest.approx(20 * np.log10(oversampled), abs=0.25)


def _eight_fold_peak(samples: FloatArray) -> float:
    spectrum = np.fft.rfft(np.pad(samples, ((0, 0), (200, 200))))
    return float(np.abs(np.fft.irfft(spectrum, 8 * (samples.shape[1] + 400)) * 8).max())


def test_true_peak_of_an_impulse_is_the_impulse() -> None:
    for at in (0, 1, 500, 999):
        samples = np.zeros((1, 1_000), np.float32)
        samples[0, at] = 0.5
        assert loudness.true_peak_dbtp(samples, 48_000) == pytest.approx(-6.0206, abs=1e-4)


@pytest.mark.parametrize("rate", RATES)
def test_dynamic_range_of_a_sine_is_zero_and_of_a_square_minus_three(rate: int) -> None:
    wave = sine(1_000, rate, 9.0, 0.7, 2)
    assert loudness.tt_dynamic_range_db(wave, rate) == pytest.approx(0.0, abs=0.05)
    square = np.where(wave >= 0, 0.5, -0.5).astype(np.float32)
    assert loudness.tt_dynamic_range_db(square, rate) == pytest.approx(-3.0103, abs=0.01)


def test_dynamic_range_takes_the_second_highest_peak_and_the_loudest_fifth() -> None:
    rate = 48_000
    samples = np.concatenate([sine(1_000, rate, 3.0, peak) for peak in (0.1, 0.1, 0.1, 0.1, 0.4)] * 2, axis=1)
    samples[0, 100] = 1.0
    # Ten blocks, two of them loud: their RMS (convention: of a sine, its peak) is 0.4, the second peak is 0.4.
    assert loudness.tt_dynamic_range_db(samples, rate) == pytest.approx(0.0, abs=0.05)
    samples[0, rate * 4] = 0.8
    assert loudness.tt_dynamic_range_db(samples, rate) == pytest.approx(6.02, abs=0.05)


def test_dynamic_range_ignores_silent_channels_and_takes_short_audio() -> None:
    wave = sine(1_000, 48_000, 4.0, 0.5, 2)
    wave[1] = 0
    assert loudness.tt_dynamic_range_db(wave, 48_000) == pytest.approx(0.0, abs=0.05)
    assert loudness.tt_dynamic_range_db(wave[:, :480], 48_000) == pytest.approx(0.0, abs=0.05)


def test_peak_to_short_term_finds_the_flattest_stretch() -> None:
    rate = 48_000
    flat = sine(1_000, rate, 6.0, 0.2, 2)
    spiky = sine(1_000, rate, 6.0, 0.2, 2)
    spiky[:, ::4_800] = 0.9
    # A stereo sine reads its peak level in LUFS: PSR 0. With spikes: 20 log10(0.9 / 0.2) less the spikes' own share.
    assert loudness.peak_to_short_term_db(spiky, rate) > 12.0
    both = np.concatenate([spiky, flat], axis=1)
    assert loudness.peak_to_short_term_db(both, rate) == pytest.approx(0.0, abs=0.1)


def test_peak_to_short_term_does_not_count_what_is_far_below() -> None:
    rate = 48_000
    loud = noise(rate, 6.0, 0.5)
    alone = loudness.peak_to_short_term_db(loud, rate)
    faded = np.concatenate([loud, np.zeros((2, 3 * rate), np.float32), sine(1_000, rate, 6.0, 0.001, 2)], axis=1)
    # Windows across the edge only add silence, which lowers loudness and raises the figure.
    assert loudness.peak_to_short_term_db(faded, rate) == pytest.approx(alone, abs=0.05)
