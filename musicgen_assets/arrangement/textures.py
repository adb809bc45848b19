"""Pads, arpeggios and counter lines: what fills the space between rhythm section and lead.

Belongs here: tracks of role "pad", "arpeggio" and "counter". Does not belong here: comping, the melody.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from musicgen_assets.arrangement.band import Seat
from musicgen_assets.arrangement.chord_voicing import GUITARS
from musicgen_assets.arrangement.comping import HOOK_UP, moved_up
from musicgen_assets.arrangement.orchestration import Window
from musicgen_assets.arrangement.ranges import fitted, range_of, register
from musicgen_assets.arrangement.timeline import Timeline
from musicgen_assets.composition.feel import beat_starts
from musicgen_assets.score.clock import beat_ticks
from musicgen_assets.score.model import ChordSpan, NoteRow
from musicgen_assets.theory.scales import scale_pitch_classes
from musicgen_assets.theory.voicing import voice_lead

EIGHTH_TICKS, SIXTEENTH_TICKS = 240, 120
_PAD_REGISTER = (58, 82)
_PAD_HOLD_BARS = 4
_ARPEGGIO_REGISTER = (62, 86)
_GUITAR_REGISTER = (52, 76)
_COUNTER_REGISTER = (57, 78)
_FAST_BPM = 132.0
_SHAPES = ("up", "down", "up_down", "pairs")
_PAD_VELOCITY, _ARPEGGIO_VELOCITY, _COUNTER_VELOCITY = 62, 70, 72
_RUB_COST = 14.0
"""What a seventh, ninth or second of a semitone against a held tone of the melody costs, in semitones of movement."""
_ANSWER_GAP_TICKS = 420
"""A rest of the melody from which the counter line answers."""


def write_pad(seat: Seat, windows: Sequence[Window], timeline: Timeline) -> list[NoteRow]:
    """Held chords, moving as little as they can; common tones sound on, for up to _PAD_HOLD_BARS bars."""
    low, high = register(seat.program, *(limit - 7 * (seat.order % 2) for limit in _PAD_REGISTER))
    rows: list[NoteRow] = []
    previous: tuple[int, ...] | None = None
    was_up = 0
    for window in windows:
        held: dict[int, tuple[int, int]] = {}
        up = _hook_up(seat, window, high)
        previous, was_up = moved_up(previous, up - was_up), up
        start, end = window.start_bar * timeline.bar_ticks, window.past_bar * timeline.bar_ticks
        for chord in timeline.chords_between(start, end):
            previous = voice_lead(previous, chord.pitch_classes, low + up, high + up, min(len(chord.pitch_classes), 4))
            rows += _let_go(held, previous, chord.start_ticks, timeline.bar_ticks)
            for pitch in previous:
                held.setdefault(pitch, (chord.start_ticks, _PAD_VELOCITY))
        rows += [(onset, end - onset, pitch, velocity) for pitch, (onset, velocity) in sorted(held.items())]
    return fitted(rows, seat.program)


def _hook_up(seat: Seat, window: Window, high: int) -> int:
    """Semitones that a part moves up for a chorus, where its instrument reaches that."""
    return HOOK_UP if window.plan.is_hook and high + HOOK_UP <= range_of(seat.program)[1] else 0


def _let_go(held: dict[int, tuple[int, int]], wanted: Sequence[int], now: int, bar_ticks: int) -> list[NoteRow]:
    """End the held notes that the next chord lacks, or that have sounded long enough."""
    ended = []
    for pitch, (onset, velocity) in sorted(held.items()):
        if pitch not in wanted or now - onset >= _PAD_HOLD_BARS * bar_ticks:
            ended.append((onset, now - onset, pitch, velocity))
            del held[pitch]
    return ended


def write_arpeggio(
    seat: Seat, windows: Sequence[Window], timeline: Timeline, rng: np.random.Generator
) -> list[NoteRow]:
    """Broken chords in eighths, in sixteenths from level 3 on unless the song is fast. One shape a song."""
    shape = _SHAPES[int(rng.integers(len(_SHAPES)))]
    low, high = register(seat.program, *(_GUITAR_REGISTER if seat.program in GUITARS else _ARPEGGIO_REGISTER))
    rows: list[NoteRow] = []
    previous: tuple[int, ...] | None = None
    was_up = 0
    for window in windows:
        is_fine = window.plan.level >= 3 and timeline.tempo_bpm < _FAST_BPM and timeline.time_signature.endswith("4")
        step = SIXTEENTH_TICKS if is_fine else EIGHTH_TICKS
        up = _hook_up(seat, window, high)
        previous, was_up = moved_up(previous, up - was_up), up
        start, end = window.start_bar * timeline.bar_ticks, window.past_bar * timeline.bar_ticks
        for chord in timeline.chords_between(start, end):
            previous = voice_lead(previous, chord.pitch_classes, low + up, high + up, min(len(chord.pitch_classes), 4))
            rows += _rolled(chord, _ordered(previous, shape, high + up), step, timeline)
    return fitted(rows, seat.program)


def _ordered(pitches: Sequence[int], shape: str, high: int) -> list[int]:
    """One turn of the arpeggio, with the bottom note's octave on top where it fits."""
    top = pitches[0] + 12
    tones = [*pitches, top] if pitches[-1] < top <= high else list(pitches)
    if shape == "down":
        return tones[::-1]
    if shape == "up_down":
        return [*tones, *tones[-2:0:-1]]
    if shape == "pairs":
        return [pitch for pair in pairwise(tones) for pitch in pair]
    return tones


