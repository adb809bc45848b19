"""Dynamics: static curves, time constants, and a ceiling that holds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyebur128
import pytest
from dsp_signals import RATES, FloatArray, noise, sine, smooth
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp import dynamics
from dsp.errors import AudioError
from dsp.levels import db_to_gain, rms_dbfs
from dsp.loudness import true_peak_dbtp


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("hz", [60.0, 997.0])
@pytest.mark.parametrize(
    ("level_db", "knee_db"), [(-30.0, 0.0), (-12.0, 0.0), (-2.0, 0.0), (-20.0, 10.0), (-6.0, 10.0)]
)
def test_compressor_follows_its_static_curve(rate: int, hz: float, level_db: float, knee_db: float) -> None:
    wave = sine(hz, rate, 2.0, db_to_gain(level_db), 2)
    out = dynamics.compressor(wave, rate, -20, 4, attack_ms=5, release_ms=100, knee_db=knee_db)
    over = level_db + 20
    if knee_db and abs(over) < knee_db / 2:
        expected = level_db - 0.75 * (over + knee_db / 2) ** 2 / (2 * knee_db)
    else:
        expected = level_db - 0.75 * max(0.0, over)
    steady = out[:, rate:]
    assert rms_dbfs(steady) + 3.0103 == pytest.approx(expected, abs=0.1)


def test_compressor_leaves_what_is_under_the_threshold_alone() -> None:
    samples = noise(48_000, 1.0, 0.09)
    assert np.array_equal(dynamics.compressor(samples, 48_000, -20, 4, 5, 100), samples)
    louder = dynamics.compressor(samples, 48_000, -20, 4, 5, 100, makeup_db=6)
    assert rms_dbfs(louder) - rms_dbfs(samples) == pytest.approx(6.0, abs=1e-3)


@pytest.mark.parametrize(("attack_ms", "release_ms"), [(10.0, 80.0), (40.0, 300.0)])
def test_compressor_time_constants(attack_ms: float, release_ms: float) -> None:
    rate = 48_000
    levels = np.repeat([0.01, 1.0, 0.01], rate).astype(np.float32)
    wave = sine(2_000, rate, 3.0)[0] * levels
    out = dynamics.compressor(wave[None, :], rate, -20, 2, attack_ms, release_ms)[0]
    gain_db = 20 * np.log10(np.abs(out[12::24]) / np.abs(wave[12::24]))
    times = np.arange(12, wave.size, 24) / rate
    final = -10.0
    assert gain_db[np.argmin(np.abs(times - 1.9))] == pytest.approx(final, abs=0.05)
    # 63 % of the way one time constant after the step; the grid of gains is half a millisecond wide.
    after_attack = gain_db[np.argmin(np.abs(times - 1 - attack_ms / 1_000))]
    assert after_attack == pytest.approx(final * (1 - np.exp(-1)), abs=0.35)
    # Peaks are held for 10 ms before the release begins.
    after_release = gain_db[np.argmin(np.abs(times - 2.010 - release_ms / 1_000))]
    assert after_release == pytest.approx(final * np.exp(-1), abs=0.35)


def test_compressor_keeps_the_stereo_image() -> None:
    wave = sine(500, 48_000, 1.0, 0.9, 2)
    wave[1] *= np.float32(0.25)
    out = dynamics.compressor(wave, 48_000, -30, 8, 5, 100)
    np.testing.assert_allclose(out[1], 0.25 * out[0], atol=1e-6)


@pytest.mark.parametrize("rate", RATES)
def test_gate_closes_on_what_is_quiet_and_opens_for_what_is_loud(rate: int) -> None:
    levels = np.repeat([0.5, 0.001, 0.5], rate)
    wave = (sine(1_000, rate, 3.0)[0] * levels).astype(np.float32)[None, :]
    out = dynamics.gate(wave, rate, -40, attack_ms=1, release_ms=50, hold_ms=20, range_db=40)
    assert np.array_equal(out[:, : rate // 2], wave[:, : rate // 2])
    quiet = slice(int(1.8 * rate), int(1.9 * rate))
    assert rms_dbfs(out[:, quiet]) - rms_dbfs(wave[:, quiet]) == pytest.approx(-40, abs=0.5)
    loud = slice(int(2.05 * rate), int(2.9 * rate))
    assert rms_dbfs(out[:, loud]) - rms_dbfs(wave[:, loud]) == pytest.approx(0, abs=0.01)
    assert np.array_equal(dynamics.gate(wave, rate, -80), wave)


def _limited(samples: FloatArray, rate: int, ceiling: float) -> FloatArray:
    out = dynamics.limiter(samples, rate, ceiling_dbtp=ceiling)
    assert np.isfinite(out).all()
    assert true_peak_dbtp(out, rate) <= ceiling + 0.02
    return out


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("drive_db", [1.0, 6.0, 18.0])
def test_limiter_keeps_the_true_peak_under_the_ceiling(rate: int, channels: int, drive_db: float) -> None:
    music = noise(rate, 2.0, 0.3, channels) + sine(70, rate, 2.0, 0.3, channels)
    music[:, :: rate // 3] += np.float32(0.6)
    _limited(music * np.float32(db_to_gain(drive_db)), rate, -1.0)


@pytest.mark.parametrize("rate", RATES)
def test_limiter_sees_peaks_between_the_samples(rate: int) -> None:
    wave = smooth(sine(rate / 4, rate, 0.5, 1.2, 2, np.pi / 4))
    assert np.abs(wave).max() < db_to_gain(-1.0)
    out = _limited(wave, rate, -1.0)
    assert true_peak_dbtp(out, rate) == pytest.approx(-1.0, abs=0.05)


@given(
    seed=st.integers(0, 2**31),
    length=st.integers(1, 6_000),
    ceiling=st.floats(-30, 6),
    lookahead_ms=st.floats(0.5, 20),
    release_ms=st.floats(1, 500),
)
@settings(max_examples=40, deadline=None)
def test_limiter_holds_any_ceiling(
    seed: int, length: int, ceiling: float, lookahead_ms: float, release_ms: float
) -> None:
    rng = np.random.default_rng(seed)
    samples = (rng.standard_normal((2, length)) * 10 ** rng.uniform(-2, 1)).astype(np.float32)
    out = dynamics.limiter(samples, 48_000, ceiling, release_ms, lookahead_ms)
    assert true_peak_dbtp(out, 48_000) <= ceiling + 0.1
    assert np.all(np.abs(out) <= np.abs(samples) + 1e-7), "a limiter never turns up"


def test_limiter_by_another_meter() -> None:
    out = _limited(noise(48_000, 3.0, 0.9) * np.float32(2), 48_000, -1.0)
    state = pyebur128.R128State(2, 48_000, pyebur128.MeasurementMode.MODE_TRUE_PEAK.value)
    state.add_frames(np.ascontiguousarray(out.T).reshape(-1), out.shape[1])
    worst = max(pyebur128.get_true_peak(state, channel) for channel in (0, 1))
    assert 20 * np.log10(worst) <= -1.0 + 0.15


def test_limiter_changes_nothing_when_nothing_exceeds() -> None:
    samples = smooth(noise(48_000, 1.0, 0.3))
    ceiling = true_peak_dbtp(samples, 48_000) + 0.001
    assert np.array_equal(dynamics.limiter(samples, 48_000, ceiling), samples)


def test_limiter_works_only_around_peaks() -> None:
    samples = sine(200, 48_000, 4.0, 0.5, 2)
    samples[:, 96_000] = 1.5
    out = dynamics.limiter(samples, 48_000, -1.0, release_ms=50, lookahead_ms=4)
    begin = 96_000 - round(0.0045 * 48_000)
    assert np.array_equal(out[:, :begin], samples[:, :begin])
    assert np.array_equal(out[:, -48_000:], samples[:, -48_000:])
    # One time constant after the peak 1/e of the reduction is left.
    at = 96_000 + round(0.052 * 48_000)
    left = 1 - np.abs(out[0, at - 40 : at + 40]).max() / 0.5
    full = 1 - db_to_gain(-1.0) / 1.5
    assert left == pytest.approx(full * np.exp(-1), abs=0.05)


def test_limiter_moves_both_channels_alike() -> None:
    samples = noise(48_000, 1.0, 0.4)
    samples[0] *= 4
    out = dynamics.limiter(samples, 48_000, -1.0)
    used = np.abs(samples).min(axis=0) > 1e-3
    np.testing.assert_allclose((out[0] / samples[0])[used], (out[1] / samples[1])[used], rtol=1e-4)


def test_limiter_does_not_click() -> None:
    samples = sine(100, 48_000, 2.0, 0.5, 1)
    samples[0, 48_000:] *= 3
    out = dynamics.limiter(samples, 48_000, -1.0)
    # A jump of the gain would be a step over anything the tone itself does (0.02 a sample at three times its level).
    assert np.abs(np.diff(out[0, 1_000:47_000])).max() <= np.abs(np.diff(samples[0, 1_000:47_000])).max() + 1e-6
    assert np.abs(np.diff(out[0])).max() < 0.03


@pytest.mark.parametrize("rate", RATES)
def test_duck_is_down_at_the_trigger_and_back_after_the_release(rate: int) -> None:
    gain = dynamics.duck_gain(2 * rate, rate, [1.0], 12.0, attack_ms=10, release_ms=200)
    assert gain.dtype == np.float32
    assert gain[rate] == pytest.approx(db_to_gain(-12), abs=1e-6)
    # Half a cosine in dB: half the depth half-way.
    assert gain[rate - round(0.005 * rate)] == pytest.approx(db_to_gain(-6), rel=0.02)
    assert gain[rate + round(0.1 * rate)] == pytest.approx(db_to_gain(-6), rel=0.02)
    assert np.all(gain[: rate - round(0.0101 * rate)] == 1.0)
    assert np.all(gain[rate + round(0.2 * rate) :] == 1.0)


def test_ducks_do_not_add_up_and_may_begin_outside() -> None:
    twice = dynamics.duck_gain(48_000, 48_000, [0.5, 0.5, 0.51], 6.0, 5, 100)
    assert twice.min() == pytest.approx(db_to_gain(-6), abs=1e-6)
    early = dynamics.duck_gain(48_000, 48_000, [-0.05, 40.0], 6.0, 5, 100)
    assert early[0] == pytest.approx(db_to_gain(-3), rel=0.02)
    assert early[-1] == 1.0
    wave = noise(48_000, 1.0)
    assert np.array_equal(dynamics.duck(wave, 48_000, [], 6.0), wave)
    np.testing.assert_array_equal(dynamics.duck(wave, 48_000, [0.5, 0.5, 0.51], 6.0, 5, 100), wave * twice)


def test_fades_go_to_silence_and_leave_the_rest() -> None:
    ones = np.ones((2, 1_000), np.float32)
    faded_in, faded_out = dynamics.fade_in(ones, 1_000, 0.4), dynamics.fade_out(ones, 1_000, 0.4)
    assert faded_in[0, 0] == 0.0
    assert faded_in[0, 200] == pytest.approx(0.5, abs=1e-3)
    assert np.all(faded_in[:, 400:] == 1.0)
    assert np.array_equal(faded_out, faded_in[:, ::-1])
    assert np.array_equal(dynamics.fade_out(ones, 1_000, 0.0), ones)
    assert dynamics.fade_out(ones, 1_000, 60.0)[0, -1] == 0.0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: dynamics.compressor(x, 48_000, -20, 0.5, 5, 100), "ratio"),
        (lambda x: dynamics.compressor(x, 48_000, np.inf, 2, 5, 100), "threshold_db"),
        (lambda x: dynamics.compressor(x, 48_000, -20, 2, -1, 100), "attack_ms"),
        (lambda x: dynamics.compressor(x, 48_000, -20, 2, 5, 0), "release_ms"),
        (lambda x: dynamics.limiter(x, 48_000, 30), "ceiling_dbtp"),
        (lambda x: dynamics.limiter(x, 48_000, -1, lookahead_ms=0), "lookahead_ms"),
        (lambda x: dynamics.gate(x, 48_000, 3), "threshold_db"),
        (lambda x: dynamics.duck(x, 48_000, [0.1], -6), "depth_db"),
        (lambda x: dynamics.duck(x, 48_000, [np.nan], 6), "trigger_times_s"),
        (lambda x: dynamics.fade_in(x, 48_000, -1), "duration_s"),
    ],
)
def test_values_out_of_range_are_refused(call: Callable[[FloatArray], FloatArray], words: str) -> None:
    with pytest.raises(AudioError, match=words):
        call(np.full((1, 100), 0.5, np.float32))
