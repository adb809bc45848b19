"""Swaying effects: delays that read between samples, notches where they belong, levels that swing as stated."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_signals import FloatArray, noise, sine

from dsp import modulation
from dsp.errors import AudioError

RATES = (8_000, 48_000, 192_000)


def at(samples: FloatArray, rate: int, hz: float) -> float:
    """Amplitude of a frequency over the middle half."""
    part = samples[0, samples.shape[1] // 4 : -samples.shape[1] // 4].astype(np.float64)
    turn = np.exp(-2j * np.pi * hz * np.arange(part.size) / rate)
    return float(2.0 * np.abs((part * np.hanning(part.size) * turn).sum()) / np.hanning(part.size).sum())


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("delay", [0.0, 3.0, 7.5, 40.25])
def test_a_still_delay_is_the_sound_later(rate: int, delay: float) -> None:
    samples = sine(rate / 40.0, rate, 0.1, 0.5, channels=2)
    out = modulation.modulated_delay(samples, np.full(samples.shape[1], delay))
    turn = 2 * np.pi * (np.arange(samples.shape[1]) - delay) / 40.0
    settled = slice(int(delay) + 3, -3)
    assert np.isfinite(out).all()
    np.testing.assert_allclose(out[0, settled], 0.5 * np.sin(turn)[settled], atol=2e-4)
    assert not out[:, : max(0, int(delay) - 2)].any()


def test_vibrato_sways_by_its_cents() -> None:
    rate, hz = 48_000, 1_000.0
    out = modulation.vibrato(sine(hz, rate, 2.0, 0.5), rate, 5.0, 50.0)[0, 4_800:-4_800].astype(np.float64)
    from scipy.signal import hilbert

    speed = np.diff(np.unwrap(np.angle(hilbert(out)))) * rate / (2 * np.pi)
    cents = 1_200.0 * np.log2(speed[4_800:-4_800] / hz)
    assert cents.max() == pytest.approx(50.0, abs=2.0)
    assert cents.min() == pytest.approx(-51.5, abs=2.5)  # the same speeds down are a little more in cents
    np.testing.assert_array_equal(modulation.vibrato(sine(hz, rate, 0.1), rate, 5.0, 0.0), sine(hz, rate, 0.1))


@pytest.mark.parametrize("rate", RATES)
def test_a_still_flanger_is_a_comb(rate: int) -> None:
    delay_ms = 2.0
    for hz, gain in ((250.0, 0.0), (500.0, 1.0), (750.0, 0.0), (1_000.0, 1.0)):
        samples = sine(hz, rate, 0.5, 0.5)
        out = modulation.flanger(samples, rate, 0.1, depth_ms=0.0, delay_ms=delay_ms, feedback=0.0, mix=0.5)
        assert at(out, rate, hz) / 0.5 == pytest.approx(gain, abs=0.03)


def test_feedback_delays_again_and_again() -> None:
    click = np.zeros((1, 2_000), np.float32)
    click[0, 0] = 1.0
    out = modulation.flanger(click, 48_000, 0.1, depth_ms=0.0, delay_ms=5.0, feedback=0.5, mix=1.0)
    assert out[0, [240, 480, 720]] == pytest.approx([1.0, 0.5, 0.25], abs=1e-6)
    assert np.count_nonzero(np.abs(out) > 1e-6) == 8


def test_chorus_spreads_mono_and_keeps_its_power() -> None:
    samples = noise(48_000, 2.0, 0.3, channels=1)
    wide = modulation.chorus(samples, 48_000, voices=3, mix=0.5)
    assert np.abs(wide[0] - wide[1]).max() > 0.05
    power = (wide.astype(np.float64) ** 2).mean() / (samples.astype(np.float64) ** 2).mean()
    assert power == pytest.approx(1.0, abs=0.2)
    dry = modulation.chorus(samples, 48_000, mix=0.0)
    np.testing.assert_allclose(dry, np.repeat(samples, 2, axis=0), atol=1e-6)


def test_phaser_cuts_notches_that_move_and_nothing_when_dry() -> None:
    samples = noise(48_000, 2.0, 0.3, channels=1)
    np.testing.assert_allclose(modulation.phaser(samples, 48_000, mix=0.0), samples, atol=1e-6)
    out = modulation.phaser(samples, 48_000, rate_hz=0.5, depth=0.9, mix=0.5)
    early, late = (np.abs(np.fft.rfft(out[0, start : start + 9_600])) for start in (9_600, 57_600))
    same, other = (np.abs(np.fft.rfft(samples[0, start : start + 9_600])) for start in (9_600, 57_600))
    assert np.abs(np.log(early[100:2_000] / same[100:2_000]) - np.log(late[100:2_000] / other[100:2_000])).mean() > 0.05


@pytest.mark.parametrize("rate", RATES)
def test_tremolo_swings_between_full_and_its_depth(rate: int) -> None:
    out = modulation.tremolo(np.full((1, rate), 0.5, np.float32), rate, 2.0, 0.4)
    assert (out.max(), out.min()) == (pytest.approx(0.5, abs=1e-3), pytest.approx(0.3, abs=1e-3))
    panned = modulation.tremolo(np.full((1, rate), 0.5, np.float32), rate, 2.0, 0.4, is_panning=True)
    np.testing.assert_allclose(panned[0] + panned[1], 0.8, atol=1e-4)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: modulation.vibrato(x, 48_000, 0.0, 10.0), "rate_hz"),
        (lambda x: modulation.chorus(x, 48_000, depth_ms=20.0, delay_ms=10.0), "depth_ms"),
        (lambda x: modulation.flanger(x, 48_000, feedback=1.0), "feedback"),
        (lambda x: modulation.phaser(x, 48_000, centre_hz=30_000.0), "centre_hz"),
        (lambda x: modulation.tremolo(x, 48_000, 1.0, 1.5), "depth"),
    ],
)
def test_values_out_of_range_are_refused(call, words: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(AudioError, match=words):
        call(np.full((2, 1_000), 0.1, np.float32))
