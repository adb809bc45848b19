"""The bass is one voice in its range that tells the harmony and plays with the drums, by every idiom."""

from __future__ import annotations

from itertools import pairwise
from typing import get_args

import numpy as np
import pytest

from musicgen_assets.composition.bass_line import compose_bass, stretches
from musicgen_assets.composition.feel import swung_grid
from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.graph.memory_job import MemoryStore
from musicgen_assets.graph.payloads import json_payload
from musicgen_assets.score.clock import ticks_per_bar
from musicgen_assets.score.material import BassLine, Comping, Groove, Harmony, Rhythm, SectionHarmony
from musicgen_assets.score.midi import read_midi
from musicgen_assets.score.model import ChordSpan
from musicgen_assets.styles.loader import load_style, style_names
from musicgen_assets.styles.schema import BassIdiom
from support.hand_made_song import materials_for

METERS = ("2/4", "3/4", "4/4", "5/4", "6/8", "7/8", "12/8")
IDIOMS = get_args(BassIdiom)
ROOTS = (0, 9, 5, 7)


def chord(root: int, start: int, length: int, bass: int | None = None) -> ChordSpan:
    third = 3 if root == 9 else 4
    return ChordSpan(
        start_ticks=start, duration_ticks=length, symbol="x", roman="x", root=root, quality="maj",
        bass=root if bass is None else bass, pitch_classes=(root, (root + third) % 12, (root + 7) % 12),
    )  # fmt: skip


def harmony(meter: str, roots: tuple[int, ...] = ROOTS) -> Harmony:
    bar = ticks_per_bar(meter)
    chords = tuple(chord(root, index * bar, bar) for index, root in enumerate(roots))
    loop = SectionHarmony(bars=len(roots), chords=chords, cadence="half")
    return Harmony(key="C", scale="major", sections={"verse": loop}, ending=chord(0, 0, bar))


def rhythm(meter: str, kicks: tuple[int, ...] = (0, 720, 960), swing: float = 0.5) -> Rhythm:
    bar = ticks_per_bar(meter)
    inside = tuple(tick for tick in kicks if tick < bar)
    levels = (1, 2, 3, 4)
    return Rhythm(
        time_signature=meter, swing=swing, grooves={level: Groove(bars=4, hits=()) for level in levels}, fills=(),
        comping={level: Comping(onsets=((0, bar, 80),)) for level in levels},
        kick_ticks=dict.fromkeys(levels, inside),
    )  # fmt: skip


def line_by(idiom: str, meter: str = "4/4", seed: int = 1, **changes) -> dict[int, tuple]:
    style = load_style("pop").model_copy(update={"bass": dict.fromkeys((1, 2, 3, 4), idiom)})
    made = compose_bass(
        style, changes.get("harmony") or harmony(meter), changes.get("rhythm") or rhythm(meter), meter,
        np.random.default_rng(seed),
    )  # fmt: skip
    return made.sections["verse"]


@pytest.mark.parametrize("meter", METERS)
@pytest.mark.parametrize("idiom", IDIOMS)
def test_every_idiom_is_one_voice_in_range_inside_its_loop(idiom, meter):
    end = 4 * ticks_per_bar(meter)
    for seed in range(4):
        for rows in line_by(idiom, meter, seed).values():
            assert rows
            starts = [row[0] for row in rows]
            assert starts == sorted(set(starts))
            assert all(28 <= row[2] <= 55 and 1 <= row[3] <= 127 and row[1] >= 1 for row in rows)
            ends = [row[0] + row[1] for row in rows]
            assert all(stop <= following for stop, following in zip(ends, [*starts[1:], end], strict=True))


@pytest.mark.parametrize("idiom", [name for name in IDIOMS if name not in ("tumbao", "tumbao_double", "pedal")])
def test_chord_changes_bring_the_root(idiom):
    hits = total = 0
    for seed in range(6):
        for rows in line_by(idiom, seed=seed).values():
            at = {row[0]: row[2] % 12 for row in rows}
            hits += sum(at.get(index * 1920) == root for index, root in enumerate(ROOTS))
            total += len(ROOTS)
    assert hits / total >= 0.9


