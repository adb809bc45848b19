"""What players do besides striking notes: the sustain pedal, swells, vibrato.

Belongs here: controllers and pitch curves of a part that is finished, and the note lengths that a pedal makes, so that
a sampler without controllers plays the same. Does not belong here: loudness and timing of notes (performance).

All that is set in a section is set back before its end: sections can be played anew one by one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from musicgen_assets.arrangement.band import Seat
from musicgen_assets.arrangement.timeline import Timeline
from musicgen_assets.score.clock import seconds, ticks
from musicgen_assets.score.model import BendRow, ControlRow, NoteRow

MODULATION, EXPRESSION, SUSTAIN = 1, 11, 64
PEDALLED = frozenset(range(6))
"""Grand, bright, electric grand, honky-tonk and the two electric pianos; a harpsichord has no pedal."""
LEGATO_FROM = 0.75
"""Styles whose chords sound at least this share of the time to the next use the pedal; stabs stay dry."""
SWELLING = frozenset({*range(40, 45), *range(48, 55), *range(88, 96)})
VIBRATING = frozenset({22, 26, 27, *range(29, 31), *range(40, 44), *range(52, 54), 56, 57, 59, 60, *range(64, 80), 80,
                       81, 84, 85, 110})  # fmt: skip
"""Programs on which a long note is given vibrato: bowed strings, winds, voices, lead guitars and synth leads."""

_PEDAL_LATE_TICKS = 40
"""A foot comes down after the hands (syncopated pedalling)."""
_SWELL_LOW, _SWELL_HIGH, _BUILD_LOW = 84, 116, 64
_SWELL_BARS = 4
_VIBRATO_FROM_S, _VIBRATO_AFTER_S, _VIBRATO_GROWS_S = 0.8, 0.3, 0.4
_VIBRATO_HZ, _VIBRATO_CENTS = 5.6, 14.0
"""Singers' and players' vibrato is 5 to 7 Hz (Seashore 1932); its depth here is modest, a rule of thumb."""
_POINT_S = 0.03
_VIBRATO_LONGEST_S = 2.5
_MODULATION_DEPTH = 40
_BEND_A_CENT = 8192 / 200.0
_FULL = 127


@dataclass(frozen=True)
class Played:
    """A part with what is done besides its notes."""

    notes: tuple[NoteRow, ...]
    controllers: tuple[ControlRow, ...] = ()
    bends: tuple[BendRow, ...] = ()


def expressed(
    rows: Sequence[NoteRow],
    seat: Seat,
    timeline: Timeline,
    comping_length: float,
    stops: Sequence[tuple[int, int]] = (),
) -> Played:
    """The part with its pedal, swells and vibrato, as its instrument and role have them.

    ``comping_length``: the style's share of the time to the next stroke that a chord sounds (0-1). No pedal holds
    anything into one of ``stops``.
    """
    if seat.is_kit or not rows:
        return Played(tuple(rows))
    if seat.program in PEDALLED and seat.role in ("chords", "arpeggio") and comping_length >= LEGATO_FROM:
        return _pedalled(rows, timeline, stops)
    if seat.program in SWELLING and seat.role in ("pad", "chords"):
        return Played(tuple(rows), tuple(_swells(rows, timeline)))
    if seat.program in VIBRATING and seat.role in ("lead", "counter"):
        return _vibrato(rows, timeline)
    return Played(tuple(rows))


def _pedalled(rows: Sequence[NoteRow], timeline: Timeline, stops: Sequence[tuple[int, int]]) -> Played:
    """The pedal goes down with every chord and up before the next; notes sound until then or until struck again."""
    controllers: list[ControlRow] = []
    ups: list[tuple[int, int]] = []
    for start, end in _spans(timeline, stops):
        if end - start > 2 * _PEDAL_LATE_TICKS and any(start <= row[0] < end for row in rows):
            ups.append((start, end))
            controllers += [(start + _PEDAL_LATE_TICKS, SUSTAIN, _FULL), (end - 1, SUSTAIN, 0)]
    closing = timeline.ending_bar * timeline.bar_ticks
    following: dict[int, int] = {}
    lengthened: list[NoteRow] = []
    place = len(ups) - 1
    for start, duration, pitch, velocity in reversed(rows):
        while place > 0 and ups[place][0] > start:
            place -= 1
        until = start + duration
        if ups and ups[place][0] <= start < ups[place][1] and start < closing:
            until = max(until, min(ups[place][1], following.get(pitch, ups[place][1])))
        following[pitch] = start
        lengthened.append((start, until - start, pitch, velocity))
    return Played(tuple(reversed(lengthened)), tuple(controllers))


def _spans(timeline: Timeline, stops: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """From chord to chord, silences left out."""
    spans = [(chord.start_ticks, chord.start_ticks + chord.duration_ticks) for chord in timeline.chords]
    for silent_from, silent_until in stops:
        spans = [
            part
            for start, end in spans
            for part in ((start, min(end, silent_from)), (max(start, silent_until), end))
            if part[1] > part[0] and (part[0] < silent_from or part[0] >= silent_until)
        ]
    return list(dict.fromkeys(spans))


def _swells(rows: Sequence[NoteRow], timeline: Timeline) -> list[ControlRow]:
    """Expression that rises and falls over four bars, and all through a build."""
    found: list[ControlRow] = []
    step = timeline.bar_ticks // 4
    for plan in timeline.sections:
        section = plan.section
        if not any(section.start_ticks <= row[0] < section.end_ticks for row in rows):
            continue
        span = min(_SWELL_BARS * timeline.bar_ticks, section.end_ticks - section.start_ticks)
        for tick in range(section.start_ticks, section.end_ticks, step):
            share = (tick - section.start_ticks) % span / span
            value = _SWELL_LOW + (_SWELL_HIGH - _SWELL_LOW) * math.sin(math.pi * share)
            if section.kind == "build":
                through = (tick - section.start_ticks) / (section.end_ticks - section.start_ticks)
                value = _BUILD_LOW + (_FULL - _BUILD_LOW) * through
            found.append((tick, EXPRESSION, round(value)))
    return found


def _vibrato(rows: Sequence[NoteRow], timeline: Timeline) -> Played:
    """Long notes begin straight and are given vibrato, as modulation and as the pitch curve it stands for."""
    controllers: list[ControlRow] = []
    bends: list[BendRow] = []
    tick_s = seconds(1, timeline.tempo_bpm)
    after, step = ticks(_VIBRATO_AFTER_S, timeline.tempo_bpm), max(ticks(_POINT_S, timeline.tempo_bpm), 1)
    for start, duration, _, _ in rows:
        if duration * tick_s < _VIBRATO_FROM_S:
            continue
        end = start + duration - 1
        controllers += [(start + after, MODULATION, _MODULATION_DEPTH), (end, MODULATION, 0)]
        last = min(end, start + ticks(_VIBRATO_LONGEST_S, timeline.tempo_bpm))
        for tick in range(start + after, last, step):
            since_s = (tick - start - after) * tick_s
            depth = _VIBRATO_CENTS * min(since_s / _VIBRATO_GROWS_S, 1.0)
            bends.append((tick, round(depth * _BEND_A_CENT * math.sin(2 * math.pi * _VIBRATO_HZ * since_s))))
        bends.append((last, 0))
    return Played(tuple(rows), tuple(controllers), tuple(bends))
