"""Comparing scores: every note that differs is counted once, in its bar, and songs that grew are compared in step."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicgen_assets.score.difference import MOVED_TICKS, bar_ranges, compare_scores
from musicgen_assets.score.lyrics_difference import compare_lyrics
from musicgen_assets.score.material import LyricLine, Lyrics, LyricSection
from musicgen_assets.score.model import ChordSpan, NoteRow, Score, Section, Track

BAR = 1920
SCALE: tuple[NoteRow, ...] = tuple((beat * 480, 460, 60 + beat % 12, 80) for beat in range(32))
"""Eight bars of quarters: a verse of four bars and a chorus of four."""


def section(kind: Any, index: int, start_bar: int, bars: int, name: str = "") -> Section:
    return Section(
        name=name or f"{kind} {index + 1}", kind=kind, index=index, start_bar=start_bar, bars=bars,
        start_ticks=start_bar * BAR, end_ticks=(start_bar + bars) * BAR, energy=0.5,
    )  # fmt: skip


def chord(start_bar: int, symbol: str) -> ChordSpan:
    return ChordSpan(
        start_ticks=start_bar * BAR, duration_ticks=BAR, symbol=symbol, roman="I", root=0, quality="maj", bass=0,
        pitch_classes=(0, 4, 7),
    )  # fmt: skip


def track(name: str = "melody", notes: tuple[NoteRow, ...] = SCALE, **changes: Any) -> Track:
    return Track(**{"name": name, "role": "lead", "instrument": "flute", "program": 73, "channel": 0, "notes": notes,
                    **changes})  # fmt: skip


def score(*tracks: Track, sections: tuple[Section, ...] = (), **changes: Any) -> Score:
    sections = sections or (section("verse", 0, 0, 4), section("chorus", 0, 4, 4))
    facts: dict[str, Any] = {
        "title": "Song", "key": "C", "scale": "major", "tempo_bpm": 120.0, "time_signature": "4/4",
        "duration_s": 16.0, "end_ticks": sections[-1].end_ticks,
    }  # fmt: skip
    return Score(**{**facts, "sections": sections, "tracks": tracks or (track(),), **changes})


def compared(before: tuple[NoteRow, ...], after: tuple[NoteRow, ...]) -> dict[str, Any]:
    row: dict[str, Any] = compare_scores(score(track(notes=before)), score(track(notes=after)))["tracks"][0]
    return row


ROWS = st.lists(
    st.tuples(st.integers(0, 8 * BAR - 1), st.integers(1, 960), st.integers(48, 60), st.integers(60, 70)), max_size=40
).map(tuple)


@given(ROWS)
def test_a_score_is_the_same_as_itself(rows: tuple[NoteRow, ...]) -> None:
    found = compare_scores(score(track(notes=rows)), score(track(notes=rows[::-1])))
    assert found["is_same"]
    assert [row["change"] for row in found["tracks"]] == ["same"]
    assert [found[part] for part in ("facts", "sections", "chord_bars")] == [[], [], []]


@given(ROWS, ROWS)
def test_every_note_is_accounted_for_and_both_directions_agree(
    before: tuple[NoteRow, ...], after: tuple[NoteRow, ...]
) -> None:
    there, back = compared(before, after), compared(after, before)
    assert len(before) - there["removed"] + there["added"] == len(after)
    assert (there["added"], there["removed"]) == (back["removed"], back["added"])
    assert there["changed"] == back["changed"]
    assert there["changed"] + there["removed"] <= len(before)
    assert there["changed"] + there["added"] <= len(after)
    assert (there["change"] == "same") == (sorted(before) == sorted(after))
    assert bool(there["bars"]) == (there["change"] == "changed")


@given(st.sets(st.integers(0, 31), max_size=31))
def test_notes_taken_away_are_counted_in_their_bars(gone: set[int]) -> None:
    rest = tuple(row for index, row in enumerate(SCALE) if index not in gone)
    found = compared(SCALE, rest)
    assert (found["removed"], found["added"], found["changed"]) == (len(gone), 0, 0)
    assert found["bars"] == bar_ranges(index // 4 + 1 for index in gone)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ((0, 0, 0, 9), "velocity"),
        ((0, -100, 0, 0), "length"),
        ((0, 0, 13, 0), "pitch"),
        ((MOVED_TICKS, 0, 0, 0), "place"),
    ],
)
def test_a_changed_note_is_told_by_what_changed(change: NoteRow, kind: str) -> None:
    start, duration, pitch, velocity = (value + more for value, more in zip(SCALE[9], change, strict=True))
    found = compared(SCALE, (*SCALE[:9], (start, duration, pitch, velocity), *SCALE[10:]))
    assert {name: found[name] for name in ("pitch", "velocity", "length", "place")} == {
        name: int(name == kind) for name in ("pitch", "velocity", "length", "place")
    }
    assert (found["added"], found["removed"], found["changed"], found["bars"]) == (0, 0, 1, [[3, 3]])


def test_a_note_moved_further_than_a_sixteenth_is_another_note() -> None:
    far = (SCALE[9][0] + MOVED_TICKS + 1, *SCALE[9][1:])
    found = compared(SCALE, (*SCALE[:9], far, *SCALE[10:]))
    assert (found["added"], found["removed"], found["changed"]) == (1, 1, 0)


def test_a_transposed_part_changed_in_pitch_alone() -> None:
    found = compared(SCALE, tuple((start, duration, pitch + 2, velocity) for start, duration, pitch, velocity in SCALE))
    assert (found["changed"], found["pitch"], found["velocity"]) == (32, 32, 0)
    assert found["bars"] == [[1, 8]]


def test_a_song_that_grew_by_a_verse_differs_only_there() -> None:
    grown = (section("verse", 0, 0, 4), section("verse", 1, 4, 4), section("chorus", 0, 8, 4))
    shifted = tuple((start + 4 * BAR, length, pitch, velocity) for start, length, pitch, velocity in SCALE)
    notes = (*SCALE[:16], *[row for row in shifted if row[0] < 8 * BAR], *shifted[16:])
    found = compare_scores(score(), score(track(notes=notes), sections=grown))
    changes = {row["name"]: row["change"] for row in found["sections"]}
    assert changes == {"verse 2": "added", "chorus 1": "moved"}
    row = found["tracks"][0]
    assert (row["added"], row["removed"], row["changed"], row["bars"]) == (16, 0, 0, [[5, 8]])
    back = compare_scores(score(track(notes=notes), sections=grown), score())["tracks"][0]
    assert (back["removed"], back["bars"], back["old_bars"]) == (16, [], [[5, 8]])


def test_a_section_renamed_because_another_came_is_still_that_section() -> None:
    alone = (section("verse", 0, 0, 4, "Verse"), section("chorus", 0, 4, 4, "Chorus"))
    numbered = (section("verse", 0, 0, 4, "Verse 1"), section("chorus", 0, 4, 4, "Chorus"))
    assert compare_scores(score(sections=alone), score(sections=numbered))["is_same"]


def test_facts_chords_and_section_energy_are_named() -> None:
    chords = tuple(chord(bar, "C") for bar in range(8))
    other = (*chords[:5], chord(5, "Am"), *chords[6:])
    loud = (section("verse", 0, 0, 4), section("chorus", 0, 4, 4).model_copy(update={"energy": 0.9}))
    found = compare_scores(score(chords=chords), score(chords=other, sections=loud, tempo_bpm=90.0, key="D"))
    assert found["facts"] == [{"name": "key", "old": "C", "new": "D"}, {"name": "tempo_bpm", "old": 120.0, "new": 90.0}]
    assert found["chord_bars"] == [[6, 6]]
    assert [(row["name"], row["change"]) for row in found["sections"]] == [("chorus 1", "changed")]
    assert (found["sections"][0]["old"]["energy"], found["sections"][0]["new"]["energy"]) == (0.5, 0.9)
    assert not found["is_same"]


def test_players_that_come_and_go_are_named() -> None:
    found = compare_scores(score(track(), track("bass")), score(track(instrument="oboe", program=68), track("pad")))
    changes = {row["name"]: row["change"] for row in found["tracks"]}
    assert changes == {"melody": "changed", "pad": "added", "bass": "removed"}
    assert found["tracks"][0]["instrument"] == {"old": "flute", "new": "oboe"}
    assert found["tracks"][0]["bars"] == []


def test_another_meter_is_counted_in_bars_of_the_new_one() -> None:
    waltz = tuple(
        item.model_copy(update={"start_ticks": item.start_bar * 1440, "end_ticks": (item.start_bar + item.bars) * 1440})
        for item in score().sections
    )
    after = score(track(notes=()), sections=waltz, time_signature="3/4", end_ticks=waltz[-1].end_ticks)
    row = compare_scores(score(), after)["tracks"][0]
    assert (row["removed"], row["bars"]) == (32, [[1, 8]])


def line(text: str) -> LyricLine:
    words = tuple(text.split())
    return LyricLine(text=text, syllables=words, stresses=(1,) * len(words), word_ends=(True,) * len(words), rhyme="A")


def lyrics(**sections: Any) -> Lyrics:
    found = [LyricSection(kind=kind, index=0, lines=tuple(map(line, texts))) for kind, texts in sections.items()]
    return Lyrics(language="en", title="Song", sections=tuple(found))


def test_changed_lines_are_named_and_an_inserted_line_leaves_the_others_the_same() -> None:
    before = lyrics(verse=("one", "two", "three"), bridge=("over",))
    after = lyrics(verse=("zero", "one", "TWO", "three"), chorus=("sing",))
    assert compare_lyrics(before, before) == []
    assert compare_lyrics(before, after) == [
        {"section": "verse 1", "line": 1, "old": None, "new": "zero"},
        {"section": "verse 1", "line": 3, "old": "two", "new": "TWO"},
        {"section": "chorus 1", "line": 1, "old": None, "new": "sing"},
        {"section": "bridge 1", "line": 1, "old": "over", "new": None},
    ]
