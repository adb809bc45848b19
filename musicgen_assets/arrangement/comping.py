"""Chord parts: strummed, struck and held.

Belongs here: tracks of role "chords". Does not belong here: pads and arpeggios (textures), voicings
(chord_voicing), the pattern of onsets (composition.rhythm_pattern).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from musicgen_assets.arrangement.band import Seat
from musicgen_assets.arrangement.chord_voicing import GUITARS, Voicing, hand, voice, voicing_for
from musicgen_assets.arrangement.orchestration import Window
from musicgen_assets.arrangement.ranges import fitted
from musicgen_assets.arrangement.registers import hand_down
from musicgen_assets.arrangement.timeline import Timeline
from musicgen_assets.composition.feel import group_starts
from musicgen_assets.score.material import Comping, Rhythm
from musicgen_assets.score.model import ChordSpan, NoteRow

SUSTAINED = frozenset({19, *range(40, 45), *range(48, 55), *range(88, 96)})
"""Programs that hold a chord as long as it lasts: church organ, bowed strings, ensembles, voices, pads."""
SECOND_HAND_UP = 12
_NO_LEAD: Mapping[str, int] = {}
HOOK_UP = 3
"""Hands move up this many semitones for a chorus: it stands above its verse in register too (rule of thumb)."""
_HELD_VELOCITY = 66
EIGHTH_TICKS = 240


def write_chords(
    seat: Seat, windows: Sequence[Window], timeline: Timeline, rhythm: Rhythm, style_voicing: Voicing,
    middles: Mapping[str, int] = _NO_LEAD,
) -> list[NoteRow]:  # fmt: skip
    """The seat's chords over its windows, out of the way of a lead with ``middles``, its middle pitch by section.

    The first chord player follows the comping pattern of the section's level. Others keep out of its way: they
    hold, one stroke a chord and an octave up, until level 3, and then take the pattern one level sparser.
    """
    voicing = voicing_for(seat.program, style_voicing)
    own_place = SECOND_HAND_UP if seat.order % 2 and voicing not in ("guitar", "power") else 0
    rows: list[NoteRow] = []
    previous: tuple[int, ...] | None = None
    was_up = 0
    for window in windows:
        start, end = window.start_bar * timeline.bar_ticks, window.past_bar * timeline.bar_ticks
        level = window.plan.level
        up = HOOK_UP if window.plan.is_hook else 0
        down = hand_down(hand(voicing)[1] + own_place + up, window.plan.section.name, middles)
        previous, was_up = moved_up(previous, up - down - was_up), up - down
        for chord in timeline.chords_between(start, end):
            pitches = voice(chord, voicing, seat.program, previous, own_place + up, down)
            previous = pitches
            if seat.program in SUSTAINED or (seat.order > 0 and level < 3):
                rows += _held(chord, pitches)
                continue
            comping = rhythm.comping[max(level - min(seat.order, 1), 1)]
            rows += _comped(seat, chord, pitches, comping, voicing, timeline, window.plan.section.start_ticks)
    return fitted(rows, seat.program)


def moved_up(previous: tuple[int, ...] | None, semitones: int) -> tuple[int, ...] | None:
    """The voicing that the next one is led from, moved along with the hand's register."""
    return tuple(pitch + semitones for pitch in previous) if previous and semitones else previous


def _held(chord: ChordSpan, pitches: Sequence[int]) -> list[NoteRow]:
    return [(chord.start_ticks, chord.duration_ticks, pitch, _HELD_VELOCITY) for pitch in pitches]


def _comped(
    seat: Seat, chord: ChordSpan, pitches: Sequence[int], comping: Comping, voicing: Voicing, timeline: Timeline,
    phase_start: int,
) -> list[NoteRow]:  # fmt: skip
    """The pattern's onsets within the chord, and one at its start if the pattern has none near."""
    rows: list[NoteRow] = []
    strokes = _strokes(chord, comping, phase_start, timeline.bar_ticks)
    if voicing == "arpeggio":
        return _broken(strokes, pitches, chord.start_ticks + chord.duration_ticks, timeline)
    for number, (start, duration, velocity) in enumerate(strokes):
        if seat.program in GUITARS and len(pitches) > 3:
            is_down = (start % timeline.bar_ticks) in group_starts(timeline.time_signature) or number == 0
            rows += _strummed(start, duration, velocity, pitches, is_down=is_down)
        else:
            rows += [(start, duration, pitch, velocity) for pitch in pitches]
    return rows


def _strokes(chord: ChordSpan, comping: Comping, phase_start: int, bar_ticks: int) -> list[tuple[int, int, int]]:
    """Onsets of the comping pattern inside a chord, cut at its end. Patterns count from ``phase_start``."""
    start, end = chord.start_ticks, chord.start_ticks + chord.duration_ticks
    cycle = comping.bars * bar_ticks
    found: list[tuple[int, int, int]] = []
    for base in range(start - (start - phase_start) % cycle, end, cycle):
        for onset, duration, velocity in comping.onsets:
            if start <= base + onset < end:
                found.append((base + onset, min(duration, end - base - onset), velocity))
    first = found[0][0] if found else end
    if first > start + EIGHTH_TICKS and not _is_off_beat(comping):
        found.insert(0, (start, first - start, _HELD_VELOCITY))
    return found


def _is_off_beat(comping: Comping) -> bool:
    """Whether the pattern leaves the downbeat out on purpose (skanks, Charleston answers)."""
    return bool(comping.onsets) and len(comping.onsets) > 1 and comping.onsets[0][0] > 0


def _strummed(start: int, duration: int, velocity: int, pitches: Sequence[int], *, is_down: bool) -> list[NoteRow]:
    """Down over all strings, up over the four highest and softer. How the strings follow each other is the player's."""
    if is_down:
        return [(start, duration, pitch, velocity) for pitch in pitches]
    return [(start, duration, pitch, max(velocity - 10, 1)) for pitch in list(pitches)[-4:]]


def _broken(
    strokes: Sequence[tuple[int, int, int]], pitches: Sequence[int], end: int, timeline: Timeline
) -> list[NoteRow]:
    """The strokes broken into eighths that run up and down the chord; fingers stay down until a key comes again."""
    cycle = [*range(len(pitches)), *range(len(pitches) - 2, 0, -1)]
    rows: list[NoteRow] = []
    last_of: dict[int, int] = {}
    for start, duration, velocity in strokes:
        for number in range(max(duration // EIGHTH_TICKS, 1)):
            pitch = pitches[cycle[len(rows) % len(cycle)]]
            onset = timeline.swung(start + number * EIGHTH_TICKS)
            if pitch in last_of:
                held = rows[last_of[pitch]]
                rows[last_of[pitch]] = (held[0], onset - held[0], pitch, held[3])
            last_of[pitch] = len(rows)
            rows.append((onset, max(end - onset, 1), pitch, velocity - (0 if number == 0 else 12)))
    return rows