def test_tumbao_plays_the_next_root_on_the_last_beat_and_leaves_the_one_free():
    rows = line_by("tumbao")[3]
    starts = [row[0] for row in rows]
    assert starts[0] == 0
    assert not {1920, 3840, 5760} & set(starts)
    anticipations = {row[0]: row[2] % 12 for row in rows if row[0] % 1920 == 1440}
    assert anticipations == {1440: 9, 3360: 5, 5280: 7, 7200: 0}


def test_a_double_tumbao_answers_twice_a_bar_and_brings_the_next_root_early():
    rows = line_by("tumbao_double")[3]
    assert rows[0][0] == 0
    assert [row[0] for row in rows[1:]] == [bar + step * 120 for bar in range(0, 7680, 1920) for step in (3, 6, 11, 14)]
    anticipations = {row[0]: row[2] % 12 for row in rows if row[0] % 1920 == 1680}
    assert anticipations == {1680: 9, 3600: 5, 5520: 7, 7440: 0}
    waltz = [row[0] for row in line_by("tumbao_double", "3/4")[3]]
    assert waltz == [row[0] for row in line_by("tumbao", "3/4")[3]]


def test_a_pedal_stays_while_it_does_not_grate():
    still = {row[2] for row in line_by("pedal", harmony=harmony("4/4", (0, 5, 7, 0)))[1]}
    assert len(still) <= 2
    pitches = {row[2] % 12 for row in line_by("pedal", harmony=harmony("4/4", (0, 8, 0, 0)))[1]}
    assert 0 in pitches


def test_walking_walks_in_beats_and_steps_into_new_roots():
    steps = total = 0
    for seed in range(10):
        rows = line_by("walking", seed=seed)[2]
        assert [row[0] for row in rows] == list(range(0, 4 * 1920, 480))
        for index in (4, 8, 12):
            total += 1
            steps += abs(rows[index][2] - rows[index - 1][2]) <= 2
    assert steps / total >= 0.9


def test_approaches_by_step_are_frequent_in_driving_idioms():
    steps = total = 0
    for seed in range(12):
        rows = line_by("pulse", seed=seed)[3]
        by_start = {row[0]: row[2] for row in rows}
        for barline in (1920, 3840, 5760):
            total += 1
            steps += 1 <= abs(by_start[barline] - by_start[barline - 240]) <= 2
    assert 0.3 <= steps / total <= 0.9


def test_octaves_leap_on_the_off_beat():
    rows = line_by("octaves")[3]
    first_bar = [row[2] for row in rows if row[0] < 1200]
    assert [high - low for low, high in zip(first_bar[::2], first_bar[1::2], strict=False)] == [12, 12]


def test_bossa_answers_the_root_with_the_fifth():
    rows = {row[0]: row[2] % 12 for row in line_by("bossa")[3]}
    assert (rows[0], rows[960]) == (0, 7)
    assert 1680 in rows


def test_sub_stays_low_and_long():
    rows = line_by("sub")[2]
    assert max(row[2] for row in rows) <= 40
    assert np.mean([row[1] for row in rows]) > 300


@pytest.mark.parametrize("kicks", [(0, 960), (0, 720, 960), (0, 360, 960, 1320), (0, 480, 960, 1440)])
@pytest.mark.parametrize("idiom", ["roots", "sub", "syncopated"])
def test_idioms_that_follow_the_kick_meet_most_but_not_all_of_it(idiom, kicks):
    rows = line_by(idiom, rhythm=rhythm("4/4", kicks))[2]
    onsets = {row[0] for row in rows}
    met = np.mean([bar * 1920 + kick in onsets for bar in range(4) for kick in kicks])
    assert 0.6 <= met <= 0.95


