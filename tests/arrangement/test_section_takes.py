"""A section drawn anew: every note outside it stays, inside it is played another way, and its name is understood."""

from __future__ import annotations

import pytest

from musicgen_assets.arrangement.takes import section_stream, stream_of
from musicgen_assets.context.failures import BadInput
from musicgen_assets.ideation.revision import streams_of
from musicgen_assets.score.model import Score
from support.hand_made_song import make_song

STYLES = ("pop", "jazz_swing", "house", "solo_piano", "bossa_nova")


def song(style: str, rerolls: dict[str, int]) -> Score:
    return make_song(style, duration_s=60.0, seed=5, rerolls=rerolls)


def split(score: Score, start: int, end: int) -> tuple[dict[str, list], dict[str, list]]:
    """Everything that begins inside and outside of start..end, by track."""
    inside: dict[str, list] = {}
    outside: dict[str, list] = {}
    for track in score.tracks:
        for row in (*track.notes, *track.controllers, *track.bends):
            (inside if start <= row[0] < end else outside).setdefault(track.name, []).append(row)
    return inside, outside


@pytest.mark.parametrize("style", STYLES)
def test_every_note_outside_a_section_drawn_anew_is_identical_and_inside_it_differs(style: str) -> None:
    before = song(style, {})
    sections = before.sections if style in ("pop", "solo_piano") else before.sections[1:3]
    for section in sections:
        after = song(style, {stream_of(section): 1})
        assert after.sections == before.sections
        mine, others = split(before, section.start_ticks, section.end_ticks)
        mine_after, others_after = split(after, section.start_ticks, section.end_ticks)
        assert others_after == others, section.name
        assert mine_after != mine, section.name


def test_takes_differ_from_each_other_and_stand_beside_each_other() -> None:
    first, second = song("pop", {"verse 1": 1}), song("pop", {"verse 1": 2})
    assert first != second
    both = song("pop", {"verse 1": 1, "chorus 1": 1})
    verse = next(section for section in both.sections if section.kind == "verse")
    assert split(both, verse.start_ticks, verse.end_ticks)[0] == split(first, verse.start_ticks, verse.end_ticks)[0]


def test_no_note_sounds_over_the_end_of_its_section() -> None:
    for style in ("pop", "jazz_swing", "cinematic"):
        score = song(style, {})
        for section in score.sections[:-1]:
            for track in score.tracks:
                for start, duration, *_ in track.notes:
                    if section.start_ticks <= start < section.end_ticks:
                        assert start + duration <= section.end_ticks


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Verse 2", "arrangement/verse 2"), ("arrangement/verse 2", "arrangement/verse 2"),
        ("Pre-Chorus 1", "arrangement/pre_chorus 1"), ("bridge", "arrangement/bridge 1"),
        ("melody", None), ("arrangement/arrangement", None), ("", None), ("verse 0", None),
    ],
)  # fmt: skip
def test_sections_are_called_as_people_call_them(said: str, meant: str | None) -> None:
    assert section_stream(said) == meant


def test_a_reroll_names_sections_and_assets_alike() -> None:
    assert streams_of(["verse 2", "melody"]) == ("arrangement/verse 2", "melody")


def test_a_section_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(BadInput, match="no such section") as caught:
        song("pop", {"verse 9": 1})
    assert "verse 1" in caught.value.way_out
