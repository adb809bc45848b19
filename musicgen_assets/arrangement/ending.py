"""How a song ends: the last bar, on the tonic, ringing out.

Belongs here: the gestures of button, ring and fade endings. Does not belong here: the outro before them.
"""

from __future__ import annotations

from collections.abc import Sequence

from musicgen_assets.arrangement.band import BASS, MELODY, Seat
from musicgen_assets.arrangement.boundary_devices import (
    CRASH_KEYS,
    EIGHTH_TICKS,
    HIT_TICKS,
    Parts,
    silence,
)
from musicgen_assets.arrangement.chord_voicing import GUITARS, LOWEST_THIRD, Voicing, voice, voicing_for
from musicgen_assets.arrangement.ranges import folded, range_of
from musicgen_assets.arrangement.timeline import Timeline
from musicgen_assets.composition.bass_player import HIGHEST, LOWEST
from musicgen_assets.composition.feel import beat_starts, group_starts
from musicgen_assets.score.clock import seconds, ticks
from musicgen_assets.score.model import ChordSpan, NoteRow
from musicgen_assets.styles.schema import Ending

LONG_RING_S = 5.5
"""A chord that would have to ring longer is struck a second time in the last bar."""
LONG_PAUSE_S = 1.1
"""Between the two strikes of a button that lie further apart, the first is held instead of cut short."""
_RECENT_BARS = 8
_STAB_TICKS = 200
_MELODY_HOME = 67
_ROLL_S = 0.06


def write_ending(
    parts: Parts, seats: Sequence[Seat], timeline: Timeline, ending: Ending, style_voicing: Voicing
) -> None:
    """Replace the last bar of every part that plays near it by the closing chord.

    ``ring``: struck on the downbeat; again on the last strong pulse where it would ring over LONG_RING_S.
    ``button``: a stab on the downbeat, the bass walking home, the last word on the last beat. ``fade``: as
    ring, soft: the song is on its way out (see fade). All that sounds last is let go at ``timeline.ring_end_ticks``.
    """
    bar_start = timeline.ending_bar * timeline.bar_ticks
    chord = timeline.chords[-1]
    strikes = _strikes(timeline, ending, bar_start)
    energy = timeline.sections[-1].section.energy
    loud = round((58 if ending == "fade" else 70) + 36 * energy)
    for seat in seats:
        rows = parts[seat.name]
        if not _takes_part(seat, rows, timeline, bar_start):
            silence(rows, bar_start, timeline.ring_end_ticks)
            continue
        last_pitch = max(rows)[2] if rows else _MELODY_HOME
        silence(rows, bar_start, timeline.ring_end_ticks)
        for number, start in enumerate(strikes):
            is_last = number == len(strikes) - 1
            end = timeline.ring_end_ticks if is_last else strikes[number + 1]
            if ending == "button" and not is_last and seconds(end - start, timeline.tempo_bpm) < LONG_PAUSE_S:
                end = min(end, start + _STAB_TICKS)
            rows += strike(seat, chord, start, end, loud if number == 0 or ending == "button" else loud - 14,
                            last_pitch, timeline, style_voicing, is_rolled=ending != "button" and is_last)  # fmt: skip
    if ending == "button" and len(strikes) > 1:
        _walk_home(parts, seats, strikes, timeline)


def _strikes(timeline: Timeline, ending: Ending, bar_start: int) -> list[int]:
    """When the closing chord is struck, in ticks."""
    ring_s = seconds(timeline.ring_end_ticks - bar_start, timeline.tempo_bpm)
    beats, pulses = beat_starts(timeline.time_signature), group_starts(timeline.time_signature)
    late = pulses[-1] if len(pulses) > 1 else beats[-1]
    if ending == "button" and len(beats) > 1:
        return [bar_start, bar_start + beats[-1]]
    if ring_s > LONG_RING_S and late:
        return [bar_start, bar_start + late]
    return [bar_start]


def _takes_part(seat: Seat, rows: Sequence[NoteRow], timeline: Timeline, bar_start: int) -> bool:
    """Melody and bass always do, others if they played in the last bars; a kit also says the last word."""
    if seat.name in (MELODY, BASS):
        return bool(rows)
    since = bar_start - _RECENT_BARS * timeline.bar_ticks
    return any(since <= row[0] < bar_start for row in rows)


