"""Cut audio is as long as its pieces, keeps its power over a join, and does not click."""

from __future__ import annotations

import numpy as np
import pytest

from dsp.cutting import splice
from dsp.errors import AudioError
from dsp.levels import rms_dbfs

RATE = 48_000


def noise(seconds: float = 2.0, channels: int = 2) -> np.ndarray:
    rng = np.random.default_rng(3)
    return (0.1 * rng.standard_normal((channels, round(seconds * RATE)))).astype(np.float32)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("fade", [0, 1, 480, 4_800])
def test_the_result_is_as_long_as_the_pieces(channels: int, fade: int) -> None:
    pieces = [(0, 20_000), (50_000, 60_000), (70_000, 96_000)]
    out = splice(noise(channels=channels), pieces, fade)
    assert out.shape == (channels, 56_000)
    assert np.isfinite(out).all()


def test_outside_the_crossfades_nothing_changes() -> None:
    samples = noise()
    out = splice(samples, [(1_000, 30_000), (60_000, 90_000)], 960)
    assert np.array_equal(out[:, :28_520], samples[:, 1_000:29_520])
    assert np.array_equal(out[:, 29_480:], samples[:, 60_480:90_000])


def test_pieces_that_follow_each_other_are_the_recording() -> None:
    samples = noise()
    assert np.array_equal(splice(samples, [(0, 40_000), (40_000, 96_000)], 960), samples)


def test_power_stays_for_unlike_sounds_and_level_for_like_ones() -> None:
    samples = noise()
    out = splice(samples, [(0, 40_000), (60_000, 96_000)], 9_600)
    joined = np.ascontiguousarray(out[:, 35_200:44_800])
    assert rms_dbfs(joined) == pytest.approx(rms_dbfs(samples), abs=0.3)
    time_s = np.arange(2 * RATE) / RATE
    tone = (0.5 * np.sin(2 * np.pi * 100 * time_s))[None].astype(np.float32)
    again = splice(tone, [(0, 48_000), (57_600, 96_000)], 4_800)  # 20 periods left out: both sides are alike
    expected = 0.5 * np.sin(2 * np.pi * 100 * np.arange(again.shape[1]) / RATE)
    assert np.abs(again[0] - expected).max() < 2e-3


def test_beyond_the_ends_is_silence() -> None:
    out = splice(np.ones((1, 1_000), np.float32), [(500, 1_000), (0, 500)], 200)
    assert out.shape == (1, 1_000)
    assert np.isfinite(out).all()
    assert out.max() <= 1.0 + 1e-6


@pytest.mark.parametrize("pieces", [[], [(5, 5)], [(-1, 10)], [(0, 2_000)], [(0, 100), (0, 5)]])
def test_pieces_that_do_not_fit_are_refused(pieces: list[tuple[int, int]]) -> None:
    with pytest.raises(AudioError):
        splice(np.zeros((1, 1_000), np.float32), pieces, 50)
