"""Hooks are short, known again wherever they are said, and said often enough; choruses and verses are told apart."""

from __future__ import annotations

import numpy as np
import pytest
from tonal_song import GRID, Choice, make

from musicgen_assets.composition.melody_hook import (
    ALIKE,
    DIFFERENT,
    HOOK_BARS_MAX,
    HOOK_NOTES_MAX,
    HOOK_NOTES_MIN,
    STATED,
    STATEMENTS_MIN,
    figure_likeness,
    hook_statements,
    section_likeness,
)
from musicgen_assets.composition.melody_measures import (
    bar_compression,
    contour_type,
    lempel_ziv_phrases,
    shared_turns,
    turns_of_phrase,
)
from musicgen_assets.composition.melody_quote import quoted_over
from musicgen_assets.score.clock import ticks_per_bar
from musicgen_assets.score.model import ChordSpan, NoteRow
from musicgen_assets.theory.chords import parse_roman

HOOK = ((0, 240, 64, 90), (240, 240, 67, 90), (480, 480, 72, 90), (960, 240, 71, 90), (1200, 700, 67, 90))
SCALE = (0, 2, 4, 5, 7, 9, 11)


def moved(rows: tuple[NoteRow, ...], ticks: int, semitones: int = 0) -> tuple[NoteRow, ...]:
    return tuple((start + ticks, duration, pitch + semitones, velocity) for start, duration, pitch, velocity in rows)


def sequenced(rows: tuple[NoteRow, ...], ticks: int, steps: int) -> tuple[NoteRow, ...]:
    ladder = [pitch for pitch in range(128) if pitch % 12 in SCALE]
    return tuple((s + ticks, d, ladder[ladder.index(p) + steps], v) for s, d, p, v in rows)


def test_exact_transposed_and_sequenced_statements_are_found_where_they_begin() -> None:
    line = (*HOOK, *moved(HOOK, 3840, 5), *sequenced(HOOK, 7680, -1))
    found = hook_statements(line, HOOK)
    assert [statement.start_ticks for statement in found] == [0, 3840, 7680]
    assert found[0].likeness == found[1].likeness == 1.0
    assert found[1].semitones == 5
    assert found[2].likeness >= STATED


def test_playing_does_not_hide_a_hook_and_other_figures_are_not_it() -> None:
    rng = np.random.default_rng(1)
    loose = tuple((s + int(rng.integers(-40, 40)) + 100, d, p, v) for s, d, p, v in HOOK)
    assert len(hook_statements(loose, HOOK)) == 1
    backwards = tuple((s, d, p, v) for (s, d, _, v), (_, _, p, _) in zip(HOOK, HOOK[::-1], strict=True))
    assert hook_statements(backwards, HOOK) == ()
    late = tuple((s * 2, d, p, v) for s, d, p, v in HOOK)
    assert hook_statements(late, HOOK) == ()
    assert hook_statements(HOOK, HOOK[: HOOK_NOTES_MIN - 1]) == ()


