"""The de-esser turns hiss down by its ratio, and touches nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from dsp.deesser import de_ess
from dsp.errors import AudioError
from dsp.levels import db_to_gain

THRESHOLD_DB = -30.0


def tone(hz: float, level_db: float, rate: int, channels: int = 1, seconds: float = 0.5) -> np.ndarray:
    time = np.arange(round(seconds * rate)) / rate
    wave = db_to_gain(level_db) * np.sin(2.0 * np.pi * hz * time)
    return np.repeat(wave[None, :], channels, axis=0).astype(np.float32)


def peak_db(samples: np.ndarray) -> float:
    middle = samples[:, samples.shape[1] // 3 : -samples.shape[1] // 4]
    return float(20.0 * np.log10(np.abs(middle).max()))


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_hiss_over_the_threshold_is_turned_down_by_the_ratio(rate: int, channels: int) -> None:
    out = de_ess(tone(9_000.0, -18.0, rate, channels), rate, THRESHOLD_DB, ratio=4.0, range_db=20.0)
    assert np.isfinite(out).all()
    # 12 dB over a threshold of -30 dBFS at 4:1 leaves 3 dB over it.
    assert peak_db(out) == pytest.approx(-27.0, abs=0.3)


def test_it_never_turns_down_by_more_than_its_range() -> None:
    out = de_ess(tone(9_000.0, -6.0, 48_000), 48_000, THRESHOLD_DB, ratio=100.0, range_db=8.0)
    assert peak_db(out) == pytest.approx(-14.0, abs=0.2)


def test_what_is_under_the_threshold_or_below_the_band_comes_out_as_it_was() -> None:
    soft = tone(9_000.0, -31.0, 48_000)
    assert np.array_equal(de_ess(soft, 48_000, THRESHOLD_DB), soft)
    low = tone(500.0, -3.0, 48_000)
    assert np.array_equal(de_ess(low, 48_000, THRESHOLD_DB), low)
    both = tone(9_000.0, -12.0, 48_000) + tone(500.0, -6.0, 48_000)
    spectrum = np.abs(np.fft.rfft(de_ess(both, 48_000, THRESHOLD_DB)[0, 4_800:19_200])) / 7_200
    assert 20.0 * np.log10(spectrum[150]) == pytest.approx(-6.0, abs=0.05)


def test_silence_one_sample_dc_and_bad_values() -> None:
    silence = np.zeros((2, 1_000), np.float32)
    assert not de_ess(silence, 48_000, THRESHOLD_DB).any()
    assert de_ess(np.ones((1, 1), np.float32), 48_000, THRESHOLD_DB).shape == (1, 1)
    steady = np.full((1, 9_600), 0.5, np.float32)
    assert de_ess(steady, 48_000, THRESHOLD_DB)[0, 3_000:6_000] == pytest.approx(0.5, abs=1e-4)
    with pytest.raises(AudioError, match="NaN"):
        de_ess(np.full((1, 100), np.nan, np.float32), 48_000, THRESHOLD_DB)
    for change in ({"ratio": 0.5}, {"from_hz": 30_000.0}, {"range_db": -1.0}):
        with pytest.raises(AudioError, match=next(iter(change))):
            de_ess(silence, 48_000, THRESHOLD_DB, **change)