def _rolled(chord: ChordSpan, turn: Sequence[int], step: int, timeline: Timeline) -> list[NoteRow]:
    rows = []
    end = chord.start_ticks + chord.duration_ticks
    beats = {tick % timeline.bar_ticks for tick in beat_starts(timeline.time_signature)}
    for number, tick in enumerate(range(chord.start_ticks, end, step)):
        start, stop = timeline.swung(tick), timeline.swung(min(tick + step, end))
        accent = 8 if tick % timeline.bar_ticks in beats else 0
        rows.append((start, max((stop - start) * 9 // 10, 1), turn[number % len(turn)], _ARPEGGIO_VELOCITY + accent))
    return rows


def write_counter(
    seat: Seat, windows: Sequence[Window], timeline: Timeline, melody: Sequence[NoteRow]
) -> list[NoteRow]:
    """A second voice: guide tones held under the melody, moving by step, and an answer in its longer rests."""
    low, high = register(seat.program, *_COUNTER_REGISTER)
    sung = sorted(melody)
    rows: list[NoteRow] = []
    previous = (low + high) // 2
    for window in windows:
        start, end = window.start_bar * timeline.bar_ticks, window.past_bar * timeline.bar_ticks
        rests = _rests(sung, start, end)
        for chord in timeline.chords_between(start, end):
            answer = next((rest for rest in rests if _is_for(rest, chord)), None)
            line = _guide_line(chord, previous, low, high, sung, answer[0] if answer else None, timeline)
            if answer:
                line += _answer(answer, chord, line[-1][2] if line else previous, (low, high), timeline)
            rows += line
            previous = line[-1][2] if line else previous
    return fitted(rows, seat.program)


def _rests(melody: Sequence[NoteRow], start: int, end: int) -> list[tuple[int, int]]:
    """Stretches of ``start``..``end`` in which the melody is silent for _ANSWER_GAP_TICKS or more."""
    found, now = [], start
    for onset, duration, _, _ in (row for row in melody if start <= row[0] < end):
        if onset - now >= _ANSWER_GAP_TICKS:
            found.append((now, onset))
        now = max(now, onset + duration)
    if end - now >= _ANSWER_GAP_TICKS:
        found.append((now, end))
    return found


def _is_for(rest: tuple[int, int], chord: ChordSpan) -> bool:
    """Whether a rest of the melody begins in this chord, after its start, and leaves time for an answer."""
    end = chord.start_ticks + chord.duration_ticks
    return chord.start_ticks < rest[0] and end - rest[0] >= _ANSWER_GAP_TICKS


def _guide_line(
    chord: ChordSpan,
    previous: int,
    low: int,
    high: int,
    melody: Sequence[NoteRow],
    stop: int | None,
    timeline: Timeline,
) -> list[NoteRow]:
    """One long note, or two in a chord of more than a bar: third or seventh first, never the melody's own tone, nor
    one a semitone from a tone that the melody holds."""
    end = chord.start_ticks + chord.duration_ticks if stop is None else stop
    if end - chord.start_ticks < EIGHTH_TICKS:
        return []
    length = end - chord.start_ticks
    halves = 2 if length > timeline.bar_ticks else 1
    rows: list[NoteRow] = []
    for number in range(halves):
        onset = chord.start_ticks + length * number // halves // EIGHTH_TICKS * EIGHTH_TICKS
        until = end if number == halves - 1 else chord.start_ticks + length // 2 // EIGHTH_TICKS * EIGHTH_TICKS
        over = [row for row in melody if row[0] < until and row[0] + row[1] > onset]
        taken = {row[2] % 12 for row in over}
        held = (row[2] for row in over if min(until, row[0] + row[1]) - max(onset, row[0]) >= EIGHTH_TICKS)
        rubbed = {(pitch + step) % 12 for pitch in held for step in (1, -1)}
        pitch = _guide_tone(chord, previous, low, high, taken, rubbed, rows[-1][2] if rows else None)
        rows.append((onset, max((until - onset) * 19 // 20, 1), pitch, _COUNTER_VELOCITY))
        previous = pitch
    return rows


def _guide_tone(
    chord: ChordSpan, previous: int, low: int, high: int, taken: set[int], rubbed: set[int], avoided: int | None
) -> int:  # fmt: skip
    tones = set(chord.pitch_classes)
    guides = {pc for pc in tones if (pc - chord.root) % 12 in (3, 4, 10, 11)}

    def cost(pitch: int) -> tuple[float, int]:
        foreign = (0.0 if pitch % 12 in guides else 2.0) + (8.0 if pitch % 12 in taken else 0.0)
        foreign += _RUB_COST if pitch % 12 in rubbed else 0.0
        return abs(pitch - previous) + foreign + (9.0 if pitch == avoided else 0.0), pitch

    return min((pitch for pitch in range(low, high + 1) if pitch % 12 in tones), key=cost)


def _answer(
    rest: tuple[int, int], chord: ChordSpan, previous: int, limits: tuple[int, int], timeline: Timeline
) -> list[NoteRow]:
    """Up the scale in eighths through the rest, at most a beat and a half, to rest on a chord tone."""
    start = -(-rest[0] // EIGHTH_TICKS) * EIGHTH_TICKS
    end = min(rest[1], chord.start_ticks + chord.duration_ticks)
    count = min((end - start) // EIGHTH_TICKS, max(beat_ticks(timeline.time_signature) // EIGHTH_TICKS + 1, 2))
    scale = set(scale_pitch_classes(timeline.key, timeline.scale)) | set(chord.pitch_classes)
    rows: list[NoteRow] = []
    pitch = previous
    for number in range(max(count, 0)):
        is_last = number == count - 1
        wanted = set(chord.pitch_classes) if is_last else scale
        pitch = next((p for p in range(pitch + 1, limits[1] + 1) if p % 12 in wanted), previous)
        onset = timeline.swung(start + number * EIGHTH_TICKS)
        until = end if is_last else timeline.swung(start + (number + 1) * EIGHTH_TICKS)
        rows.append((onset, max((until - onset) * 9 // 10, 1), pitch, _COUNTER_VELOCITY + 4))
    return rows
