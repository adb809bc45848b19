"""Beats, chords and sections are found in signals where they are known, and nothing is found in silence."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from dsp.beats import track_beats
from dsp.chords import classes_between, track_chords
from dsp.errors import AudioError
from dsp.key import note_strengths
from dsp.segments import section_starts

RATES = (22_050, 44_100, 48_000)
CHORDS = (("C", (48, 60, 64, 67)), ("Am", (45, 57, 60, 64)), ("F", (41, 57, 60, 65)), ("G", (43, 59, 62, 67)))


def clicks(rate: int, times_s: np.ndarray, length_s: float) -> np.ndarray:
    out = np.zeros((1, round(length_s * rate)), np.float32)
    burst = (np.random.default_rng(1).standard_normal(rate // 50) * np.linspace(1, 0, rate // 50) ** 2).astype(
        np.float32
    )
    for at in times_s:
        start = round(at * rate)
        end = min(start + burst.size, out.shape[1])
        out[0, start:end] += 0.5 * burst[: end - start]
    return out


def tones(rate: int, pitches: tuple[int, ...], length_s: float) -> np.ndarray:
    at = np.arange(round(length_s * rate)) / rate
    found = np.zeros(at.size)
    for pitch in pitches:
        hz = 440.0 * 2.0 ** ((pitch - 69) / 12.0)
        found += sum(np.sin(2.0 * np.pi * hz * n * at) / n**1.5 for n in (1, 2, 3, 4))
    return (0.05 * found)[None, :].astype(np.float32)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("bpm", [72.0, 120.0, 171.0])
def test_every_beat_of_clicks_is_found_within_15_ms(rate: int, bpm: float) -> None:
    times = 0.4 + np.arange(int(20.0 * bpm / 60.0)) * 60.0 / bpm
    beats = track_beats(clicks(rate, times, times[-1] + 1.0), rate, bpm * 1.01)
    assert np.isfinite(beats).all()
    assert max(np.abs(beats - at).min() for at in times) < 0.015
    assert len(beats) == len(times)


def test_beats_go_on_through_a_pause_of_the_drummer() -> None:
    times = np.delete(0.5 + np.arange(32) * 0.5, slice(14, 18))
    beats = track_beats(clicks(44_100, times, 17.0), 44_100, 120.0)
    assert np.diff(beats) == pytest.approx(0.5, abs=0.03)
    assert len(beats) == 32


@pytest.mark.parametrize("samples", [np.zeros((1, 48_000)), np.zeros((2, 480_000)), np.ones((1, 1))])
def test_silence_and_one_sample_have_no_beats(samples: np.ndarray) -> None:
    assert track_beats(samples.astype(np.float32), 48_000, 120.0).size == 0


@pytest.mark.parametrize("rate", RATES)
def test_chords_of_tones_are_named_with_their_times(rate: int) -> None:
    sound = np.concatenate([tones(rate, pitches, 2.0) for _, pitches in CHORDS], axis=1)
    found = track_chords(sound, rate, [0.5 * n for n in range(17)])
    assert [chord.symbol for chord in found] == [name for name, _ in CHORDS]
    assert [chord.start_s for chord in found] == pytest.approx([0.0, 2.0, 4.0, 6.0], abs=0.5)
    assert all(one.end_s == other.start_s for one, other in pairwise(found))


def test_noise_and_silence_are_no_chord() -> None:
    noise = np.random.default_rng(2).standard_normal((1, 4 * 44_100)).astype(np.float32) * 0.1
    edges = [0.5 * n for n in range(9)]
    assert {chord.symbol for chord in track_chords(noise * 0.0, 44_100, edges)} == {"N"}
    named = [chord for chord in track_chords(noise, 44_100, edges) if chord.root is not None]
    assert sum(chord.end_s - chord.start_s for chord in named) <= 2.0


@pytest.mark.parametrize("edges", [[], [1.0], [0.0, 1.0, 1.0], [2.0, 1.0]])
def test_edges_that_do_not_rise_are_refused(edges: list[float]) -> None:
    with pytest.raises(AudioError, match="edges"):
        track_chords(np.zeros((1, 44_100), np.float32), 44_100, edges)


@pytest.mark.parametrize("rate", RATES)
def test_a_section_begins_where_chords_and_drums_turn_into_others(rate: int) -> None:
    times = np.arange(0.0, 16.0, 0.5)
    verse = np.concatenate([tones(rate, CHORDS[n % 2][1], 2.0) for n in range(8)], axis=1)
    chorus = np.concatenate([tones(rate, CHORDS[2 + n % 2][1], 2.0) for n in range(8)], axis=1)
    chorus += clicks(rate, times, 16.0)[:, : chorus.shape[1]]
    sound = np.concatenate([verse, chorus, verse], axis=1)
    edges = np.arange(0.0, 48.1, 1.0)
    classes, _ = classes_between(note_strengths(sound, rate), edges)
    assert section_starts(sound, rate, edges, classes) == pytest.approx([0.0, 16.0, 32.0], abs=1.01)


def test_what_never_changes_is_one_section() -> None:
    sound = tones(44_100, CHORDS[0][1], 30.0)
    edges = np.arange(0.0, 30.1, 1.0)
    classes, _ = classes_between(note_strengths(sound, 44_100), edges)
    assert section_starts(sound * 0.0, 44_100, edges, classes * 0.0).tolist() == [0.0]
