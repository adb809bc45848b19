"""A part on its staves: clefs, voices, and each bar's notes and rests as written values.

Belongs here: what stands in which bar, voice and staff. Does not belong here: any file format.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from musicgen_assets.score.clock import ticks_per_bar
from musicgen_assets.score.exports.bars import Bar
from musicgen_assets.score.exports.beams import beamed
from musicgen_assets.score.exports.durations import values_of
from musicgen_assets.score.exports.events import Event
from musicgen_assets.score.exports.grid import triplet_beats
from musicgen_assets.score.model import TICKS_PER_QUARTER, NoteRow, Track

_KEYBOARDS = (range(8), range(16, 21), range(46, 47))
"""General MIDI programs written on two staves where they reach over both: pianos, organs, harp."""
_GUITARS, _BASSES = range(24, 32), range(32, 40)
_MIDDLE = 60
_BASS_CLEF_BELOW = 57.0


@dataclass(frozen=True)
class Clef:
    """A clef; ``octave`` is -1 where a small 8 below it says that the part sounds an octave lower."""

    sign: str
    line: int
    octave: int = 0


TREBLE, BASS = Clef("G", 2), Clef("F", 4)
GUITAR, BASS_GUITAR = Clef("G", 2, -1), Clef("F", 4, -1)
PERCUSSION = Clef("percussion", 2)


@dataclass(frozen=True)
class Voice:
    """One line of rhythm on a staff in one bar; ``staff`` counts from 1, ``number`` over the whole part."""

    number: int
    staff: int
    events: tuple[Event, ...]


@dataclass(frozen=True)
class Part:
    """A track on paper: its clefs from the top staff down, and the voices of each bar."""

    track: Track
    clefs: tuple[Clef, ...]
    bars: tuple[tuple[Voice, ...], ...]


def part_of(track: Track, time_signature: str, bars: Sequence[Bar]) -> Part:
    """The track (on the written grid) on one staff, keyboards that need it on two; ``time_signature`` is the song's."""
    groups = _staves(track)
    triplets = triplet_beats(track.notes, time_signature)
    found: list[list[Voice]] = [[] for _ in bars]
    for staff, rows in enumerate(groups, start=1):
        lines = _voices(rows)
        for index, line in enumerate(lines or [[]]):
            number = (staff - 1) * 4 + index + 1
            for bar, events in zip(bars, _bars_of(line, ticks_per_bar(time_signature), bars, triplets), strict=True):
                if index == 0 or any(event.rows for event in events):
                    found[bar.number].append(Voice(number, staff, beamed(events, bar.time_signature)))
    return Part(track, _clefs(track, groups), tuple(tuple(voices) for voices in found))


def _staves(track: Track) -> list[list[NoteRow]]:
    rows = list(track.notes)
    is_wide = any(row[2] < _MIDDLE - 5 for row in rows) and any(row[2] > _MIDDLE + 4 for row in rows)
    if track.is_drums or track.role in ("lead", "vocal") or not is_wide:
        return [rows]
    if not any(track.program in programs for programs in _KEYBOARDS):
        return [rows]
    return [[row for row in rows if row[2] >= _MIDDLE], [row for row in rows if row[2] < _MIDDLE]]


def _clefs(track: Track, groups: Sequence[Sequence[NoteRow]]) -> tuple[Clef, ...]:
    if track.is_drums:
        return (PERCUSSION,)
    if len(groups) == 2:
        return (TREBLE, BASS)
    if track.program in _GUITARS:
        return (GUITAR,)
    if track.program in _BASSES:
        return (BASS_GUITAR,)
    pitches = [row[2] for row in track.notes]
    return (BASS if pitches and sum(pitches) / len(pitches) < _BASS_CLEF_BELOW else TREBLE,)


def _voices(rows: Sequence[NoteRow]) -> list[list[tuple[NoteRow, ...]]]:
    """Chords (equal start and end) laid into as few lines as possible, higher chords first."""
    spans: dict[tuple[int, int], list[NoteRow]] = {}
    for row in rows:
        spans.setdefault((row[0], row[0] + row[1]), []).append(row)
    lines: list[list[tuple[NoteRow, ...]]] = []
    ends: list[int] = []
    for (start, end), chord in sorted(spans.items(), key=lambda item: (item[0][0], -max(row[2] for row in item[1]))):
        free = next((index for index, last in enumerate(ends) if last <= start), len(lines))
        if free == len(lines):
            lines.append([])
            ends.append(0)
        lines[free].append(tuple(chord))
        ends[free] = end
    return lines


def _bars_of(
    line: Sequence[tuple[NoteRow, ...]], bar_ticks: int, bars: Sequence[Bar], triplets: frozenset[int]
) -> list[list[Event]]:
    """The line's events bar by bar, rests filled in, notes tied over bar lines."""
    divided: dict[int, list[int]] = {}
    for beat in triplets:
        bar = bars[min(beat // bar_ticks, len(bars) - 1)]
        if bar.is_on_quarters:
            divided.setdefault(bar.number, []).append(bar.offset(beat))
    pieces: list[list[tuple[int, int, tuple[NoteRow, ...], bool, bool]]] = [[] for _ in bars]
    for chord in line:
        start, end = chord[0][0], chord[0][0] + chord[0][1]
        for bar in bars[start // bar_ticks : -(-end // bar_ticks)]:
            low, high = max(start, bar.start_ticks), min(end, bar.start_ticks + bar_ticks)
            pieces[bar.number].append((bar.offset(low), bar.offset(high), chord, low > start, high < end))
    return [_events(pieces[bar.number], bar, divided.get(bar.number, ())) for bar in bars]


def _events(
    pieces: Sequence[tuple[int, int, tuple[NoteRow, ...], bool, bool]], bar: Bar, triplets: Sequence[int]
) -> list[Event]:
    time_signature = bar.time_signature
    events: list[Event] = []
    now = 0
    for start, end, chord, is_back, is_on in pieces:
        events += _rests(now, start, time_signature, triplets)
        values = values_of(start, end, time_signature, triplets=triplets)
        for index, value in enumerate(values):
            back, on = index > 0 or is_back, index < len(values) - 1 or is_on
            events.append(Event(value, chord, is_tied_back=back, is_tied_on=on))
        now = end
    events += _rests(now, bar.ticks, time_signature, triplets)
    return _bracketed(events)


def _rests(start: int, end: int, time_signature: str, triplets: Sequence[int]) -> list[Event]:
    if end <= start:
        return []
    return [Event(value) for value in values_of(start, end, time_signature, is_rest=True, triplets=triplets)]


def _bracketed(events: Sequence[Event]) -> list[Event]:
    """Triplets of one beat under one bracket."""
    beats: dict[int, list[int]] = {}
    for index, event in enumerate(events):
        if event.value.is_triplet:
            beats.setdefault(event.value.start_ticks // TICKS_PER_QUARTER, []).append(index)
    found = list(events)
    for places in beats.values():
        if len(places) > 1:
            found[places[0]] = replace(found[places[0]], triplet_edge="start")
            found[places[-1]] = replace(found[places[-1]], triplet_edge="stop")
    return found
