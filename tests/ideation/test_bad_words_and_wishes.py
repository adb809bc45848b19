"""Requests that pull in two directions, or cannot be sung or played: a clear refusal, or a resolution that is told."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.written import WrittenSong, write_song
from musicgen_assets.composition.lyrics_loading import load_pack
from musicgen_assets.context.failures import BadInput
from musicgen_assets.ideation.brief import accept, brief_of
from musicgen_assets.ideation.enhancer import propose
from musicgen_assets.ideation.fitting import parameters
from musicgen_assets.ideation.given_words import read_given_words
from musicgen_assets.ideation.overrides import normalise_overrides
from musicgen_assets.ideation.players import MELODIC_ROLES
from musicgen_assets.ideation.revision import revised

ENGLISH = """The rain is falling on the empty street
I walk alone and wonder where you are
The lights are low and all the shops are closed
And every step reminds me of your car"""
SPANISH = """La lluvia cae sobre la calle vacía
Camino solo pensando en tu voz
Las luces bajas y la noche es fría
Y cada paso me habla de los dos"""
LYRICS, LANGUAGE = "creative.lyrics", "creative.language"


def told(prompt: str, overrides: dict[str, Any] | None = None) -> str:
    """The trace of a prompt, as one text."""
    return "\n".join(propose(prompt, normalise_overrides(overrides or {})).trace)


def refusal(prompt: str, overrides: dict[str, Any] | None = None) -> BadInput:
    with pytest.raises(BadInput) as caught:
        write_song(prompt, 1, overrides)
    assert caught.value.rule
    assert caught.value.way_out
    return caught.value


def sung(song: WrittenSong) -> int:
    return len(song.vocal.syllables)


def test_words_in_another_language_than_the_prompt_are_sung_in_theirs() -> None:
    song = write_song("a pop song", 1, {LYRICS: SPANISH})
    assert song.lyrics.language == "es"
    assert sung(song) > 20
    assert "read as Spanish" in told("a pop song", {LYRICS: SPANISH})


def test_words_in_another_language_than_the_prompt_asks_for_win_and_it_is_told() -> None:
    prompt = "a pop song sung in German"
    assert write_song(prompt, 1, {LYRICS: SPANISH}).context.creative.language == "es"
    assert "sung in it and not in German" in told(prompt, {LYRICS: SPANISH})


def test_words_in_another_language_than_the_option_says_are_refused() -> None:
    error = refusal("a pop song", {LYRICS: SPANISH, LANGUAGE: "en"})
    assert error.field == LYRICS
    assert "Spanish" in error.rule
    assert write_song("a pop song", 1, {LYRICS: SPANISH, LANGUAGE: "es"}).lyrics.language == "es"


@pytest.mark.parametrize("words", ["la la la", "oh", "Hold me", "no no no"])
def test_few_words_say_no_language_and_leave_it_as_asked(words: str) -> None:
    found = read_given_words(words, "fr")
    assert found is not None
    assert found.language is None


def test_one_line_is_sung_and_told() -> None:
    line = "Hold me till the morning comes"
    assert sung(write_song("a pop song", 1, {LYRICS: line})) >= 7
    assert "one line of words" in told("a pop song", {LYRICS: line})


def test_three_hundred_lines_are_sung_as_far_as_the_song_goes_and_it_is_told() -> None:
    lines = ENGLISH.splitlines()
    text = "\n".join(f"{lines[number % 4]} again {number}" for number in range(300))
    overrides = {LYRICS: text, "technical.duration_s": 60.0}
    song = write_song("a pop song", 1, overrides)
    assert sung(song) > 40
    assert song.score.duration_s == 60.0
    lines_told = parameters({}, overrides, song.context).trace
    assert any("300 lines" in line and "as far as it gets" in line for line in lines_told)


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ("brr tsk hmm\npst krk", "vowel"),
        ("1 2 3\n4 5 6", "vowel"),
        ("\u2764\ufe0f \u2764\ufe0f", "vowel"),
        ("\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd", "right to left"),
        ("\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645", "right to left"),
        ("\u041f\u0440\u0438\u0432\u0435\u0442 \u043c\u0438\u0440", "Cyrillic"),
        ("\u6211\u611b\u4f60", "script"),
    ],
)
def test_words_that_nobody_can_sing_are_refused(words: str, rule: str) -> None:
    error = refusal("a pop song", {LYRICS: words})
    assert error.field == LYRICS
    assert rule in error.rule


def test_lines_without_vowels_among_others_are_left_out_and_told() -> None:
    text = "brr tsk hmm\nHold me till the morning comes\nNever let me go again"
    assert sung(write_song("a pop song", 1, {LYRICS: text})) > 5
    assert "1 of 3 lines have no vowel" in told("a pop song", {LYRICS: text})


def test_a_revision_reads_new_words_as_a_request_does() -> None:
    base = write_song("a pop song about rain").context
    assert revised(base, {LYRICS: SPANISH}).creative.language == "es"
    with pytest.raises(BadInput, match="vowel"):
        revised(base, {LYRICS: "pst"})


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("house, only bagpipes and harpsichord", "no instruments of house"),
        ("reggae with harp", "harp is no instrument of reggae"),
        ("rock with nothing but drums", "nobody named can play a tune"),
        ("just timpani", "nobody named can play a tune"),
    ],
)
def test_instruments_that_do_not_suit_the_style_play_all_the_same_and_it_is_told(prompt: str, words: str) -> None:
    song = write_song(prompt)
    assert any(item.role in MELODIC_ROLES for item in song.context.musical.instruments)
    assert all(track.notes for track in song.score.tracks)
    assert words in told(prompt)


def test_an_instrument_wanted_and_refused_stays_out_and_it_is_told() -> None:
    prompt = "piano ballad, pop, no piano"
    assert "piano" not in [item.name for item in write_song(prompt).context.musical.instruments]
    assert "both wanted and refused" in told(prompt)


@pytest.mark.parametrize(
    "prompt", ["pop: verse chorus verse chorus, no chorus", "rock, verse verse verse, without verses"]
)
def test_an_order_that_refuses_its_own_sections_is_refused(prompt: str) -> None:
    error = refusal(prompt)
    assert error.field == "musical.structure"
    assert "same breath" in error.rule


def test_an_odd_order_is_kept_and_told() -> None:
    prompt = "pop: outro, verse, intro, chorus"
    kinds = [section.kind for section in write_song(prompt).score.sections]
    assert kinds == ["outro", "verse", "intro", "chorus"]
    assert "kept as it was asked" in told(prompt)


NINE = "intro verse chorus verse chorus bridge solo chorus outro"


def test_nine_sections_in_thirty_seconds_are_short_and_told_or_refused_where_bars_run_out() -> None:
    song = write_song(f"pop at 120 bpm, 30 seconds, {NINE}")
    assert len(song.score.sections) == 9
    assert song.score.duration_s == 30.0
    assert any("9 sections in 30 s" in line for line in parameters({}, {}, song.context).trace)
    assert "it needs 9 bars" in refusal(f"pop at 50 bpm, 30 seconds, {NINE}").rule


def test_ten_minutes_of_a_lullaby_come_round_again_and_it_is_told() -> None:
    song = write_song("a lullaby of ten minutes")
    assert song.score.duration_s == 600.0
    assert len(song.score.sections) > 8
    assert any("comes round again" in line for line in parameters({}, {}, song.context).trace)


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("slow rock at 150 bpm", "the number beats slow"),
        ("house at 200 bpm", "faster than house goes"),
        ("happy pop in D minor", "would call for major"),
        ("pop in E phrygian", "phrygian is rare in pop"),
        ("bossa nova in 7/8", "not played in 7/8"),
        ("G# major pop", "written as Ab major"),
    ],
)
def test_what_pulls_against_genre_or_mood_stands_and_is_told(prompt: str, words: str) -> None:
    assert words in told(prompt)


def test_what_an_option_overrules_is_told() -> None:
    lines = parameters(propose("pop at 100 bpm").parameters, {"musical.tempo_bpm": 90}).trace
    assert any("the prompt's 100.0 gives way" in line for line in lines)


@pytest.mark.parametrize(
    ("prompt", "language", "theme"),
    [
        ("a Spanish song about the sea", "es", "sea"), ("a sad French song about winter nights", "fr", "winter"),
        ("ein Lied auf Englisch über das Meer", "en", "sea"),
        ("una canción en portugués sobre el verano", "pt", "summer"),
    ],
)  # fmt: skip
def test_a_song_in_another_language_than_its_prompt_is_named_in_its_own(prompt: str, language: str, theme: str) -> None:
    context = accept(brief_of({"prompt": prompt, "seed": 1}))
    assert context.creative.language == language
    assert context.creative.title in {title.text for title in load_pack(language).themes[theme].titles}  # type: ignore[arg-type]
    assert f"own language ({language})" in told(prompt)


def test_a_title_that_was_given_stands_in_any_language() -> None:
    prompt = 'a Spanish song about the sea called "Blue Harbour"'
    assert accept(brief_of({"prompt": prompt, "seed": 1})).creative.title == "Blue Harbour"
    named = brief_of({"prompt": "a Spanish song about the sea", "title": "Salt", "seed": 1})
    assert accept(named).creative.title == "Salt"
    same = accept(brief_of({"prompt": "a song about the sea", "seed": 1}))
    assert same.creative.title == "The sea"
