"""Each effect does what its name says, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from musicgen_assets.production.effects import apply_effects

RATE = 48_000


def sine(frequency_hz: float, amplitude: float = 0.1, channels: int = 1) -> np.ndarray:
    wave = amplitude * np.sin(2 * np.pi * frequency_hz * np.arange(RATE) / RATE)
    return np.repeat(wave.astype(np.float32)[None], channels, axis=0)


def level(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(samples[:, 8_000:] ** 2)))


def one(samples: np.ndarray, kind: str, **settings: float) -> np.ndarray:
    return apply_effects(samples, RATE, [{"kind": kind, "settings": settings}])


def test_no_effects_change_nothing() -> None:
    samples = sine(440.0)
    assert apply_effects(samples, RATE, []) is samples


def test_drive_adds_odd_harmonics_and_evens_out_level() -> None:
    quiet, loud = one(sine(440.0, 0.02), "drive", gain_db=20.0), one(sine(440.0, 0.5), "drive", gain_db=20.0)
    assert level(loud) / level(quiet) < 10.0 < 0.5 / 0.02
    spectrum = np.abs(np.fft.rfft(loud[0]))
    assert spectrum[1_320] > 0.05 * spectrum[440]
    assert spectrum[880] < 0.001 * spectrum[440]


def test_drive_leaves_its_input_alone() -> None:
    samples = sine(440.0)
    one(samples, "drive", gain_db=12.0)
    np.testing.assert_array_equal(samples, sine(440.0))


@pytest.mark.parametrize(("frequency_hz", "low", "high"), [(40.0, 0.0, 0.4), (1_000.0, 0.9, 1.1), (12_000.0, 0.0, 0.1)])
def test_a_cabinet_passes_the_middle(frequency_hz: float, low: float, high: float) -> None:
    samples = sine(frequency_hz)
    assert low <= level(one(samples, "cabinet", low_hz=85.0, high_hz=5_500.0)) / level(samples) <= high


def test_chorus_makes_mono_wide_at_its_own_level() -> None:
    noise = (np.random.default_rng(0).standard_normal((1, RATE)) * 0.1).astype(np.float32)
    wide = one(noise, "chorus", rate_hz=0.7, depth=0.15, mix=0.4)
    assert wide.shape == (2, RATE)
    assert not np.allclose(wide[0], wide[1], atol=1e-3)
    assert 0.5 < level(wide) / level(noise) < 1.5


def test_tremolo_swings_between_the_sides() -> None:
    swung = one(np.full((1, RATE), 0.5, np.float32), "tremolo", rate_hz=2.0, depth=0.4)
    assert swung[0].max() == pytest.approx(0.5, abs=1e-3)
    assert swung[0].min() == pytest.approx(0.3, abs=1e-3)
    np.testing.assert_allclose(swung[0] + swung[1], 0.8, atol=1e-4)


def test_tone_lifts_or_lowers_the_highs_alone() -> None:
    settings = {"high_shelf_hz": 3_000.0, "high_shelf_db": -6.0}
    for frequency_hz, expected in ((200.0, 1.0), (15_000.0, 0.5)):
        samples = sine(frequency_hz)
        assert level(one(samples, "tone", **settings)) / level(samples) == pytest.approx(expected, abs=0.05)


def test_an_unknown_effect_is_refused() -> None:
    with pytest.raises(KeyError):
        one(sine(440.0), "reverse")
