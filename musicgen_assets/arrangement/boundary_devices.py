"""The devices that mark a boundary, each a small change to the parts around it.

Belongs here: one function per device; each says whether it could be done. Does not belong here: which are
chosen (transitions).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from musicgen_assets.arrangement.band import MELODY, Seat
from musicgen_assets.arrangement.chord_voicing import GUITARS
from musicgen_assets.arrangement.ranges import range_of, register
from musicgen_assets.arrangement.timeline import SectionPlan, Timeline
from musicgen_assets.composition.bass_player import HIGHEST, LOWEST
from musicgen_assets.composition.feel import beat_starts, group_starts
from musicgen_assets.composition.groove_building import DRUM_KEYS
from musicgen_assets.score.material import Groove
from musicgen_assets.score.model import NoteRow
from musicgen_assets.theory.scales import scale_pitch_classes

Parts = dict[str, list[NoteRow]]
"""Notes by track name; devices change the lists."""

CRASH_KEYS = (49, 57)
HIT_TICKS = 60
EIGHTH_TICKS, SIXTEENTH_TICKS = 240, 120
_NEAR_TICKS = 45
_KICK, _SNARE = DRUM_KEYS["kick"], DRUM_KEYS["snare"]
_CYMBALS_AND_HATS = frozenset({42, 44, 46, 51})
_CRASH_SOFT, _CRASH_REACH = 64, 50
_RISER_ROLES = ("arpeggio", "counter", "pad", "chords", "lead")
_RISER_REGISTER = (60, 84)
_GUITAR_RISER = (55, 76)
_HELD_NOTES = 5


@dataclass(frozen=True)
class Boundary:
    """Where ``before`` ends and ``after`` begins."""

    timeline: Timeline
    before: SectionPlan
    after: SectionPlan
    seats: tuple[Seat, ...]
    fills: tuple[Groove, ...]

    @property
    def tick(self) -> int:
        """The barline between the two."""
        return self.after.section.start_ticks

    @property
    def is_asked_drop(self) -> bool:
        """Whether a drop was asked for on this barline."""
        return any(anchor.kind == "drop" and anchor.tick == self.tick for anchor in self.timeline.anchors)

    @property
    def last_bar(self) -> int:
        """Where the last bar before the line begins."""
        return self.tick - self.timeline.bar_ticks

    @property
    def last_beat(self) -> int:
        """Where the last beat before the line begins."""
        return self.last_bar + beat_starts(self.timeline.time_signature)[-1]

    @property
    def last_pulse(self) -> int:
        """Where the last strong pulse before the line begins; the last beat in meters with but one."""
        pulses = group_starts(self.timeline.time_signature)
        return self.last_bar + pulses[-1] if len(pulses) > 1 else self.last_beat


def plays(rows: Sequence[NoteRow], start: int, end: int) -> bool:
    """Whether any note begins in ``start``..``end``."""
    return any(start <= row[0] < end for row in rows)


def silence(rows: list[NoteRow], start: int, end: int) -> None:
    """Take out the notes that begin in ``start``..``end`` and cut those that reach into it."""
    kept = [
        (onset, min(duration, start - onset) if onset < start < onset + duration else duration, pitch, velocity)
        for onset, duration, pitch, velocity in rows
        if not start <= onset < end
    ]
    rows[:] = kept


def add_crash(boundary: Boundary, parts: Parts, name: str) -> bool:
    """Crash and kick on the first beat, in place of the hat, where drums play on either side."""
    drums = parts.get(name, [])
    span = boundary.timeline.bar_ticks
    if not plays(drums, boundary.tick - span, boundary.tick + span):
        return False
    near = range(boundary.tick - _NEAR_TICKS, boundary.tick + _NEAR_TICKS + 1)
    drums[:] = [row for row in drums if not (row[0] in near and row[2] in _CYMBALS_AND_HATS)]
    loud = round(_CRASH_SOFT + _CRASH_REACH * boundary.after.section.energy)
    key = CRASH_KEYS[boundary.after.section.index % 2]
    drums.append((boundary.tick, HIT_TICKS, key, min(loud, 118)))
    if not any(row[0] in near and row[2] == _KICK for row in drums):
        drums.append((boundary.tick, HIT_TICKS, _KICK, min(loud, 112)))
    return True


def add_snare_build(boundary: Boundary, parts: Parts, name: str) -> bool:
    """Snare over the section's second half: beats, eighths, then sixteenths, growing louder all the way."""
    drums = parts.get(name)
    if drums is None:
        return False
    bars = max(boundary.before.section.bars // 2, 1)
    start = boundary.tick - bars * boundary.timeline.bar_ticks
    span = boundary.tick - start
    drums[:] = [row for row in drums if not (start <= row[0] < boundary.tick and row[2] != _KICK)]
    tick = start
    while tick < boundary.tick:
        share = (tick - start) / span
        drums.append((tick, HIT_TICKS, _SNARE, round(46 + 62 * share)))
        tick += 2 * EIGHTH_TICKS if share < 0.34 else EIGHTH_TICKS if share < 0.67 else SIXTEENTH_TICKS
    return True


def add_swell(boundary: Boundary, parts: Parts, name: str) -> bool:
    """A soft roll on the second cymbal that grows into the line, where drums play on either side of it."""
    drums = parts.get(name, [])
    span = boundary.timeline.bar_ticks
    if not plays(drums, boundary.tick - span, boundary.tick + span):
        return False
    start = boundary.last_pulse
    ticks = range(start, boundary.tick, SIXTEENTH_TICKS // 2)
    for number, tick in enumerate(ticks):
        drums.append((tick, HIT_TICKS, CRASH_KEYS[1], round(18 + 52 * number / max(len(ticks) - 1, 1))))
    return True


def add_pickup(boundary: Boundary, parts: Parts, name: str) -> bool:
    """Two eighths by step into the part's first note after the line, in place of what it had on the last beat.

    The melody gets one only where it rests there.
    """
    rows = parts.get(name, [])
    first = min((row for row in rows if boundary.tick - _NEAR_TICKS <= row[0]), default=None)
    is_near = first is not None and first[0] <= boundary.tick + _NEAR_TICKS
    start = max(boundary.tick - 2 * EIGHTH_TICKS, boundary.last_beat)
    is_free = not any(row[0] < boundary.tick and row[0] + row[1] > start + EIGHTH_TICKS // 2 for row in rows)
    if first is None or not is_near or (name == MELODY and not is_free):
        return False
    if name != MELODY and not plays(rows, boundary.last_bar, boundary.tick):
        return False
    seat = next(seat for seat in boundary.seats if seat.name == name)
    limits = (max(LOWEST, range_of(seat.program)[0]), HIGHEST) if seat.role == "bass" else range_of(seat.program)
    silence(rows, start, boundary.tick)
    count = (boundary.tick - start) // EIGHTH_TICKS
    for number, pitch in enumerate(_steps_into(first[2], count, boundary, limits)):
        onset = boundary.timeline.swung(start + number * EIGHTH_TICKS)
        until = boundary.timeline.swung(start + (number + 1) * EIGHTH_TICKS)
        rows.append((onset, (until - onset) * 9 // 10, pitch, 80 + 4 * number))
    return True


def _steps_into(target: int, count: int, boundary: Boundary, limits: tuple[int, int]) -> list[int]:
    """``count`` scale tones that lead to ``target`` from below, or from above where there is no room."""
    key = boundary.timeline
    scale = {(pc + boundary.after.section.transpose) % 12 for pc in scale_pitch_classes(key.key, key.scale)}
    below = [pitch for pitch in range(target - 1, limits[0] - 1, -1) if pitch % 12 in scale][:count]
    if len(below) == count:
        return below[::-1]
    above = [pitch for pitch in range(target + 1, limits[1] + 1) if pitch % 12 in scale][:count]
    return above[::-1]


def add_dropout(boundary: Boundary, parts: Parts, *, but: str = "") -> bool:
    """Drums, percussion and bass leave the last beat empty, all but the track named ``but`` (a drummer who fills)."""
    roles = ("drums", "percussion", "bass")
    rhythm = [seat.name for seat in boundary.seats if seat.role in roles and seat.name != but]
    found = [name for name in rhythm if plays(parts.get(name, []), boundary.last_bar, boundary.tick)]
    if not found:
        return False
    for name in found:
        silence(parts[name], boundary.last_beat, boundary.tick)
    return True


def add_hold(boundary: Boundary, parts: Parts) -> bool:
    """Chord and arpeggio players strike once more on the last strong pulse and hold that to the line."""
    is_done = False
    for seat in boundary.seats:
        rows = parts.get(seat.name, [])
        if seat.role not in ("chords", "arpeggio") or not plays(rows, boundary.last_bar, boundary.tick):
            continue
        struck = [row for row in rows if boundary.last_bar <= row[0] < boundary.tick]
        held = [row for row in struck if row[0] >= boundary.last_pulse - _NEAR_TICKS]
        if len(held) < 2:
            continue
        chord = {row[2]: row for row in reversed(struck if seat.role == "arpeggio" else held)}
        silence(rows, boundary.last_pulse - _NEAR_TICKS, boundary.tick)
        rows += [
            (boundary.last_pulse, boundary.tick - boundary.last_pulse, pitch, row[3])
            for pitch, row in sorted(chord.items())[:_HELD_NOTES]
        ]
        is_done = True
    return is_done


def add_breath(boundary: Boundary, parts: Parts) -> bool:
    """Everybody but the melody leaves the last beat empty."""
    found = [
        seat.name
        for seat in boundary.seats
        if seat.role != "lead" and plays(parts.get(seat.name, []), boundary.last_bar, boundary.last_beat)
    ]
    if not found:
        return False
    for name in found:
        silence(parts[name], boundary.last_beat, boundary.tick)
    return True


def add_riser(boundary: Boundary, parts: Parts) -> bool:
    """A scale in eighths up to the line, growing louder, by an arpeggio, counter, pad or chord player.

    Who has nothing but two hands leaves off what they had: only a pad sounds on. The hand that plays the chords runs
    in the second half of the bar, so that its chord is heard.
    """
    for role in _RISER_ROLES:
        for seat in boundary.seats:
            if seat.role == role and seat.name != MELODY and not seat.is_kit:
                _rise(boundary, parts, seat)
                return True
    return False


def _rise(boundary: Boundary, parts: Parts, seat: Seat) -> None:
    rows = parts[seat.name]
    low, high = register(seat.program, *(_GUITAR_RISER if seat.program in GUITARS else _RISER_REGISTER))
    key = boundary.timeline
    scale = {(pc + boundary.before.section.transpose) % 12 for pc in scale_pitch_classes(key.key, key.scale)}
    begin = boundary.last_bar
    if seat.role == "chords":
        low, high = _below_melody(boundary, parts, seat, low, high)
        begin = boundary.tick - (boundary.tick - boundary.last_bar) // 2 // EIGHTH_TICKS * EIGHTH_TICKS
    ticks = list(range(begin, boundary.tick, EIGHTH_TICKS))
    ladder = [pitch for pitch in range(low, high + 1) if pitch % 12 in scale]
    climbed = ladder[-len(ticks) :] if len(ladder) >= len(ticks) else ladder
    if seat.role != "pad":
        silence(rows, begin, boundary.tick)
    for number, (tick, pitch) in enumerate(zip(ticks[-len(climbed) :], climbed, strict=False)):
        onset, until = boundary.timeline.swung(tick), boundary.timeline.swung(tick + EIGHTH_TICKS)
        rows.append((onset, (until - onset) * 19 // 20, pitch, round(50 + 40 * number / len(climbed))))


def _below_melody(boundary: Boundary, parts: Parts, seat: Seat, low: int, high: int) -> tuple[int, int]:
    """Where the hand that plays the chords can run: under the melody of that bar, an octave at least."""
    over = [row[2] for row in parts.get(MELODY, []) if row[0] < boundary.tick and row[0] + row[1] > boundary.last_bar]
    top = min([high, *(pitch - 1 for pitch in over)])
    lowest = range_of(seat.program)[0]
    bottom = max(min(low, top - 12), lowest)
    return bottom, max(top, bottom + 12)
