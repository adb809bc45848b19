"""Loops meet themselves without a seam, and what measures them hears it when they do not."""

from __future__ import annotations

import numpy as np
import pytest

from dsp.dynamics import limiter
from dsp.errors import AudioError
from dsp.levels import null_depth_db
from dsp.loops import fold, measure_join, settled

LENGTH_S = 1.0


def ringing(rate: int, channels: int = 2, lead_s: float = 0.0) -> tuple[np.ndarray, int, int]:
    """Decaying tones over a second, ringing on for two; start and length of the period in samples."""
    length, start = round(LENGTH_S * rate), round(lead_s * rate)
    out = np.zeros((channels, start + 3 * length), np.float32)
    for number in range(4):
        at = start + number * length // 4
        time_s = np.arange(out.shape[1] - at) / rate
        tone = (
            0.2 * np.sin(2 * np.pi * 220 * (number + 1) * time_s) * np.exp(-time_s / 0.2) * np.minimum(time_s / 0.01, 1)
        )
        out[:, at:] += tone.astype(np.float32)
    return out, start, length


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_folded_period_is_what_endless_repetition_sounds_like(rate: int, channels: int) -> None:
    once, start, length = ringing(rate, channels, lead_s=0.1)
    endless = np.zeros((channels, 5 * length), np.float32)
    for number in range(5):
        reach = min(once.shape[1] - start, endless.shape[1] - number * length)
        endless[:, number * length : number * length + reach] += once[:, start : start + reach]
    period = fold(once, start, length)
    assert period.shape == (channels, length)
    assert np.isfinite(period).all()
    assert null_depth_db(period, np.ascontiguousarray(endless[:, 3 * length : 4 * length])) < -100.0


def test_what_comes_before_the_start_is_heard_at_the_end() -> None:
    samples = np.zeros((1, 30), np.float32)
    samples[0, 8] = 1.0  # two samples ahead of the period, which begins at 10
    assert fold(samples, 10, 10)[0].tolist() == [0.0] * 8 + [1.0, 0.0]


@pytest.mark.parametrize("length", [1, 7, 1_000])
def test_folding_keeps_the_sum(length: int) -> None:
    samples = np.full((2, 1_000), 0.001, np.float32)
    assert fold(samples, 0, length).sum() == pytest.approx(2.0, rel=1e-4)


def test_a_folded_loop_has_no_seam_and_a_cut_one_has() -> None:
    once, start, length = ringing(48_000)
    folded, cut = measure_join(fold(once, start, length), 48_000), measure_join(once[:, :length].copy(), 48_000)
    assert folded.is_seamless
    assert not cut.is_seamless
    assert cut.local_click_ratio > 5 * folded.local_click_ratio


def test_a_small_step_in_a_soft_place_is_found() -> None:
    rate = 48_000
    time_s = np.arange(rate) / rate
    loop = (0.3 * np.sin(2 * np.pi * 100 * time_s) * np.hanning(rate))[None].astype(np.float32)
    assert measure_join(loop, rate).local_click_ratio <= 1.0
    loop += np.linspace(0.0, 0.004, rate, dtype=np.float32)  # back to 0 at the join: a step of -48 dBFS
    assert measure_join(loop, rate).local_click_ratio > 10.0


def test_silence_and_constants_are_seamless() -> None:
    for value in (0.0, 0.25):
        assert measure_join(np.full((1, 8_192), value, np.float32), 48_000).is_seamless


def test_what_cannot_be_a_loop_is_refused() -> None:
    with pytest.raises(AudioError, match="4096"):
        measure_join(np.zeros((1, 100), np.float32), 48_000)
    with pytest.raises(AudioError, match="NaN"):
        fold(np.full((1, 10), np.nan, np.float32), 0, 5)
    with pytest.raises(AudioError, match="start"):
        fold(np.zeros((1, 10), np.float32), 11, 5)


def test_a_limited_loop_is_limited_as_if_it_had_gone_round_before() -> None:
    rate = 48_000
    rng = np.random.default_rng(1)
    loop = (0.1 * rng.standard_normal((2, 3 * rate))).astype(np.float32)
    loop[:, 50] = 1.5  # its gain must be falling before the join already
    out = settled(loop, rate, lambda samples: limiter(samples, rate, -1.0))
    round_trip = limiter(np.tile(loop, 3), rate, -1.0)[:, loop.shape[1] : 2 * loop.shape[1]]
    assert null_depth_db(out, np.ascontiguousarray(round_trip)) < -80.0
    assert np.abs(out[:, -40:]).max() < np.abs(loop[:, -40:]).max()
    with pytest.raises(AudioError, match="keep its shape"):
        settled(loop, rate, lambda samples: samples[:, 1:])
