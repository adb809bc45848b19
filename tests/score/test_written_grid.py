"""What is played comes back to the grid it was written on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musicgen_assets.composition.feel import swung
from musicgen_assets.score.exports.grid import triplet_beats
from musicgen_assets.score.exports.written import (
    STRAIGHT,
    VOICES_MAX,
    Swing,
    straightened,
    written_score,
)
from musicgen_assets.score.model import NoteRow, Track
from support.paper_song import BAR, paper_score


def track(notes: list[NoteRow], role: str = "chords", channel: int = 0) -> Track:
    return Track.model_validate(
        {"name": role, "role": role, "instrument": role, "program": 0, "channel": channel, "notes": tuple(notes)}
    )


def on_paper(notes: list[NoteRow], role: str = "chords", channel: int = 0, swing: Swing = STRAIGHT) -> list[NoteRow]:
    score = paper_score(tracks=(track(notes, role, channel),))
    return list(written_score(score, swing=swing).tracks[0].notes)


@given(st.integers(0, 4 * BAR), st.sampled_from([(0.5, 0.5), (0.6, 0.5), (0.72, 0.5), (0.5, 0.58), (0.5, 0.75)]))
def test_straightening_undoes_swing(tick: int, shares: tuple[float, float]) -> None:
    assert abs(straightened(swung(tick, shares[0], "4/4", shares[1]), Swing(*shares)) - tick) <= 2.0


@pytest.mark.parametrize("seed", range(5))
def test_human_timing_and_touch_leave_no_trace(seed: int) -> None:
    rng = np.random.default_rng(seed)
    plain = [(start, 240, 60 + start // 240 % 7, 80) for start in range(0, 4 * BAR, 240)]
    played = [(max(start + round(rng.normal(0, 8)), 0), round(duration * rng.uniform(0.7, 1.0)), pitch, velocity)
              for start, duration, pitch, velocity in plain]  # fmt: skip
    assert on_paper(played, "lead") == plain


def test_swung_eighths_are_even_on_paper() -> None:
    played = [(0, 310, 60, 80), (317, 160, 62, 80), (480, 320, 64, 80), (800, 160, 65, 80)]
    assert on_paper(played, "lead", swing=Swing(0.6625)) == [(0, 240, 60, 80), (240, 240, 62, 80), (480, 240, 64, 80),
                                                      (720, 240, 65, 80)]  # fmt: skip


def test_triplets_stay_triplets() -> None:
    played = [(start, 150, 60 + start // 160, 80) for start in (0, 158, 322, 480)]
    notes = on_paper(played, "lead")
    assert [row[:2] for row in notes[:3]] == [(0, 160), (160, 160), (320, 160)]
    assert triplet_beats(notes, "4/4") == {0}


def test_a_strummed_chord_is_one_chord() -> None:
    played = [(0, 900, 40, 80), (22, 880, 47, 80), (40, 860, 52, 80), (61, 850, 56, 80)]
    assert on_paper(played) == [(0, 960, pitch, 80) for pitch in (40, 47, 52, 56)]


def test_drums_last_until_the_next_one_or_the_beat() -> None:
    played = [(2, 60, 36, 90), (1, 60, 42, 80), (239, 60, 42, 70), (961, 60, 38, 90)]
    assert on_paper(played, "drums", 9) == [(0, 240, 36, 90), (0, 240, 42, 80), (240, 240, 42, 70), (960, 480, 38, 90)]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4 * BAR - 1), st.integers(1, 3000), st.integers(30, 90), st.integers(1, 127)),
                max_size=60))  # fmt: skip
def test_any_notes_end_up_where_paper_can_show_them(notes: list[NoteRow]) -> None:
    written = on_paper(sorted(notes))
    assert all(row[1] > 0 and row[0] + row[1] <= 4 * BAR for row in written)
    assert all(tick % 60 == 0 or tick % 160 == 0 for row in written for tick in (row[0] % 480, (row[0] + row[1]) % 480))
    assert written == sorted(written, key=lambda row: (row[0], row[2]))
    for tick in {row[0] for row in written}:
        spans = {(row[0], row[0] + row[1]) for row in written if row[0] <= tick < row[0] + row[1]}
        assert len(spans) <= VOICES_MAX
    last: dict[int, int] = {}
    for start, duration, pitch, _ in written:
        assert start >= last.get(pitch, 0)
        last[pitch] = start + duration


def test_the_word_swing_stands_where_eighths_are_long_and_short() -> None:
    assert [Swing(share).words for share in (0.5, 0.56, 0.66)] == ["", "Light swing", "Swing"]
    assert Swing(0.5, 0.62).words == "Swing sixteenths"
