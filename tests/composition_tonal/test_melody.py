"""Melodies keep their promises: singable, rooted in their chords, built on a hook, fitted to the words."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tonal_song import GRID, Choice, Made, make

from musicgen_assets.composition.feel import metric_weight
from musicgen_assets.composition.melody import MelodyBrief, compose_melody, mean_pitch
from musicgen_assets.composition.melody_coherence import MELODIC_THRESHOLD, melodic_coherence, theme_parts, weighted
from musicgen_assets.composition.melody_critic import CRITERIA, criticise
from musicgen_assets.composition.melody_pitch import Harmonic, Wish, chord_at, playable, sing
from musicgen_assets.composition.melody_plan import phrase_plans, song_range
from musicgen_assets.composition.melody_rhythm import BREATH_TICKS, Pace, place, stress_pattern
from musicgen_assets.composition.section_loops import ALL_KINDS, line_count, line_spans, loop_bars, sung_kinds
from musicgen_assets.context.schema import (
    AIDecisions,
    CompositionContext,
    CreativeContext,
    GenerationParameters,
    MusicalContext,
    WeightedGenre,
)
from musicgen_assets.graph.memory_job import MemoryStore
from musicgen_assets.graph.payloads import json_payload
from musicgen_assets.score.clock import ticks_per_bar
from musicgen_assets.score.material import Melody, Theme
from musicgen_assets.score.midi import read_midi
from musicgen_assets.score.model import NoteRow
from musicgen_assets.styles.loader import load_style
from musicgen_assets.theory.scales import scale_pitch_classes

HOME_KINDS = ("chorus", "drop", "solo", "outro")


def pitches(theme: Theme) -> np.ndarray:
    return np.array([note[2] for note in theme.notes])


@pytest.mark.parametrize("choice", GRID, ids=lambda choice: f"{choice.style}-{choice.time_signature}-{choice.scale}")
class TestAnyMelody:
    def test_notes_are_sorted_inside_the_loop_and_the_range_and_never_overlap(self, choice: Choice) -> None:
        made = make(choice)
        low, high = song_range(choice.voice, load_style(choice.style))
        bar = ticks_per_bar(choice.time_signature)
        assert tuple(made.melody.themes) == ALL_KINDS
        for kind, theme in made.melody.themes.items():
            assert theme.bars == made.harmony.sections[kind].bars
            assert len(theme.notes) >= 2
            for start, duration, pitch, velocity in theme.notes:
                assert 0 <= start < start + duration <= theme.bars * bar
                assert low <= pitch <= high
                assert 1 <= velocity <= 127
            for first, second in pairwise(theme.notes):
                assert first[0] + first[1] <= second[0]

    def test_phrases_cover_the_notes_and_leave_time_to_breathe(self, choice: Choice) -> None:
        for theme in make(choice).melody.themes.values():
            assert theme.phrases[0][0] == 0
            assert theme.phrases[-1][1] == len(theme.notes)
            for (_, end), (start, _) in pairwise(theme.phrases):
                assert end == start
                last, following = theme.notes[end - 1], theme.notes[start]
                assert following[0] - (last[0] + last[1]) >= BREATH_TICKS // 2

    def test_sung_lines_have_a_note_for_every_syllable(self, choice: Choice) -> None:
        made = make(choice)
        for section in made.prosody.sections:
            theme = made.melody.themes[section.kind]
            counts = [end - start for start, end in theme.phrases]
            assert counts[: len(section.lines)] == [len(line.stresses) for line in section.lines]

    def test_stressed_syllables_stand_on_stronger_places(self, choice: Choice) -> None:
        made = make(choice)
        if not choice.is_sung:
            assert made.prosody.sections == ()
            return
        bar = ticks_per_bar(choice.time_signature)
        heavy, light = [], []
        for section in made.prosody.sections:
            theme = made.melody.themes[section.kind]
            stresses = [stress for line in section.lines for stress in line.stresses]
            for note, stress in zip(theme.notes, stresses, strict=False):
                place_in_bar = round(note[0] / 120) * 120 % bar
                (heavy if stress else light).append(metric_weight(place_in_bar, choice.time_signature))
        # With two eighths a beat and every place taken, as in 2/4, little choice is left.
        assert np.mean(heavy) > np.mean(light) + (0.1 if choice.time_signature != "2/4" else 0.0)

    def test_strong_and_long_notes_agree_with_their_chords(self, choice: Choice) -> None:
        assert agreement(make(choice)) >= 0.78

    def test_every_note_is_of_the_key_or_of_its_chord(self, choice: Choice) -> None:
        made = make(choice)
        scale = set(scale_pitch_classes(choice.key, choice.scale))
        for kind, theme in made.melody.themes.items():
            for start, _, pitch, _ in theme.notes:
                # Swing may move a note a little over the chord change it was written before.
                near = {start, max(start - 120, 0)}
                chords = [chord_at(made.harmony.sections[kind].chords, tick) for tick in near]
                assert pitch % 12 in scale | {pc for chord in chords for pc in chord.pitch_classes}

    def test_the_chorus_lies_above_the_verse(self, choice: Choice) -> None:
        themes = make(choice).melody.themes
        assert mean_pitch(themes["chorus"]) - mean_pitch(themes["verse"]) >= 2.0

    def test_the_hook_is_short_and_opens_the_chorus(self, choice: Choice) -> None:
        made = make(choice)
        hook, chorus = made.melody.hook, made.melody.themes["chorus"]
        assert 1 <= len(hook.notes) <= 9
        assert hook.bars <= 2
        assert [note[0] for note in hook.notes] == [note[0] for note in chorus.notes[: len(hook.notes)]]
        assert (pitches(hook) == pitches(chorus)[: len(hook.notes)]).mean() >= 0.7

    def test_it_passes_its_score_and_scores_are_finite(self, choice: Choice) -> None:
        scores = make(choice).melody.scores
        assert all(math.isfinite(value) and 0.0 <= value <= 1.0 for value in scores.values())
        assert scores["melodic_coherence"] >= MELODIC_THRESHOLD


def agreement(made: Made) -> float:
    """Share of notes of an eighth or more on strong pulses that belong to their chord."""
    meter = made.choice.time_signature
    agrees = []
    for kind, theme in made.melody.themes.items():
        for start, duration, pitch, _ in theme.notes:
            place_in_bar = round(start / 240) * 240 % ticks_per_bar(meter)
            if metric_weight(place_in_bar, meter) >= 0.75 and duration >= 240:
                agrees.append(pitch % 12 in chord_at(made.harmony.sections[kind].chords, start).pitch_classes)
    return float(np.mean(agrees))


def test_strong_notes_of_all_songs_together_agree_nine_times_in_ten() -> None:
    assert np.mean([agreement(make(choice)) for choice in GRID]) >= 0.9


def remade(made: Made, change: Callable[[tuple[NoteRow, ...]], tuple[NoteRow, ...]]) -> float:
    themes = {
        kind: Theme(bars=theme.bars, notes=change(theme.notes), phrases=theme.phrases)
        for kind, theme in made.melody.themes.items()
    }
    return melodic_coherence(themes, made.harmony, made.choice.time_signature)[0]


def with_pitches(notes: tuple[NoteRow, ...], values: np.ndarray) -> tuple[NoteRow, ...]:
    return tuple((s, d, int(pitch), v) for (s, d, _, v), pitch in zip(notes, values, strict=True))


def test_shuffled_and_random_pitches_are_told_from_melodies() -> None:
    rng = np.random.default_rng(7)
    own, shuffled, random, diatonic = [], [], [], []
    for choice in GRID:
        made = make(choice)
        scale = scale_pitch_classes(choice.key, choice.scale)
        own.append(made.melody.scores["melodic_coherence"])

        def shuffle(notes: tuple[NoteRow, ...]) -> tuple[NoteRow, ...]:
            return with_pitches(notes, rng.permutation([note[2] for note in notes]))

        def draw(notes: tuple[NoteRow, ...]) -> tuple[NoteRow, ...]:
            return with_pitches(notes, rng.integers(55, 76, len(notes)))

        def draw_in_key(notes: tuple[NoteRow, ...], scale: tuple[int, ...] = scale) -> tuple[NoteRow, ...]:
            return with_pitches(notes, rng.choice([p for p in range(55, 76) if p % 12 in scale], len(notes)))

        shuffled.append(remade(made, shuffle))
        random.append(remade(made, draw))
        diatonic.append(remade(made, draw_in_key))
    assert min(own) > max(shuffled)
    assert np.mean(shuffled) < 0.6
    assert max(random) < 0.5
    assert max(diatonic) < 0.65


def test_each_part_of_the_score_falls_for_its_own_fault() -> None:
    made = make(GRID[0])
    theme, chords = made.melody.themes["chorus"], made.harmony.sections["chorus"].chords

    def parts(notes: tuple[NoteRow, ...]) -> dict[str, float]:
        return theme_parts(Theme(bars=8, notes=notes, phrases=theme.phrases), chords, "C", "major", "4/4")

    good = parts(theme.notes)
    up = np.arange(len(theme.notes))
    zigzag = parts(with_pitches(theme.notes, 60 + 9 * (up % 2)))
    assert zigzag["steps"] == 0.0
    assert zigzag["recovery"] == 0.0
    assert parts(with_pitches(theme.notes, pitches(theme) + 1))["tonality"] < 0.5 < good["tonality"]
    foreign = with_pitches(theme.notes, np.full(len(up), 61))
    assert parts(foreign)["consonance"] == 0.0
    assert parts(foreign)["resolution"] < good["resolution"]
    assert parts(with_pitches(theme.notes, 40 + 2 * up))["range"] < 0.2
    assert weighted(good) > 0.8


def test_no_notes_score_nothing() -> None:
    made = make(GRID[0])
    score, parts = melodic_coherence({"chorus": Theme(bars=8, notes=())}, made.harmony, "4/4")
    assert score == 0.0
    assert set(parts.values()) == {0.0}


def test_the_hook_comes_back() -> None:
    """The chorus repeats its opening phrase, and other sections quote its contour."""
    returns = []
    for choice in GRID:
        themes = make(choice).melody.themes
        hook = pitches(make(choice).melody.hook)
        contour = np.sign(np.diff(hook))
        alike = 0
        for kind in ("chorus", "intro", "outro", "solo", "interlude"):
            theme = themes[kind]
            for a, b in theme.phrases[1 if kind == "chorus" else 0 :]:
                line = pitches(theme)[a:b]
                size = min(len(line), len(hook)) - 1
                alike += size >= 2 and (np.sign(np.diff(line))[:size] == contour[:size]).mean() >= 0.75
        returns.append(alike)
    assert np.median(returns) >= 4
    assert min(returns) >= 1


def test_choruses_that_end_at_home_end_on_the_tonic() -> None:
    at_home = []
    for choice in GRID:
        made = make(choice)
        home = scale_pitch_classes(choice.key, choice.scale)[0]
        for kind in HOME_KINDS:
            if made.harmony.sections[kind].chords[-1].root == home:
                at_home.append(made.melody.themes[kind].notes[-1][2] % 12 == home)
    assert np.mean(at_home) >= 0.75


def test_equal_seeds_give_equal_bytes_and_others_other_melodies() -> None:
    made = make(GRID[0])
    brief = MelodyBrief(load_style("pop"), "4/4", 110.0, GRID[0].mood, "middle", 0.5)

    def melody(seed: int) -> Melody:
        return compose_melody(brief, made.harmony, made.prosody, np.random.default_rng(seed))[0]

    assert melody(1).model_dump_json() == melody(1).model_dump_json()
    assert len({melody(seed).hook.model_dump_json() for seed in range(6)}) >= 5


def test_voices_differ_in_height() -> None:
    brief = {voice: song_range(voice, load_style("pop")) for voice in ("low", "middle", "high")}
    assert brief["low"][0] < brief["middle"][0] < brief["high"][0]
    low = make(Choice(voice="low"))
    high = make(Choice(voice="high"))
    assert mean_pitch(high.melody.themes["chorus"]) - mean_pitch(low.melody.themes["chorus"]) >= 6


def test_swing_is_already_in_the_ticks() -> None:
    swung = make(GRID[3]).melody
    offbeats = {note[0] % 480 for theme in swung.themes.values() for note in theme.notes}
    assert 240 not in offbeats
    assert round(0.62 * 480) in offbeats


def test_dense_words_still_get_a_note_each() -> None:
    text = "[Verse]\n" + "\n".join(["every single syllable is getting on my nerves now"] * 8)
    for meter in ("4/4", "2/4"):
        made = make(Choice("pop", 21, meter, text=text))
        theme = made.melody.themes["verse"]
        assert [b - a for a, b in theme.phrases] == [len(line.stresses) for line in made.prosody.sections[0].lines]
        assert all(duration > 0 for _, duration, _, _ in theme.notes)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(0, 1), min_size=1, max_size=40),
    st.sampled_from(["4/4", "3/4", "6/8", "7/8"]),
    st.integers(1, 3),
    st.floats(40.0, 240.0),
    st.integers(0, 1000),
)
def test_any_row_of_stresses_is_placed_in_its_span(
    stresses: list[int], meter: str, bars: int, tempo_bpm: float, seed: int
) -> None:
    span = (bars * ticks_per_bar(meter), 2 * bars * ticks_per_bar(meter))
    noise = np.random.default_rng(seed).standard_normal(64)
    phrase = place(tuple(stresses), span, Pace(meter, tempo_bpm, 0.3, 0.4), noise)
    assert len(phrase.onsets) == len(phrase.lengths) == len(stresses)
    assert all(a < b for a, b in pairwise(phrase.onsets))
    assert span[0] <= phrase.onsets[0]
    for onset, length, following in zip(phrase.onsets, phrase.lengths, (*phrase.onsets[1:], span[1]), strict=True):
        assert 0 < length <= following - onset


def test_a_model_lends_its_rhythm() -> None:
    pace = Pace("4/4", 110.0, 0.3, 0.3)
    noise = [np.random.default_rng(seed).standard_normal(64) for seed in range(2)]
    first = place((1, 0, 1, 0, 1), (0, 3840), pace, noise[0])
    again = place((1, 0, 1, 0, 1), (3840, 7680), pace, noise[1], first)
    assert [onset - 3840 for onset in again.onsets] == list(first.onsets)


def test_a_dissonance_is_left_by_step_where_contour_pulls_elsewhere() -> None:
    made = make(GRID[0])
    chords = made.harmony.sections["verse"].chords
    scale = frozenset(scale_pitch_classes("C", "major"))
    field = Harmonic(chords, scale, playable(55, 76, scale, chords), "4/4")
    phrase = place((1, 0, 1, 0, 1, 0, 1), (0, 3840), Pace("4/4", 110.0, 0.3, 0.2), np.zeros(64))
    rng = np.random.default_rng(3)
    for _ in range(20):
        wish = Wish(rng.uniform(58, 72, 7), 0.3, {}, 0.0, np.zeros((7, 40)))
        line = sing(phrase, field, wish, None)
        for index in range(6):
            tones = chord_at(chords, phrase.onsets[index]).pitch_classes
            if line[index] % 12 not in tones:
                assert abs(line[index + 1] - line[index]) <= 2


def test_plans_exist_for_any_number_of_phrases_and_look_back_only() -> None:
    rng = np.random.default_rng(0)
    for kind in ALL_KINDS:
        for count in range(1, 14):
            for _ in range(4):
                plans = phrase_plans(kind, count, rng)
                assert len(plans) == count
                assert all(plan.model is None or 0 <= plan.model < index for index, plan in enumerate(plans))
        assert phrase_plans("chorus", 8, rng)[-1].ending == "tonic"


def test_lines_share_bars_evenly() -> None:
    bar = 1920
    assert line_spans(8, bar, 4, 120) == ((0, 3840), (3840, 7680), (7680, 11520), (11520, 15360))
    sizes = [(b - a) // bar for a, b in line_spans(8, bar, 6, 120)]
    assert sizes == [1, 1, 2, 1, 1, 2]
    crowded = line_spans(4, bar, 7, 120)
    assert crowded[0][0] == 0
    assert crowded[-1][1] == 4 * bar
    assert all(b > a and a % 120 == 0 for a, b in crowded)


def test_loops_and_lines_follow_the_style() -> None:
    blues, pop, house = load_style("blues"), load_style("pop"), load_style("house")
    assert loop_bars(blues, "verse") == 12
    assert line_count(blues, "verse") == 6
    assert loop_bars(pop, "pre_chorus") == 4
    assert line_count(pop, "pre_chorus") == 2
    assert "drop" in sung_kinds(house)
    assert "drop" not in sung_kinds(pop)


def test_unsung_phrases_have_stresses_of_their_meter() -> None:
    assert stress_pattern(5, "4/4") == (1, 0, 1, 0, 1)
    assert stress_pattern(5, "6/8") == (1, 0, 0, 1, 1)


def test_the_critic_prefers_what_it_names() -> None:
    made = make(GRID[0])
    theme, chords = made.melody.themes["chorus"], made.harmony.sections["chorus"].chords

    def marks(changed: Theme, register: float) -> dict[str, float]:
        return criticise(
            changed, chords, "C", "major", "4/4", register=register, reach_semitones=14, ending_pcs=frozenset({0})
        )

    good = marks(theme, mean_pitch(theme))
    assert set(good) == set(CRITERIA)
    assert good["register"] == 1.0
    assert marks(theme, mean_pitch(theme) + 12)["register"] == 0.0
    flat = Theme(bars=8, notes=with_pitches(theme.notes, np.full(len(theme.notes), 61)), phrases=theme.phrases)
    assert marks(flat, 61.0)["variety"] < good["variety"]
    assert marks(flat, 61.0)["ending"] == 0.0
    assert marks(flat, 61.0)["coherence"] < good["coherence"]


def upstream(seed: int = 2) -> MemoryStore:
    context = CompositionContext(
        musical=MusicalContext(
            genres=(WeightedGenre(name="pop", weight=0.6), WeightedGenre(name="jazz_swing", weight=0.4))
        ),
        creative=CreativeContext(has_vocals=True, title="Long July"),
        ai_decisions=AIDecisions(generation=GenerationParameters(seed=seed)),
    )
    store = MemoryStore(context=context)
    for asset in ("chord_progression", "rhythm_pattern", "lyrics"):
        store.run(f"composition/{asset}")
    return store


def test_the_asset_reads_prosody_only_and_gives_json_midi_and_a_check() -> None:
    store = upstream()
    outcome = store.run("composition/melody")
    assert [payload.role for payload in outcome.content] == ["main", "midi"]
    check = outcome.checks[0]
    assert (check.name, check.passed, check.is_blocking) == ("melodic_coherence", True, True)
    tracks = read_midi(outcome.content[1].data)  # type: ignore[union-attr]
    assert set(tracks) == {"hook", *ALL_KINDS}
    assert outcome.facts["chorus_above_verse_semitones"] >= 2.0  # type: ignore[operator]
    words = json_payload({"language": "en", "title": "other", "sections": []})
    store.put(
        "composition/lyrics", words, *(ref for ref in store.artifacts["composition/lyrics"] if ref.role == "prosody")
    )
    again = store.run("composition/melody")
    assert [payload.data for payload in again.content] == [payload.data for payload in outcome.content]  # type: ignore[union-attr]
