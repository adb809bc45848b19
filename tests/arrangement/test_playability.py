"""What one hand holds on six strings, what one breath sounds, and what a foot and a hand do besides."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest

from benchmarks.arrangement_playing import sounding
from musicgen_assets.arrangement.band import Seat
from musicgen_assets.arrangement.expression import EXPRESSION, MODULATION, SUSTAIN
from musicgen_assets.arrangement.playability import FRETS_SPANNED, FRETTED, STRINGS, fits_on_guitar, playable, voices_of
from musicgen_assets.context.schema import Instrument
from support.hand_made_song import make_song


def is_playable(pitches: Sequence[int]) -> bool:
    """The same asked by another search: every way to give each pitch a string of its own."""
    ways = itertools.permutations(STRINGS, len(pitches)) if len(pitches) <= len(STRINGS) else ()
    for strings in ways:
        frets = [pitch - string for pitch, string in zip(pitches, strings, strict=True)]
        pressed = [fret for fret in frets if fret]
        if min(frets) >= 0 and max(frets) <= 17 and (not pressed or max(pressed) - min(pressed) <= FRETS_SPANNED):
            return True
    return False


def seat(program: int, role: str = "chords") -> Seat:
    return Seat("x", role, "x", program, 0, 0.0, 0, False)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("chord", "is_one_hand"),
    [
        ((40, 47, 52, 56, 59, 64), True),  # open E
        ((48, 52, 55, 60, 64), True),  # open C
        ((41, 48, 53, 57, 60, 65), True),  # barre F
        ((40, 41), False),  # both only on the lowest string
        ((40, 44, 47, 50, 53), False),
        ((48, 52, 55, 59, 62, 65, 69), False),  # seven notes
        ((39, 47), False),  # below the lowest string
    ],
)
def test_guitar_chords_take_a_string_a_note_within_a_hand(chord, is_one_hand) -> None:
    assert fits_on_guitar(chord) is is_one_hand
    assert is_playable(chord) is is_one_hand


def test_chords_that_are_too_much_lose_inner_voices_and_winds_keep_the_top() -> None:
    rows = [(0, 480, pitch, 80) for pitch in (60, 64, 67, 70)]
    assert [row[2] for row in playable(rows, seat(73))] == [70]
    assert [row[2] for row in playable(rows, seat(40))] == [60, 70]
    assert playable(rows, seat(0)) == rows
    held = [(0, 960, 60, 80), (480, 480, 67, 80)]
    assert playable(held, seat(68)) == [(0, 480, 60, 80), (480, 480, 67, 80)]


@pytest.mark.parametrize("style", ["rock", "jazz_swing", "latin", "bossa_nova", "folk"])
def test_every_guitar_chord_of_a_song_can_be_played(style: str) -> None:
    score = make_song(style, duration_s=60.0, seed=4)
    for track in score.tracks:
        if track.program in FRETTED and track.role != "bass" and not track.is_drums:
            assert all(is_playable(group) for group in sounding(track) if len(group) > 1), track.name


def test_a_flute_asked_for_chords_plays_one_note_at_a_time() -> None:
    band = (
        Instrument(role="chords", name="flute", program=73), Instrument(role="lead", name="oboe", program=68),
        Instrument(role="pad", name="horn", program=60),
    )  # fmt: skip
    score = make_song("cinematic", duration_s=45.0, seed=1, instruments=band)
    for track in score.tracks:
        assert voices_of(track.program) == 1
        assert max(len(group) for group in sounding(track)) == 1, track.name


def test_pedal_swells_and_vibrato_are_written_and_set_back() -> None:
    band = (
        Instrument(role="chords", name="piano", program=0), Instrument(role="lead", name="violin", program=40),
        Instrument(role="pad", name="strings", program=48),
    )  # fmt: skip
    score = make_song("folk", duration_s=60.0, seed=1, tempo_bpm=80, instruments=band)
    of = {track.role: track for track in score.tracks}
    assert {row[1] for row in of["chords"].controllers} <= {SUSTAIN}
    assert {row[1] for row in of["pad"].controllers} == {EXPRESSION}
    assert {row[1] for row in of["lead"].controllers} == {MODULATION}
    assert of["lead"].bends
    for number in (SUSTAIN, MODULATION):
        for track in score.tracks:
            values = [value for _, found, value in sorted(track.controllers) if found == number]
            assert values[1::2] == [0] * (len(values) // 2), track.name
    assert min(abs(bend) for _, bend in of["lead"].bends[-1:]) == 0
