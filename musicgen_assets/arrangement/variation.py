"""A section played another way: the same form, chords, hook and hits, with other turns, strokes, ghosts and rests.

Belongs here: small changes to written parts, drawn per player and section. Does not belong here: whether a section is
varied and how it joins the rest (takes), timing and dynamics (performance).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from musicgen_assets.arrangement.band import Seat
from musicgen_assets.arrangement.ranges import range_of
from musicgen_assets.arrangement.timeline import SectionPlan, Timeline
from musicgen_assets.composition.feel import beat_starts, group_starts
from musicgen_assets.composition.groove_building import DRUM_KEYS
from musicgen_assets.score.model import NoteRow
from musicgen_assets.theory.scales import scale_pitch_classes

SIXTEENTH_TICKS, EIGHTH_TICKS = 120, 240
_NEAR_TICKS = 45
_TURN_FROM_TICKS = 440
_TURN_SHARE, _PASSING_SHARE = 0.3, 0.35
_STROKE_LEFT_OUT, _STROKE_SPLIT = 0.22, 0.25
_GHOST_SHARE, _HAT_SHARE = 0.3, 0.15
_OCTAVE_SHARE = 0.18
_SNARE, _CLOSED_HAT, _OPEN_HAT = DRUM_KEYS["snare"], DRUM_KEYS["hat"], DRUM_KEYS["open_hat"]
_GHOST_VELOCITY = (24, 38)
_BASS_TOP = 52


def varied(
    rows: Sequence[NoteRow], seat: Seat, plan: SectionPlan, timeline: Timeline, rng: np.random.Generator
) -> list[NoteRow]:
    """The seat's rows of one section, varied. Rows outside the section are returned as they are."""
    section = plan.section
    outside = [row for row in rows if not section.start_ticks <= row[0] < section.end_ticks]
    inside = sorted(row for row in rows if section.start_ticks <= row[0] < section.end_ticks)
    if seat.role == "lead":
        inside = _line(inside, seat, plan, timeline, rng)
    elif seat.role in ("chords", "arpeggio"):
        inside = _strokes(inside, timeline, rng)
    elif seat.role == "bass":
        inside = _bass(inside, seat, timeline, rng)
    elif seat.is_kit and seat.role == "drums":
        inside = _kit(inside, plan, timeline, rng)
    elif seat.role in ("counter", "pad", "percussion"):
        inside = [
            (start, duration, pitch, int(np.clip(velocity + rng.integers(-6, 7), 1, 127)))
            for start, duration, pitch, velocity in inside
        ]
    return outside + inside


