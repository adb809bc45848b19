"""Velocity is heard as tone, onset and end; repeats are never twice the same; controllers do what the score means."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from benchmarks.sampler_measures import (
    attack_ms,
    centroid_hz,
    level_db,
    likeness,
    pitch_hz,
    release_ms,
)
from benchmarks.sampler_measures import note as played
from musicgen_assets.production.touch import touch_of

RATE = 48_000


def one(instruments: Any, key: int, velocity: int, *, program: int = 0, duration: int = 960, **more: Any) -> np.ndarray:
    return played([(0, duration, key, velocity)], instruments, program=program, **more)


@pytest.mark.parametrize("program", [0, 4, 12, 24, 33, 48, 56, 65, 73])
def test_hard_notes_are_brighter_by_a_quarter_at_least(each_engine: Any, program: int) -> None:
    key = touch_of(program).reference_key
    for pitch in (key, key + 7):
        soft, hard = (centroid_hz(one(each_engine, pitch, velocity, program=program)) for velocity in (40, 110))
        assert hard / soft >= 1.25


@pytest.mark.parametrize("program", [6, 19])
def test_keys_that_know_no_force_stay_as_bright(each_engine: Any, program: int) -> None:
    soft, hard = (centroid_hz(one(each_engine, 60, velocity, program=program)) for velocity in (40, 110))
    assert hard / soft == pytest.approx(1.0, abs=0.15)


def test_neighbouring_velocities_sound_alike(each_engine: Any) -> None:
    """No step in tone or level between bands: a ghost of the jitter, and no more."""
    notes = [one(each_engine, 60, velocity) for velocity in range(60, 80)]
    tones, levels = np.array([centroid_hz(note) for note in notes]), np.array([level_db(note) for note in notes])
    assert np.abs(np.diff(np.log2(tones))).max() < 0.06
    assert np.abs(np.diff(levels)).max() < 1.0
    assert tones[-1] > tones[0]
    assert levels[-1] > levels[0] + 1.5


@pytest.mark.parametrize("key", [36, 38, 42, 45, 46, 49, 56, 70])
def test_two_strokes_of_one_drum_are_never_the_same(each_engine: Any, key: int) -> None:
    sound = played([(960 * n, 100, key, 100) for n in range(6)], each_engine, is_drums=True, seconds=6.0)
    strokes = [sound[:, RATE * n : RATE * n + RATE // 2] for n in range(6)]
    assert max(likeness(a, b) for a, b in pairwise(strokes)) < 0.999
    levels = [level_db(stroke) for stroke in strokes]
    assert max(levels) - min(levels) < 2.5


def test_soft_bows_and_breaths_speak_slowly_and_hard_ones_at_once(each_engine: Any) -> None:
    for program, at_least_ms in ((40, 10.0), (48, 10.0), (61, 10.0), (73, 10.0)):
        soft, middle, hard = (attack_ms(one(each_engine, 62, velocity, program=program)) for velocity in (20, 64, 110))
        assert soft + 5.0 > middle > hard - 5.0  # a recording's own onset sways by some ms
        assert soft >= hard + at_least_ms


def test_hard_and_joined_notes_end_later_than_soft_and_short_ones(each_engine: Any) -> None:
    def fall(velocity: int, duration: int, follower: int | None = None) -> float:
        rows = [(0, duration, 60, velocity)]
        alone = played(rows, each_engine, program=48, seconds=3.0)
        if follower is not None:
            joined = played([*rows, (follower, 480, 84, 1)], each_engine, program=48, seconds=3.0)
            alone = joined - played([(follower, 480, 84, 1)], each_engine, program=48, seconds=3.0)
        return release_ms(alone, round(duration * RATE / 960))

    soft, hard, short = fall(30, 960), fall(120, 960), fall(120, 150)
    assert hard > soft * 1.15
    assert short < hard * 0.85
    assert fall(120, 960, follower=965) > hard * 1.1


def test_pitch_curves_bend_and_sway(each_engine: Any) -> None:
    still = pitch_hz(one(each_engine, 69, 100, program=80, duration=1_920), 440.0)
    bent = pitch_hz(one(each_engine, 69, 100, program=80, duration=1_920, bends=[(0, 4_096)]), 466.0)
    assert 1_200.0 * np.log2(bent / still) == pytest.approx(100.0, abs=3.0)
    sway = [(tick, round(1_000 * np.sin(tick / 960 * 2 * np.pi * 5.6))) for tick in range(0, 1_920, 29)]
    swayed = one(each_engine, 69, 100, program=80, duration=1_920, bends=sway)
    pieces = [pitch_hz(swayed[:, at : at + 2_400], 440.0) for at in range(9_600, 60_000, 1_200)]
    cents = 1_200.0 * np.log2(np.array(pieces) / still)
    assert 15.0 < cents.max() < 35.0
    assert -35.0 < cents.min() < -15.0


def test_each_controller_does_what_the_score_means_on_each_engine(each_engine: Any) -> None:
    plain = one(each_engine, 60, 100, program=48)
    # 1 modulation: the score writes its vibrato as bends; by itself it changes nothing.
    np.testing.assert_array_equal(one(each_engine, 60, 100, program=48, controllers=[(0, 1, 127)]), plain)
    # 7 volume, 11 expression: 40 log10(value / 127) dB.
    for controller in (7, 11):
        turned = one(each_engine, 60, 100, program=48, controllers=[(0, controller, 64)])
        assert level_db(turned) - level_db(plain) == pytest.approx(-11.9, abs=0.1)
    # 64 sustain: a key let go sounds on until the pedal comes up.
    short = one(each_engine, 60, 100, program=0, duration=240)
    held = one(each_engine, 60, 100, program=0, duration=240, controllers=[(100, 64, 127), (1_600, 64, 0)])
    assert level_db(short[:, RATE : RATE + 9_600]) < level_db(held[:, RATE : RATE + 9_600]) - 20.0
    assert level_db(held[:, -RATE // 4 :]) < level_db(held[:, RATE : RATE + 9_600]) - 20.0


def test_keys_stand_apart_only_as_far_as_asked(instruments: Any) -> None:
    def balance_db(pitch: int, spread: float, *, is_drums: bool = False) -> float:
        sound = one(instruments, pitch, 100, is_drums=is_drums, spread=spread)
        left, right = np.sqrt(np.mean(sound[0] ** 2)), np.sqrt(np.mean(sound[-1] ** 2))
        return float(20.0 * np.log10(right / left))

    assert balance_db(36, 0.8, is_drums=True) == pytest.approx(balance_db(36, 0.0, is_drums=True), abs=0.1)
    assert balance_db(49, 0.8, is_drums=True) > balance_db(49, 0.0, is_drums=True) + 3.0
    assert balance_db(36, 0.8) - balance_db(36, 0.0) < -2.0
    assert balance_db(84, 0.8) - balance_db(84, 0.0) > 2.0


def test_equal_notes_give_equal_bytes_and_silence_is_silent(each_engine: Any) -> None:
    rows = [(0, 400, 60, 90), (200, 700, 64, 50), (960, 100, 60, 127)]
    first = played(rows, each_engine, program=48)
    played([(0, 9_000, 36, 127)], each_engine, is_drums=True)
    np.testing.assert_array_equal(played(rows, each_engine, program=48), first)
    assert not played([], each_engine).any()