def strike(
    seat: Seat, chord: ChordSpan, start: int, end: int, loud: int, last_pitch: int, timeline: Timeline,
    style_voicing: Voicing, *, is_rolled: bool,
) -> list[NoteRow]:  # fmt: skip
    """What a seat contributes to a chord that everyone strikes at ``start`` and holds until ``end``, in ticks.

    ``last_pitch`` is where a line comes from; ``loud`` a velocity. A hand percussionist has nothing to strike.
    """
    if seat.is_kit:
        return _kit_strike(seat, start, loud)
    if seat.role == "bass":
        low = max(LOWEST, range_of(seat.program)[0])
        return [(start, end - start, folded(LOWEST + (chord.bass - LOWEST) % 12, low, HIGHEST), loud)]
    if seat.role == "percussion":
        low, high = range_of(seat.program)
        return [(start, end - start, folded(36 + chord.bass, low, high), loud)]
    if seat.role in ("lead", "counter"):
        wanted = chord.root if seat.role == "lead" else chord.pitch_classes[min(1, len(chord.pitch_classes) - 1)]
        return [(start, end - start, _nearest(wanted, last_pitch, seat.program), min(loud, 112))]
    voiced = voice(chord, voicing_for(seat.program, style_voicing), seat.program, None)
    pitches = _rooted(voiced, chord.root, seat.program)
    step = ticks(_ROLL_S if is_rolled and seat.program not in GUITARS else 0.0, timeline.tempo_bpm)
    return [
        (start + number * step, max(end - start - number * step, 1), pitch, max(loud - 4, 1))
        for number, pitch in enumerate(pitches)
    ]


def _rooted(pitches: Sequence[int], root: int, program: int) -> list[int]:
    """The voicing in root position: the lowest root above the mud at the bottom, the rest over it by octaves, so that
    no tone of the last chord is lost; where it has no root, one goes under it.
    """
    low, high = range_of(program)
    roots = [pitch for pitch in pitches if pitch % 12 == root]
    if not roots:
        bottom = folded(pitches[0] - (pitches[0] - root) % 12, low, high)
        return sorted({bottom, *(pitch for pitch in pitches if pitch > bottom)})
    bottom = roots[0]
    while bottom > pitches[0] and bottom - 12 >= max(low, LOWEST_THIRD):
        bottom -= 12
    raised = {pitch + 12 * max(-(-(bottom - pitch) // 12), 0) for pitch in pitches}
    return sorted(pitch for pitch in {bottom, *raised} if pitch <= high)


def _kit_strike(seat: Seat, start: int, loud: int) -> list[NoteRow]:
    """Crash and kick together; a hand percussionist stays out of the last chord."""
    if seat.role != "drums":
        return []
    return [(start, HIT_TICKS, key, min(loud + 4, 118)) for key in (36, CRASH_KEYS[0])]


def _nearest(pitch_class: int, to: int, program: int) -> int:
    """The pitch of a class that a line comes to rest on: near its last one, rather below than above."""
    low, high = range_of(program)
    choices = [pitch for pitch in range(low, high + 1) if pitch % 12 == pitch_class]
    return min(choices, key=lambda pitch: (abs(pitch - to) + (3 if pitch > to else 0), pitch))


def _walk_home(parts: Parts, seats: Sequence[Seat], strikes: Sequence[int], timeline: Timeline) -> None:
    """Between stab and last word, the bass comes up from the fifth, or down to it, in eighths."""
    bass = parts.get(BASS)
    if not bass:
        return
    home = max(bass)[2]
    lowest = max(LOWEST, *(range_of(seat.program)[0] for seat in seats if seat.name == BASS))
    steps = (-5, -3, -1) if home - 5 >= lowest else (7, 4, 2)
    free = strikes[0] + beat_starts(timeline.time_signature)[1]
    for number, step in enumerate(reversed(steps)):
        tick = strikes[-1] - (number + 1) * EIGHTH_TICKS
        if tick >= free:
            bass.append((timeline.swung(tick), EIGHTH_TICKS * 5 // 6, home + step, 84))
