"""The hook in whole songs: heard in their first quarter, said four times in every refrain, in any meter and length."""

from __future__ import annotations

from functools import lru_cache

import pytest

from benchmarks.tonal_rules import HOOK_KINDS, section_rows, song_line
from benchmarks.written import WrittenSong, write_song
from musicgen_assets.arrangement.form_growth import needs_intro
from musicgen_assets.arrangement.section_lengths import Wish, fit_lengths
from musicgen_assets.composition.feel import swung
from musicgen_assets.composition.melody_hook import (
    ALIKE,
    HEADLESS_FROM,
    HEARD_WITHIN,
    hook_statements,
    refrain_likeness,
    statements_wanted,
)
from musicgen_assets.score.clock import ticks_per_bar

HOOK = ((0, 240, 64, 90), (240, 240, 67, 90), (480, 480, 72, 90), (960, 240, 71, 90), (1200, 700, 67, 90))
LATE_BEFORE = (("metal", 1, 45.0), ("jazz_swing", 1, 60.0), ("gospel", 2, 60.0))
"""(style, seed, seconds) of songs whose intro only hinted at the hook, that have no refrain, or begin with a verse."""
OTHER_METERS = (("march", 2, 45.0), ("lullaby", 2, 45.0))


@lru_cache
def written(style: str, seed: int, duration_s: float) -> WrittenSong:
    overrides = {
        "musical.genres": [{"name": style, "weight": 1.0}], "technical.duration_s": duration_s,
        "creative.has_vocals": seed % 2 == 0,
    }  # fmt: skip
    return write_song(f"a {style.replace('_', ' ')} song", seed, overrides)


@pytest.mark.parametrize(("style", "seed", "duration_s"), [*LATE_BEFORE, *OTHER_METERS])
def test_the_hook_is_heard_in_the_first_quarter_and_said_four_times_in_a_refrain(style, seed, duration_s):
    song = written(style, seed, duration_s)
    line, hook = song_line(song), song.melody.hook.notes
    assert hook_statements(line, hook)[0].start_ticks < HEARD_WITHIN * song.score.end_ticks
    refrains = [section for section in song.score.sections if section.kind in HOOK_KINDS]
    said = {section.name: len(hook_statements(section_rows(line, section), hook)) for section in refrains}
    played = {section.name: section.bars - (section is song.score.sections[-1]) for section in refrains}
    assert all(said[name] >= statements_wanted(bars) for name, bars in played.items()), (said, played)


@pytest.mark.parametrize(("bars", "times"), [(1, 1), (2, 1), (4, 2), (5, 2), (6, 3), (7, 3), (8, 4), (16, 4)])
def test_a_short_refrain_says_its_hook_once_a_phrase(bars, times):
    assert statements_wanted(bars) == times


def test_an_asked_verse_first_has_the_hook_as_an_answer():
    song = write_song(
        "an instrumental rock song", 3,
        {"creative.has_vocals": False, "technical.duration_s": 60.0,
         "musical.structure": [{"kind": "verse"}, {"kind": "verse"}, {"kind": "chorus"}]},
    )  # fmt: skip
    assert [section.kind for section in song.score.sections] == ["verse", "verse", "chorus"]
    first = hook_statements(song_line(song), song.melody.hook.notes)[0]
    assert first.start_ticks < HEARD_WITHIN * song.score.end_ticks


def test_only_songs_without_a_refrain_or_a_quotation_early_get_an_intro():
    assert needs_intro(("verse", "chorus"), (8, 9))
    assert needs_intro(("verse", "bridge", "verse"), (8, 8, 9))
    assert not needs_intro(("verse", "chorus", "verse", "chorus"), (4, 8, 4, 9))
    assert not needs_intro(("intro", "verse", "chorus"), (4, 8, 9))


def test_a_last_refrain_is_whole_where_the_verse_can_give_way():
    verse, refrain = Wish(8, 8, weight=1.5), Wish(8, 8, weight=5.0, whole_bars=8)
    lengths = fit_lengths([verse, refrain, verse, refrain], 31)
    assert lengths is not None
    assert sum(lengths) == 31
    assert lengths[-1] - 1 >= 8
    assert lengths[1] >= 8


def test_a_hook_without_its_first_note_is_known():
    assert len(HOOK) >= HEADLESS_FROM
    found = hook_statements(HOOK[1:], HOOK)
    assert [statement.start_ticks for statement in found] == [240]
    assert hook_statements(HOOK[1:4], HOOK[:4]) == ()


def test_a_refrain_that_goes_round_twice_is_like_the_one_that_goes_round_once():
    bar = ticks_per_bar("4/4")
    twice = (*HOOK, *((start + bar, length, pitch, loud) for start, length, pitch, loud in HOOK))
    assert refrain_likeness(HOOK, 1, twice, 2, bar) == 1.0
    other = tuple((start, length, 140 - pitch, loud) for start, length, pitch, loud in HOOK)
    assert refrain_likeness(HOOK, 1, (*other, *twice[len(HOOK) :]), 2, bar) < ALIKE


@pytest.mark.parametrize("seed", [1, 2])
def test_sixteenths_of_the_tune_lie_with_the_band(seed):
    """On the written grid no note of the melody or the voice stands on a straight sixteenth that the band swings."""
    song = written("hip_hop", seed, 45.0)
    share, meter = song.rhythm.sixteenth_swing, song.score.time_signature
    assert share > 0.5
    late = swung(120, 0.5, meter, share)
    written_melody = [row for track in song.written.tracks if track.name == "melody" for row in track.notes]
    themes = [row for theme in song.melody.themes.values() for row in theme.notes]
    sung = song.vocal.track.notes if song.vocal.track else ()
    places = [row[0] % 240 for row in (*written_melody, *themes, *sung)]
    assert late in places
    assert 120 not in places
