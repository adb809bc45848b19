"""Oscillators, strings, FM and the swept filter: in tune, in bounds, and nothing above half the rate folded back."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_signals import RATES, noise

from dsp import drum_machine
from dsp.errors import AudioError
from dsp.filters import low_pass
from dsp.oscillators import (
    frequency_modulated,
    harmonic_count,
    harmonics,
    plucked_string,
    read_table,
    wavetable,
)
from dsp.swept_filter import swept_low_pass

SIZE = 1 << 15


def spectrum(sound: np.ndarray) -> np.ndarray:
    return np.abs(np.fft.rfft(sound.astype(np.float64)))


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("shape", ["saw", "square", "triangle", "pulse", "sine"])
@pytest.mark.parametrize("periods", [101, 1_009, 4_099])
def test_nothing_sounds_between_the_harmonics(shape: str, rate: int, periods: int) -> None:
    hz = periods * rate / SIZE  # whole periods in the window: every harmonic has a bin of its own
    table = wavetable(harmonics(shape, harmonic_count(hz, rate), 0.3))  # type: ignore[arg-type]
    found = spectrum(read_table(table, hz, SIZE, rate))
    others = np.ones(found.size, bool)
    others[::periods] = False
    assert 20 * np.log10(found[others].max() / found.max()) < -75.0
    assert found.argmax() == periods


def test_waveforms_are_what_their_names_say() -> None:
    """Fourier series against the ideal shapes, away from their jumps, where the partial sum still rings."""
    place = np.arange(8_192) / 8_192
    ideal = {"saw": 1 - 2 * place, "square": np.sign(0.5 - place), "triangle": 4 * np.abs(place - 0.5) - 1}
    away = (np.abs(place - 0.5) > 0.05) & (np.minimum(place, 1 - place) > 0.05)
    for shape, wanted in ideal.items():
        found = wavetable(harmonics(shape, 400))  # type: ignore[arg-type]
        turned = found if shape == "triangle" else -found if np.dot(found, wanted) < 0 else found
        np.testing.assert_allclose(turned[away], wanted[away], atol=0.02)


def test_a_moving_pitch_is_followed_to_the_sample() -> None:
    table = wavetable(harmonics("sine", 1))
    hz = np.linspace(200.0, 400.0, 48_000)
    phase = np.concatenate([[0.0], np.cumsum(hz[:-1])]) / 48_000
    np.testing.assert_allclose(read_table(table, hz, 48_000, 48_000), np.sin(2 * np.pi * phase), atol=1e-5)


@pytest.mark.parametrize("pitch_hz", [55.0, 220.0, 1_760.0])
def test_a_string_is_in_tune_and_dies_as_asked(pitch_hz: float) -> None:
    sound = plucked_string(pitch_hz, 96_000, 48_000, decay_s=3.0, brightness=0.4)
    assert np.isfinite(sound).all()
    assert np.abs(sound).max() == pytest.approx(1.0)
    window = sound[9_600:57_600] * np.hanning(48_000)
    peaks = np.abs(np.fft.rfft(window, 1 << 19))
    near = round(pitch_hz * (1 << 19) / 48_000)
    found = (
        near - 400 + np.argmax(peaks[max(near - 400, 0) : near + 400]) if near > 400 else np.argmax(peaks[: 2 * near])
    )
    assert 1_200 * abs(np.log2(found * 48_000 / (1 << 19) / pitch_hz)) < 3.0
    early, late = (np.sqrt(np.mean(sound[at : at + 9_600] ** 2)) for at in (24_000, 72_000))
    assert 20 * np.log10(early / late) > 60.0 / 3.0 * 0.9


def test_a_string_loses_its_high_harmonics_first() -> None:
    sound = plucked_string(220.0, 96_000, 48_000, decay_s=4.0, brightness=0.9)
    early, late = spectrum(sound[:24_000]), spectrum(sound[60_000:84_000])
    assert early[990] / early[110] > 4 * late[990] / late[110]  # the ninth; the tenth has a node at the pluck


@pytest.mark.parametrize("ratio", [1.0, 3.5, 14.0])
def test_fm_stays_below_half_the_rate_however_high(ratio: float) -> None:
    """Carson's rule, held: at 2,093 Hz the deepest index would reach far past 24 kHz."""
    hz = 1_429 * 48_000 / SIZE
    sound = frequency_modulated(hz, SIZE, 48_000, ratio=ratio, index=np.full(SIZE, 8.0))
    found = spectrum(sound * np.blackman(SIZE))
    assert np.isfinite(sound).all()
    allowed = np.zeros(found.size, bool)
    for order in range(-20, 21):
        at = abs(1 + order * ratio) * 1_429
        allowed[max(0, int(at) - 4) : int(at) + 5] = True
    assert 20 * np.log10(found[~allowed].max() / found.max()) < -60.0


