"""Faults are found where they are, not found where they aren't, and figures follow closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_signals import RATES, clicks, noise, sine, smooth

from dsp.defects import clicks as count_clicks
from dsp.defects import ending_level_db, hum, noise_floor_dbfs
from dsp.errors import AudioError
from dsp.levels import as_channels


@pytest.mark.parametrize("rate", RATES)
def test_clicks_are_counted_and_hits_are_none(rate: int) -> None:
    hits = as_channels(clicks(120, rate, 4.0), 2)
    assert count_clicks(hits, rate) == 0
    broken = hits.copy()
    places = np.arange(1, 8) * rate // 2 + rate // 5
    broken[0, places] += 0.3
    assert count_clicks(broken, rate) == places.size


@pytest.mark.parametrize("length", [1, 40, 480])
def test_short_audio_and_silence_have_no_clicks(length: int) -> None:
    assert count_clicks(np.zeros((2, length), np.float32), 48_000) == 0


@pytest.mark.parametrize("rate", RATES)
def test_the_noise_floor_is_the_quietest_tenth_of_a_second(rate: int) -> None:
    samples = np.concatenate([noise(rate, 1.0, 0.5), noise(rate, 0.5, 0.001), noise(rate, 1.0, 0.5)], axis=1)
    expected = 20 * np.log10(0.001 / np.sqrt(3.0))
    assert noise_floor_dbfs(samples, rate) == pytest.approx(expected, abs=0.3)
    assert noise_floor_dbfs(np.zeros((1, 5), np.float32), rate) == -120.0


@pytest.mark.parametrize("mains_hz", [50.0, 60.0])
def test_hum_is_named_by_its_mains(mains_hz: float) -> None:
    rate = 48_000
    music = smooth(noise(rate, 8.0, 0.2))
    humming = sum(sine(mains_hz * k, rate, 8.0, 0.05 / k, 2) for k in range(1, 7))
    found = hum((music + humming).astype(np.float32), rate)
    assert found.mains_hz == mains_hz
    assert found.prominence_db > 10.0
    assert hum(music, rate).prominence_db < 6.0
    assert hum(music[:, :rate], rate).prominence_db == 0.0


def test_an_end_that_is_cut_off_stands_out() -> None:
    rate = 48_000
    wave = sine(440, rate, 3.0, 0.5, 2)
    assert ending_level_db(wave, rate) == pytest.approx(0.0, abs=0.2)
    faded = wave * np.linspace(1, 0, wave.shape[1], dtype=np.float32) ** 2
    assert ending_level_db(faded, rate) < -40.0
    cut = np.concatenate([wave, np.zeros((2, rate), np.float32)], axis=1)
    assert ending_level_db(cut, rate) > 0.0
    assert ending_level_db(np.zeros((2, rate), np.float32), rate) == -120.0


@pytest.mark.parametrize("detector", [count_clicks, noise_floor_dbfs, hum, ending_level_db])
def test_what_is_no_audio_is_refused(detector: object) -> None:
    bad = np.full((2, 100), np.nan, np.float32)
    with pytest.raises(AudioError, match="NaN"):
        detector(bad, 48_000)  # type: ignore[operator]
