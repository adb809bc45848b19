"""The strip's linear part: exactly its response, linear, mono at the bottom, and its returns where they belong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musicgen_assets.mixing.matrix import Matrix, convolve, strip_matrix
from musicgen_assets.mixing.plan import Band, Delay, Reverb, Strip
from musicgen_assets.mixing.returns import delay_response, reverb_response

RATE = 24_000
REVERB = Reverb(decay_s=0.5, pre_delay_ms=10.0, damping=0.5)
DELAY = Delay(time_ms=250.0, feedback=0.4, echoes=3)


def strip(**changes: Any) -> Strip:
    plain: dict[str, Any] = {
        "track": "it", "role": "chords", "measured_lufs": -20.0, "target_lufs": -20.0, "fader_db": 0.0,
        "reverb_send_db": -60.0, "delay_send_db": -60.0,
    }  # fmt: skip
    return Strip.model_validate({**plain, **changes})


def through(sound: np.ndarray, **changes: Any) -> np.ndarray:
    return convolve(sound, strip_matrix(strip(**changes), REVERB, DELAY, 120.0, RATE))


def noise(samples: int, seed: int = 0, channels: int = 2) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal((channels, samples))).astype(np.float32)


def tone(frequency_hz: float, left: float, right: float) -> np.ndarray:
    wave = np.sin(2 * np.pi * frequency_hz * np.arange(2 * RATE) / RATE)
    return np.stack([left * wave, right * wave]).astype(np.float32)


def level(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(samples[..., RATE // 2 :].astype(np.float64) ** 2)))


def _ahead(sound: np.ndarray, lead: int, samples: int) -> np.ndarray:
    """``samples`` of ``sound`` from ``lead`` on, with silence behind."""
    return np.pad(sound, (0, lead))[lead : lead + samples]


@given(
    samples=st.integers(1, 3_000), taps=st.integers(1, 300), seed=st.integers(0, 99), channels=st.sampled_from([1, 2])
)
@settings(max_examples=25, deadline=None)
def test_blockwise_is_the_same_as_whole(samples: int, taps: int, seed: int, channels: int) -> None:
    responses = np.random.default_rng(seed).standard_normal((2, 2, taps)) / np.sqrt(taps)
    sound = noise(samples, seed, channels)
    stereo = np.broadcast_to(sound, (2, samples))
    lead = taps // 3
    matrix = Matrix(np.fft.rfft(responses, 1_024).astype(np.complex64), 1_024, taps, lead)
    expected = np.stack([
        sum(_ahead(np.convolve(stereo[entrance], responses[exit_, entrance]), lead, samples) for entrance in range(2))
        for exit_ in range(2)
    ])  # fmt: skip
    np.testing.assert_allclose(convolve(sound, matrix), expected, atol=2e-6)


def test_a_plain_strip_passes_sound_as_it_is() -> None:
    sound = noise(RATE)
    sound[1] = sound[0]
    np.testing.assert_allclose(through(sound), sound, atol=1e-6)
    np.testing.assert_allclose(through(sound[:1]), sound, atol=1e-6)


def test_tracks_and_returns_add_up_linearly() -> None:
    first, second = noise(RATE, 1), noise(RATE, 2)
    settings_ = {"reverb_send_db": -6.0, "delay_send_db": -9.0, "pan": 0.3, "fader_db": -4.0}
    apart = through(first, **settings_) + through(second, **settings_)
    np.testing.assert_allclose(through(first + second, **settings_), apart, atol=2e-6)


def test_the_fader_moves_by_its_decibels() -> None:
    sound = noise(RATE)
    np.testing.assert_allclose(through(sound, fader_db=-20.0), 0.1 * through(sound), atol=1e-6)


def test_bands_are_heard() -> None:
    cut = [Band(kind="high_pass", hz=1_000.0)]
    assert level(through(tone(100.0, 0.5, 0.5), bands=cut)) < 0.02 * level(tone(100.0, 0.5, 0.5))


@pytest.mark.parametrize("pan", [-1.0, -0.5, 0.0, 0.5, 1.0])
def test_panning_moves_the_sound_and_keeps_its_power(pan: float) -> None:
    out = through(tone(1_000.0, 0.5, 0.5), pan=pan)
    assert level(out) == pytest.approx(level(tone(1_000.0, 0.5, 0.5)), rel=0.01)
    assert (level(out[1]) - level(out[0])) * pan >= -1e-6
    if abs(pan) == 1.0:
        assert min(level(out[0]), level(out[1])) < 1e-3


def test_width_scales_what_differs_between_the_sides() -> None:
    sides = tone(1_000.0, 0.5, -0.5)
    assert level(through(sides, width=0.0)) < 1e-6
    assert level(through(sides, width=1.5)) == pytest.approx(1.5 * level(sides), rel=0.02)


@pytest.mark.parametrize(("frequency_hz", "share"), [(30.0, 0.0), (2_000.0, 1.0)])
def test_the_low_end_is_centred(frequency_hz: float, share: float) -> None:
    out = through(tone(frequency_hz, 0.5, 0.5), pan=1.0)
    side, middle = level(out[0] - out[1]), level(out[0] + out[1])
    assert side / middle == pytest.approx(share, abs=0.01)


def test_closed_sends_return_nothing_and_open_ones_ring_on() -> None:
    click = np.zeros((2, 2 * RATE), np.float32)
    click[:, 100] = 1.0
    late = slice(RATE // 3, None)
    assert not np.abs(through(click)[:, late]).max() > 1e-6
    assert np.abs(through(click, reverb_send_db=-6.0)[:, late]).max() > 1e-4
    assert np.abs(through(click, delay_send_db=-6.0)[:, 100 + round(0.25 * RATE) :]).max() > 0.05


def test_silence_stays_digital_silence() -> None:
    assert not through(np.zeros((2, RATE), np.float32), reverb_send_db=0.0).any()


def test_the_reverb_decays_as_stated_and_its_highs_sooner() -> None:
    response = reverb_response(Reverb(decay_s=1.0, pre_delay_ms=20.0, damping=0.8), 48_000)
    assert not np.abs(response[:, : round(0.019 * 48_000)]).max() > 1e-6

    def fall_db(low_hz: float, high_hz: float, seconds: float) -> float:
        """Fall in level of a band, from 0.1 s on."""
        frequency = np.fft.rfftfreq(response.shape[1], 1 / 48_000)
        octaves = np.log2(np.maximum(frequency, 1.0) / np.sqrt(low_hz * high_hz)) / np.log2(high_hz / low_hz)
        sound = np.fft.irfft(np.fft.rfft(response) * np.exp(-4.0 * octaves**2), response.shape[1])
        starts = (4_800, 4_800 + round(seconds * 48_000))
        early, late = (np.sqrt(np.mean(sound[:, start : start + 2_400] ** 2)) for start in starts)
        return float(20 * np.log10(early / late))

    assert fall_db(700.0, 1_400.0, 0.4) == pytest.approx(24.0, abs=3.0)
    assert fall_db(5_000.0, 9_000.0, 0.1) > 2.0 * fall_db(700.0, 1_400.0, 0.1)


def test_the_reverb_is_wide_and_returns_noise_as_loud_as_sent() -> None:
    response = reverb_response(REVERB, 48_000)
    assert np.abs(np.corrcoef(response)[0, 1]) < 0.25
    assert (response.astype(np.float64) ** 2).sum(axis=1) == pytest.approx([0.4, 0.4], abs=0.3)


def test_echoes_alternate_in_time_and_fade() -> None:
    response = delay_response(DELAY, 48_000)
    echoes = [response[:, round(n * 12_000) : round(n * 12_000) + 900] for n in (1, 2, 3)]
    strengths = [np.abs(echo).max(axis=1) for echo in echoes]
    assert [int(np.argmax(strength)) for strength in strengths] == [0, 1, 0]
    assert strengths[0].max() > 1.5 * strengths[1].max() > 1.5 * 1.5 * strengths[2].max()
    assert not np.abs(response[:, :11_990]).any()
