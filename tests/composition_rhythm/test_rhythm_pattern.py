"""Grooves are steady, alive, and grow from level to level; what is broken scores below the threshold."""

from __future__ import annotations

import numpy as np
import pytest

from musicgen_assets.composition.feel import beat_starts, swung_grid
from musicgen_assets.composition.groove_building import (
    BACKBEAT_KEYS,
    BACKBEAT_VELOCITIES,
    GHOST_VELOCITIES,
    KICK_KEYS,
)
from musicgen_assets.composition.rhythm_pattern import compose_rhythm
from musicgen_assets.composition.rhythm_stability import THRESHOLD, rhythmic_stability
from musicgen_assets.context.schema import CompositionContext, Mood
from musicgen_assets.graph.memory_job import MemoryStore
from musicgen_assets.score.clock import ticks_per_bar
from musicgen_assets.score.material import DrumHit, Groove, Rhythm
from musicgen_assets.score.midi import read_midi
from musicgen_assets.styles.loader import load_style, style_names

METERS = ("2/4", "3/4", "4/4", "5/4", "6/8", "7/8", "12/8")
DRUMMED = ("pop", "rock", "funk", "jazz_swing", "bossa_nova", "house", "hip_hop")


def rhythm_of(style="pop", tempo=110.0, meter="4/4", seed=1, excluded=(), mood=None) -> Rhythm:
    made = load_style(style)
    return compose_rhythm(made, tempo, meter, mood or made.mood, excluded, np.random.default_rng(seed))


def with_hits(rhythm: Rhythm, change) -> Rhythm:
    """The rhythm with every groove's hits changed by ``change(start, velocity, groove_ticks) -> (start, velocity)``."""
    grooves = {}
    for level, groove in rhythm.grooves.items():
        end = groove.bars * ticks_per_bar(rhythm.time_signature)
        moved = [(hit.key, *change(hit.start_ticks, hit.velocity, end)) for hit in groove.hits]
        hits = tuple(DrumHit(start_ticks=int(start), key=key, velocity=velocity) for key, start, velocity in moved)
        grooves[level] = Groove(bars=groove.bars, hits=hits)
    return rhythm.model_copy(update={"grooves": grooves})


@pytest.mark.parametrize("style", style_names())
def test_every_style_is_stable_in_every_meter(style):
    for meter in METERS:
        rhythm = rhythm_of(style, load_style(style).tempo_bpm.typical, meter)
        assert rhythm.scores["rhythmic_stability"] >= THRESHOLD, meter
        assert set(rhythm.grooves) == set(rhythm.comping) == set(rhythm.kick_ticks) == {1, 2, 3, 4}


@pytest.mark.parametrize("style", DRUMMED)
@pytest.mark.parametrize("tempo", [70.0, 120.0, 200.0])
def test_white_jitter_of_25_ms_is_no_groove(style, tempo):
    rng = np.random.default_rng(3)
    ticks_per_ms = tempo * 480 / 60_000

    def jitter(start, velocity, end):
        return np.clip(start + rng.normal(0, 25) * ticks_per_ms, 0, end - 1), velocity

    assert rhythmic_stability(with_hits(rhythm_of(style, tempo), jitter), tempo).score < THRESHOLD


