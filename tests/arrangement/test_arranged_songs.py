"""Whole arrangements: exact lengths, clean parts, growing energy, marked boundaries, an ending on the tonic."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musicgen_assets.arrangement.boundary_marks import boundary_marks
from musicgen_assets.arrangement.integrity import THRESHOLD, section_energy, structural_integrity
from musicgen_assets.arrangement.ranges import range_of
from musicgen_assets.context.schema import HOOK_KINDS, Instrument, PlannedSection
from musicgen_assets.score.clock import seconds, ticks_per_bar
from musicgen_assets.score.midi import read_midi, score_to_midi
from musicgen_assets.score.model import Score
from musicgen_assets.styles.loader import style_names
from musicgen_assets.theory.pitch import pitch_class
from support.hand_made_song import make_song

METERS = ("4/4", "3/4", "6/8", "5/4", "7/8", "12/8", "2/4")
DURATIONS = (30.0, 47.0, 90.0, 180.0, 333.0, 600.0)
SPREAD = [
    (style, DURATIONS[index % len(DURATIONS)], METERS[index % len(METERS)] if index % 2 else "4/4", index)
    for index, style in enumerate((*style_names(), *reversed(style_names())))
]


def check_parts(score: Score) -> None:
    """What every arrangement owes to whoever plays it."""
    for track in score.tracks:
        notes = track.array()
        starts, ends = notes[:, 0], notes[:, 0] + notes[:, 1]
        assert (starts >= 0).all()
        assert (notes[:, 1] >= 1).all()
        assert ((notes[:, 3] >= 1) & (notes[:, 3] <= 127)).all()
        assert (starts < score.end_ticks).all()
        closing = score.end_ticks - ticks_per_bar(score.time_signature)
        assert (ends[starts < closing] <= closing).all()
        assert seconds(float(ends.max()), score.tempo_bpm) <= score.duration_s
        if track.role in ("bass", "lead"):
            assert (ends[:-1] <= starts[1:]).all(), track.name
        for pitch in np.unique(notes[:, 2]):
            own = notes[:, 2] == pitch
            assert (ends[own][:-1] <= starts[own][1:]).all(), (track.name, pitch)
        if not track.is_drums:
            low, high = (28, 55) if track.role == "bass" else range_of(track.program)
            assert low <= notes[:, 2].min() <= notes[:, 2].max() <= high, track.name


@pytest.mark.parametrize(("style", "duration_s", "meter", "seed"), SPREAD)
def test_songs_of_all_styles_meters_and_lengths_hold_together(style, duration_s, meter, seed):
    score = make_song(style, duration_s=duration_s, time_signature=meter, seed=seed)
    bar_s = seconds(ticks_per_bar(meter), score.tempo_bpm)
    tail_s = score.duration_s - seconds(score.end_ticks, score.tempo_bpm)
    assert score.duration_s == duration_s
    assert 1.2 - 1e-6 <= tail_s < 1.2 + bar_s + 1e-6
    check_parts(score)
    assert structural_integrity(score).score >= THRESHOLD
    names = [track.name for track in score.tracks]
    assert "melody" in names
    assert len({section.kind for section in score.sections}) >= 2


@pytest.mark.parametrize("style", style_names())
def test_choruses_measure_fuller_than_their_verses(style):
    score = make_song(style, duration_s=180, seed=21)
    energy = section_energy(score)
    for index, section in enumerate(score.sections):
        if section.kind in HOOK_KINDS and index and score.sections[index - 1].kind in ("verse", "pre_chorus"):
            assert energy[index] > energy[index - 1]


@pytest.mark.parametrize("style", style_names())
def test_every_boundary_is_marked_twice(style):
    score = make_song(style, duration_s=150, seed=22)
    for section, marks in zip(score.sections[1:], boundary_marks(score), strict=True):
        assert len(marks) >= 2, section.name


@pytest.mark.parametrize("style", style_names())
@pytest.mark.parametrize("duration_s", [30.0, 95.0])
def test_songs_end_on_the_tonic_and_ring_out(style, duration_s):
    score = make_song(style, duration_s=duration_s, seed=23, key="F", scale="minor")
    tonic = (pitch_class("F") + score.sections[-1].transpose) % 12
    pitched = np.concatenate([track.array() for track in score.tracks if not track.is_drums])
    ends = pitched[:, 0] + pitched[:, 1]
    last = pitched[ends == ends.max()]
    assert last[:, 2].min() % 12 == tonic
    assert seconds(float(ends.max()), score.tempo_bpm) == pytest.approx(duration_s - 0.25, abs=0.05)
    melody = score.track("melody")
    assert melody is not None
    assert melody.notes[-1][2] % 12 == tonic
    assert score.chords[-1].root == tonic


@pytest.mark.parametrize("style", style_names())
def test_nothing_falls_silent_in_the_middle(style):
    score = make_song(style, duration_s=120, seed=24)
    notes = np.concatenate([track.array() for track in score.tracks])
    notes = notes[np.argsort(notes[:, 0])]
    reached = np.maximum.accumulate(notes[:, 0] + notes[:, 1])
    assert seconds(float((notes[1:, 0] - reached[:-1]).max()), score.tempo_bpm) < 1.2


def test_the_chords_cover_the_song_without_gap_or_overlap():
    score = make_song("jazz_swing", duration_s=200, seed=3)
    position = 0
    for chord in score.chords:
        assert chord.start_ticks == position
        position += chord.duration_ticks
    assert position == score.end_ticks


def test_equal_seeds_make_equal_scores_and_others_differ():
    assert make_song("pop", seed=4) == make_song("pop", seed=4)
    assert make_song("pop", seed=4) != make_song("pop", seed=5)


def test_a_score_survives_midi():
    score = make_song("funk", duration_s=90, seed=6)
    back = read_midi(score_to_midi(score))
    for track in score.tracks:
        np.testing.assert_array_equal(np.sort(back[track.name], axis=0), np.sort(track.array(), axis=0))


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.floats(40, 240), st.floats(30, 120), st.sampled_from(METERS))
def test_any_tempo_and_length_give_clean_parts(seed, tempo, duration_s, meter):
    check_parts(make_song("pop", duration_s=duration_s, seed=seed, tempo_bpm=tempo, time_signature=meter))


def test_drums_sit_on_channel_ten_and_others_have_channels_of_their_own():
    score = make_song("latin", duration_s=120, seed=7)
    others = [track.channel for track in score.tracks if not track.is_drums]
    assert len(set(others)) == len(others)
    assert 9 not in others
    drums = score.track("drums")
    assert drums is not None
    assert drums.channel == 9


def test_a_lifted_last_chorus_takes_chords_and_all_parts_along():
    lifted = next(
        score
        for score in (make_song("pop", duration_s=240, seed=seed) for seed in range(6))
        if any(section.transpose for section in score.sections)
    )
    first = next(index for index, section in enumerate(lifted.sections) if section.transpose)
    assert lifted.sections[first].kind == "chorus"
    assert all(section.transpose == 1 for section in lifted.sections[first:])
    chord = next(chord for chord in lifted.chords if chord.start_ticks == lifted.sections[first].start_ticks)
    plain = next(section for section in lifted.sections if section.kind == "chorus")
    earlier = next(chord for chord in lifted.chords if chord.start_ticks == plain.start_ticks)
    assert chord.root == (earlier.root + 1) % 12
    assert chord.symbol != earlier.symbol


def test_short_songs_are_not_lifted():
    assert not any(section.transpose for section in make_song("pop", duration_s=60, seed=1).sections)


def test_asked_structures_are_what_is_played():
    structure = (
        PlannedSection(kind="chorus", bars=8), PlannedSection(kind="verse", bars=8), PlannedSection(kind="chorus"),
    )  # fmt: skip
    score = make_song("rock", duration_s=60, tempo_bpm=120, seed=2, structure=structure)
    assert [(section.name, section.bars) for section in score.sections] == [
        ("Chorus 1", 8), ("Verse", 8), ("Chorus 2", 13),
    ]  # fmt: skip


def test_excluded_roles_stay_out():
    score = make_song("rock", duration_s=60, seed=3, excluded=("drums", "bass"))
    assert not {"drums", "bass"} & {track.role for track in score.tracks}
    assert structural_integrity(score).score >= THRESHOLD


def test_a_band_of_one_piano_plays_melody_and_chords():
    score = make_song(
        "pop", duration_s=60, seed=3, instruments=(Instrument(role="chords", name="grand piano", program=0),)
    )
    assert [(track.name, track.program) for track in score.tracks] == [("melody", 0), ("grand_piano", 0)]
    check_parts(score)
    assert structural_integrity(score).score >= THRESHOLD


def test_drums_asked_of_a_style_without_any_get_a_plain_beat():
    band = (
        Instrument(role="chords", name="piano", program=0), Instrument(role="drums", name="kit", program=0),
        Instrument(role="lead", name="flute", program=73),
    )  # fmt: skip
    score = make_song("lullaby", duration_s=90, seed=3, instruments=band, time_signature="3/4", tempo_bpm=90)
    drums = score.track("drums")
    assert drums is not None
    assert len(drums.notes) > 50
    check_parts(score)


def test_a_large_band_has_one_track_each_and_everybody_plays():
    band = [Instrument(role=role, name=name, program=program) for role, name, program in (
        ("drums", "kit", 0), ("drums", "second kit", 25), ("percussion", "shaker", 0), ("percussion", "tambourine", 0),
        ("percussion", "bongos", 0), ("percussion", "timpani", 47), ("bass", "bass", 33), ("chords", "piano", 0),
        ("chords", "organ", 16), ("chords", "steel guitar", 25), ("pad", "strings", 48), ("arpeggio", "harp", 46),
        ("lead", "violin", 40), ("lead", "trumpet", 56), ("counter", "cello", 42), ("pad", "choir", 52),
    )]  # fmt: skip
    score = make_song("pop", duration_s=150, seed=8, instruments=tuple(band))
    assert len(score.tracks) == len(band)
    assert {"second_kit", "shaker", "tambourine", "bongos", "timpani", "trumpet"} <= {
        track.name for track in score.tracks
    }
    check_parts(score)


def test_words_keep_every_pass_of_their_theme_and_instruments_may_rest():
    structure = (PlannedSection(kind="verse"), PlannedSection(kind="chorus", bars=8))
    sung = make_song("folk", duration_s=180, seed=3, structure=structure, is_sung=True)
    played = make_song("folk", duration_s=180, seed=3, structure=structure)
    assert len(sung.track("melody").notes) > len(played.track("melody").notes)


def test_leads_left_out_leave_no_melody_unless_words_need_it():
    assert make_song("pop", duration_s=60, seed=1, excluded=("lead",)).track("melody") is None
    assert make_song("pop", duration_s=60, seed=1, excluded=("lead",), is_sung=True).track("melody") is not None


def test_a_second_lead_takes_the_solo_and_crowns_the_last_chorus():
    band = (
        Instrument(role="chords", name="piano", program=0), Instrument(role="lead", name="flute", program=73),
        Instrument(role="lead", name="violin", program=40),
    )  # fmt: skip
    structure = tuple(PlannedSection(kind=kind) for kind in ("verse", "chorus", "solo", "chorus"))
    score = make_song("pop", duration_s=90, seed=2, instruments=band, structure=structure)
    _, first, solo, last = score.sections
    melody, violin = score.track("melody").array(), score.track("violin").array()

    def count(notes, section):
        return int(((notes[:, 0] >= section.start_ticks) & (notes[:, 0] < section.end_ticks)).sum())

    assert count(violin, solo) > 0
    assert count(violin, last) > 0
    assert count(violin, first) == 0
    assert count(melody, solo) <= 4
