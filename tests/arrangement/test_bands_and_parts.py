"""Seats, voicings, textures, performance: the parts of an arrangement by themselves."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicgen_assets.arrangement.band import Seat, seat_band
from musicgen_assets.arrangement.chord_voicing import GUITARS, LOWEST_THIRD, STRINGS, voice, voicing_for
from musicgen_assets.arrangement.comping import write_chords
from musicgen_assets.arrangement.energy import energy_curve, levels_of
from musicgen_assets.arrangement.form import Slot
from musicgen_assets.arrangement.orchestration import HARMONIC, Window, orchestrate
from musicgen_assets.arrangement.performance import perform, pulse_of
from musicgen_assets.arrangement.ranges import best_octave, folded, range_of, register
from musicgen_assets.arrangement.rhythm_parts import plain_grooves
from musicgen_assets.arrangement.textures import write_arpeggio, write_counter, write_pad
from musicgen_assets.arrangement.timeline import (
    Run,
    Timeline,
    build_timeline,
    material_of,
    read_loop,
    runs_of,
    section_name,
    transposed,
)
from musicgen_assets.context.schema import CompositionContext, Instrument
from musicgen_assets.graph.memory_job import MemoryStore
from musicgen_assets.graph.payloads import json_payload
from musicgen_assets.score.material import Prosody
from musicgen_assets.score.model import ChordSpan, Score
from musicgen_assets.styles.loader import load_style
from support.hand_made_song import materials_for

METERS = ("2/4", "3/4", "4/4", "5/4", "6/8", "7/8", "12/8")
QUALITIES = {"maj": (0, 4, 7), "m7": (0, 3, 7, 10), "maj9": (0, 4, 7, 11, 2), "sus4": (0, 5, 7), "dim": (0, 3, 6)}


def chord(root=0, quality="maj", bass=None, start=0, length=1920) -> ChordSpan:
    return ChordSpan(
        start_ticks=start, duration_ticks=length, symbol="C", roman="I", root=root, quality=quality,
        bass=root if bass is None else bass, pitch_classes=tuple((root + step) % 12 for step in QUALITIES[quality]),
    )  # fmt: skip


def seat(role, program, order=0, name="part") -> Seat:
    return Seat(name, role, name, program, 1, 0.0, order, role == "drums")


def song_line(meter="4/4", tempo=110.0, kinds=("intro", "verse", "chorus", "breakdown", "chorus", "outro")) -> tuple:
    style = load_style("pop")
    materials = materials_for(style, tempo, meter, 3)
    slots = [Slot(kind, 8) for kind in kinds]
    energies = energy_curve(slots, style, style.mood)
    timeline = build_timeline(
        slots, energies, levels_of(slots, energies), materials.harmony, materials.melody, tempo_bpm=tempo,
        time_signature=meter, swing=0.5, duration_s=len(slots) * 40.0, last_chorus_lift=0,
    )  # fmt: skip
    return timeline, materials, style


def windows(timeline: Timeline) -> tuple[Window, ...]:
    return tuple(Window(plan, plan.section.start_bar, plan.past_bar) for plan in timeline.sections)


def band(*items) -> tuple[Instrument, ...]:
    return tuple(Instrument(role=role, name=name, program=program) for role, name, program in items)


def test_seats_are_named_by_role_or_instrument_and_never_twice():
    seats = seat_band(
        band(("lead", "flute", 73), ("lead", "Flute", 73), ("chords", "Grand Piano!", 0), ("chords", "grand piano", 0),
             ("pad", "vocal", 52), ("drums", "kit", 0), ("bass", "bass", 33), ("counter", "melody", 40)),
        load_style("pop"), (), False,
    )  # fmt: skip
    names = [one.name for one in seats]
    assert names[:2] == ["melody", "flute"]
    assert {"grand_piano", "grand_piano_2", "vocal_pad", "melody_counter", "drums", "bass"} <= set(names)
    assert len(set(names)) == len(names)


def test_no_more_pitched_seats_than_channels():
    seats = seat_band(band(*[("pad", f"pad {n}", 88) for n in range(16)]), load_style("pop"), (), False)
    assert len(seats) == 15
    assert len({one.channel for one in seats}) == 15
    assert any(one.name == "melody" for one in seats)


def test_an_empty_band_is_the_styles_own_and_voices_get_no_seat():
    seats = seat_band((), load_style("rock"), (), False)
    assert {"melody", "drums", "bass", "overdriven_guitar"} <= {one.name for one in seats}
    assert not any(one.role == "vocal" for one in seat_band(band(("vocal", "choir", 52)), load_style("pop"), (), False))


def test_a_band_without_chords_gets_its_lead_from_the_style():
    (melody, _) = seat_band(band(("drums", "kit", 0)), load_style("jazz_swing"), (), False)
    assert (melody.name, melody.instrument) == ("melody", "tenor saxophone")


@pytest.mark.parametrize("voicing", ["close", "open", "power", "shell", "guitar", "arpeggio"])
@pytest.mark.parametrize("program", [0, 4, 18, 24, 27, 30, 48, 61, 89])
@pytest.mark.parametrize("quality", QUALITIES)
def test_voicings_are_playable_and_clear(voicing, program, quality):
    chosen = voicing_for(program, voicing)
    previous = None
    for root in range(12):
        span = chord(root, quality)
        pitches = voice(span, chosen, program, previous)
        previous = pitches
        assert 2 <= len(pitches) <= 6
        assert list(pitches) == sorted(set(pitches))
        assert {pitch % 12 for pitch in pitches} <= set(span.pitch_classes)
        if chosen != "power" and program not in GUITARS:
            low, high = range_of(program)
            assert low <= pitches[0] <= pitches[-1] <= high
            muddy = [b - a for a, b in pairwise(pitches) if a < LOWEST_THIRD]
            assert all(gap >= 5 for gap in muddy)


@pytest.mark.parametrize("quality", QUALITIES)
def test_guitar_shapes_fit_one_hand(quality):
    for root in range(12):
        pitches = voice(chord(root, quality), "guitar", 25, None)
        assert 3 <= len(pitches) <= 6
        assert pitches[0] % 12 == root
        assert any(
            all(
                any(fret == 0 or position < fret <= position + 4 for fret in (pitch - string for string in STRINGS))
                for pitch in pitches
            )
            for position in range(10)
        )


def test_voices_move_little_from_chord_to_chord():
    first = voice(chord(0), "close", 0, None)
    second = voice(chord(9, "m7"), "close", 0, first)
    assert max(min(abs(one - two) for one in first) for two in second) <= 4


@pytest.mark.parametrize("program", range(128))
def test_every_program_has_a_range_and_a_register_in_it(program):
    low, high = range_of(program)
    assert 0 <= low < high <= 127
    assert high - low >= 12
    for wanted in ((50, 70), (62, 86), (40, 57)):
        bottom, top = register(program, *wanted)
        assert low <= bottom < top <= high
        assert top - bottom >= 11


@given(st.integers(0, 127), st.integers(20, 60))
def test_folding_keeps_the_pitch_class_inside_an_octave_or_more(pitch, low):
    assert low <= folded(pitch, low, low + 12) <= low + 12
    assert folded(pitch, low, low + 12) % 12 == pitch % 12


def test_a_line_moves_as_a_whole_to_where_it_fits():
    assert best_octave([(0, 1, 50, 1), (0, 1, 55, 1)], 60, 90) == 12
    assert best_octave([(0, 1, 70, 1)], 60, 90) == 0
    assert best_octave([], 60, 90) == 0


def test_runs_read_whole_loops_then_the_loops_end():
    assert runs_of(4, 10, 4) == (Run(4, 0, 4), Run(8, 0, 4), Run(12, 2, 2))
    assert runs_of(2, 14, 8) == (Run(2, 0, 8), Run(10, 4, 4), Run(14, 6, 2))  # a whole phrase, and its end again
    assert runs_of(0, 3, 8) == (Run(0, 0, 3),)
    assert runs_of(0, 0, 4) == ()


def test_loops_are_laid_out_and_cut_at_the_runs_end():
    loop = [(0, 1920, 60, 80), (1920, 3000, 62, 80)]
    laid = read_loop(loop, 2, [Run(4, 0, 2), Run(6, 1, 1)], 1920)
    assert laid == [(7680, 1920, 60, 80), (9600, 1920, 62, 80), (11520, 1920, 62, 80)]


def test_kinds_without_material_borrow_from_their_relatives():
    assert material_of("solo", {"verse": 1, "chorus": 2}) == "verse"
    assert material_of("drop", {"chorus": 2, "verse": 1}) == "chorus"
    assert material_of("bridge", {"outro": 1}) == "outro"


def test_section_names_are_for_people():
    assert section_name("pre_chorus", 2, 3) == "Pre-Chorus 2"
    assert section_name("outro", 1, 1) == "Outro"


def test_transposed_chords_are_spelled_for_the_new_key():
    moved = transposed(chord(0, "maj"), 1, "C", "major")
    assert (moved.root, moved.symbol) == (1, "Db")
    assert transposed(chord(0), 0, "C", "major") == chord(0)


def test_pads_hold_common_tones_and_never_leave_a_hole():
    timeline, _, _ = song_line()
    rows = write_pad(seat("pad", 89), windows(timeline), timeline)
    covered = np.zeros(timeline.end_ticks // 120, dtype=bool)
    for start, length, _, _ in rows:
        covered[start // 120 : (start + length) // 120] = True
    assert covered.all()
    assert any(length > 1920 for _, length, _, _ in rows)
    assert max(length for _, length, _, _ in rows) <= 5 * 1920


@pytest.mark.parametrize("meter", METERS)
def test_arpeggios_fill_their_chords_with_chord_tones(meter):
    timeline, _, _ = song_line(meter)
    rows = write_arpeggio(seat("arpeggio", 11), windows(timeline), timeline, np.random.default_rng(1))
    for start, _, pitch, _ in rows:
        (span,) = timeline.chords_between(start, start + 1)
        assert pitch % 12 in span.pitch_classes
    dense = [row for row in rows if timeline.section_at(row[0] // timeline.bar_ticks).section.kind == "chorus"]
    assert len(dense) >= len(
        [row for row in rows if timeline.section_at(row[0] // timeline.bar_ticks).section.kind == "verse"]
    )


def test_counter_lines_answer_where_the_melody_rests():
    timeline, _, _ = song_line(kinds=("verse", "chorus"))
    melody = [(bar * 1920, 900, 72, 90) for bar in range(16)]
    rows = write_counter(seat("counter", 42), windows(timeline), timeline, melody)
    held = [row for row in rows if row[0] % 1920 == 0]
    answers = [row for row in rows if row[0] % 1920 >= 900]
    assert held
    assert answers
    assert all(row[2] % 12 != 0 for row in held)


def test_a_second_chord_player_keeps_out_of_the_firsts_way():
    timeline, materials, _ = song_line(kinds=("verse", "chorus"))
    first = write_chords(seat("chords", 0), windows(timeline), timeline, materials.rhythm, "close")
    second = write_chords(seat("chords", 4, order=1), windows(timeline), timeline, materials.rhythm, "close")
    verse = 8 * 1920
    assert sum(row[0] < verse for row in second) < sum(row[0] < verse for row in first)
    assert np.mean([row[2] for row in second]) > np.mean([row[2] for row in first]) + 6


def test_strums_run_over_the_strings():
    timeline, materials, _ = song_line(kinds=("verse", "chorus"))
    guitar = seat("chords", 25)
    rows = write_chords(guitar, windows(timeline), timeline, materials.rhythm, "guitar")
    stroke = sorted(row for row in played(rows, guitar, timeline, 0.0) if row[0] < 240)
    assert len({row[0] for row in stroke}) == len(stroke) >= 4
    assert [row[2] for row in stroke] == sorted(row[2] for row in stroke)


def test_broken_chords_are_struck_one_at_a_time():
    timeline, materials, _ = song_line(kinds=("verse", "chorus"))
    rows = write_chords(seat("chords", 0), windows(timeline), timeline, materials.rhythm, "arpeggio")
    starts = [row[0] for row in rows]
    assert len(set(starts)) == len(starts)


def seats_of_pop() -> tuple[Seat, ...]:
    return seat_band((), load_style("pop"), (), False)


def test_intros_build_up_breakdowns_lose_the_drums_and_the_last_chorus_has_everybody():
    timeline, _, _ = song_line()
    found = orchestrate(timeline, seats_of_pop())
    plans = {plan.section.name: plan for plan in timeline.sections}

    def span(name, section):
        return next(((w.start_bar, w.past_bar) for w in found[name] if w.plan is plans[section]), None)

    assert span("drums", "Intro") in (None, (4, 8))
    assert span("piano", "Intro") == (0, 8)
    assert span("drums", "Breakdown") is None
    assert all(span(one.name, "Chorus 2") == (32, 40) for one in seats_of_pop())


def test_something_harmonic_always_plays():
    timeline, _, _ = song_line(kinds=("intro", "verse", "breakdown", "bridge", "outro"))
    seats = seats_of_pop()
    found = orchestrate(timeline, seats)
    for bar in range(timeline.bars):
        assert any(
            window.start_bar <= bar < window.past_bar
            for one in seats
            if one.role in HARMONIC
            for window in found[one.name]
        ), bar


def test_long_songs_vary_their_verses():
    kinds = ("verse", "chorus") * 5
    timeline, _, _ = song_line(kinds=kinds)
    found = orchestrate(timeline, seats_of_pop())
    verses = [plan for plan in timeline.sections if plan.section.kind == "verse"]
    casts = [
        tuple(
            (name, w.start_bar - plan.section.start_bar)
            for name, ws in sorted(found.items())
            for w in ws
            if w.plan is plan
        )
        for plan in verses
    ]
    assert len(set(casts)) >= 3


def played(rows, one, timeline, spread_ms, seed=1):
    pulse = pulse_of(timeline, spread_ms, np.random.default_rng(seed))
    return perform(rows, one, timeline, pulse, np.random.default_rng(seed + 1)).played


def test_machine_players_stay_on_the_grid_and_people_move():
    timeline, _, _ = song_line()
    rows = [(tick, 200, 60, 80) for tick in range(0, 30 * 1920, 480)]
    tight = played(rows, seat("chords", 0), timeline, 0.0)
    loose = played(rows, seat("chords", 0), timeline, 10.0)
    assert all(row[0] % 480 == 0 for row in tight)
    assert any(row[0] % 480 for row in loose)


def test_nobody_plays_before_a_section_begins():
    timeline, _, _ = song_line()
    edges = [plan.section.start_ticks for plan in timeline.sections]
    rows = [(edge, 200, 60, 80) for edge in edges]
    for seed in range(10):
        found = played(rows, seat("chords", 0), timeline, 16.0, seed)
        assert all(row[0] >= edge for row, edge in zip(found, edges, strict=True))


def test_loud_sections_are_played_louder():
    timeline, _, _ = song_line()
    rows = [(tick, 200, 60, 80) for tick in range(0, timeline.end_ticks, 480)]
    found = np.array(played(rows, seat("chords", 0), timeline, 0.0))
    by_kind = {
        plan.section.kind: found[(found[:, 0] >= plan.section.start_ticks) & (found[:, 0] < plan.section.end_ticks)][
            :, 3
        ].mean()
        for plan in timeline.sections
    }
    assert by_kind["breakdown"] < by_kind["verse"] < by_kind["chorus"]


def test_ghost_notes_stay_ghosts():
    timeline, _, _ = song_line()
    (ghost,) = played([(16 * 1920, 60, 38, 30)], seat("drums", 0), timeline, 8.0)
    assert 20 <= ghost[3] <= 45
    assert played([(16 * 1920, 60, 38, 30)], seat("drums", 0), timeline, 0.0) == ((16 * 1920, 60, 38, 30),)


@pytest.mark.parametrize("meter", METERS)
def test_plain_beats_have_kick_and_backbeat_in_every_meter(meter):
    timeline, _, _ = song_line(meter)
    grooves = plain_grooves(timeline, np.random.default_rng(1))
    for level in (3, 4):
        keys = {hit.key for hit in grooves[level].hits}
        assert {36, 38} <= keys


def test_the_asset_hands_over_score_midi_picture_and_check():
    context = CompositionContext.model_validate(
        {
            "musical": {"genres": [{"name": "pop", "weight": 1.0}], "tempo_bpm": 112.0},
            "technical": {"duration_s": 60.0},
            "creative": {"title": "Étude"},
        }
    )
    store = MemoryStore(context=context)
    materials = materials_for(load_style("pop"), 112.0, "4/4", 1)
    store.put("composition/chord_progression", json_payload(materials.harmony))
    store.put("composition/rhythm_pattern", json_payload(materials.rhythm))
    store.put("composition/lyrics", json_payload(Prosody(is_sung=False), "prosody"))
    store.put("composition/melody", json_payload(materials.melody))
    store.put("composition/bass_line", json_payload(materials.bass))
    outcome = store.run("arrangement/arrangement")
    (check,) = outcome.checks
    assert (check.name, check.passed, check.is_blocking) == ("structural_integrity", True, True)
    assert [payload.role for payload in outcome.content] == ["main", "written", "midi"]
    score = Score.model_validate(store.json("arrangement/arrangement"))
    assert (score.title, score.duration_s) == ("Étude", 60.0)
    assert len(outcome.pictures["piano_roll"]) < 60_000
    again = MemoryStore(context=context, blobs=store.blobs, artifacts=dict(store.artifacts)).run(
        "arrangement/arrangement"
    )
    assert [payload.data for payload in again.content] == [payload.data for payload in outcome.content]
    assert again.pictures == outcome.pictures
