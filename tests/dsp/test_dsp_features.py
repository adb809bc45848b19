"""Features and separation of signals whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_signals import clicks, noise, sine

from dsp.errors import AudioError
from dsp.features import extract_features, mel_weights
from dsp.filters import low_pass
from dsp.separation import CentreSides, HarmonicPercussive, Separation, StemSeparator

MIDDLE = slice(20, -20)


@pytest.mark.parametrize("rate", [8_000, 44_100, 192_000])
def test_a_tone_is_where_it_is(rate: int) -> None:
    found = extract_features(sine(440.0, rate, 1.0, 0.5, channels=2), rate)
    assert found.centroid_hz[MIDDLE] == pytest.approx(440.0, abs=10.0)
    assert found.rolloff_hz[MIDDLE] == pytest.approx(440.0, abs=30.0)
    assert found.crest_db[MIDDLE] == pytest.approx(3.01, abs=0.2)
    assert found.level_db[MIDDLE] == pytest.approx(-9.03, abs=0.1)
    assert (found.chroma[MIDDLE].argmax(axis=1) == 9).all()
    assert found.flatness[MIDDLE].max() < 0.01
    assert found.flux[MIDDLE].max() < 0.05
    assert found.times_s[50] == pytest.approx(0.5, abs=0.005)


def test_white_noise_is_flat_and_centred() -> None:
    found = extract_features(noise(48_000, 2.0, 0.5, channels=1), 48_000)
    assert found.centroid_hz.mean() == pytest.approx(12_000.0, rel=0.03)
    assert found.rolloff_hz.mean() == pytest.approx(0.85 * 24_000.0, rel=0.03)
    assert found.flatness.mean() == pytest.approx(0.56, abs=0.03)  # exp(-Euler's constant): exponential powers


def test_strokes_are_onsets() -> None:
    found = extract_features(clicks(120.0, 48_000, 3.0), 48_000)
    strokes = found.times_s[np.flatnonzero(found.onset_strength > 0.5 * found.onset_strength.max())]
    assert np.abs(strokes[:, None] - np.arange(0, 3.0, 0.5)[None, :]).min(axis=1).max() < 0.03


def test_silence_and_one_sample_read_zero() -> None:
    for samples in (np.zeros((1, 4_800), np.float32), np.zeros((2, 1), np.float32), np.full((1, 1), 0.5, np.float32)):
        found = extract_features(samples, 48_000)
        for values in vars(found).values():
            assert np.isfinite(values).all()
    assert not extract_features(np.zeros((1, 4_800), np.float32), 48_000).centroid_hz.any()


def test_the_cepstrum_tells_colours_apart_and_not_levels() -> None:
    bright = noise(48_000, 1.0, 0.5, channels=1)
    dull = low_pass(bright, 48_000, 800.0)
    one, same, other = (extract_features(x, 48_000).mfcc[50] for x in (bright, 0.5 * bright, dull))
    assert one.shape == (13,)
    assert np.abs(one[1:] - same[1:]).max() < 0.1
    assert one[0] - same[0] == pytest.approx(6.02 * np.sqrt(40.0), abs=0.1)
    assert np.abs(one[1:] - other[1:]).max() > 20.0
    assert mel_weights(48_000, 2_048).max() <= 1.0


def test_bad_audio_is_refused() -> None:
    bad = np.full((1, 4_800), np.nan, np.float32)
    for call in (extract_features, HarmonicPercussive().separate, CentreSides().separate):
        with pytest.raises(AudioError, match="NaN"):
            call(bad, 48_000)
        with pytest.raises(AudioError):
            call(np.zeros((3, 4_800), np.float32), 1_000)


def _energy(samples: np.ndarray) -> float:
    return float((samples.astype(np.float64) ** 2).sum())


def test_tones_and_strokes_part() -> None:
    rate = 48_000
    tone, stroke = sine(440.0, rate, 3.0, 0.3), clicks(120.0, rate, 3.0)
    engine: StemSeparator = HarmonicPercussive()
    found: Separation = engine.separate((tone + stroke).astype(np.float32), rate)
    assert tuple(found.stems) == engine.stem_names
    inside = slice(rate // 4, -rate // 4)
    left_over = found.stems["harmonic"][:, inside] - tone[:, inside]
    assert 10 * np.log10(_energy(tone[:, inside]) / _energy(left_over)) > 15.0
    assert _energy(found.stems["percussive"] - stroke) < 0.3 * _energy(stroke)


def test_the_middle_and_the_sides_part() -> None:
    rate = 48_000
    middle, left = sine(440.0, rate, 2.0, 0.3), sine(1_500.0, rate, 2.0, 0.3)
    mix = np.concatenate([middle + left, middle]).astype(np.float32)
    found = CentreSides().separate(mix, rate)
    inside = slice(rate // 4, -rate // 4)
    assert _energy(found.stems["centre"][0, inside] - middle[0, inside]) < 0.01 * _energy(middle[0, inside])
    assert _energy(found.stems["sides"][1, inside]) < 0.01 * _energy(middle[0, inside])
    mono = CentreSides().separate(middle, rate)
    assert not mono.stems["sides"].any()


@pytest.mark.parametrize("length", [1, 100, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_separated_stems_sum_to_the_mix(length: int, channels: int) -> None:
    samples = noise(48_000, 1.0, 0.8, channels=channels)[:, :length]
    for engine in (HarmonicPercussive(), CentreSides()):
        found = engine.separate(samples, 48_000)
        assert found.residual_db <= -120.0 + 30.0
        assert all(stem.shape == samples.shape and np.isfinite(stem).all() for stem in found.stems.values())