def _line(
    rows: Sequence[NoteRow], seat: Seat, plan: SectionPlan, timeline: Timeline, rng: np.random.Generator
) -> list[NoteRow]:
    """Turns on long notes and passing tones between thirds; a chorus keeps its first half, where the hook is stated."""
    section = plan.section
    shift = section.transpose
    scale = {(pc + shift) % 12 for pc in scale_pitch_classes(timeline.key, timeline.scale)}
    low, high = range_of(seat.program)
    free_from = (section.start_ticks + section.end_ticks) // 2 if plan.is_hook else section.start_ticks
    found: list[NoteRow] = []
    for number, row in enumerate(rows):
        start, duration, pitch, velocity = row
        following = rows[number + 1] if number + 1 < len(rows) else None
        draw = float(rng.random())
        steps = [step for step in (1, 2, -1, -2) if (pitch + step) % 12 in scale and low <= pitch + step <= high]
        if start < free_from or not steps:
            found.append(row)
        elif duration >= _TURN_FROM_TICKS and draw < _TURN_SHARE:
            neighbour = pitch + steps[int(rng.integers(len(steps)))]
            first, turn = duration // 2, duration // 4
            found += [
                (start, first, pitch, velocity),
                (start + first, turn, neighbour, max(velocity - 8, 1)),
                (start + first + turn, duration - first - turn, pitch, max(velocity - 4, 1)),
            ]
        elif following and duration >= EIGHTH_TICKS and draw < _PASSING_SHARE and 3 <= abs(following[2] - pitch) <= 5:
            way = 1 if following[2] > pitch else -1
            passing = next((pitch + way * step for step in (2, 1) if (pitch + way * step) % 12 in scale), pitch + way)
            found += [
                (start, duration // 2, pitch, velocity),
                (start + duration // 2, duration - duration // 2, passing, max(velocity - 10, 1)),
            ]
        else:
            found.append((start, duration, pitch, int(np.clip(velocity + rng.integers(-4, 5), 1, 127))))
    return found


def _strokes(rows: Sequence[NoteRow], timeline: Timeline, rng: np.random.Generator) -> list[NoteRow]:
    """Weak strokes left out, long ones struck twice; what falls on a strong pulse stays."""
    strong = group_starts(timeline.time_signature)
    decisions: dict[int, float] = {}
    found: list[NoteRow] = []
    for start, duration, pitch, velocity in rows:
        moment = round(start / SIXTEENTH_TICKS)
        draw = decisions.setdefault(moment, float(rng.random()))
        place = start % timeline.bar_ticks
        is_strong = any(abs(place - pulse) <= _NEAR_TICKS for pulse in strong)
        if not is_strong and draw < _STROKE_LEFT_OUT and duration < _TURN_FROM_TICKS:
            continue
        if duration >= 2 * EIGHTH_TICKS and draw > 1.0 - _STROKE_SPLIT:
            half = duration // 2 // EIGHTH_TICKS * EIGHTH_TICKS
            found += [(start, half, pitch, velocity), (start + half, duration - half, pitch, max(velocity - 10, 1))]
        else:
            found.append((start, duration, pitch, int(np.clip(velocity + round(8 * (draw - 0.5)), 1, 127))))
    return found


def _bass(rows: Sequence[NoteRow], seat: Seat, timeline: Timeline, rng: np.random.Generator) -> list[NoteRow]:
    """Weak notes jump an octave now and then; roots under new chords stay where they are."""
    changes = {chord.start_ticks for chord in timeline.chords}
    low, high = range_of(seat.program)
    found: list[NoteRow] = []
    for start, duration, pitch, velocity in rows:
        is_root = any(abs(start - change) <= _NEAR_TICKS for change in (start - start % timeline.bar_ticks, *(
            tick for tick in changes if abs(tick - start) <= _NEAR_TICKS)))  # fmt: skip
        draw = float(rng.random())
        moved = pitch + 12 if pitch + 12 <= min(high, _BASS_TOP) else pitch - 12
        played = moved if not is_root and draw < _OCTAVE_SHARE and low <= moved else pitch
        found.append((start, duration, played, int(np.clip(velocity + round(8 * (draw - 0.5)), 1, 127))))
    return found


def _kit(rows: Sequence[NoteRow], plan: SectionPlan, timeline: Timeline, rng: np.random.Generator) -> list[NoteRow]:
    """Ghosts before backbeats, hats that open or rest; kick, backbeat and crash stay."""
    beats = beat_starts(timeline.time_signature)
    found: list[NoteRow] = []
    for start, duration, pitch, velocity in rows:
        draw = float(rng.random())
        place = start % timeline.bar_ticks
        is_beat = any(abs(place - beat) <= _NEAR_TICKS for beat in beats)
        if pitch == _CLOSED_HAT and not is_beat and draw < _HAT_SHARE:
            if draw < _HAT_SHARE / 2:
                found.append((start, duration, _OPEN_HAT, velocity))
            continue
        found.append((start, duration, pitch, int(np.clip(velocity + round(10 * (draw - 0.5)), 1, 127))))
    if plan.level < 2:
        return found
    for start, duration, pitch, velocity in rows:
        before = start - SIXTEENTH_TICKS
        if pitch == _SNARE and velocity >= 80 and before >= plan.section.start_ticks and rng.random() < _GHOST_SHARE:
            found.append((before, duration, _SNARE, int(rng.integers(*_GHOST_VELOCITY))))
    return found
