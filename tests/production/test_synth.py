"""Synthesised sounds: in tune, in bounds, and the same for the same generator."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from musicgen_assets.production import synth
from musicgen_assets.production.keys import keys_of

RATE = 48_000
NOISES: list[Callable[..., np.ndarray]] = [synth.riser, synth.reverse_cymbal, synth.impact, synth.vinyl]


def power(samples: np.ndarray, low_hz: float, high_hz: float) -> float:
    spectrum = np.abs(np.fft.rfft(samples.astype(np.float64), axis=1)) ** 2
    frequency = np.fft.rfftfreq(samples.shape[1], 1 / RATE)
    return float(spectrum[:, (frequency >= low_hz) & (frequency < high_hz)].sum())


@pytest.mark.parametrize("make", NOISES)
def test_noises_are_finite_full_scale_and_repeatable(make: Callable[..., np.ndarray]) -> None:
    sound = make(70_001, RATE, np.random.default_rng(3))
    assert sound.shape == (2, 70_001)
    assert sound.dtype == np.float32
    assert np.isfinite(sound).all()
    assert np.abs(sound).max() == pytest.approx(1.0)
    np.testing.assert_array_equal(sound, make(70_001, RATE, np.random.default_rng(3)))
    assert not np.array_equal(sound, make(70_001, RATE, np.random.default_rng(4)))


@pytest.mark.parametrize("make", NOISES)
def test_noises_of_any_length_fit(make: Callable[..., np.ndarray]) -> None:
    for length in (1, 100, 2_048):
        sound = make(length, RATE, np.random.default_rng(0))
        assert sound.shape == (2, length)
        assert np.isfinite(sound).all()


def test_a_riser_climbs_in_pitch_and_level() -> None:
    sound = synth.riser(2 * RATE, RATE, np.random.default_rng(0))
    early, late = sound[:, : RATE // 2], sound[:, -RATE // 2 : -RATE // 20]
    assert np.abs(late).mean() > 5 * np.abs(early).mean()
    assert power(early, 2_000, 20_000) / power(early, 20, 2_000) < 0.5
    assert power(late, 2_000, 20_000) / power(late, 20, 2_000) > 2.0
    assert np.abs(sound[:, -1]).max() < 0.01


def test_a_reversed_cymbal_grows_and_an_impact_dies() -> None:
    cymbal = synth.reverse_cymbal(RATE, RATE, np.random.default_rng(0))
    boom = synth.impact(2 * RATE, RATE, np.random.default_rng(0))
    assert np.abs(cymbal[:, RATE // 2 :]).mean() > 5 * np.abs(cymbal[:, : RATE // 2]).mean()
    assert np.abs(boom[:, :RATE]).mean() > 3 * np.abs(boom[:, RATE:]).mean()
    assert power(boom, 20, 120) > power(boom, 120, 20_000)


def test_the_sub_bass_is_in_tune_and_has_harmonics() -> None:
    keys = keys_of([[0, 960, 36, 110]], 50.0, RATE, 2 * RATE)
    sound = synth.sub_bass(keys, 2 * RATE, RATE)
    steady = sound[0, RATE // 4 : RATE // 4 + 32_768] * np.hanning(32_768)
    spectrum = np.abs(np.fft.rfft(steady, 1 << 18))
    fundamental = np.argmax(spectrum) * RATE / (1 << 18)
    assert fundamental == pytest.approx(65.41, abs=0.5)
    third = spectrum[round(3 * 65.41 * (1 << 18) / RATE)]
    assert 0.01 < third / spectrum.max() < 0.5


def test_the_sub_bass_has_one_voice_and_never_clicks() -> None:
    keys = keys_of([[0, 960, 36, 110], [480, 480, 43, 110], [960, 20, 31, 60]], 50.0, RATE, 2 * RATE)
    sound = synth.sub_bass(keys, 2 * RATE, RATE)
    assert np.abs(np.diff(sound[0])).max() < 0.08
    assert np.abs(sound).max() <= 1.3  # for 9 ms the old note fades while the new one begins
    assert not sound[:, 60_000:].any()


def test_joined_sub_bass_notes_slide_and_others_do_not() -> None:
    def early_hz(second: int, first_end: int) -> float:
        keys = keys_of([[0, first_end, 36, 110], [480, 480, second, 110]], 50.0, RATE, 2 * RATE)
        sound = synth.sub_bass(keys, 2 * RATE, RATE)[0, 24_600:26_400]
        rises = np.flatnonzero((sound[:-1] < 0) & (sound[1:] >= 0))
        return float(RATE / np.diff(rises).mean())

    higher = 440.0 * 2 ** ((43 - 69) / 12)
    assert early_hz(43, 480) < 0.93 * higher  # on its way up from 65 Hz
    assert early_hz(43, 300) > higher  # falling onto its own pitch


def test_a_sub_bass_note_of_no_length_is_left_out() -> None:
    keys = keys_of([[0, 960, 36, 110], [0, 960, 43, 110]], 50.0, RATE, RATE)
    both, upper = synth.sub_bass(keys, RATE, RATE), synth.sub_bass(keys.where(np.array([False, True])), RATE, RATE)
    np.testing.assert_array_equal(both, upper)
