"""Scores become Standard MIDI Files that any program reads, and the same score always the same bytes."""

from __future__ import annotations

import io
from typing import get_args

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musicgen_assets.context.schema import Scale, Tonic
from musicgen_assets.score.midi import key_signature, material_to_midi, read_midi, score_to_midi
from musicgen_assets.score.model import Score, Section, Syllable, Track, note_array

BAR = 1920


def score(**changes: object) -> Score:
    sections = [
        Section(name="Verse", kind="verse", start_bar=0, bars=2, start_ticks=0, end_ticks=2 * BAR, energy=0.4),
        Section(name="Chorus", kind="chorus", start_bar=2, bars=2, start_ticks=2 * BAR, end_ticks=4 * BAR, energy=0.8),
    ]
    tracks = [
        Track(name="melody", role="lead", instrument="flute", program=73, channel=0,
              notes=((0, 480, 72, 90), (480, 480, 72, 80), (2 * BAR, 960, 76, 100))),
        Track(name="drums", role="drums", instrument="kit", program=16, channel=9, notes=((0, 60, 36, 100),)),
    ]  # fmt: skip
    fields = {
        "title": "Été à São Paulo", "key": "Eb", "scale": "minor", "tempo_bpm": 97.3, "time_signature": "4/4",
        "duration_s": 30.0, "end_ticks": 4 * BAR, "sections": sections, "tracks": tracks,
    }  # fmt: skip
    return Score.model_validate({**fields, **changes})


def parsed(data: bytes) -> mido.MidiFile:
    return mido.MidiFile(file=io.BytesIO(data), charset="utf-8")


def metas(track: mido.MidiTrack, kind: str) -> list[tuple[int, mido.MetaMessage]]:
    now, found = 0, []
    for message in track:
        now += message.time
        if message.type == kind:
            found.append((now, message))
    return found


def test_the_file_is_type_1_at_480_ticks_with_a_conductor_track():
    file = parsed(score_to_midi(score()))
    assert (file.type, file.ticks_per_beat, len(file.tracks)) == (1, 480, 3)
    conductor = file.tracks[0]
    assert conductor.name == "Été à São Paulo"
    assert metas(conductor, "set_tempo")[0][1].tempo == round(60e6 / 97.3)
    signature = metas(conductor, "time_signature")[0][1]
    assert (signature.numerator, signature.denominator) == (4, 4)
    assert metas(conductor, "key_signature")[0][1].key == "Ebm"


def test_sections_are_markers_at_their_bars():
    markers = metas(parsed(score_to_midi(score())).tracks[0], "marker")
    assert [(tick, message.text) for tick, message in markers] == [(0, "Verse"), (2 * BAR, "Chorus")]


def test_parts_carry_name_program_and_channel_with_drums_on_ten():
    _, melody, drums = parsed(score_to_midi(score())).tracks
    assert melody.name == "melody"
    assert next(m for m in melody if m.type == "program_change").program == 73
    assert {m.channel for m in drums if not m.is_meta} == {9}
    assert next(m for m in drums if m.type == "program_change").program == 16


def test_notes_come_back_as_they_were():
    back = read_midi(score_to_midi(score()))
    assert list(back) == ["melody", "drums"]
    for track in score().tracks:
        np.testing.assert_array_equal(back[track.name], track.array())


def test_lyrics_stand_on_the_vocal_track_with_hyphens_spaces_and_line_ends():
    syllables = [
        Syllable(start_ticks=0, duration_ticks=400, text="sum", is_word_end=False, section="Verse", line=0),
        Syllable(start_ticks=480, duration_ticks=400, text="mer", is_word_end=True, section="Verse", line=0),
        Syllable(start_ticks=960, duration_ticks=400, text="rain", is_word_end=True, section="Verse", line=0),
        Syllable(start_ticks=2 * BAR, duration_ticks=400, text="año", is_word_end=True, section="Chorus", line=0),
    ]
    vocal = Track(name="vocal", role="vocal", instrument="choir", program=53, channel=3, notes=((0, 400, 60, 90),))
    file = parsed(score_to_midi(score(), [*score().tracks, vocal], syllables))
    assert not metas(file.tracks[1], "lyrics")
    found = [(tick, message.text) for tick, message in metas(file.tracks[3], "lyrics")]
    assert found == [(0, "sum-"), (480, "mer "), (960, "rain\r"), (2 * BAR, "año\r")]


def test_without_a_vocal_track_the_melody_carries_the_words():
    words = (Syllable(start_ticks=0, duration_ticks=9, text="oh", is_word_end=True, section="Verse", line=0),)
    file = parsed(score_to_midi(score(syllables=words)))
    assert metas(file.tracks[1], "lyrics")


def test_equal_scores_make_equal_bytes():
    assert score_to_midi(score()) == score_to_midi(score())
    assert score_to_midi(score()) != score_to_midi(score(tempo_bpm=98.0))


@pytest.mark.parametrize(
    ("key", "scale", "expected"),
    [("C", "major", (0, False)), ("D", "minor", (-1, True)), ("F#", "major", (6, False)), ("Gb", "minor", (3, True)),
     ("D#", "major", (-3, False)), ("A#", "minor", (-5, True)), ("D", "dorian", (-1, True)),
     ("G", "mixolydian", (1, False))],
)  # fmt: skip
def test_key_signatures_keep_the_tonic_and_stay_within_seven_accidentals(key, scale, expected):
    assert key_signature(key, scale) == expected


@pytest.mark.parametrize("key", get_args(Tonic))
@pytest.mark.parametrize("scale", get_args(Scale))
def test_every_key_of_the_schema_can_be_written(key, scale):
    data = material_to_midi({}, tempo_bpm=120, time_signature="6/8", key=key, scale=scale)
    assert metas(parsed(data).tracks[0], "key_signature")


def test_materials_are_written_with_their_meter_and_click():
    notes = note_array([(0, 100, 60, 80)])
    file = parsed(
        material_to_midi({"bass": (notes, 33, 1)}, tempo_bpm=90, time_signature="12/8", key="A", scale="minor")
    )
    signature = metas(file.tracks[0], "time_signature")[0][1]
    assert (signature.numerator, signature.denominator, signature.clocks_per_click) == (12, 8, 36)
    assert file.tracks[1].name == "bass"


notes = st.lists(
    st.tuples(st.integers(0, 60_000), st.integers(1, 5_000), st.integers(0, 127), st.integers(1, 127)), max_size=40
)


@settings(max_examples=60, deadline=None)
@given(notes)
def test_any_notes_without_overlap_survive_a_round_trip(rows):
    kept, free = [], {}
    for start, length, pitch, velocity in sorted(rows):
        if free.get(pitch, 0) <= start:
            kept.append((start, length, pitch, velocity))
            free[pitch] = start + length
    data = material_to_midi(
        {"part": (note_array(kept), 5, 2)}, tempo_bpm=240, time_signature="7/8", key="B", scale="lydian"
    )
    np.testing.assert_array_equal(read_midi(data)["part"], note_array(kept))


def test_what_is_no_midi_file_is_refused():
    with pytest.raises((OSError, EOFError, ValueError)):
        read_midi(b"RIFF nothing of the kind")