@pytest.mark.parametrize("style", DRUMMED)
def test_shuffled_hits_are_no_groove(style):
    rng = np.random.default_rng(4)
    shuffled = with_hits(rhythm_of(style), lambda _, velocity, end: (rng.integers(end // 120) * 120, velocity))
    assert rhythmic_stability(shuffled, 110).score < 0.5


@pytest.mark.parametrize("style", DRUMMED)
def test_a_loop_without_accents_is_dead(style):
    flat = with_hits(rhythm_of(style), lambda start, _, end: (start, 90))
    assert rhythmic_stability(flat, 110).score < 0.5


def test_exact_copies_of_one_bar_are_dead_however_accented():
    rhythm = rhythm_of("pop")
    bar = ticks_per_bar("4/4")
    grooves = {}
    for level, groove in rhythm.grooves.items():
        first = [hit for hit in groove.hits if hit.start_ticks < bar]
        copies = [hit.model_copy(update={"start_ticks": hit.start_ticks + n * bar}) for n in range(4) for hit in first]
        grooves[level] = Groove(bars=4, hits=tuple(copies))
    assert rhythmic_stability(rhythm.model_copy(update={"grooves": grooves}), 110).score < THRESHOLD


@pytest.mark.parametrize("style", DRUMMED)
def test_levels_grow_fuller(style):
    rhythm = rhythm_of(style)
    weights = [sum(hit.velocity for hit in rhythm.grooves[level].hits) for level in (1, 2, 3, 4)]
    assert max(weights[:2]) < weights[2] < weights[3]


@pytest.mark.parametrize("arousal", [0.0, 0.5, 1.0])
def test_backbeats_speak_and_ghosts_whisper(arousal):
    for style in ("pop", "funk", "rock"):
        rhythm = rhythm_of(style, mood=Mood(valence=0.5, arousal=arousal))
        snares = [hit.velocity for hit in rhythm.grooves[4].hits if hit.key in BACKBEAT_KEYS]
        loud = [velocity for velocity in snares if velocity > 90]
        soft = [velocity for velocity in snares if velocity <= GHOST_VELOCITIES[1]]
        assert loud
        assert min(loud) >= BACKBEAT_VELOCITIES[0] - 5
        assert max(loud) <= BACKBEAT_VELOCITIES[1]
        assert all(velocity >= GHOST_VELOCITIES[0] for velocity in soft)
    assert soft or style != "funk"


def test_a_two_bar_cycle_of_accents_comes_round():
    rhythm = rhythm_of("house")
    bar = ticks_per_bar("4/4")
    kicks = {hit.start_ticks: hit.velocity for hit in rhythm.grooves[3].hits if hit.key in KICK_KEYS}
    first, second, third = (kicks[n * bar] for n in range(3))
    assert first == third != second


def test_machine_tight_styles_lie_exactly_on_the_swung_grid():
    style = load_style("house").model_copy(update={"humanize_ms": 0.0})
    rhythm = compose_rhythm(style, 124, "4/4", style.mood, (), np.random.default_rng(2))
    grid = set(swung_grid(8, rhythm.swing, "4/4", rhythm.sixteenth_swing).tolist())
    assert all(hit.start_ticks in grid for groove in rhythm.grooves.values() for hit in groove.hits)


@pytest.mark.parametrize("meter", METERS)
def test_grooves_and_fills_are_written_on_the_swung_grid(meter):
    for style in ("rock", "jazz_swing"):
        rhythm = rhythm_of(style, meter=meter)
        for groove in (*rhythm.grooves.values(), *rhythm.fills):
            grid = set(swung_grid(groove.bars, rhythm.swing, meter).tolist())
            assert all(hit.start_ticks in grid for hit in groove.hits)


def test_styles_that_ask_for_much_deviation_still_groove():
    style = load_style("rock").model_copy(update={"humanize_ms": 25.0})
    rhythm = compose_rhythm(style, 120, "4/4", style.mood, (), np.random.default_rng(5))
    assert rhythm.scores["rhythmic_stability"] >= THRESHOLD


@pytest.mark.parametrize("style", DRUMMED)
@pytest.mark.parametrize("meter", METERS)
def test_fills_are_one_bar_and_begin_with_the_lightest(style, meter):
    fills = rhythm_of(style, meter=meter).fills
    assert len(fills) >= 2
    weights = [sum(hit.velocity for hit in fill.hits) for fill in fills]
    assert weights == sorted(weights)
    assert all(fill.bars == 1 and fill.hits for fill in fills)
    assert all(hit.start_ticks < ticks_per_bar(meter) for fill in fills for hit in fill.hits)


@pytest.mark.parametrize("style", [*DRUMMED, "solo_piano"])
@pytest.mark.parametrize("meter", METERS)
def test_comping_stays_in_its_bars_and_strokes_do_not_overlap(style, meter):
    for comping in rhythm_of(style, meter=meter).comping.values():
        assert comping.onsets
        end = comping.bars * ticks_per_bar(meter)
        for (start, length, _), following in zip(comping.onsets, [*comping.onsets[1:], (end, 0, 0)], strict=True):
            assert 0 <= start < end
            assert 0 < length <= following[0] - start


def test_excluded_drums_leave_comping_and_nothing_else():
    rhythm = rhythm_of("rock", excluded=("drums",))
    assert not any(groove.hits for groove in rhythm.grooves.values())
    assert not rhythm.fills
    assert not any(rhythm.kick_ticks.values())
    assert all(comping.onsets for comping in rhythm.comping.values())
    assert rhythm.scores["rhythmic_stability"] >= THRESHOLD


def test_comping_off_the_grid_is_unstable_without_drums():
    rhythm = rhythm_of("rock", excluded=("drums",))
    rng = np.random.default_rng(1)
    loose = {
        level: comping.model_copy(
            update={"onsets": tuple((max(s + int(rng.normal(0, 40)), 0), d, v) for s, d, v in comping.onsets)}
        )
        for level, comping in rhythm.comping.items()
    }
    assert rhythmic_stability(rhythm.model_copy(update={"comping": loose}), 110).score < THRESHOLD


def test_kicks_for_the_bass_are_within_a_bar():
    for meter in METERS:
        for ticks in rhythm_of("pop", meter=meter).kick_ticks.values():
            assert all(0 <= tick < ticks_per_bar(meter) for tick in ticks)
    assert 0 in rhythm_of("pop").kick_ticks[3]


def test_equal_seeds_make_equal_rhythms_and_others_differ():
    assert rhythm_of(seed=9) == rhythm_of(seed=9)
    assert rhythm_of(seed=9) != rhythm_of(seed=10)


def test_the_asset_reports_its_check_and_a_twin_in_midi():
    context = CompositionContext.model_validate({"musical": {"genres": [{"name": "funk", "weight": 1.0}]}})
    store = MemoryStore(context=context)
    outcome = store.run("composition/rhythm_pattern")
    (check,) = outcome.checks
    assert (check.name, check.passed, check.is_blocking) == ("rhythmic_stability", True, True)
    assert store.json("composition/rhythm_pattern")["scores"]["rhythmic_stability"] == check.measured
    midi = next(payload for payload in outcome.content if payload.role == "midi")
    twin = read_midi(midi.data)
    assert len(twin["drums"]) > 100
    assert len(twin["comping"]) > 10
    assert beat_starts("4/4") == (0, 480, 960, 1440)