def test_chance_rarely_says_a_hook() -> None:
    """Diatonic lines of eighths and quarters, 400 bars of them, say somebody's hook less than once in 50 bars."""
    rng = np.random.default_rng(2)
    ladder = [pitch for pitch in range(60, 80) if pitch % 12 in SCALE]
    starts = np.cumsum(rng.choice([240, 480], 2000))
    places = np.clip(np.cumsum(rng.choice([-2, -1, 1, 2], 2000)) % 20 // 2, 0, len(ladder) - 1)
    line = [(int(start), 200, ladder[place], 90) for start, place in zip(starts, places, strict=True)]
    assert len(hook_statements(line, HOOK)) * 50 < line[-1][0] / 1920


def test_likeness_is_one_for_the_same_zero_for_nothing_and_falls_with_changes() -> None:
    assert figure_likeness(HOOK, HOOK) == figure_likeness(HOOK, moved(HOOK, 0, 3)) == 1.0
    assert figure_likeness(HOOK, ()) == 0.0
    changed = (*HOOK[:4], (1200, 700, 79, 90))
    assert 0.7 < figure_likeness(HOOK, changed) < 0.9
    assert section_likeness(HOOK, moved(HOOK, 1920), 1920, (0, -1)) == 1.0
    assert section_likeness(HOOK, moved(HOOK, 1920), 1920) < DIFFERENT


@pytest.mark.parametrize("choice", GRID, ids=lambda choice: f"{choice.style}-{choice.time_signature}-{choice.is_sung}")
class TestAnyHook:
    def test_it_is_short_and_said_in_every_phrase_of_the_chorus(self, choice: Choice) -> None:
        melody = make(choice).melody
        chorus, hook = melody.themes["chorus"], melody.hook
        assert HOOK_NOTES_MIN <= len(hook.notes) <= HOOK_NOTES_MAX
        assert hook.bars <= HOOK_BARS_MAX
        # Chance and words may cost one of them in a crowded meter; 4/4 never.
        least = STATEMENTS_MIN if choice.time_signature == "4/4" else STATEMENTS_MIN - 1
        assert len(hook_statements(chorus.notes, hook.notes)) >= least * min(1.0, chorus.bars / 8)

    def test_the_verse_is_another_tune(self, choice: Choice) -> None:
        made = make(choice)
        bar = ticks_per_bar(choice.time_signature)
        chorus, verse = made.melody.themes["chorus"], made.melody.themes["verse"]
        assert section_likeness(chorus.notes, verse.notes, bar, (0, -1, 1, -2, 2)) <= DIFFERENT
        assert section_likeness(chorus.notes, chorus.notes, bar) >= ALIKE

    def test_intro_and_outro_quote_it(self, choice: Choice) -> None:
        melody = make(choice).melody
        for kind in ("intro", "outro"):
            assert hook_statements(melody.themes[kind].notes, melody.hook.notes, 0.6), kind

    def test_themes_repeat_more_than_their_shuffled_bars(self, choice: Choice) -> None:
        """Verse, chorus, verse, chorus: the line of a small song has a shorter parse than its bars in any order."""
        themes, bar = make(choice).melody.themes, ticks_per_bar(choice.time_signature)
        line: list[NoteRow] = []
        at = 0
        for kind in ("verse", "chorus", "verse", "chorus"):
            line += moved(themes[kind].notes, at)
            at += themes[kind].bars * bar
        assert bar_compression(line, bar, np.random.default_rng(3)) < 0.95


def test_a_quotation_is_moved_to_where_its_chords_have_it() -> None:
    """The hook outlines C major; over D minor it goes up a step, over C it stays."""
    hook = ((0, 480, 64, 90), (480, 480, 67, 90), (960, 480, 72, 90), (1440, 480, 67, 90))

    def span(numeral: str) -> ChordSpan:
        chord = parse_roman(numeral, "C", "major")
        return ChordSpan(
            start_ticks=0, duration_ticks=1920, symbol=chord.symbol, roman=numeral, root=chord.root,
            quality=chord.quality, bass=chord.bass, pitch_classes=chord.pitch_classes,
        )  # fmt: skip

    assert quoted_over(hook, [span("I")], "C", "major", "4/4") == (list(hook), 1.0)
    moved_up, value = quoted_over(hook, [span("ii")], "C", "major", "4/4")
    assert [note[2] for note in moved_up] == [65, 69, 74, 69]
    assert value > 0.9
    assert quoted_over((), [span("I")], "C", "major", "4/4") == ([], 0.0)


def test_repetition_is_what_the_parse_counts() -> None:
    rng = np.random.default_rng(4)
    assert lempel_ziv_phrases([1, 2, 3, 4] * 16) < 8
    assert lempel_ziv_phrases(rng.integers(0, 30, 64).tolist()) > 30
    assert lempel_ziv_phrases([]) == 0
    assert bar_compression(HOOK, 1920, rng) == 1.0


def test_turns_of_phrase_are_shared_by_transposed_lines_only() -> None:
    line = (*HOOK, *moved(HOOK, 1920, 2))
    assert shared_turns(turns_of_phrase(line), turns_of_phrase(moved(line, 960, 7))) == 1.0
    other = tuple((s, d, 60 + s // 240 % 5, v) for s, d, _, v in line)
    assert shared_turns(turns_of_phrase(line), turns_of_phrase(other)) == 0.0


@pytest.mark.parametrize(
    ("pitches", "kind"),
    [
        ((60, 67, 67, 60), "arch"), ((67, 60, 60, 67), "bowl"), ((60, 62, 64, 67), "rise"), ((67, 64, 62, 60), "fall"),
        ((60, 60, 60), "level"), ((60, 72), "level"),
    ],
)  # fmt: skip
def test_contours_have_their_names(pitches: tuple[int, ...], kind: str) -> None:
    assert contour_type(pitches) == kind


def test_songs_of_one_style_share_few_turns() -> None:
    """Twelve songs for the same request: two of them share under a tenth of their turns of phrase."""
    counters = []
    for seed in range(12):
        melody = make(Choice("pop", 100 + seed, is_sung=False)).melody
        counters.append(turns_of_phrase([*melody.themes["verse"].notes, *moved(melody.themes["chorus"].notes, 15360)]))
    shares = [shared_turns(a, b) for at, a in enumerate(counters) for b in counters[:at]]
    assert np.mean(shares) < 0.1
    assert max(shares) < 0.5


def test_styles_move_differently() -> None:
    """How long notes wait for the next tells styles apart: shares differ by a fifth at least, on average by a third."""
    waits = {}
    for style in ("pop", "jazz_swing", "funk", "ambient", "celtic"):
        rows = [
            min(round((b[0] - a[0]) / 240), 8)
            for seed in (1, 2, 3)
            for theme in (make(Choice(style, 200 + seed, is_sung=False)).melody.themes["verse"],)
            for a, b in zip(theme.notes, theme.notes[1:], strict=False)
        ]
        waits[style] = np.bincount(rows, minlength=9) / len(rows)
    names = list(waits)
    apart = [np.abs(waits[a] - waits[b]).sum() / 2 for at, a in enumerate(names) for b in names[:at]]
    assert np.mean(apart) > 0.25
