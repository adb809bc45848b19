"""A recording brought to another's grid and key: known tempo, offset, stretch and transposition are found again."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_signals import FloatArray, clicks, noise, sine

from dsp import alignment, timepitch
from dsp.alignment import Piece
from dsp.key import KeyEstimate

RATE = 16_000
C_MAJOR = (0, 2, 4, 5, 7, 9, 11)
VERSE = ((1.0, 2.6), (3.1, 4.0), (4.9, 7.5), (9.0, 9.8), (11.3, 13.9), (14.6, 15.1))
"""Seconds in which somebody sings: no two rests alike."""


def key(tonic: int, mode: str) -> KeyEstimate:
    return KeyEstimate(tonic, mode, 0.9, ((tonic, mode, 0.9),))


def voice(spans: tuple[tuple[float, float], ...], seconds: float, hz: float = 330.0) -> FloatArray:
    out = np.zeros((1, round(seconds * RATE)), np.float32)
    for start_s, end_s in spans:
        tone = sine(hz, RATE, end_s - start_s, 0.3)
        first = round(start_s * RATE)
        out[:, first : first + tone.shape[1]] = tone
    return out


@pytest.mark.parametrize(
    ("bpm", "later_s", "prior_bpm"), [(96.0, 0.0, 100.0), (103.7, 0.31, 96.0), (140.0, 0.2, 141.0)]
)
def test_an_even_grid_is_found_to_the_millibeat(bpm: float, later_s: float, prior_bpm: float) -> None:
    played = np.pad(clicks(bpm, RATE, 30.0), ((0, 0), (round(later_s * RATE), 0)))
    beats = alignment.steady_beats(played, RATE, prior_bpm)
    assert beats is not None
    assert beats.bpm == pytest.approx(bpm, rel=5e-4)  # 15 ms over half a minute
    period_s = 60.0 / bpm
    assert abs((beats.first_s - later_s + period_s / 2) % period_s - period_s / 2) < 0.02
    assert beats.unevenness_s < 0.01


def test_what_slows_down_is_known_as_uneven_and_silence_has_no_beats() -> None:
    parts = [clicks(bpm, RATE, 6.0, seed=round(bpm)) for bpm in (100.0, 92.0, 108.0, 96.0)]
    beats = alignment.steady_beats(np.concatenate(parts, axis=1), RATE, 100.0)
    assert beats is not None
    assert beats.unevenness_s > 0.05
    assert alignment.steady_beats(np.zeros((1, 10 * RATE), np.float32), RATE, 100.0) is None


@pytest.mark.parametrize(
    ("tonic", "mode", "semitones"),
    [(0, "major", 0), (9, "minor", 0), (2, "major", -2), (11, "major", 1), (4, "minor", 5), (6, "major", 6)],
)
def test_the_smallest_move_into_the_key_is_found(tonic: int, mode: str, semitones: int) -> None:
    assert alignment.transposition(key(tonic, mode), C_MAJOR) == semitones


def test_the_share_inside_a_scale_counts_after_the_move() -> None:
    d_major = [1.0 if note in {2, 4, 6, 7, 9, 11, 1} else 0.0 for note in range(12)]
    assert alignment.share_within(d_major, C_MAJOR, -2) == 1.0
    assert alignment.share_within(d_major, C_MAJOR) == pytest.approx(5 / 7)
    assert alignment.share_within([0.0] * 12, C_MAJOR) == 0.0


@pytest.mark.parametrize("later_s", [-0.8, 0.0, 1.46, 7.0])
def test_a_known_delay_is_found_from_when_somebody_sings(later_s: float) -> None:
    moved = tuple((start_s - later_s + 8.0, end_s - later_s + 8.0) for start_s, end_s in VERSE)
    planned = alignment.planned_activity([(start_s + 8.0, end_s + 8.0) for start_s, end_s in VERSE], 26.0)
    shift = alignment.best_shift(alignment.activity(voice(moved, 26.0), RATE), planned)
    assert shift.later_s == pytest.approx(later_s, abs=0.021)
    assert shift.likeness > 0.97


def test_who_sings_at_other_times_is_told_from_who_sings_late() -> None:
    other = ((0.5, 0.8), (1.5, 1.8), (2.5, 2.8), (3.5, 3.8), (4.5, 4.8), (5.5, 5.8), (6.5, 6.8), (15.5, 15.8))
    planned = alignment.planned_activity(VERSE, 16.0)
    assert alignment.best_shift(alignment.activity(voice(other, 16.0), RATE), planned).likeness < 0.35
    assert not alignment.activity(np.zeros((2, RATE), np.float32), RATE).any()
    hiss = voice(VERSE, 16.0) + noise(RATE, 16.0, 0.003, channels=1)
    assert alignment.likeness(alignment.activity(hiss, RATE), planned) > 0.95


@pytest.mark.parametrize(("at_s", "expected_s"), [(3.0, 2.9), (3.2, 3.4), (1.7, 1.9)])
def test_a_piece_ends_on_the_beats_of_the_plan(at_s: float, expected_s: float) -> None:
    planned = np.arange(0.0, 30.0, 0.5)
    piece, missed_s = alignment.on_beats(Piece(2.0, 6.0, at_s), 0.1, 0.5, planned)  # its beats: 2.1, 2.6, ... 5.6
    assert piece.at_s == pytest.approx(expected_s)
    assert (piece.start_s, piece.end_s) == (2.0, 6.0)
    assert missed_s == pytest.approx(0.0, abs=1e-9)
    bent = np.concatenate([planned[:8], 4.0 + np.arange(0.0, 20.0, 0.66)])
    assert alignment.on_beats(Piece(2.0, 9.0, 2.0), 0.0, 0.5, bent)[1] > 0.1
    assert alignment.on_beats(Piece(2.0, 6.0, 2.3), 0.1, 0.5, np.zeros(0)) == (Piece(2.0, 6.0, 2.3), 0.0)


def test_pieces_are_heard_from_where_they_are_put_to_the_sample() -> None:
    heard = np.full((2, 4 * RATE), 0.5, np.float32)
    pieces = [Piece(0.0, 1.0, 0.5), Piece(2.0, 3.0, -0.5), Piece(3.0, 4.0, 3.5), Piece(1.0, 1.001, 2.0)]
    out = alignment.placed(heard, RATE, pieces, 4 * RATE)
    expected = np.zeros(4 * RATE, bool)
    for first, last in ((0.0, 1.5), (3.5, 4.0)):
        expected[round(first * RATE) : round(last * RATE)] = True
    edges = 2 * round(0.01 * RATE)
    away = np.ones(4 * RATE, bool)
    for edge in (0.5, 1.5, 3.5):
        away[round(edge * RATE) - edges : round(edge * RATE) + edges] = False
    assert ((out[0] > 0.0) == expected)[away].all()
    assert out.shape == (2, 4 * RATE)


def test_one_pass_stretches_and_transposes_exactly() -> None:
    played = voice(VERSE, 16.0)
    out = timepitch.stretch_and_shift(played, RATE, 1.1, 2.0)
    assert out.shape == (1, round(16.0 * RATE * 1.1))
    planned = alignment.planned_activity([(start_s * 1.1, end_s * 1.1) for start_s, end_s in VERSE], 17.6)
    shift = alignment.best_shift(alignment.activity(out, RATE), planned)
    assert abs(shift.later_s) <= 0.021
    spectrum = np.abs(np.fft.rfft(out[0] * np.hanning(out.shape[1])))
    assert np.argmax(spectrum) * RATE / out.shape[1] == pytest.approx(330.0 * 2 ** (2 / 12), rel=0.003)
    assert timepitch.stretch_and_shift(played, RATE, 1.0, 0.0) is not played
