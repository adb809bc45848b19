"""Voicings hold the chord, stay in range and move little."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicgen_assets.context.failures import PermanentFailure
from musicgen_assets.theory.chords import CHORD_INTERVALS, parse_roman
from musicgen_assets.theory.voicing import CLOSE_SPAN, MUDDY_BELOW, voice_lead

QUALITIES = sorted(CHORD_INTERVALS)


def pitch_classes(numeral: str) -> tuple[int, ...]:
    return parse_roman(numeral, "C", "major").pitch_classes


@given(st.sampled_from(QUALITIES), st.integers(0, 11), st.integers(2, 5), st.integers(40, 60))
def test_voicings_are_in_range_ascending_and_of_the_chord(quality: str, root: int, count: int, low: int) -> None:
    classes = tuple((root + step) % 12 for step in CHORD_INTERVALS[quality])
    voicing = voice_lead(None, classes, low, low + 24, count)
    places = sum(1 for pitch in range(low, low + 25) if pitch % 12 in classes)
    assert len(voicing) == min(count, places)
    assert list(voicing) == sorted(set(voicing))
    assert all(low <= pitch <= low + 24 for pitch in voicing)
    assert {pitch % 12 for pitch in voicing} <= set(classes)


def test_a_triad_in_three_voices_is_complete_and_close() -> None:
    voicing = voice_lead(None, pitch_classes("I"), 52, 76, 3)
    assert {pitch % 12 for pitch in voicing} == {0, 4, 7}
    assert voicing[-1] - voicing[0] <= CLOSE_SPAN


def test_common_tones_stay_and_the_rest_moves_by_step() -> None:
    first = voice_lead(None, pitch_classes("I"), 52, 76, 3)
    second = voice_lead(first, pitch_classes("vi"), 52, 76, 3)
    assert sum(abs(a - b) for a, b in zip(first, second, strict=True)) == 2
    third = voice_lead(second, pitch_classes("IV"), 52, 76, 3)
    assert sum(abs(a - b) for a, b in zip(second, third, strict=True)) == 1


def test_with_fewer_voices_than_notes_third_and_seventh_stay() -> None:
    classes = pitch_classes("V7")
    assert {pitch % 12 for pitch in voice_lead(None, classes, 50, 74, 2)} == {11, 5}
    assert {11, 5} <= {pitch % 12 for pitch in voice_lead(None, classes, 50, 74, 3)}


def test_with_more_voices_the_third_is_not_doubled() -> None:
    voicing = voice_lead(None, pitch_classes("I"), 48, 84, 5)
    assert sum(1 for pitch in voicing if pitch % 12 == 4) == 1


def test_low_voicings_are_open() -> None:
    voicing = voice_lead(None, pitch_classes("I"), 36, 60, 3)
    low_gaps = [b - a for a, b in itertools.pairwise(voicing) if a < MUDDY_BELOW]
    assert all(gap >= 5 for gap in low_gaps)


def test_a_change_of_voice_count_still_moves_little() -> None:
    four = voice_lead((60, 64, 67), pitch_classes("IVmaj7"), 52, 76, 4)
    assert all(min(abs(pitch - old) for old in (60, 64, 67)) <= 4 for pitch in four)


def test_a_narrow_range_gives_fewer_voices_rather_than_none() -> None:
    voicing = voice_lead(None, (0, 7), 60, 71, 4)
    assert voicing == (60, 67)


@pytest.mark.parametrize(("low", "high", "count"), [(60, 70, 3), (40, 80, 0), (40, 80, 9)])
def test_impossible_requests_are_refused(low: int, high: int, count: int) -> None:
    with pytest.raises(PermanentFailure, match="cannot be made"):
        voice_lead(None, (0, 4, 7), low, high, count)
