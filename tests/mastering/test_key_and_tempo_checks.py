"""The two checks that ask whether it is the song that was planned."""

from __future__ import annotations

import numpy as np
import pytest

from musicgen_assets.graph.job import FloatArray
from musicgen_assets.mastering.gate_music import key_check, key_name, same_notes, tempo_check
from musicgen_assets.mastering.measures import KeyGuess, Measures
from musicgen_assets.mastering.tempo_grid import GridMatch, grid_match, score_onsets
from musicgen_assets.score.model import Score
from support.sounding_song import RATE, song_score, song_stems

CLEAR, UNCLEAR = 40.0, 2.0


def keys(*ranked: tuple[int, str, float]) -> tuple[KeyGuess, ...]:
    rest = [(tonic, "minor", 0.0) for tonic in (1, 3, 6)]
    return tuple(KeyGuess(tonic=tonic, mode=mode, share=share) for tonic, mode, share in (*ranked, *rest))


@pytest.mark.parametrize(
    ("key", "scale", "heard", "note"),
    [
        ("C", "major", (0, "major"), ""),
        ("Eb", "minor", (3, "minor"), ""),
        ("D#", "minor", (3, "minor"), ""),
        ("A", "minor", (0, "major"), "same notes"),
        ("C", "major", (9, "minor"), "same notes"),
        ("D", "dorian", (2, "minor"), ""),
        ("D", "dorian", (0, "major"), "same notes"),
        ("D", "dorian", (9, "minor"), "same notes"),
        ("E", "phrygian", (0, "major"), "same notes"),
        ("F", "lydian", (0, "major"), "same notes"),
        ("G", "mixolydian", (9, "minor"), "same notes"),
    ],
)
def test_keys_that_are_right(key: str, scale: str, heard: tuple[int, str], note: str) -> None:
    check = key_check(keys((*heard, 0.9)), key, scale)
    assert check.passed
    assert note in check.note
    assert bool(check.note) == bool(note)


@pytest.mark.parametrize(
    ("key", "scale", "heard"),
    [
        ("C", "major", (1, "major")),
        ("C", "major", (0, "minor")),
        ("A", "minor", (9, "major")),
        ("D", "dorian", (5, "major")),
    ],
)
def test_keys_that_are_wrong(key: str, scale: str, heard: tuple[int, str]) -> None:
    assert not key_check(keys((*heard, 0.9)), key, scale).passed


def test_a_planned_key_that_nearly_won_passes_with_a_note() -> None:
    close = key_check(keys((7, "major", 0.5), (0, "major", 0.4)), "C", "major")
    assert close.passed
    assert "40%" in close.note
    assert not key_check(keys((7, "major", 0.7), (0, "major", 0.2)), "C", "major").passed


def test_same_notes_come_in_pairs() -> None:
    assert same_notes("C", "major") == {(0, "major"), (9, "minor")}
    assert same_notes("A", "minor") == {(0, "major"), (9, "minor")}
    assert key_name(9, "minor") == "A minor"


def tempo(
    detected: float, confidence: float, factor: float, score: float, planned: float = 100.0
) -> tuple[bool, object]:
    measures = Measures.model_construct(tempo_bpm=detected, tempo_confidence=confidence)
    check = tempo_check(measures, GridMatch(factor, score, 3.0), 100.0, planned)
    return check.passed, check.measured


def test_the_score_decides_where_it_is_clear() -> None:
    assert tempo(100.2, 0.9, 1.0, CLEAR) == (True, 100.2)
    assert tempo(75.0, 0.4, 1.0, CLEAR) == (True, 100.0)
    assert tempo(100.0, 0.9, 1.03, CLEAR) == (False, 103.0)
    assert tempo(100.0, 0.9, 2 / 3, CLEAR)[0] is False


def test_the_detector_decides_where_the_score_is_not_clear() -> None:
    assert tempo(100.9, 0.6, 1.0, UNCLEAR) == (True, 100.9)
    assert tempo(101.1, 0.6, 1.0, UNCLEAR) == (False, 101.1)


def test_no_witness_is_no_pass() -> None:
    assert tempo(100.0, 0.1, 1.0, UNCLEAR) == (False, "no clear tempo")


def only(score: Score, *names: str) -> Score:
    return score.model_copy(update={"tracks": tuple(track for track in score.tracks if track.name in names)})


@pytest.mark.parametrize("speed", [1.0, 1.02, 0.985])
def test_pads_without_a_pulse_are_verified_by_the_score(speed: float) -> None:
    import soxr

    pad = song_stems()["pad"]
    played = np.ascontiguousarray(soxr.resample(pad.T, RATE * speed, RATE, quality="HQ").T, dtype=np.float32)
    found = grid_match(played, RATE, only(song_score(), "pad"))
    assert found.is_clear
    assert found.factor == pytest.approx(speed, rel=0.003)


def noise() -> FloatArray:
    return np.random.default_rng(1).standard_normal((2, 20 * RATE)).astype(np.float32)


@pytest.mark.parametrize("audio", [noise(), np.zeros((2, 5 * RATE), np.float32), np.zeros((2, 1), np.float32)])
def test_what_is_not_the_song_matches_nothing(audio: FloatArray) -> None:
    found = grid_match(audio, RATE, song_score())
    assert not found.is_clear
    assert np.isfinite([found.factor, found.score, found.lead]).all()


def test_a_score_without_notes_has_no_onsets() -> None:
    empty = only(song_score(), "bass").model_copy(
        update={"tracks": (song_score().tracks[0].model_copy(update={"notes": ()}),)}
    )
    assert score_onsets(empty)[0].size == 0
    assert grid_match(noise(), RATE, empty).score == 0.0
