"""A song whose tempo bends and whose bars are cut short is the same song on every sheet as in score.mid."""

from __future__ import annotations

import io
from typing import Any
from xml.etree import ElementTree as ET

import mido
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from benchmarks.read_back import differences, expected_musicxml, music21_musicxml_notes
from musicgen_assets.score.clock import cut_meter, song_clock, ticks_played
from musicgen_assets.score.exports.bars import bars_of, cut_words
from musicgen_assets.score.exports.chord_chart import chord_chart
from musicgen_assets.score.exports.chordpro import chordpro
from musicgen_assets.score.exports.click import click_midi
from musicgen_assets.score.exports.lead_sheet import lead_sheet, tempo_words
from musicgen_assets.score.exports.musicxml import musicxml
from musicgen_assets.score.exports.written import WrittenScore, written_score
from musicgen_assets.score.midi import score_to_midi
from musicgen_assets.score.model import Score, Skip, TempoChange
from support.paper_song import BAR, chord, paper_score

TEMPI = (TempoChange(start_ticks=0, tempo_bpm=96.0), TempoChange(start_ticks=960, tempo_bpm=97.25))
HALF_A_BAR = (Skip(start_ticks=BAR, end_ticks=BAR + 960),)


def to_picture(time_signature: str = "4/4", skips: tuple[Skip, ...] = HALF_A_BAR, **changes: Any) -> Score:
    return paper_score(time_signature, tempo_map=TEMPI, skips=skips, **changes)


def on_paper(score: Score) -> WrittenScore:
    return written_score(score)


def measures(data: bytes) -> list[ET.Element]:
    return ET.fromstring(data).findall("part")[0].findall("measure")


def bar_length(measure: ET.Element) -> int:
    now = longest = 0
    for element in measure:
        length = int(element.findtext("duration", "0"))
        if element.tag in ("note", "forward") and element.find("chord") is None:
            now += length
        elif element.tag == "backup":
            now -= length
        longest = max(longest, now)
    return longest


def tempo_marks(data: bytes) -> list[tuple[int, float]]:
    """(tick of the file, quarters a minute) of every tempo that a program plays."""
    found, start = [], 0
    for measure in measures(data):
        for mark in measure:
            sound = mark if mark.tag == "sound" else mark.find("sound")
            if sound is not None and sound.get("tempo"):
                found.append((start + int(mark.findtext("offset", "0")), float(sound.get("tempo", "0"))))
        start += bar_length(measure)
    return found


def midi_events(data: bytes, kind: str) -> list[tuple[int, Any]]:
    """(tick, message) of every event of a kind, of all tracks."""
    found = []
    for track in mido.MidiFile(file=io.BytesIO(data)).tracks:
        now = 0
        for message in track:
            now += message.time
            if message.type == kind:
                found.append((now, message))
    return found


@pytest.mark.parametrize(
    ("left", "of_song", "meter"),
    [(960, "4/4", "2/4"), (720, "4/4", "3/8"), (840, "4/4", "7/16"), (30, "4/4", "1/64"), (1440, "12/8", "6/8"),
     (960, "6/8", "4/8"), (1440, "7/8", "6/8"), (480, "2/4", "1/4")],
)  # fmt: skip
def test_what_is_left_of_a_bar_has_a_meter_in_the_songs_own_note_value(left: int, of_song: str, meter: str) -> None:
    assert cut_meter(left, of_song) == meter


def test_the_sheet_has_the_meters_and_lengths_of_the_midi_file() -> None:
    score = to_picture()
    sheet = measures(musicxml(on_paper(score)))
    shown = [(one.findtext(".//time/beats"), one.findtext(".//time/beat-type")) for one in sheet]
    assert shown == [("4", "4"), ("2", "4"), ("4", "4"), (None, None)]
    assert [bar_length(one) for one in sheet] == [BAR, 960, BAR, BAR]
    played = midi_events(score_to_midi(score), "time_signature")
    assert [(tick, event.numerator, event.denominator) for tick, event in played] == [
        (0, 4, 4), (BAR, 2, 4), (BAR + 960, 4, 4),
    ]  # fmt: skip


def test_a_cut_bar_of_compound_meter_keeps_its_dotted_beat_in_the_midi_file() -> None:
    score = to_picture("12/8", (Skip(start_ticks=2880, end_ticks=2880 + 1440),))
    events = [event for _, event in midi_events(score_to_midi(score), "time_signature")]
    assert [(event.numerator, event.denominator, event.clocks_per_click) for event in events] == [
        (12, 8, 36), (6, 8, 36), (12, 8, 36),
    ]  # fmt: skip


def test_tempo_marks_stand_where_the_midi_file_changes_tempo() -> None:
    score = to_picture()
    wanted = [(tick, mido.tempo2bpm(event.tempo)) for tick, event in midi_events(score_to_midi(score), "set_tempo")]
    for data in (musicxml(on_paper(score)), lead_sheet(on_paper(score))):
        found = tempo_marks(data)
        assert [tick for tick, _ in found] == [tick for tick, _ in wanted] == [0, 960]
        assert [bpm for _, bpm in found] == pytest.approx([bpm for _, bpm in wanted], rel=1e-5)
    shown = [one.text for one in ET.fromstring(musicxml(on_paper(score))).iterfind(".//per-minute")]
    assert shown == ["96.0", "97.2"]
    assert ET.fromstring(lead_sheet(on_paper(score))).find(".//per-minute") is None
    assert tempo_words(on_paper(score)) == "96-97 BPM"


