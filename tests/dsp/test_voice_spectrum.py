"""The spectrum of a voice: highs made where the material has none, effort that brightens, breath where it belongs."""

from __future__ import annotations

import numpy as np
import pytest

from dsp.errors import AudioError
from dsp.vocoder import FFT_SIZE, FRAME_S, RATE_HZ, envelope_db, frequencies_hz, resynthesize
from dsp.voice_spectrum import EFFORT_PER_DB, Timbre, aperiodicity, breath_db, full_band_db, with_effort

SOURCE_HZ = 22_050
HZ = frequencies_hz()


def source(frames: int = 4) -> np.ndarray:
    """Two formants and nothing above 5 kHz."""
    hz = np.linspace(0.0, SOURCE_HZ / 2.0, 513)
    shape = 10.0 * np.log10(np.exp(-(((hz - 700) / 120) ** 2)) + 0.1 * np.exp(-(((hz - 3_500) / 900) ** 2)) + 1e-9)
    return np.repeat(shape[None, :], frames, axis=0).astype(np.float32)


def wide(timbre: Timbre, is_voiced: bool) -> np.ndarray:
    flags = np.full(4, is_voiced)
    return full_band_db(source(), SOURCE_HZ, timbre, flags, np.full(4, -8.0))


def at(row: np.ndarray, hz: float) -> float:
    return float(row[round(hz / RATE_HZ * FFT_SIZE)])


def test_a_voiced_frame_has_harmonics_far_above_its_material_falling_as_its_slope_says() -> None:
    row = wide(Timbre(slope_db=-12.0), True)[0]
    assert np.isfinite(row).all()
    assert at(row, 8_000) > float(source()[0, round(8_000 / SOURCE_HZ * 1_024)]) + 20.0
    lows, highs = row[(HZ > 6_000) & (HZ < 9_500)].mean(), row[(HZ > 12_000) & (HZ < 19_000)].mean()
    assert lows - highs == pytest.approx(12.0 + 2.5, abs=4.0)


def test_formants_move_with_the_warp() -> None:
    for warp in (0.9, 1.0, 1.15):
        row = wide(Timbre(formant_warp=warp), True)[0]
        assert HZ[np.argmax(row[: len(HZ) // 8])] == pytest.approx(700.0 * warp, abs=30.0)


def test_effort_raises_the_upper_partials_by_more_than_the_level() -> None:
    flat = np.zeros((3, HZ.size), np.float32)
    made = with_effort(flat, np.array([6.0, 0.0, -6.0]), np.array([True, True, True]))
    assert at(made[0], 200) == pytest.approx(6.0, abs=0.01)
    assert at(made[0], 5_000) == pytest.approx(6.0 * (1.0 + EFFORT_PER_DB), abs=0.01)
    assert not made[1].any()
    assert at(made[2], 5_000) == pytest.approx(-9.0, abs=0.01)


def test_breath_rises_with_frequency_and_with_the_voice_and_a_whisper_is_all_noise() -> None:
    clear, airy = (aperiodicity(Timbre(breath=breath), np.array([0.0, 1.0])) for breath in (0.05, 0.6))
    assert at(clear[0], 500) < 0.05 < at(clear[0], 8_000) < at(clear[0], 16_000)
    assert at(airy[0], 3_000) > at(clear[0], 3_000) + 0.1
    assert clear[1, 8:].min() > 0.9
    assert breath_db(Timbre()).max() == 0.0


def test_a_synthetic_vowel_comes_back_at_the_pitch_asked_for_with_its_formant() -> None:
    time = np.arange(SOURCE_HZ) / SOURCE_HZ
    buzz = sum(np.cos(2 * np.pi * 120 * k * time) * np.exp(-(((120 * k - 700) / 300) ** 2)) for k in range(1, 60))
    speech = (0.1 * np.asarray(buzz)).astype(np.float32)
    envelope, pitch_hz = envelope_db(speech, SOURCE_HZ, np.ones(round(1.0 / FRAME_S), bool))
    assert pitch_hz[100] == pytest.approx(120.0, abs=0.5)
    full = full_band_db(envelope, SOURCE_HZ, Timbre(), np.ones(200, bool), np.full(200, -8.0))
    sound = resynthesize(np.full(200, 220.0), full, aperiodicity(Timbre(breath=0.0), np.zeros(200)))
    assert np.isfinite(sound).all()
    spectrum = np.abs(np.fft.rfft(sound[9_600:38_400] * np.hanning(28_800)))
    low = spectrum[: round(1_500 / RATE_HZ * 28_800)]
    # The strongest harmonic of 220 Hz is the third, next to the formant at 700 Hz.
    assert np.argmax(low) * RATE_HZ / 28_800 == pytest.approx(660.0, abs=3.0)
    again = resynthesize(np.full(200, 220.0), full, aperiodicity(Timbre(breath=0.0), np.zeros(200)))
    assert np.array_equal(sound, again)


def test_silence_and_wrong_shapes() -> None:
    envelope, pitch_hz = envelope_db(np.zeros(2_205, np.float32), SOURCE_HZ, np.zeros(20, bool))
    assert np.isfinite(envelope).all()
    assert not pitch_hz.any()
    with pytest.raises(AudioError, match="samples"):
        envelope_db(np.zeros((1, 100), np.float32), SOURCE_HZ, np.zeros(1, bool))
    with pytest.raises(AudioError, match="frames"):
        resynthesize(np.zeros(3), np.zeros((2, 1_025), np.float32), np.zeros((3, 1_025), np.float32))
