"""Charts for singers and players: chords at their syllables, keys and capos right, clicks on the beats."""

from __future__ import annotations

import io

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicgen_assets.context.failures import BadInput
from musicgen_assets.score.exports.chord_chart import chord_chart
from musicgen_assets.score.exports.chordpro import chordpro
from musicgen_assets.score.exports.click import click_midi
from musicgen_assets.score.exports.transposing import suggested_capo, transposed
from musicgen_assets.score.exports.written import written_score
from support.paper_song import BAR, chord, paper_score, paper_words


def clicks(data: bytes) -> list[tuple[int, int]]:
    """(tick, velocity) of every click."""
    now, found = 0, []
    for message in mido.MidiFile(file=io.BytesIO(data)).tracks[1]:
        now += message.time
        if message.type == "note_on" and message.velocity:
            found.append((now, message.velocity))
    return found


def test_chordpro_puts_chords_at_their_syllables_and_bars_nobody_sings_in_a_grid() -> None:
    text = chordpro(written_score(paper_score(), syllables=paper_words()))
    assert "{title: Été & <São Paulo>}" in text
    assert "{key: C}\n{time: 4/4}\n{tempo: 96}" in text
    assert "{start_of_verse: Verse}\n[C]Water falls [E7]\n{end_of_verse}" in text
    assert "{start_of_grid: Chorus}\n| D . . . | A7 . . . |\n{end_of_grid}" in text


def test_with_a_capo_chords_are_the_shapes_that_are_gripped() -> None:
    text = chordpro(written_score(paper_score()), capo=2)
    assert "{key: Bb}\n{capo: 2}" in text
    assert "Sounds in C" in text
    assert "| Bb . . . | D7 . . . |" in text


@pytest.mark.parametrize(
    ("roots", "qualities", "fret"),
    [((0, 7, 9, 5), ("maj", "maj", "min", "maj"), 0), ((3, 8, 10), ("maj",) * 3, 1), ((10, 5, 3), ("maj",) * 3, 1),
     ((8, 1, 3), ("maj",) * 3, 1), ((5, 10, 0), ("maj",) * 3, 3)],
)  # fmt: skip
def test_a_capo_is_suggested_where_it_saves_barre_chords(
    roots: tuple[int, ...], qualities: tuple[str, ...], fret: int
) -> None:
    pairs = zip(roots, qualities, strict=True)
    chords = [chord(index * BAR, BAR, root, kind, "") for index, (root, kind) in enumerate(pairs)]
    assert suggested_capo(chords) == fret


def test_a_chart_shows_every_section_bar_by_bar() -> None:
    text = chord_chart(written_score(paper_score()))
    assert "Key: C major   Meter: 4/4   Tempo: 96 BPM" in text
    assert "[Verse] 2 bars\n| C  | E7 |" in text
    assert "[Chorus] 2 bars, +2 semitones\n| D  | A7 |" in text


def test_a_chart_writes_what_returns_once_and_silence_as_no_chord() -> None:
    half = BAR // 2
    chords = (chord(0, half, 0, "maj", "C"), chord(half, half, 7, "maj", "G"), chord(BAR, BAR, 5, "maj", "F"))
    text = chord_chart(written_score(paper_score(chords=chords)))
    assert "| C . G . | F       |" in text
    assert "| N.C. | %    |" in text


@given(st.integers(-24, 24))
def test_transposing_there_and_back_changes_no_sound(semitones: int) -> None:
    score = paper_score()
    there = transposed(score, semitones)
    back = transposed(there, -semitones)
    assert [track.notes for track in back.tracks] == [track.notes for track in score.tracks]
    assert [one.pitch_classes for one in back.chords] == [one.pitch_classes for one in score.chords]
    assert there.tracks[3] == score.tracks[3]
    assert there.tracks[0].notes[0][2] == score.tracks[0].notes[0][2] + semitones


def test_transposed_keys_and_chords_are_spelled_as_players_write_them() -> None:
    there = transposed(paper_score(), 3)
    assert there.key == "Eb"
    assert [one.symbol for one in there.chords] == ["Eb", "G7", "F", "C7"]
    with pytest.raises(BadInput, match="two octaves"):
        transposed(paper_score(), 25)


@pytest.mark.parametrize(
    ("meter", "bar", "beats"), [("4/4", 1920, 4), ("3/4", 1440, 3), ("6/8", 1440, 6), ("7/8", 1680, 7)]
)
def test_the_click_counts_in_and_accents_the_one(meter: str, bar: int, beats: int) -> None:
    found = clicks(click_midi(paper_score(meter), count_in_bars=1))
    assert len(found) == 5 * beats
    assert [tick for tick, velocity in found if velocity == 120] == [number * bar for number in range(5)]


def test_the_click_carries_the_sections_after_the_count_in() -> None:
    conductor = mido.MidiFile(file=io.BytesIO(click_midi(paper_score()))).tracks[0]
    now, marks = 0, []
    for message in conductor:
        now += message.time
        if message.type == "marker":
            marks.append((now, message.text))
    assert marks == [(0, "Count-in"), (BAR, "Verse"), (3 * BAR, "Chorus")]
