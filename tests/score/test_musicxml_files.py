"""MusicXML that other programs read back with the same notes, and that says what a player must know."""

from __future__ import annotations

from typing import Any, get_args
from xml.etree import ElementTree as ET

import pytest

from benchmarks.read_back import (
    differences,
    expected_musicxml,
    musescore_command,
    musescore_round_trip,
    music21_musicxml_notes,
)
from benchmarks.written import write_song
from musicgen_assets.context.schema import TimeSignature
from musicgen_assets.score.exports.lead_sheet import lead_sheet, tune_of
from musicgen_assets.score.exports.musicxml import musicxml
from musicgen_assets.score.exports.written import STRAIGHT, Swing, WrittenScore, written_score
from musicgen_assets.score.model import Track
from support.paper_song import paper_score, paper_words


def on_paper(time_signature: str = "4/4", swing: Swing = STRAIGHT, **changes: Any) -> WrittenScore:
    words = paper_words() if time_signature == "4/4" else ()
    return written_score(paper_score(time_signature, **changes), syllables=words, swing=swing)


def parsed(written: WrittenScore) -> ET.Element:
    return ET.fromstring(musicxml(written))


@pytest.mark.parametrize("meter", get_args(TimeSignature))
def test_music21_reads_the_same_notes_in_every_meter(meter: str) -> None:
    written = on_paper(meter)
    assert differences(expected_musicxml(written.tracks), music21_musicxml_notes(musicxml(written))) == []


def test_music21_reads_the_same_notes_of_a_whole_song() -> None:
    song = write_song("pop song with vocals", 1, {"technical.duration_s": 30.0})
    written = written_score(
        song.score, song.tracks, song.vocal.syllables, Swing(song.rhythm.swing, song.rhythm.sixteenth_swing)
    )
    assert differences(expected_musicxml(written.tracks), music21_musicxml_notes(musicxml(written))) == []


@pytest.mark.skipif(musescore_command() is None, reason="MuseScore is not installed")
def test_musescore_reads_and_writes_the_same_notes() -> None:
    written = on_paper()
    there = musescore_round_trip(musicxml(written))
    assert differences(expected_musicxml(written.tracks), music21_musicxml_notes(there)) == []


def test_triplets_come_back_as_triplets() -> None:
    notes = [(start, 160, 60 + start // 160, 80) for start in (0, 160, 320, 480, 640, 800)]
    melody = Track(name="melody", role="lead", instrument="flute", program=73, channel=0, notes=tuple(sorted(notes)))
    written = on_paper(tracks=(melody,))
    assert differences(expected_musicxml(written.tracks), music21_musicxml_notes(musicxml(written))) == []
    assert len(parsed(written).findall(".//time-modification")) == 6


def test_every_bar_of_every_voice_is_full() -> None:
    for meter in get_args(TimeSignature):
        written = on_paper(meter)
        bar = written.score.end_ticks // 4
        for measure in parsed(written).iterfind(".//measure"):
            now = 0
            for element in measure:
                length = int(element.findtext("duration", "0"))
                if element.tag in ("note", "forward") and element.find("chord") is None:
                    now += length
                elif element.tag == "backup":
                    assert now == bar
                    now -= length
            assert now == bar


def test_a_lifted_section_has_its_own_key_signature() -> None:
    part = parsed(on_paper()).find("part")
    assert part is not None
    assert [key.findtext("fifths") for key in part.iterfind(".//key")] == ["0", "2"]


def test_chord_tones_are_spelled_as_thirds_of_their_chord() -> None:
    root = parsed(on_paper())
    names = {
        (note.findtext("pitch/step"), note.findtext("pitch/alter"))
        for note in root.iterfind(".//measure[@number='2']/note")
    }
    assert ("G", "1") in names  # the third of E7 in C major
    assert ("A", "-1") not in names


def test_accidentals_are_said_once_a_bar() -> None:
    notes = ((0, 480, 61, 80), (480, 480, 61, 80), (960, 480, 62, 80), (1920, 480, 61, 80))
    melody = Track(name="melody", role="lead", instrument="flute", program=73, channel=0, notes=notes)
    root = parsed(on_paper(tracks=(melody,), chords=()))
    shown = [note.findtext("accidental") for note in root.iterfind(".//note") if note.find("pitch") is not None]
    assert shown == ["flat", None, "natural", "flat"]


def test_words_stand_under_their_notes_with_hyphens_and_extensions() -> None:
    lyrics = parsed(on_paper()).findall(".//lyric")
    assert [(one.findtext("syllabic"), one.findtext("text")) for one in lyrics] == [
        ("begin", "Wa"), ("end", "ter"), ("single", "falls"),
    ]  # fmt: skip
    assert [one.find("extend") is not None for one in lyrics] == [False, False, True]


def test_the_top_part_says_sections_chords_tempo_and_swing() -> None:
    root = parsed(on_paper(swing=Swing(0.66)))
    assert [mark.text for mark in root.iterfind(".//rehearsal")] == ["Verse", "Chorus"]
    kinds = [(one.findtext("root/root-step"), one.findtext("kind")) for one in root.iterfind(".//harmony")]
    assert kinds == [("C", "major"), ("E", "dominant"), ("D", "major"), ("A", "dominant")]
    assert [words.text for words in root.iterfind(".//words")] == ["Swing"]
    assert root.find(".//sound[@tempo='96']") is not None
    parts = root.findall("part")
    assert all(part.find(".//harmony") is None for part in parts[1:])


def test_drums_stand_on_a_percussion_staff_with_their_midi_keys() -> None:
    root = parsed(on_paper())
    drums = root.findall("part")[-1]
    assert drums.findtext(".//clef/sign") == "percussion"
    assert {int(one.text or 0) for one in root.iterfind(".//midi-unpitched")} == {37, 43}
    assert {one.get("id") for one in drums.iterfind(".//note/instrument")} == {"P4-I36", "P4-I42"}


def test_keyboards_get_two_staves_and_guitars_an_octave_clef() -> None:
    guitar = Track(name="guitar", role="chords", instrument="guitar", program=24, channel=1, notes=((0, 480, 52, 80),))
    root = parsed(on_paper())
    assert root.findall("part")[1].findtext(".//staves") == "2"
    alone = parsed(on_paper(tracks=(guitar,)))
    assert alone.findtext(".//clef/clef-octave-change") == "-1"


def test_equal_songs_are_equal_files() -> None:
    assert musicxml(on_paper()) == musicxml(on_paper())
    assert b"Generated" not in musicxml(on_paper())


def test_a_lead_sheet_is_the_voice_and_the_lead_where_it_is_silent() -> None:
    voice = Track(name="vocal", role="vocal", instrument="voice", program=53, channel=3, notes=((0, 960, 60, 80),))
    written = on_paper(tracks=(*paper_score().tracks, voice))
    tune = tune_of(written)
    assert tune.notes[0] == (0, 960, 60, 80)
    assert [row[0] for row in tune.notes[1:]] == [1680, 3840, 4320, 4380, 5760]
    assert len(ET.fromstring(lead_sheet(written)).findall("part")) == 1


def test_a_song_of_drums_alone_still_has_a_lead_sheet() -> None:
    drums = paper_score().tracks[3]
    assert ET.fromstring(lead_sheet(on_paper(tracks=(drums,)))).findall(".//measure")
