"""Genres that fade go out in their last bars, for samplers that read velocities and for those that read controllers."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from musicgen_assets.arrangement.expression import EXPRESSION, Played
from musicgen_assets.arrangement.fade import faded_row, fading
from musicgen_assets.score.clock import song_clock, ticks_per_bar
from support.hand_made_song import make_song


@pytest.mark.parametrize("style", ["hip_hop", "synthwave", "reggae"])
def test_a_fading_song_gets_softer_bar_by_bar_and_is_silent_when_its_time_is_up(style: str) -> None:
    score = make_song(style, duration_s=60.0, seed=3)
    assert score.fade is not None
    start, end = score.fade
    assert song_clock(score).seconds(end) == pytest.approx(score.duration_s, abs=0.8)
    assert start >= score.sections[-1].start_ticks
    bar = ticks_per_bar(score.time_signature)
    notes = np.concatenate([track.array() for track in score.tracks])
    loud = [float(np.percentile(notes[notes[:, 0] // bar == n, 3], 90)) for n in range(start // bar - 1, end // bar)]
    assert loud[-1] < 0.5 * loud[0]
    assert all(after < before * 1.1 for before, after in pairwise(loud))
    for track in score.tracks:
        inside = [value for tick, number, value in track.controllers if number == EXPRESSION and tick >= start]
        assert inside[-1] == 0
        assert inside == sorted(inside, reverse=True) or track.role in ("pad", "chords")


def test_a_song_that_ends_otherwise_does_not_fade() -> None:
    assert make_song("rock", duration_s=60.0, seed=3).fade is None


def test_a_fade_leaves_what_is_before_it_alone_and_lies_under_swells() -> None:
    span = (960, 1920)
    assert faded_row((959, 10, 60, 90), span) == (959, 10, 60, 90)
    assert faded_row((1440, 10, 60, 100), span)[3] == round(100 * 0.2**0.5)
    assert faded_row((1920, 10, 60, 4), span)[3] == 4
    swelling = Played(((0, 1900, 60, 80),), ((0, EXPRESSION, 90), (1440, EXPRESSION, 110)))
    values = {tick: value for tick, _, value in fading(swelling, span, 1920).controllers}
    assert (values[0], values[960], values[1440], values[1919]) == (90, 90, 78, 0)