def test_a_tempo_that_changes_after_a_cut_bar_stands_where_it_is_played() -> None:
    score = to_picture()
    late = score.model_copy(update={"tempo_map": (TEMPI[0], TempoChange(start_ticks=2 * BAR + 480, tempo_bpm=95.0))})
    assert tempo_marks(musicxml(on_paper(late))) == [(0, 96.0), (BAR + 960 + 480, 95.0)]


METERS = st.sampled_from(["4/4", "3/4", "6/8", "7/8", "12/8"])


def cut(meter: str, start: int, length: int) -> Skip:
    """What is cut of the second bar: from ``start`` times 30 ticks on, ``length`` times 30 of them."""
    bar = paper_score(meter).end_ticks // 4
    begins = bar + min(start * 30, bar - 60)
    return Skip(start_ticks=begins, end_ticks=min(begins + length * 30, 2 * bar - 30))


@settings(max_examples=150, deadline=None)
@example("3/4", 5, 40)  # the note after the cut would have ended between the triplets of the next bar
@given(METERS, st.integers(0, 20), st.integers(1, 40))
def test_a_song_can_be_written_down_whatever_is_cut(meter: str, start: int, length: int) -> None:
    score = to_picture(meter, (cut(meter, start, length),))
    assert [bar_length(one) for one in measures(musicxml(on_paper(score)))] == [one.ticks for one in bars_of(score)]


@settings(max_examples=8, deadline=None)
@example("3/4", 5, 40)
@given(METERS, st.integers(0, 20), st.integers(1, 40))
def test_music21_reads_every_note_where_the_midi_file_has_it(meter: str, start: int, length: int) -> None:
    skips = (cut(meter, start, length),)
    score = to_picture(meter, skips)
    written = on_paper(score)
    data = musicxml(written)
    assert differences(expected_musicxml(written.tracks, skips), music21_musicxml_notes(data)) == []
    assert [bar_length(one) for one in measures(data)] == [one.ticks for one in bars_of(score)]
    assert sum(one.ticks for one in bars_of(score)) == ticks_played(score.end_ticks, skips)
    for track in written.tracks:
        assert all(ticks_played(row[0] + row[1], skips) > ticks_played(row[0], skips) for row in track.notes)


def test_the_click_counts_in_at_the_first_tempo_and_clicks_the_beats_that_are_played() -> None:
    score = to_picture()
    data = click_midi(score, count_in_bars=1)
    ticks = [tick for tick, event in midi_events(data, "note_on") if event.velocity]
    accents = [tick for tick, event in midi_events(data, "note_on") if event.velocity == 120]
    assert ticks == list(range(0, 4 * BAR + 960, 480))
    assert accents == [0, BAR, 2 * BAR, 2 * BAR + 960, 3 * BAR + 960]
    tempi = [(tick, round(mido.tempo2bpm(event.tempo), 2)) for tick, event in midi_events(data, "set_tempo")]
    assert tempi == [(0, 96.0), (BAR + 960, 97.25)]
    meters = [(tick, event.numerator) for tick, event in midi_events(data, "time_signature")]
    assert meters == [(0, 4), (2 * BAR, 2), (2 * BAR + 960, 4)]


def test_the_click_lies_on_the_songs_own_seconds() -> None:
    score = to_picture(skips=(Skip(start_ticks=BAR, end_ticks=BAR + 600),))
    clock, onsets, now = song_clock(score), [], 0.0
    for message in mido.MidiFile(file=io.BytesIO(click_midi(score, count_in_bars=0))):
        now += message.time
        if message.type == "note_on" and message.velocity == 120:
            onsets.append(now)
    assert onsets == pytest.approx([clock.seconds(number * BAR) for number in range(4)], abs=1e-3)


def test_charts_name_the_bars_that_are_cut_and_give_them_the_beats_they_have() -> None:
    half = BAR // 2
    chords = (chord(0, BAR, 0, "maj", "C"), chord(BAR, half, 7, "maj", "G"), chord(BAR + half, half, 5, "maj", "F"),
              chord(2 * BAR, 2 * BAR, 2, "maj", "D"))  # fmt: skip
    written = on_paper(to_picture(chords=chords))
    chart = chord_chart(written)
    assert "Tempo: 96-97 BPM\nCut short: bar 2: 2/4\n" in chart
    assert "| C       | (2/4) F |" in chart
    sheet = chordpro(written)
    assert "{comment: Cut short: bar 2: 2/4}" in sheet
    assert "{comment: Tempo bends: 96-97 BPM}" in sheet
    assert "| C . . . | F . |" in sheet


def test_a_song_without_cuts_says_nothing_of_them() -> None:
    written = on_paper(paper_score())
    assert cut_words(written.score) == ""
    assert "Cut short" not in chord_chart(written) + chordpro(written)
