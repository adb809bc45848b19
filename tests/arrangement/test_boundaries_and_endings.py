"""Devices change the bar before a line and nothing else; endings ring for their whole time."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from musicgen_assets.arrangement.arrangement import Brief, arrange
from musicgen_assets.arrangement.band import Seat
from musicgen_assets.arrangement.boundary_devices import (
    CRASH_KEYS,
    Boundary,
    add_breath,
    add_crash,
    add_dropout,
    add_hold,
    add_pickup,
    add_riser,
    add_snare_build,
    add_swell,
    silence,
)
from musicgen_assets.arrangement.drum_fills import add_fill
from musicgen_assets.arrangement.energy import energy_curve, levels_of
from musicgen_assets.arrangement.form import Slot
from musicgen_assets.arrangement.timeline import build_timeline
from musicgen_assets.arrangement.transitions import DEVICES_MIN, mark_boundaries
from musicgen_assets.score.clock import seconds
from musicgen_assets.styles.loader import load_style, style_names
from support.hand_made_song import materials_for

BAR = 1920
LINE = 8 * BAR


def seat(name, role, program=0, channel=0) -> Seat:
    return Seat(name, role, name, program, channel, 0.0, 0, role == "drums")


SEATS = (
    seat("melody", "lead", 73, 0), seat("piano", "chords", 0, 1), seat("harp", "arpeggio", 46, 2),
    seat("bass", "bass", 33, 3), seat("drums", "drums", 0, 9),
)  # fmt: skip


def boundary(kinds=("verse", "chorus"), seats=SEATS) -> Boundary:
    style = load_style("pop")
    materials = materials_for(style, 120, "4/4", 1)
    slots = [Slot(kind, 8) for kind in kinds]
    energies = energy_curve(slots, style, style.mood)
    timeline = build_timeline(
        slots, energies, levels_of(slots, energies), materials.harmony, materials.melody, tempo_bpm=120.0,
        time_signature="4/4", swing=0.5, duration_s=34.0, last_chorus_lift=0,
    )  # fmt: skip
    return Boundary(timeline, timeline.sections[0], timeline.sections[1], seats, materials.rhythm.fills)


def parts():
    bars = range(16)
    return {
        "melody": [(bar * BAR, 900, 72, 80) for bar in bars],
        "piano": [
            (bar * BAR + beat, 220, pitch, 80) for bar in bars for beat in range(0, BAR, 240) for pitch in (60, 64)
        ],
        "harp": [(bar * BAR + step, 100, 72, 70) for bar in bars for step in range(0, BAR, 240)],
        "bass": [(bar * BAR + beat, 440, 36, 90) for bar in bars for beat in range(0, BAR, 480)],
        "drums": [(bar * BAR + beat, 60, key, 90) for bar in bars for beat in range(0, BAR, 480) for key in (36, 42)],
    }


def inside(rows, start, end):
    return [row for row in rows if start <= row[0] < end]


def changed(before, after):
    """Ticks of the onsets that came or went."""
    return {row[0] for name in before for row in set(before[name]) ^ set(after[name])}


@pytest.mark.parametrize(
    "device",
    [
        lambda b, p: add_fill(b, p, "drums", 0.0), lambda b, p: add_fill(b, p, "drums", 1.0),
        lambda b, p: add_pickup(b, p, "bass"), lambda b, p: add_pickup(b, p, "melody"), add_dropout, add_breath,
        add_hold, add_riser, lambda b, p: add_swell(b, p, "drums"), lambda b, p: add_crash(b, p, "drums"),
    ],
)  # fmt: skip
def test_devices_touch_only_the_last_bar_and_the_line(device):
    before, after = parts(), parts()
    assert device(boundary(), after)
    assert changed(before, after)
    assert all(LINE - BAR - 45 <= tick <= LINE + 45 for tick in changed(before, after))


def test_fills_replace_the_groove_and_get_heavier():
    light, heavy = parts(), parts()
    add_fill(boundary(), light, "drums", 0.0)
    add_fill(boundary(), heavy, "drums", 1.0)
    loudness = [sum(row[3] for row in inside(p["drums"], LINE - BAR, LINE)) for p in (light, heavy)]
    assert loudness[0] != loudness[1]
    assert (LINE - BAR, 60, 36, 90) in light["drums"]


def test_a_crash_comes_with_a_kick_in_place_of_the_hat():
    p = parts()
    add_crash(boundary(), p, "drums")
    keys = {row[2] for row in inside(p["drums"], LINE - 45, LINE + 46)}
    assert keys & set(CRASH_KEYS)
    assert 36 in keys
    assert 42 not in keys


def test_a_pickup_steps_into_the_next_note():
    p = parts()
    add_pickup(boundary(), p, "bass")
    run = [row[2] for row in sorted(inside(p["bass"], LINE - 480, LINE + 1))]
    assert run[-1] == 36
    assert all(1 <= abs(one - two) <= 2 for one, two in pairwise(run))
    assert len(run) == 3


def test_a_melody_that_sounds_into_the_line_gets_no_pickup():
    p = parts()
    p["melody"] = [(7 * BAR, BAR, 72, 80), (LINE, 480, 74, 80)]
    assert not add_pickup(boundary(), p, "melody")


def test_dropouts_silence_the_rhythm_and_breaths_everybody_else_too():
    p, q = parts(), parts()
    add_dropout(boundary(), p)
    add_breath(boundary(), q)
    assert not inside(p["bass"], LINE - 480, LINE)
    assert not inside(p["drums"], LINE - 480, LINE)
    assert inside(p["piano"], LINE - 480, LINE)
    assert not inside(q["piano"], LINE - 480, LINE)


def test_holds_leave_one_long_stroke():
    p = parts()
    add_hold(boundary(), p)
    held = inside(p["piano"], LINE - BAR // 2 - 45, LINE)
    assert {row[0] for row in held} == {LINE - BAR // 2}
    assert all(row[0] + row[1] == LINE for row in held)


def test_risers_climb_and_grow():
    p = parts()
    add_riser(boundary(), p)
    run = sorted(inside(p["harp"], LINE - BAR, LINE))
    assert [row[2] for row in run] == sorted({row[2] for row in run})
    assert [row[3] for row in run] == sorted(row[3] for row in run)


def test_a_build_rolls_faster_and_louder():
    p = parts()
    add_snare_build(boundary(("build", "chorus")), p, "drums")
    snares = sorted(row for row in p["drums"] if row[2] == 38)
    gaps = np.diff([row[0] for row in snares])
    assert gaps[0] > gaps[-1]
    assert snares[0][3] < snares[-1][3]


def test_devices_that_lack_their_player_say_so():
    empty = {name: [] for name in parts()}
    b = boundary(seats=())
    assert not add_fill(b, empty, "drums", 1.0)
    assert not add_crash(b, empty, "drums")
    assert not add_pickup(b, empty, "bass")
    assert not add_dropout(b, empty)
    assert not add_breath(b, empty)
    assert not add_hold(b, empty)
    assert not add_riser(b, empty)
    assert not add_swell(b, {}, "drums")
    assert not add_snare_build(b, {}, "drums")


def test_silence_cuts_what_reaches_in():
    rows = [(0, 1000, 60, 80), (500, 100, 62, 80), (900, 50, 64, 80)]
    silence(rows, 400, 800)
    assert rows == [(0, 400, 60, 80), (900, 50, 64, 80)]


@pytest.mark.parametrize("style", style_names())
def test_at_least_two_devices_stand_at_every_boundary(style):
    made = load_style(style)
    for seed in (1, 2):
        tempo = made.tempo_bpm.typical
        materials = materials_for(made, tempo, "4/4", seed)
        brief = Brief("T", "C", "major", tempo, "4/4", 150.0, made.mood)
        _, marks = arrange(brief, made, materials, np.random.default_rng(seed))
        for mark in marks:
            assert len(mark.devices) >= DEVICES_MIN, (style, seed, mark)


def test_devices_of_one_boundary_do_not_undo_each_other():
    for seed in range(30):
        b = boundary()
        p = parts()
        (marks,) = mark_boundaries(p, SEATS, b.timeline, b.fills, is_sung=False, rng=np.random.default_rng(seed))
        assert not {"pickup", "drop-out"} <= set(marks.devices)
        assert not {"hold", "breath"} <= set(marks.devices)
        assert len(marks.devices) == len(set(marks.devices))


def last_notes(score, share=0.99):
    notes = np.concatenate([track.array() for track in score.tracks if not track.is_drums])
    ends = notes[:, 0] + notes[:, 1]
    return notes[ends >= ends.max() * share]


@pytest.mark.parametrize("ending", ["ring", "button", "fade"])
@pytest.mark.parametrize("tempo", [50.0, 80.0, 120.0, 200.0])
def test_endings_strike_in_the_last_bar_and_let_go_before_the_audio_ends(ending, tempo):
    style = load_style("pop").model_copy(update={"ending": ending})
    materials = materials_for(style, tempo, "4/4", 2)
    score, _ = arrange(
        Brief("T", "C", "major", tempo, "4/4", 75.0, style.mood), style, materials, np.random.default_rng(2)
    )
    last = last_notes(score)
    assert (last[:, 0] >= score.end_ticks - BAR).all()
    assert seconds(float((last[:, 0] + last[:, 1]).max()), tempo) == pytest.approx(74.75, abs=0.05)
    strikes = sorted({int(tick) for tick in last[:, 0] // 200})
    if ending == "button":
        assert last[:, 0].min() >= score.end_ticks - BAR // 2
        bass = score.track("bass").array()
        walk = bass[bass[:, 0] >= score.end_ticks - BAR]
        assert len(walk) >= 2
    assert strikes
    kit = score.track("drums").array()
    assert set(kit[kit[:, 0] >= score.end_ticks - BAR][:, 2]) >= {36, CRASH_KEYS[0]}


def test_long_rings_are_struck_twice():
    style = load_style("pop").model_copy(update={"ending": "ring"})
    materials = materials_for(style, 50.0, "4/4", 2)
    score, _ = arrange(
        Brief("T", "C", "major", 50.0, "4/4", 75.0, style.mood), style, materials, np.random.default_rng(2)
    )
    bass = score.track("bass").array()
    assert len(bass[bass[:, 0] >= score.end_ticks - BAR]) == 2


def test_fades_end_softer_than_rings():
    loud = {}
    for ending in ("ring", "fade"):
        style = load_style("pop").model_copy(update={"ending": ending})
        materials = materials_for(style, 120.0, "4/4", 2)
        score, _ = arrange(
            Brief("T", "C", "major", 120.0, "4/4", 75.0, style.mood), style, materials, np.random.default_rng(2)
        )
        loud[ending] = last_notes(score)[:, 3].mean()
    assert loud["fade"] < loud["ring"]