def test_a_still_filter_is_a_fourth_order_butterworth() -> None:
    sound = noise(48_000, 0.5)
    still = swept_low_pass(sound, 48_000, np.full(24_000, 1_000.0))
    np.testing.assert_allclose(still, low_pass(sound, 48_000, 1_000.0, 4), atol=2e-4)


def test_a_sweeping_filter_follows_without_clicks() -> None:
    sound = np.sin(2 * np.pi * 100.0 * np.arange(48_000) / 48_000, dtype=np.float32)[None]
    swept = swept_low_pass(sound, 48_000, np.geomspace(8_000.0, 400.0, 48_000), 0.5)
    assert np.isfinite(swept).all()
    assert np.abs(np.diff(swept[0])).max() < 1.5 * 2 * np.pi * 100.0 / 48_000
    hiss = noise(48_000, 1.0, channels=1)
    out = swept_low_pass(hiss, 48_000, np.geomspace(12_000.0, 300.0, 48_000))
    assert np.std(out[0, -9_600:]) < 0.3 * np.std(out[0, :9_600])


def test_odd_requests_are_refused() -> None:
    with pytest.raises(AudioError, match="no waveform called 'sawtooth'"):
        harmonics("sawtooth", 3)  # type: ignore[arg-type]
    with pytest.raises(AudioError, match="one harmonic"):
        harmonics("saw", 0)
    with pytest.raises(AudioError, match="brightness"):
        plucked_string(100.0, 10, 48_000, decay_s=1.0, brightness=2.0)


@pytest.mark.parametrize("rate", [24_000, 48_000])
def test_strokes_are_finite_full_scale_and_die(rate: int) -> None:
    rng = np.random.default_rng(1)
    found = {
        "kick": drum_machine.kick(rate, rate, low_hz=50, sweep_semitones=24, sweep_s=0.03, decay_s=0.12, click=0.3),
        "snare": drum_machine.snare(rate, rate, rng, tones_hz=(180, 330), tone_s=0.05, noise_s=0.07, noise=0.8),
        "clap": drum_machine.clap(rate, rate, rng),
        "hat": drum_machine.metal(rate, rate, rng, decay_s=0.03, high_pass_hz=6_000.0),
        "tom": drum_machine.tom(rate, rate, rng, hz=110.0, decay_s=0.12),
        "block": drum_machine.block(rate, rate, hz=2_500.0, decay_s=0.03),
        "cowbell": drum_machine.cowbell(rate, rate),
        "shaker": drum_machine.shaker(rate, rate, rng, decay_s=0.04, high_pass_hz=6_000.0),
    }
    hz = np.fft.rfftfreq(rate, 1 / rate)
    centre = {}
    for name, sound in found.items():
        assert np.isfinite(sound).all()
        assert np.abs(sound).max() == pytest.approx(1.0)
        assert np.abs(sound[-rate // 10 :]).max() < 0.02, name
        centre[name] = float((hz * spectrum(sound)).sum() / spectrum(sound).sum())
    assert centre["kick"] < centre["tom"] * 2 < centre["snare"] < centre["hat"]


def test_a_kick_falls_onto_its_pitch() -> None:
    sound = drum_machine.kick(48_000, 48_000, low_hz=50.0, sweep_semitones=24, sweep_s=0.02, decay_s=0.5, click=0.0)
    crossings = np.flatnonzero((sound[:-1] < 0) & (sound[1:] >= 0))
    periods = 48_000 / np.diff(crossings)
    assert periods[0] > 80.0
    assert periods[10] == pytest.approx(50.0, abs=1.0)
