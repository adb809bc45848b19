"""Space: echoes at their times, constant power, mono where mono was promised."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from dsp_signals import RATES, FloatArray, noise, sine

from dsp import space
from dsp.errors import AudioError
from dsp.levels import correlation, null_depth_db, rms_dbfs


def impulse(rate: int, seconds: float, channels: int = 1) -> FloatArray:
    out = np.zeros((channels, round(rate * seconds)), np.float32)
    out[:, 0] = 1.0
    return out


def decay_s(answer: FloatArray, rate: int) -> float:
    """Reverberation time from the backward integral, -5 to -35 dB doubled (ISO 3382)."""
    energy = np.cumsum(np.square(answer, dtype=np.float64).sum(axis=0)[::-1])[::-1]
    level = 10 * np.log10(energy / energy[0] + 1e-20)
    return 2 * float(np.argmax(level < -35) - np.argmax(level < -5)) / rate


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize(("room", "seconds"), [(0.0, 0.53), (0.5, 1.08), (0.75, 2.0)])
def test_reverb_lasts_as_long_as_its_room(rate: int, room: float, seconds: float) -> None:
    answer = space.reverb(impulse(rate, 3.0), rate, room=room)
    assert np.isfinite(answer).all()
    assert answer.shape == (2, 3 * rate)
    assert decay_s(answer, rate) == pytest.approx(seconds, rel=0.1)


@pytest.mark.parametrize("room", [0.1, 0.6, 0.8])
@pytest.mark.parametrize("damping", [0.1, 0.8])
def test_reverb_is_as_loud_as_what_went_in(room: float, damping: float) -> None:
    middle = noise(48_000, 8.0, 0.3, channels=1)
    wet = space.reverb(middle, 48_000, room=room, damping=damping)
    assert rms_dbfs(wet[:, 96_000:]) == pytest.approx(rms_dbfs(middle), abs=1.0)
    unrelated = noise(48_000, 8.0, 0.3)
    wet = space.reverb(unrelated, 48_000, room=room, damping=damping)
    assert rms_dbfs(wet[:, 96_000:]) == pytest.approx(rms_dbfs(unrelated) - 3.01, abs=1.0)


def test_reverb_is_wet_only_later_by_the_pre_delay_and_repeatable() -> None:
    samples = noise(48_000, 1.0)
    plain = space.reverb(samples, 48_000, room=0.3)
    assert not plain[:, :1_000].any(), "nothing of the dry sound"
    delayed = space.reverb(samples, 48_000, room=0.3, pre_delay_ms=50)
    assert np.array_equal(delayed[:, 2_400:], plain[:, :-2_400])
    assert not delayed[:, :2_400].any()
    assert np.array_equal(plain, space.reverb(samples, 48_000, room=0.3))


def test_reverb_width_and_damping() -> None:
    ping = impulse(48_000, 2.0)
    assert correlation(space.reverb(ping, 48_000, width=0.0)) == pytest.approx(1.0, abs=1e-6)
    assert correlation(space.reverb(ping, 48_000, width=1.0)) < 0.5
    bright, dull = (space.reverb(ping, 48_000, damping=damping)[0] for damping in (0.0, 0.9))

    def top_share(answer: FloatArray) -> float:
        power = np.abs(np.fft.rfft(answer)) ** 2
        return float(power[10_000:].sum() / power.sum())

    assert top_share(dull) < 0.9 * top_share(bright)


@pytest.mark.parametrize("rate", RATES)
def test_echoes_come_at_their_times_with_falling_levels(rate: int) -> None:
    answer = space.delay(impulse(rate, 2.0, 2), rate, 0.25, 0.5)
    distance = round(0.25 * rate)
    expected = np.zeros_like(answer)
    for k in range(1, 8):
        if k * distance < answer.shape[1]:
            expected[:, k * distance] = 0.5 ** (k - 1)
    np.testing.assert_allclose(answer, expected, atol=1e-7)


def test_a_single_echo_is_the_input_later() -> None:
    samples = noise(48_000, 0.5)
    out = space.delay(samples, 48_000, 0.1, feedback=0.0)
    assert np.array_equal(out[:, 4_800:], samples[:, :-4_800])
    assert not out[:, :4_800].any()
    assert not space.delay(samples, 48_000, 5.0).any()


def test_ping_pong_alternates_from_the_left() -> None:
    answer = space.delay(impulse(48_000, 1.0), 48_000, 0.2, 0.5, is_ping_pong=True)
    peaks = [(int(c), int(n)) for c, n in zip(*np.nonzero(answer), strict=True)]
    assert sorted(peaks, key=lambda p: p[1]) == [(0, 9_600), (1, 19_200), (0, 28_800), (1, 38_400)]
    assert answer[[0, 1, 0, 1], [9_600, 19_200, 28_800, 38_400]] == pytest.approx([1.0, 0.5, 0.25, 0.125])


def test_each_echo_passes_the_filters_once_more() -> None:
    rate, hz = 48_000, 4_000.0
    wave = np.zeros((1, rate), np.float32)
    wave[:, : rate // 10] = sine(hz, rate, 0.1)
    out = space.delay(wave, rate, 0.2, 1.0 - 0.02, high_cut_hz=hz)
    middle = [out[:, round((0.2 * k + 0.03) * rate) : round((0.2 * k + 0.08) * rate)] for k in (1, 2, 3)]
    first, second, third = (rms_dbfs(part) for part in middle)
    # A first-order low-pass takes 3.01 dB at its corner, the feedback 0.18 dB.
    assert first == pytest.approx(-3.01 - 3.01, abs=0.1)
    assert second - first == pytest.approx(-3.01 - 0.18, abs=0.1)
    assert third - second == pytest.approx(-3.01 - 0.18, abs=0.1)
    low_cut = space.delay(np.full((1, rate), 0.5, np.float32), rate, 0.1, 0.5, low_cut_hz=100)
    assert abs(low_cut[0, -1]) < 1e-4


@pytest.mark.parametrize("position", [-1.0, -0.4, 0.0, 0.25, 1.0])
def test_panned_mono_keeps_its_power(position: float) -> None:
    mono = noise(48_000, 0.5, channels=1)
    out = space.pan(mono, position).astype(np.float64)
    power = (out**2).sum() / (mono.astype(np.float64) ** 2).sum()
    assert power == pytest.approx(1.0, abs=1e-5)
    if position == 0.0:
        assert np.array_equal(out[0], out[1])
    if abs(position) == 1.0:
        assert np.abs(out[0 if position > 0 else 1]).max() < 1e-6


def test_balanced_stereo_keeps_the_near_side() -> None:
    stereo = noise(48_000, 0.1)
    np.testing.assert_array_equal(space.pan(stereo, 0.0), stereo)
    right = space.pan(stereo, 0.5)
    np.testing.assert_array_equal(right[1], stereo[1])
    # Constant power: sqrt 2 * cos(67.5 degrees).
    np.testing.assert_allclose(right[0], 0.5412 * stereo[0], rtol=1e-4)


def test_width_scales_the_difference_and_nothing_else() -> None:
    stereo = noise(48_000, 0.2)
    np.testing.assert_allclose(space.widen(stereo, 1.0), stereo, atol=1e-6)
    mono = space.widen(stereo, 0.0)
    assert np.array_equal(mono[0], mono[1])
    wide = space.widen(stereo, 1.7)
    np.testing.assert_allclose(wide.sum(axis=0), stereo.sum(axis=0), atol=1e-6)
    np.testing.assert_allclose(wide[0] - wide[1], 1.7 * (stereo[0] - stereo[1]), atol=1e-6)


@pytest.mark.parametrize("rate", RATES)
def test_lows_are_centred_and_highs_are_not(rate: int) -> None:
    low, high = sine(40, rate, 2.0, 0.5), sine(2_000, rate, 2.0, 0.5)
    out = space.mono_below(np.vstack([low, -low]), rate, 160)
    # 24 dB per octave, two octaves down: -48 dB (a tenth less, by the warp of the bilinear transform).
    assert rms_dbfs(out[:, rate:]) - rms_dbfs(low) == pytest.approx(-48.2, abs=0.5)
    kept = np.vstack([high, -0.5 * high])
    assert null_depth_db(space.mono_below(kept, rate, 160)[:, rate:], kept[:, rate:]) < -10
    mixed = np.vstack([low + high, 0.3 * high])
    out = space.mono_below(mixed, rate, 160)
    np.testing.assert_allclose(out.sum(axis=0), mixed.sum(axis=0), atol=1e-6)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: space.reverb(x, 48_000, room=1.2), "room"),
        (lambda x: space.reverb(x, 48_000, damping=-0.1), "damping"),
        (lambda x: space.reverb(x, 48_000, width=2), "width"),
        (lambda x: space.reverb(x, 48_000, pre_delay_ms=900), "pre_delay_ms"),
        (lambda x: space.reverb(x, 4_000), "rate"),
        (lambda x: space.delay(x, 48_000, 0.001), "time_s"),
        (lambda x: space.delay(x, 48_000, 0.1, 1.0), "feedback"),
        (lambda x: space.delay(x, 48_000, 0.1, high_cut_hz=40_000), "cutoff_hz"),
        (lambda x: space.pan(x, 1.01), "position"),
        (lambda x: space.widen(x, -1), "amount"),
        (lambda x: space.mono_below(x, 48_000, 0), "cutoff_hz"),
    ],
)
def test_values_out_of_range_are_refused(call: Callable[[FloatArray], FloatArray], words: str) -> None:
    with pytest.raises(AudioError, match=words):
        call(np.full((2, 100), 0.5, np.float32))