def test_bass_rhythm_repeats_over_a_two_bar_cycle():
    rows = line_by("syncopated")[3]
    lead_from = 1920 - 240
    bars = [[row[0] % 1920 for row in rows if row[0] // 1920 == n and row[0] % 1920 < lead_from] for n in range(4)]
    assert bars[0] == bars[2]
    assert bars[1] == bars[3]


def test_swing_moves_the_off_beats():
    rows = line_by("pulse", rhythm=rhythm("4/4", swing=0.66))[3]
    grid = set(swung_grid(4, 0.66, "4/4").tolist())
    assert all(row[0] in grid for row in rows)
    assert any(row[0] % 480 == round(0.66 * 480) for row in rows)


def test_two_chords_in_a_bar_both_get_their_root():
    bar = 1920
    chords = (chord(0, 0, bar // 2), chord(7, bar // 2, bar // 2), chord(9, bar, bar))
    loop = SectionHarmony(bars=2, chords=chords, cadence="half")
    two = Harmony(key="C", scale="major", sections={"verse": loop}, ending=chord(0, 0, bar))
    for idiom in ("roots", "pulse", "walking", "two_feel", "octaves"):
        at = {row[0]: row[2] % 12 for row in line_by(idiom, harmony=two)[3]}
        assert (at[0], at[960], at[1920]) == (0, 7, 9), idiom


@pytest.mark.parametrize("idiom", [name for name in IDIOMS if name not in ("tumbao", "tumbao_double", "pedal")])
def test_most_changes_are_approached_by_step(idiom):
    steps = []
    for seed in range(8):
        for level in (1, 2, 3, 4):
            rows = line_by(idiom, seed=seed)[level]
            at = [row[0] for row in rows]
            steps += [abs(rows[at.index(n * 1920) - 1][2] - rows[at.index(n * 1920)][2]) <= 2 for n in (1, 2, 3)]
    assert np.mean(steps) >= 0.4


def test_slash_chords_give_the_bass_its_own_note():
    bar = 1920
    loop = SectionHarmony(bars=2, chords=(chord(0, 0, bar), chord(7, bar, bar, bass=11)), cadence="half")
    slash = Harmony(key="C", scale="major", sections={"verse": loop}, ending=chord(0, 0, bar))
    at = {row[0]: row[2] % 12 for row in line_by("roots", harmony=slash)[1]}
    assert at[bar] == 11


def test_stretches_cover_the_loop_without_gaps():
    loop = harmony("5/4").sections["verse"]
    found = stretches(loop, ((), ()), "5/4")
    assert found[0].start == 0
    assert all(one.end == two.start for one, two in pairwise(found))
    assert found[-1].end == 4 * ticks_per_bar("5/4")


@pytest.mark.parametrize("style", style_names())
def test_every_style_has_a_bass_for_every_section_and_level(style):
    materials = materials_for(load_style(style), load_style(style).tempo_bpm.typical, "4/4", seed=3)
    assert set(materials.bass.sections) == set(materials.harmony.sections)
    assert all(set(levels) == {1, 2, 3, 4} for levels in materials.bass.sections.values())


def run_asset(excluded: list[str]) -> MemoryStore:
    context = CompositionContext.model_validate(
        {"musical": {"genres": [{"name": "funk", "weight": 1.0}], "excluded_roles": excluded}}
    )
    store = MemoryStore(context=context)
    store.put("composition/chord_progression", json_payload(harmony("4/4")))
    store.put("composition/rhythm_pattern", json_payload(rhythm("4/4")))
    store.run("composition/bass_line")
    return store


def test_the_asset_hands_over_a_line_and_its_twin():
    store = run_asset([])
    line = BassLine.model_validate(store.json("composition/bass_line"))
    assert 0.6 <= line.scores["kick_lock"] <= 1.0
    midi = store.blobs[store.artifacts["composition/bass_line"][1].sha256].data
    assert len(read_midi(midi)["bass"]) == sum(len(rows) for rows in line.sections["verse"].values())


def test_an_excluded_bass_is_silent():
    assert run_asset(["bass"]).json("composition/bass_line")["sections"] == {}


def test_equal_seeds_make_equal_lines():
    assert line_by("walking", seed=5) == line_by("walking", seed=5)
    assert line_by("walking", seed=5) != line_by("walking", seed=6)
