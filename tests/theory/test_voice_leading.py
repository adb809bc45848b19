"""Parallels, hidden fifths and movement are counted as a counterpoint teacher counts them, and voicings avoid them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musicgen_assets.theory.chords import parse_roman
from musicgen_assets.theory.voice_leading import hidden_perfects, mean_movement, parallel_perfects
from musicgen_assets.theory.voicing import OPEN_SPAN, voice_lead


@pytest.mark.parametrize(
    ("before", "after", "count"),
    [
        ((48, 55), (50, 57), 1),  # parallel fifths
        ((48, 60), (53, 65), 1),  # parallel octaves
        ((48, 67), (50, 69), 1),  # a twelfth is a fifth
        ((48, 55, 64), (50, 57, 65), 1),
        ((48, 55), (48, 55), 0),  # repeated, not moved
        ((48, 55), (50, 53), 0),  # contrary
        ((48, 55), (60, 55), 0),  # oblique
        ((48, 54), (50, 57), 0),  # diminished to perfect
        ((48, 55), (50, 57, 62), 0),  # voices can't be told apart
    ],
)
def test_parallels_are_counted(before: tuple[int, ...], after: tuple[int, ...], count: int) -> None:
    assert parallel_perfects(before, after) == count


def test_hidden_fifths_need_a_leap_above_and_similar_motion() -> None:
    assert hidden_perfects((48, 64), (53, 72)) == 1
    assert hidden_perfects((48, 71), (53, 72)) == 0
    assert hidden_perfects((48, 64), (45, 69)) == 0
    assert hidden_perfects((48,), (53, 60)) == 0


def test_movement_is_the_mean_a_voice() -> None:
    assert mean_movement((60, 64, 67), (60, 65, 69)) == 1.0
    assert mean_movement((60, 64, 67), (62, 64, 67, 72)) == pytest.approx(2 / 3)
    assert mean_movement((), (60,)) == 0.0


@settings(deadline=None)
@given(st.lists(st.sampled_from(["I", "ii", "iii", "IV", "V", "vi"]), min_size=2, max_size=12), st.booleans())
def test_triads_are_led_nearly_without_parallels(numerals: list[str], is_open: bool) -> None:
    """Over any diatonic row of triads: hardly a parallel, and voices do not jump."""
    low, high = (48, 76) if is_open else (50, 74)
    voicings: list[tuple[int, ...]] = []
    for numeral in numerals:
        before = voicings[-1] if voicings else None
        voicings.append(
            voice_lead(before, parse_roman(numeral, "C", "major").pitch_classes, low, high, 3, is_open=is_open)
        )
    pairs = list(pairwise(voicings))
    assert sum(parallel_perfects(a, b) for a, b in pairs) <= 1
    assert all(mean_movement(a, b) <= 6.0 for a, b in pairs)


def test_open_voicings_spread() -> None:
    voicing = voice_lead(None, parse_roman("I", "C", "major").pitch_classes, 48, 79, 3, is_open=True)
    assert OPEN_SPAN[0] <= voicing[-1] - voicing[0] <= OPEN_SPAN[1]
    assert voicing[-1] - voicing[-2] <= 12
