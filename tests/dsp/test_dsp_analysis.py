"""Detectors: known tempos, keys, spectra, gaps and clipping."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from dsp_signals import RATES, FloatArray, clicks, noise, progression, sine

from dsp import analysis
from dsp.errors import AudioError
from dsp.levels import rms_dbfs
from dsp.tempo import onset_flux

C_MAJOR = [(60, 64, 67), (57, 60, 64), (53, 57, 60), (55, 59, 62)]
C_MAJOR_BASS = [36, 45, 41, 43]
A_MINOR = [(57, 60, 64), (62, 65, 69), (64, 68, 71), (57, 60, 64)]
A_MINOR_BASS = [45, 38, 40, 45]


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("bpm", [63.7, 97.3, 120.0, 171.9])
def test_tempo_of_clicks_is_exact(rate: int, bpm: float) -> None:
    estimate = analysis.estimate_tempo(clicks(bpm, rate, 20.0), rate, prior_bpm=bpm)
    assert estimate.bpm == pytest.approx(bpm, rel=0.002)
    assert estimate.confidence > 0.5


@pytest.mark.parametrize("off", [0.9, 0.95, 1.06, 1.1])
def test_a_wrong_prior_is_not_repeated(off: float) -> None:
    for bpm in (74.0, 118.0, 152.0):
        estimate = analysis.estimate_tempo(clicks(bpm, 44_100, 20.0), 44_100, prior_bpm=bpm * off)
        assert estimate.bpm == pytest.approx(bpm, rel=0.005)


@pytest.mark.parametrize("factor", [1 / 3, 1 / 2, 2 / 3, 3 / 2, 2, 3])
def test_related_tempos_are_told_in_the_level_of_the_prior(factor: float) -> None:
    bpm = 96.0
    estimate = analysis.estimate_tempo(clicks(bpm, 44_100, 30.0), 44_100, prior_bpm=bpm * factor * 1.03)
    assert estimate.bpm == pytest.approx(bpm * factor, rel=0.005)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("chord_s", [0.5, 0.62])
def test_tempo_of_chords_without_drums(rate: int, chord_s: float) -> None:
    music = progression(C_MAJOR, C_MAJOR_BASS, rate, chord_s, 8)
    estimate = analysis.estimate_tempo(music, rate, prior_bpm=60 / chord_s * 1.07)
    assert estimate.bpm == pytest.approx(60 / chord_s, rel=0.005)


def test_no_onsets_no_tempo_and_noise_little_confidence() -> None:
    silence = np.zeros((2, 480_000), np.float32)
    assert analysis.estimate_tempo(silence, 48_000, 120) == analysis.TempoEstimate(0.0, 0.0)
    assert analysis.estimate_tempo(silence[:, :1], 48_000, 120).bpm == 0.0
    assert analysis.estimate_tempo(noise(48_000, 20.0), 48_000, 120).confidence < 0.1
    for prior in (0.0, 500.0, np.nan):
        with pytest.raises(AudioError, match="prior_bpm"):
            analysis.estimate_tempo(silence, 48_000, prior)


def test_onsets_are_where_they_sound() -> None:
    rate = 48_000
    flux, frames_per_s = onset_flux(clicks(60.0, rate, 8.0), rate)
    tops = [int(np.argmax(flux[k * 100 + 50 : k * 100 + 150])) + k * 100 + 50 for k in range(6)]
    # A frame sees a click when it enters its window, up to half of that (21 ms) early.
    assert np.array(tops) / frames_per_s == pytest.approx(np.arange(1, 7), abs=0.03)


def _transposed(
    chords: Sequence[tuple[int, ...]], bass: Sequence[int], by: int
) -> tuple[list[tuple[int, ...]], list[int]]:
    return [tuple(note + by for note in chord) for chord in chords], [note + by for note in bass]


@pytest.mark.parametrize("by", range(12))
@pytest.mark.parametrize("drums", [None, 7])
def test_key_of_progressions_in_every_transposition(by: int, drums: int | None) -> None:
    shift = by if by < 7 else by - 12
    major = progression(*_transposed([*C_MAJOR, C_MAJOR[0]], [*C_MAJOR_BASS, 36], shift), 22_050, 0.6, 4, drums)
    estimate = analysis.estimate_key(major, 22_050)
    assert (estimate.tonic, estimate.mode) == (by, "major")
    minor = progression(*_transposed(A_MINOR, A_MINOR_BASS, shift), 22_050, 0.6, 4, drums)
    estimate = analysis.estimate_key(minor, 22_050)
    assert (estimate.tonic, estimate.mode) == ((9 + by) % 12, "minor")


@pytest.mark.parametrize("rate", RATES)
def test_key_ranking_is_complete_and_sorted(rate: int) -> None:
    estimate = analysis.estimate_key(progression(C_MAJOR, C_MAJOR_BASS, rate, 0.5, 3), rate)
    assert {(tonic, mode) for tonic, mode, _ in estimate.ranking} == {
        (tonic, mode) for tonic in range(12) for mode in ("major", "minor")
    }
    shares = [share for _, _, share in estimate.ranking]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1.0, abs=1e-4)
    assert estimate.ranking[0] == (estimate.tonic, estimate.mode, estimate.confidence)
    assert estimate.tonic == 0


def test_noise_and_silence_have_no_key() -> None:
    for samples in (np.zeros((1, 96_000), np.float32), noise(48_000, 20.0)):
        assert analysis.estimate_key(samples, 48_000).confidence == pytest.approx(1 / 24, abs=0.02)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("channels", [1, 2])
def test_a_sine_stands_in_its_own_band(rate: int, channels: int) -> None:
    centres, levels = analysis.band_levels(sine(1_000, rate, 3.0, 1.0, channels), rate)
    assert centres.shape == levels.shape == (31,)
    assert (centres[0], centres[17], centres[-1]) == (
        pytest.approx(19.95, abs=0.01),
        1_000,
        pytest.approx(19_953, abs=1),
    )
    assert levels[17] == pytest.approx(-3.01, abs=0.05)
    assert np.delete(levels, 17).max() < -30


@pytest.mark.parametrize("rate", RATES)
def test_bands_add_up_to_the_whole(rate: int) -> None:
    samples = noise(rate, 5.0)
    _, levels = analysis.band_levels(samples, rate)
    inside = min(22_387, rate / 2) - 17.8
    expected = rms_dbfs(samples) + 10 * np.log10(inside / (rate / 2))
    assert 10 * np.log10((10 ** (levels / 10)).sum()) == pytest.approx(expected, abs=0.15)


def test_white_noise_rises_three_decibels_an_octave_in_thirds() -> None:
    _, levels = analysis.band_levels(noise(48_000, 20.0), 48_000)
    assert levels[29] - levels[14] == pytest.approx(15.0, abs=0.5)


def _pink(rate: int, seconds: float) -> FloatArray:
    white = noise(rate, seconds, channels=1)[0]
    spectrum = np.fft.rfft(white)
    spectrum[1:] /= np.sqrt(np.arange(1, spectrum.size))
    wave = np.fft.irfft(spectrum, white.size)
    return np.asarray(0.5 * wave[None, :] / np.abs(wave).max(), dtype=np.float32)


@pytest.mark.parametrize("rate", RATES)
def test_slopes_of_white_and_pink_noise(rate: int) -> None:
    assert analysis.spectral_slope_db_per_octave(noise(rate, 10.0), rate) == pytest.approx(0.0, abs=0.15)
    assert analysis.spectral_slope_db_per_octave(_pink(rate, 10.0), rate) == pytest.approx(-3.01, abs=0.15)
    assert analysis.spectral_slope_db_per_octave(np.zeros((1, rate), np.float32), rate) == 0.0
    with pytest.raises(AudioError, match="bands"):
        analysis.spectral_slope_db_per_octave(noise(rate, 1.0), rate, 300, 310)


@pytest.mark.parametrize("rate", RATES)
def test_the_longest_gap_inside(rate: int) -> None:
    samples = noise(rate, 6.0, 0.5)
    samples[:, : round(1.5 * rate)] = 0
    samples[:, 3 * rate : round(3.5 * rate)] = 0.0005
    samples[:, -rate:] = 0
    assert analysis.longest_silence_s(samples, rate) == pytest.approx(0.5, abs=0.001)
    assert analysis.longest_silence_s(samples, rate, inside_only=False) == pytest.approx(1.5, abs=0.001)
    assert analysis.longest_silence_s(samples, rate, threshold_dbfs=-80) < 0.01
    # One channel that plays is enough.
    samples[0, 3 * rate : 4 * rate] = 0.1
    assert analysis.longest_silence_s(samples, rate) < 0.01


def test_a_silent_file_is_one_long_silence() -> None:
    assert analysis.longest_silence_s(np.zeros((2, 96_000), np.float32), 48_000) == 2.0
    assert analysis.longest_silence_s(np.ones((1, 1), np.float32), 48_000) == 0.0
    with pytest.raises(AudioError, match="threshold"):
        analysis.longest_silence_s(np.ones((1, 1), np.float32), 48_000, 3.0)


def test_flat_tops_are_counted_from_three_samples() -> None:
    samples = np.zeros((2, 100), np.float32)
    samples[0, 10:12] = 1.0  # two: a peak that fits
    samples[0, 20:23] = 1.0
    samples[0, 30:37] = -1.0
    samples[1, 40:43] = [1.0, -1.0, 1.0]  # not a flat top
    samples[1, 50:53] = 32_767 / 32_768  # 16 bits hold no more
    samples[1, 97:] = 1.4
    assert analysis.clipped_runs(samples) == 4
    assert analysis.clipped_runs(0.99 * np.clip(samples, -1, 1)) == 0


def test_a_clipped_sine_is_found() -> None:
    wave = np.clip(sine(500, 48_000, 1.0, 1.5), -1, 1)
    assert analysis.clipped_runs(wave) == 1_000
