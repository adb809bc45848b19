"""Syllables become the lines that were written again, with the times they are sung at."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from musicgen_assets.finalization.words import clock, lrc_text, plain_text, section_label, sung_lines
from musicgen_assets.score.clock import SongClock
from musicgen_assets.score.material import LyricLine, Lyrics, LyricSection
from musicgen_assets.score.model import Syllable


def sung(text: str, section: str = "verse_1", line: int = 0, start: int = 0) -> list[Syllable]:
    found = []
    for word in text.split():
        parts = word.split("-")
        for place, part in enumerate(parts):
            found.append(
                Syllable(start_ticks=start, duration_ticks=240, text=part, is_word_end=place == len(parts) - 1,
                         section=section, line=line)
            )  # fmt: skip
            start += 480
    return found


def test_lines_take_the_spelling_they_were_written_with() -> None:
    written = LyricLine(text="Ev'ry summer, again!", syllables=(), stresses=(), word_ends=(), rhyme="")
    lyrics = Lyrics(language="en", title="x", sections=(LyricSection(kind="verse", index=0, lines=(written,)),))
    (line,) = sung_lines(sung("ev'ry sum-mer a-gain", start=960), SongClock(120.0), lyrics)
    assert line.text == "Ev'ry summer, again!"
    assert (line.start_s, line.end_s) == (1.0, 3.25)


def test_lines_nobody_wrote_are_joined_from_syllables() -> None:
    (line,) = sung_lines(sung("la la-la"), SongClock(60.0))
    assert line.text == "la lala"


def test_lines_are_in_the_order_they_are_sung() -> None:
    syllables = sung("two", line=1, start=4_000) + sung("one") + sung("three", section="chorus_1", start=9_000)
    lines = sung_lines(syllables, SongClock(120.0))
    assert [(line.section, line.text) for line in lines] == [
        ("verse_1", "one"),
        ("verse_1", "two"),
        ("chorus_1", "three"),
    ]


def test_text_has_a_heading_a_section() -> None:
    lines = sung_lines(sung("one") + sung("two", section="pre_chorus_1", start=9_000), SongClock(120.0))
    assert plain_text("T", lines) == "T\n\n[Verse 1]\none\n\n[Pre chorus 1]\ntwo\n"


def test_lrc_keeps_one_line_a_line() -> None:
    lines = sung_lines(sung("one"), SongClock(120.0))
    assert lrc_text("A\nB", lines, 61.005) == "[ti:A B]\n[length:01:01.00]\n[00:00.00]one\n"


@given(st.floats(0, 5_999))
def test_clocks_read_back_within_a_hundredth(time_s: float) -> None:
    minutes, rest = re.fullmatch(r"(\d{2}):(\d{2}\.\d{2})", clock(time_s)).groups()  # type: ignore[union-attr]
    assert abs(int(minutes) * 60 + float(rest) - time_s) <= 0.00501
    assert float(rest) < 60.0


def test_section_names_are_for_people() -> None:
    assert section_label("pre_chorus_2") == "Pre chorus 2"
