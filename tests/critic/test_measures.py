"""Each measure tells what it says, on material made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from musicgen_assets.arrangement.critic.form_measures import (
    bar_likeness,
    boundary_novelty,
    foretold,
    novelty,
    repetition,
)
from musicgen_assets.arrangement.critic.harmony_measures import clashes, lowest, over_bass, share_on
from musicgen_assets.arrangement.critic.hook_measures import hook_presence
from musicgen_assets.arrangement.critic.matter import Part, one_voice, pitch_presence, presence
from musicgen_assets.arrangement.critic.melody_measures import (
    agreement,
    motion,
    phrase_numbers,
    recurrence,
    tonality,
    variety,
)
from musicgen_assets.arrangement.critic.references import HARMONIC, MELODIC, RHYTHMIC, STRUCTURAL, WORDS, Reference
from musicgen_assets.arrangement.critic.rhythm_measures import dynamics, onset_bars, patterns, swing_of, timing
from musicgen_assets.arrangement.critic.words_measures import SungLine, word_measures
from musicgen_assets.composition.feel import swung
from musicgen_assets.composition.micro_timing import long_range_noise
from musicgen_assets.score.material import LyricLine, Lyrics, LyricSection
from musicgen_assets.score.model import Section

BEAT, BAR = 480, 1920


def line(pitches: list[int], step: int = 240) -> np.ndarray:
    return np.array([(index * step, step, pitch, 80) for index, pitch in enumerate(pitches)], dtype=np.int64)


def section(name: str, kind: str, start_bar: int, bars: int) -> Section:
    return Section(
        name=name, kind=kind, start_bar=start_bar, bars=bars, start_ticks=start_bar * BAR,  # type: ignore[arg-type]
        end_ticks=(start_bar + bars) * BAR, energy=0.5,
    )  # fmt: skip


def test_references_are_full_inside_and_fall_to_nothing() -> None:
    two_sided = Reference(0.0, 1.0, 2.0, 4.0)
    assert [two_sided.worth(value) for value in (-1, 0, 0.5, 1, 1.7, 2, 3, 4, 9)] == [0, 0, 0.5, 1, 1, 1, 0.5, 0, 0]
    for references in (MELODIC, HARMONIC, RHYTHMIC, STRUCTURAL, WORDS):
        for name, reference in references.items():
            assert reference.low < reference.full <= reference.full_until <= reference.high, name


def test_a_scale_moves_in_steps_and_an_arpeggio_does_not() -> None:
    scale, leaps = line([60, 62, 64, 65, 67, 65, 64, 62]), line([60, 67, 72, 60, 69, 76, 60, 70])
    assert motion(scale, phrase_numbers(scale, BEAT))["steps"] == 1.0
    assert motion(leaps, phrase_numbers(leaps, BEAT))["steps"] == 0.0


def test_leaps_that_turn_back_are_recovered() -> None:
    turned, onward = line([60, 67, 65, 72, 69, 67]), line([60, 67, 74, 79, 86, 91])
    assert motion(turned, phrase_numbers(turned, BEAT))["recovery"] == 1.0
    assert motion(onward, phrase_numbers(onward, BEAT))["recovery"] == 0.0


def test_figures_that_come_back_are_heard_on_any_pitch_and_noise_has_none() -> None:
    figure = [60, 62, 64, 60, 67]
    repeated = line([*figure, *figure, *(pitch + 3 for pitch in figure)])
    noise = line(np.random.default_rng(3).integers(48, 84, 60).tolist())
    assert recurrence(repeated, BEAT) > 0.9
    assert recurrence(noise, BEAT) < 0.1


def test_phrases_end_in_rests_and_long_notes() -> None:
    notes = np.array([(0, 240, 60, 80), (240, 240, 62, 80), (480, 960, 64, 80), (1920, 240, 60, 80)], dtype=np.int64)
    assert phrase_numbers(notes, BEAT).tolist() == [0, 0, 0, 1]


def test_one_pitch_has_no_variety() -> None:
    drone = line([60] * 16)
    assert variety(drone, phrase_numbers(drone, BEAT), BEAT)["pitch_bits"] == 0.0


def test_chord_tones_on_strong_beats_count_most() -> None:
    tones = np.zeros((16, 12), dtype=bool)
    tones[:, [0, 4, 7]] = True
    weights = np.array([1.0, 0, 0, 0] * 4)
    strong = np.array([(0, 240, 60, 80), (240, 240, 62, 80), (480, 240, 64, 80), (720, 240, 65, 80)], dtype=np.int64)
    weak = strong.copy()
    weak[:, 2] = [62, 60, 65, 64]
    phrases = np.zeros(4, dtype=np.int64)
    assert agreement(strong, phrases, tones, weights)["consonance"] > 0.75
    assert agreement(weak, phrases, tones, weights)["consonance"] < 0.25
    assert tonality(strong, tones) == 0.5


def test_one_voice_keeps_the_top_and_cuts_overlaps() -> None:
    found = one_voice([np.array([(0, 960, 60, 80), (0, 960, 72, 80), (480, 480, 65, 80)], dtype=np.int64)])
    assert found[:, [0, 1, 2]].tolist() == [[0, 480, 72], [480, 480, 65]]


def test_a_bass_beside_the_chord_clashes_and_a_meant_seventh_does_not() -> None:
    chord = presence(np.array([(0, BAR, 60, 80), (0, BAR, 64, 80), (0, BAR, 67, 80)], dtype=np.int64), 16)
    tones = np.zeros((16, 12), dtype=bool)
    tones[:, [0, 4, 7]] = True
    right = presence(np.array([(0, BAR, 36, 80)], dtype=np.int64), 16)
    wrong = presence(np.array([(0, BAR, 37, 80)], dtype=np.int64), 16)
    assert clashes(right, chord, tones) == 0.0
    assert clashes(wrong, chord, tones) == pytest.approx(1 / 3)
    seventh = presence(np.array([(0, BAR, 71, 80)], dtype=np.int64), 16)
    tones[:, 11] = True
    assert clashes(right, seventh, tones) == 0.0
    assert share_on(wrong, tones) == 0.0


def test_the_lowest_note_is_the_bass_of_its_moment() -> None:
    notes = np.array([(0, BAR, 48, 80), (0, BAR, 64, 80), (0, BAR, 67, 80)], dtype=np.int64)
    bass = lowest(pitch_presence(notes, 16))
    assert bass.argmax(axis=1).tolist() == [0] * 16
    assert over_bass(bass, presence(notes, 16)) == 1.0


def drums(deviation: np.ndarray, velocities: np.ndarray | None = None) -> Part:
    starts = np.arange(len(deviation)) * 240 + np.rint(deviation).astype(np.int64) + 960
    velocity = np.full(len(deviation), 90) if velocities is None else velocities
    return Part("drums", "drums", False, np.stack([starts, starts * 0 + 60, starts * 0 + 42, velocity], axis=1))


def test_white_jitter_measures_its_spread_and_drift_far_less() -> None:
    rng = np.random.default_rng(5)
    ticks_a_ms = 120 * 480 / 60_000
    white = drums(rng.standard_normal(400) * 25.0 * ticks_a_ms)
    drift = drums(np.repeat(long_range_noise(rng, 40), 10) * 12.0 * ticks_a_ms)
    bars = 60
    assert timing([white], 0.5, "4/4", bars, 120.0)["jitter_ms"] == pytest.approx(25.0, rel=0.15)
    found = timing([drift], 0.5, "4/4", bars, 120.0)
    assert found["jitter_ms"] < 3.0
    assert found["drift"] > 0.5


def test_swing_is_found_and_not_taken_for_jitter() -> None:
    starts = np.array([swung(index * 240, 0.66, "4/4") for index in range(64)], dtype=np.int64)
    part = Part("hat", "drums", False, np.stack([starts, starts * 0 + 60, starts * 0 + 42, starts * 0 + 80], axis=1))
    assert swing_of(starts, "4/4") == pytest.approx(0.66)
    assert timing([part], swing_of(starts, "4/4"), "4/4", 8, 120.0)["jitter_ms"] < 1.0


def test_one_velocity_has_no_dynamics() -> None:
    assert dynamics([drums(np.zeros(64))]) == {"velocity_spread": 0.0, "velocity_bits": 0.0}
    assert dynamics([drums(np.zeros(64), np.tile([100, 60], 32))])["velocity_spread"] == 20.0


def test_a_pattern_that_returns_is_a_groove_and_a_loop_has_few_rhythms() -> None:
    loop = onset_bars([Part("kick", "drums", False, line([36] * 64, 480))], 16, 16)
    noise = (np.random.default_rng(1).random((16, 16)) < 0.25).astype(float)
    assert patterns(loop)["groove"] == pytest.approx(1.0)
    assert patterns(loop)["rhythms"] == 1 / 16
    assert patterns(noise)["groove"] < 0.6


def test_bars_that_return_in_order_are_foretold_and_shuffled_ones_are_not() -> None:
    rng = np.random.default_rng(2)
    bars = np.tile(rng.random((8, 40)) * (rng.random((8, 40)) < 0.3), (3, 1))
    assert foretold(bar_likeness(bars)) > 0.5
    assert foretold(bar_likeness(bars[rng.permutation(24)])) < 0.4
    tokens = (bars * 100).astype(np.int64)
    assert repetition(tokens)["distinct"] == pytest.approx(1 / 3)


def test_novelty_peaks_where_sections_meet() -> None:
    bars = np.zeros((16, 4))
    bars[:8, 0], bars[8:, 1] = 1.0, 1.0
    curve = novelty(bar_likeness(bars))
    assert curve.argmax() == 8
    parts = (section("Verse", "verse", 0, 8), section("Chorus", "chorus", 8, 8))
    assert boundary_novelty(curve, parts) == 1.0


def test_hooks_are_counted_in_the_chorus_that_has_fewest() -> None:
    form = (section("Verse", "verse", 0, 4), section("Chorus 1", "chorus", 4, 4), section("Chorus 2", "chorus", 8, 4))
    found = hook_presence(np.array([4, 5, 6, 8]) * BAR, form, 12 * BAR)
    assert found == {"hook_in_choruses": 1.0, "hook_late": pytest.approx(1 / 3), "hook_total": 4.0}
    assert hook_presence(np.zeros(0, dtype=np.int64), form, 12 * BAR)["hook_late"] == 1.0
    assert hook_presence(np.array([7 * BAR]), form[:1], 12 * BAR)["hook_in_choruses"] == 2.0, (
        "no chorus: once is enough"
    )


WORDS_OF = {
    "verse": ("The rain is falling on the town", "I watch the water running down"),
    "chorus": ("Rain will find us in the end", "Every river learns to bend"),
}


def sung(*kinds: str, words: dict[str, tuple[str, ...]] = WORDS_OF) -> list[SungLine]:
    found = []
    for place, kind in enumerate(kinds):
        own = section(f"{kind} {place}", kind, place * 4, 4)
        for number, text in enumerate(words[kind]):
            found.append(SungLine(own, text, tuple(own.start_ticks + number * BAR + n * 240 for n in range(8))))
    return found


def lyrics() -> Lyrics:
    sections = tuple(
        LyricSection(
            kind=kind,  # type: ignore[arg-type]
            index=0,
            lines=tuple(LyricLine(text=t, syllables=(), stresses=(), word_ends=(), rhyme="A") for t in texts),
        )
        for kind, texts in WORDS_OF.items()
    )
    return Lyrics(language="en", title="Rain", sections=sections)


def test_words_rhyme_return_name_their_title_and_are_what_was_written() -> None:
    weights = np.array([1.0, 0, 0.25, 0, 0.5, 0, 0.25, 0] * 2)
    good = word_measures(sung("verse", "chorus", "verse", "chorus"), lyrics(), weights)
    for name in ("rhymes", "refrains", "title_place", "as_written"):
        assert good[name] == 1.0, name
    mixed = {"verse": WORDS_OF["chorus"][:1] + WORDS_OF["verse"][1:], "chorus": ("The rays", "Nothing")}
    bad = word_measures(sung("verse", "chorus", "verse", words=mixed), lyrics(), weights)
    assert bad["rhymes"] == 0.0
    assert bad["title_place"] == 0.0
    assert bad["as_written"] < 0.6
    assert word_measures([], lyrics(), weights) == {}
