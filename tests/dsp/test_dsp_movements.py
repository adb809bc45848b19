"""Band powers, rises and pitch offsets against signals whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_signals import RATES, clicks, noise, sine, tone

from dsp.errors import AudioError
from dsp.filters import low_pass
from dsp.levels import mean_square
from dsp.loudness import integrated_lufs
from dsp.movements import BAND_CENTRES_HZ, FRAMES_PER_S, RISES_PER_S, band_powers, k_weights, pitch_offset, rises


@pytest.mark.parametrize("rate", RATES)
def test_band_powers_add_up_to_the_mean_square(rate: int) -> None:
    samples = sine(1_000, rate, 3.0, 0.5, 2)
    powers = band_powers(samples, rate)
    assert powers.shape == (28, round(3.0 * FRAMES_PER_S))
    inner = powers[:, 5:-5].mean(axis=1)
    assert inner.sum() == pytest.approx(2.0 * mean_square(samples), rel=0.02)
    assert int(np.argmax(inner)) == BAND_CENTRES_HZ.index(1_000.0)


def test_weighted_band_powers_give_loudness() -> None:
    samples = low_pass(noise(48_000, 5.0, 0.3), 48_000, 12_000.0, 8)
    power = float((band_powers(samples, 48_000).mean(axis=1) * k_weights()).sum())
    assert -0.691 + 10 * np.log10(power) == pytest.approx(integrated_lufs(samples, 48_000), abs=0.5)


@pytest.mark.parametrize("rate", RATES)
def test_rises_stand_where_something_begins(rate: int) -> None:
    curve = rises(clicks(120, rate, 4.0), rate)
    beats = np.arange(1, 7) * round(0.5 * RISES_PER_S)
    assert all(curve[beat - 1 : beat + 2].max() > 20.0 for beat in beats)
    assert np.median(curve) < 1.0


@pytest.mark.parametrize("length", [1, 100, 5_000])
def test_short_audio_has_one_frame_at_least(length: int) -> None:
    samples = np.zeros((2, length), np.float32)
    assert band_powers(samples, 48_000).shape[1] >= 1
    assert rises(samples, 48_000).size >= 1
    assert pitch_offset(samples, 48_000, [(0.0, 1.0, 60)]) == (0.0, 1.0)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("offset", [0.0, 1.0, -0.5])
def test_what_sounds_off_its_notes_is_found(rate: int, offset: float) -> None:
    notes = [(0.6 * number, 0.6 * number + 0.5, pitch) for number, pitch in enumerate((40, 43, 45, 47, 52, 40, 47))]
    line = np.zeros(round(5.0 * rate))
    for start_s, end_s, pitch in notes:
        part = tone(pitch + offset, rate, end_s - start_s)
        first = round(start_s * rate)
        line[first : first + part.size] += 0.3 * part
    found, clarity = pitch_offset(line[None, :].astype(np.float32), rate, notes)
    assert found == pytest.approx(offset, abs=0.15)
    assert clarity > 1.5


def test_noise_has_no_clear_pitch() -> None:
    _, clarity = pitch_offset(noise(48_000, 4.0), 48_000, [(0.5 * n, 0.5 * n + 0.5, 45 + n) for n in range(8)])
    assert clarity < 1.2


def test_what_is_no_audio_is_refused() -> None:
    with pytest.raises(AudioError, match="float32"):
        band_powers(np.zeros((2, 100)), 48_000)  # type: ignore[arg-type]
