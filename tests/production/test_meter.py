"""The quick meter agrees with the one deliveries are judged by."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.loudness import integrated_lufs
from musicgen_assets.production.meter import BAND_CENTRES_HZ, SILENT_DB, SILENT_LUFS, measure


def tone(frequency_hz: float, seconds: float, rate: int, amplitude: float = 0.25) -> np.ndarray:
    time = np.arange(round(seconds * rate)) / rate
    return (amplitude * np.sin(2 * np.pi * frequency_hz * time)).astype(np.float32)[None]


@given(
    seed=st.integers(0, 2**32 - 1),
    rate=st.sampled_from([44_100, 48_000, 96_000]),
    levels=st.lists(st.floats(-60.0, 0.0), min_size=1, max_size=5),
)
@settings(max_examples=15, deadline=None)
def test_loudness_is_within_a_third_of_a_unit_of_the_reference(seed: int, rate: int, levels: list[float]) -> None:
    noise = np.random.default_rng(seed).standard_normal((2, 2 * rate * len(levels))) * 0.1
    gain = np.repeat(10.0 ** (np.array(levels) / 20.0), 2 * rate)
    samples = (noise * gain).astype(np.float32)
    assert measure(samples, rate).lufs == pytest.approx(integrated_lufs(samples, rate), abs=0.35)


def test_silence_does_not_dilute_loudness() -> None:
    sound = tone(1_000.0, 4.0, 48_000)
    apart = np.concatenate([np.zeros((1, 480_000), np.float32), sound, np.zeros((1, 480_000), np.float32)], axis=1)
    assert measure(apart, 48_000).lufs == pytest.approx(measure(sound, 48_000).lufs, abs=0.5)
    assert measure(apart, 48_000).lufs == pytest.approx(integrated_lufs(np.repeat(apart, 2, axis=0), 48_000), abs=0.3)


def test_mono_counts_as_two_equal_channels() -> None:
    sound = tone(440.0, 2.0, 48_000)
    assert measure(sound, 48_000) == measure(np.repeat(sound, 2, axis=0), 48_000)


@pytest.mark.parametrize("centre_hz", BAND_CENTRES_HZ[1:-1])
def test_a_tone_stands_in_its_own_octave(centre_hz: float) -> None:
    bands = measure(tone(centre_hz, 2.0, 48_000), 48_000).bands_db
    loudest = BAND_CENTRES_HZ.index(centre_hz)
    assert int(np.argmax(bands)) == loudest
    # A sine of 0.25 in two channels: 2 * 0.25**2 / 2 = -12.04 dB.
    assert bands[loudest] == pytest.approx(-12.04, abs=0.5)


def test_peaks_are_read_where_they_are() -> None:
    sound = tone(1_000.0, 2.0, 48_000, amplitude=0.1)
    sound[0, 50_000] = -0.5
    found = measure(sound, 48_000)
    assert found.peak_dbfs == pytest.approx(-6.02, abs=0.01)
    assert found.loud_peak_dbfs == pytest.approx(-20.0, abs=0.1)


@pytest.mark.parametrize("samples", [np.zeros((2, 48_000), np.float32), np.full((1, 10), 1e-6, np.float32)])
def test_silence_reads_as_silence(samples: np.ndarray) -> None:
    found = measure(samples, 48_000)
    assert found.is_silent
    assert found.lufs == SILENT_LUFS
    assert set(found.bands_db) == {SILENT_DB}
