"""Hit points: met within a frame, by gentle means; durations exact; what cannot be met is refused with a way out."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.hit_points import duration_fault, measured, random_request
from benchmarks.written import write_song
from musicgen_assets.arrangement.pace import FRAME_S, REACH, TAIL_MIN_S, bars_that_fit, fitting_tempo, plan_pace
from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.schema import HitPoint, PlannedSection
from musicgen_assets.score.clock import mean_tempo_bpm, seconds, song_clock, ticks_per_bar
from support.hand_made_song import make_song

METERS = ("2/4", "3/4", "4/4", "5/4", "6/8", "7/8", "12/8")
KINDS = ("drop", "change", "hit", "stop")


@pytest.mark.parametrize("seed", [1, 2, 5, 12, 17])
def test_random_requests_last_exactly_as_long_as_asked_and_meet_every_hit_point(seed: int) -> None:
    request = random_request(seed)
    song = request.written()
    assert duration_fault(song, request.duration_s) == ""
    assert [met.fault for met in measured(song, request.hit_points) if met.fault] == []
    assert abs(mean_tempo_bpm(song.score) / request.tempo_bpm - 1.0) < 0.01


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(METERS), st.floats(60.0, 220.0), st.floats(45.0, 300.0), st.integers(1, 4), st.randoms(),
    st.lists(st.sampled_from(KINDS), min_size=4, max_size=4),
)  # fmt: skip
def test_any_moments_a_bar_apart_are_reached_by_a_gentle_tempo(meter, tempo, duration_s, count, random, kinds):
    bar_s = seconds(ticks_per_bar(meter), tempo)
    room = duration_s - TAIL_MIN_S - 3.1 * bar_s - 2.0
    step = max(bar_s * 1.02, room / count)
    times = [2.0 + bar_s + number * step for number in range(count) if number * step + bar_s < room]
    times = [time + random.random() * max(step - bar_s * 1.01, 0.0) * 0.9 for time in times]
    points = [HitPoint(kind=kind, at_s=time) for kind, time in zip(kinds, times, strict=False)]
    pace = plan_pace(points, duration_s, tempo, meter)
    for anchor, point in zip(pace.anchors, points, strict=True):
        assert abs(pace.clock.seconds(anchor.tick) - point.at_s) < FRAME_S / 2
        if point.kind in ("drop", "change"):
            assert anchor.tick % ticks_per_bar(meter) == 0
    assert all(abs(change.tempo_bpm / tempo - 1.0) <= REACH + 1e-4 for change in pace.clock.tempo_map)
    assert duration_s - pace.clock.seconds(pace.bars * ticks_per_bar(meter)) >= TAIL_MIN_S - 1e-3


def test_a_drop_is_the_loudest_section_and_a_stop_is_silence_that_ends() -> None:
    points = (HitPoint(kind="drop", at_s=32.0), HitPoint(kind="stop", at_s=70.0))
    score = make_song("house", duration_s=96.0, tempo_bpm=125, seed=3, hit_points=points)
    clock = song_clock(score)
    drop = min(score.sections, key=lambda section: abs(clock.seconds(section.start_ticks) - 32.0))
    assert clock.seconds(drop.start_ticks) == pytest.approx(32.0, abs=FRAME_S)
    assert drop.energy == max(section.energy for section in score.sections)
    ((start, end),) = score.stops
    assert clock.seconds(start) == pytest.approx(70.0, abs=FRAME_S)
    assert 0.4 <= clock.seconds(end) - clock.seconds(start) <= 1.9
    for track in score.tracks:
        for onset, duration, *_ in track.notes:
            assert not (onset < end and onset + duration > start), track.name


def test_without_hit_points_the_tempo_is_constant_and_as_asked() -> None:
    score = make_song("pop", duration_s=61.7, tempo_bpm=111.0, seed=2)
    assert score.tempo_map == () == score.skips
    assert score.tempo_bpm == 111.0
    assert score.duration_s == 61.7


def test_asked_sections_begin_at_hit_points_or_are_refused() -> None:
    structure = tuple(PlannedSection(kind=kind) for kind in ("intro", "verse", "chorus", "verse", "chorus"))
    points = (HitPoint(kind="drop", at_s=30.0),)
    score = make_song("rock", duration_s=80.0, tempo_bpm=120, seed=1, structure=structure, hit_points=points)
    assert [section.kind for section in score.sections] == ["intro", "verse", "chorus", "verse", "chorus"]
    starts = {song_clock(score).seconds(s.start_ticks): s.kind for s in score.sections}
    assert starts[min(starts, key=lambda time: abs(time - 30.0))] == "chorus"
    fixed = (PlannedSection(kind="verse", bars=20), PlannedSection(kind="chorus"))
    with pytest.raises(BadInput, match="hit points"):
        make_song("rock", duration_s=80.0, tempo_bpm=120, seed=1, structure=fixed, hit_points=points)


@pytest.mark.parametrize(("kind", "at_s"), [("drop", 59.0), ("change", 57.5), ("stop", 58.5)])
def test_moments_that_leave_no_room_for_an_ending_are_refused_with_a_way_out(kind, at_s) -> None:
    with pytest.raises(BadInput) as caught:
        plan_pace([HitPoint(kind=kind, at_s=at_s)], 60.0, 120.0, "4/4")
    assert caught.value.field == "musical.hit_points"
    assert "s" in caught.value.way_out


@given(st.floats(30.0, 600.0), st.integers(60, 200), st.sampled_from(("3/4", "4/4", "6/8")))
def test_a_proposed_tempo_moves_two_percent_at_most_and_leaves_a_sensible_tail(duration_s, tempo, meter):
    fitted = fitting_tempo(duration_s, float(tempo), meter, 40.0, 240.0)
    assert abs(fitted / tempo - 1.0) <= 0.02 + 1e-9
    bars = bars_that_fit(duration_s, fitted, meter)
    tail_s = duration_s - seconds(bars * ticks_per_bar(meter), fitted)
    plain_s = duration_s - seconds(bars_that_fit(duration_s, float(tempo), meter) * ticks_per_bar(meter), float(tempo))
    assert abs(tail_s - 1.8) <= abs(plain_s - 1.8) + 0.6


def test_a_voice_keeps_the_silence_of_a_stop_as_well() -> None:
    song = write_song(
        "a pop song with vocals about the sea", 3,
        {"technical.duration_s": 60.0, "musical.tempo_bpm": 120.0, "musical.time_signature": "4/4",
         "musical.hit_points": [{"kind": "stop", "at_s": 30.25}]},
    )  # fmt: skip
    ((start, end),) = song.score.stops
    assert song.vocal.syllables
    for track in song.tracks:
        assert not any(row[0] < end and row[0] + row[1] > start for row in track.notes), track.name
    assert not any(start <= syllable.start_ticks < end for syllable in song.vocal.syllables)
