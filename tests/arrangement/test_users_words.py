"""Words that a user gave are sung in any style, whatever the lengths of their lines, and never stop a song."""

from __future__ import annotations

import pytest

from benchmarks.written import WrittenSong, write_song

SHORT_REFRAIN = (
    "[Verse]\nSalt on the window\nRain on the glass and nobody to answer\n"
    "[Chorus]\nSail\nSail on until the harbour lights are gone\n"
)
ONE_SYLLABLE = "[Verse]\nI saw you standing in the rain\nYou called my name again\n[Chorus]\nHey\nHey\nHey\nHey\n"
LONG_LINES = (
    "[Verse]\nI been up since the morning with the coffee and the paper and I never really slept at all\n"
    "[Chorus]\nNo sleep no sleep\nTill the promises we keep\n"
)
REFRAIN_ONLY = "[Chorus]\nWe are the ones who never sleep\nWe are the ones who run\n"


def _song(words: str, style: str, duration_s: float = 60.0) -> WrittenSong:
    return write_song(f"a {style} song", 2, {"creative.lyrics": words, "technical.duration_s": duration_s})


@pytest.mark.parametrize("style", ["pop", "house", "jazz"])
@pytest.mark.parametrize("words", [SHORT_REFRAIN, ONE_SYLLABLE, LONG_LINES, REFRAIN_ONLY])
def test_no_check_stops_a_song_for_the_lengths_of_given_lines(words: str, style: str) -> None:
    song = _song(words, style)
    assert [check.name for check in song.checks if not check.passed] == []
    assert song.vocal.syllables


@pytest.mark.parametrize("style", ["house", "techno", "ambient", "solo piano"])
def test_given_verse_and_refrain_are_both_sung_where_a_style_has_other_forms(style: str) -> None:
    song = _song(LONG_LINES, style, 90.0)
    sung = " ".join(syllable.text for syllable in song.vocal.syllables)
    assert "No sleep" in sung
    assert "cof fee" in sung


def test_the_hook_lies_on_the_first_refrain_line_that_can_carry_one() -> None:
    hook = _song(SHORT_REFRAIN, "pop").melody.hook
    assert len(hook.notes) >= 3
    assert hook.notes[0][0] < 1920, "the hook begins in its first bar"
