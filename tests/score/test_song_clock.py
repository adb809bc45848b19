"""Tempo that bends and bars cut short: one clock for ticks and seconds, and files that say the same."""

from __future__ import annotations

import io

import mido
import numpy as np
import pytest
from pydantic import ValidationError

from musicgen_assets.score.clock import SongClock, mean_tempo_bpm, seconds, song_clock, steady
from musicgen_assets.score.midi import score_to_midi
from musicgen_assets.score.model import Score, Section, Skip, TempoChange, Track

MAP = (TempoChange(start_ticks=0, tempo_bpm=120.0), TempoChange(start_ticks=3840, tempo_bpm=122.0))
SKIPS = (Skip(start_ticks=5760, end_ticks=6720),)


def bent() -> Score:
    sections = tuple(
        Section(name=f"Verse {n + 1}", kind="verse", index=n, start_bar=4 * n, bars=4, start_ticks=7680 * n,
                end_ticks=7680 * (n + 1), energy=0.5)
        for n in range(2)
    )  # fmt: skip
    notes = tuple((tick, 240, 60, 80) for tick in range(0, 15_360, 480) if not 5760 <= tick < 6720)
    return Score(
        title="T", key="C", scale="major", tempo_bpm=120.0, time_signature="4/4", duration_s=32.0, end_ticks=15_360,
        sections=sections, tempo_map=MAP, skips=SKIPS,
        tracks=(Track(name="piano", role="chords", instrument="piano", program=0, channel=0, notes=notes,
                      controllers=((480, 64, 127), (1919, 64, 0)), bends=((480, 100), (960, 0))),),
    )  # fmt: skip


def test_ticks_and_seconds_agree_over_changes_and_skips() -> None:
    clock = song_clock(bent())
    assert clock.seconds(3840) == pytest.approx(4.0)
    assert clock.seconds(5760) == pytest.approx(4.0 + seconds(1920, 122.0))
    assert clock.seconds(6720) == clock.seconds(5760) == clock.seconds(6000)
    assert clock.seconds(7680) == pytest.approx(4.0 + seconds(2880, 122.0))
    for tick in (0, 100, 3840, 5000, 7000, 15_360, 20_000):
        assert clock.ticks(clock.seconds(tick)) == tick
    np.testing.assert_allclose(clock.seconds_of([0, 3840]), [0.0, 4.0])
    assert SongClock(120.0).seconds(960) == 1.0


def test_a_steady_score_sounds_at_the_same_times() -> None:
    score = bent()
    plain, clock = steady(score), song_clock(score)
    assert plain.tempo_map == () == plain.skips
    for before, after in zip(score.tracks[0].notes, plain.tracks[0].notes, strict=True):
        assert seconds(after[0], 120.0) == pytest.approx(clock.seconds(before[0]), abs=0.001)
    assert seconds(plain.sections[1].start_ticks, 120.0) == pytest.approx(clock.seconds(7680), abs=0.001)
    assert steady(plain) is plain


def test_the_mean_tempo_counts_what_is_played() -> None:
    assert 120.0 < mean_tempo_bpm(bent()) < 122.0


def test_a_file_plays_every_note_when_the_score_says_and_has_the_cut_bar_as_a_meter() -> None:
    score = bent()
    file = mido.MidiFile(file=io.BytesIO(score_to_midi(score)))
    now, onsets, meters = 0.0, [], []
    for message in file:
        now += message.time
        if message.type == "note_on" and message.velocity:
            onsets.append(now)
        if message.type == "time_signature":
            meters.append((message.numerator, message.denominator))
    clock = song_clock(score)
    expected = [clock.seconds(row[0]) for row in score.tracks[0].notes]
    np.testing.assert_allclose(onsets, expected, atol=0.001)
    assert meters == [(4, 4), (2, 4), (4, 4)]
    types = {message.type for track in file.tracks for message in track}
    assert {"control_change", "pitchwheel"} <= types


def test_maps_and_skips_that_make_no_sense_are_refused() -> None:
    plain = bent().model_dump()
    for wrong in (
        {"tempo_map": ({"start_ticks": 10, "tempo_bpm": 120.0},)},
        {"skips": ({"start_ticks": 960, "end_ticks": 480},)},
        {"skips": ({"start_ticks": 0, "end_ticks": 999_999},)},
    ):
        with pytest.raises(ValidationError):
            Score.model_validate({**plain, **wrong})
