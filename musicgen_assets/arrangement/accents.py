"""Hit points inside sections: accents that everyone strikes, silences that everyone keeps, bars that are cut short.

Belongs here: putting them into written parts. Does not belong
here: where they fall (pace), sections that begin on one (form, transitions).
"""

from __future__ import annotations

from collections.abc import Sequence

from musicgen_assets.arrangement.band import Seat
from musicgen_assets.arrangement.boundary_devices import Parts
from musicgen_assets.arrangement.chord_voicing import Voicing
from musicgen_assets.arrangement.ending import strike
from musicgen_assets.arrangement.orchestration import HARMONIC
from musicgen_assets.arrangement.pace import silence_end
from musicgen_assets.arrangement.performance import ACCENT_VELOCITY
from musicgen_assets.arrangement.timeline import Timeline
from musicgen_assets.score.clock import beat_ticks
from musicgen_assets.score.model import NoteRow, Skip

_CLEAR_BEFORE, _CLEAR_AFTER = 90, 200
"""Ticks around an accent in which nothing else is struck."""
_EARLY = 60
"""Players are this many ticks early at most; what is meant for a silence's end and comes before is not lost."""
_MELODY_HOME = 67


def meet_hit_points(
    parts: Parts, seats: Sequence[Seat], timeline: Timeline, style_voicing: Voicing
) -> tuple[tuple[int, int], ...]:
    """Put accents and silences into the parts and take skipped ticks out; the silences in ticks are returned.

    ``parts``: written rows by track name, changed in place; performance.settled keeps players on time afterwards.
    """
    closing = timeline.ending_bar * timeline.bar_ticks
    for anchor in timeline.anchors:
        if anchor.kind == "hit" and anchor.tick < closing:
            for seat in seats:
                if seat.name in parts:
                    _strike_accent(parts[seat.name], seat, anchor.tick, timeline, style_voicing)
    stops = _stops(timeline, closing)
    for start, end in stops:
        for seat in seats:
            if seat.name in parts:
                if not seat.is_kit:
                    _hold_until(parts[seat.name], start, beat_ticks(timeline.time_signature))
                _fall_silent(parts[seat.name], start, end, is_taken_up=seat.role in HARMONIC)
    for skip in timeline.clock.skips:
        for rows in parts.values():
            _cut(rows, skip)
    return stops


def _stops(timeline: Timeline, closing: int) -> tuple[tuple[int, int], ...]:
    """The silences, each over before the next hit point and the closing bar."""
    ticks = [anchor.tick for anchor in timeline.anchors]
    return tuple(
        (anchor.tick, silence_end(anchor.tick, timeline.clock, timeline.time_signature, limit))
        for number, anchor in enumerate(timeline.anchors)
        if anchor.kind == "stop"
        for limit in [min([closing, *ticks[number + 1 :]])]
    )


def _strike_accent(rows: list[NoteRow], seat: Seat, tick: int, timeline: Timeline, style_voicing: Voicing) -> None:
    """One stroke of the chord that sounds there, in place of what the seat had around it."""
    before = [row for row in rows if row[0] < tick - _CLEAR_BEFORE]
    after = [row for row in rows if row[0] >= tick + _CLEAR_AFTER]
    section_end = timeline.section_at(min(tick // timeline.bar_ticks, timeline.bars - 1)).section.end_ticks
    end = min(
        tick + beat_ticks(timeline.time_signature), section_end, min((row[0] for row in after), default=section_end)
    )
    last_pitch = before[-1][2] if before and not seat.is_kit else _MELODY_HOME
    chord = timeline.chords_between(tick, tick + 1)[0]
    struck = strike(
        seat, chord, tick, max(end, tick + 1), ACCENT_VELOCITY, last_pitch, timeline, style_voicing, is_rolled=False
    )
    if not struck:
        return
    rows[:] = [(onset, min(duration, tick - onset), pitch, velocity) for onset, duration, pitch, velocity in before]
    rows += struck + after


def _hold_until(rows: list[NoteRow], tick: int, reach: int) -> None:
    """What was struck last, within ``reach`` before a silence, sounds until it begins: a stop is heard as a cut."""
    last = max((row[0] for row in rows if row[0] < tick - _EARLY), default=None)
    if last is None or last < tick - reach:
        return
    rows[:] = [
        (row[0], tick - row[0], row[2], row[3]) if last - _EARLY <= row[0] <= last and row[0] + row[1] < tick else row
        for row in rows
    ]


def _fall_silent(rows: list[NoteRow], start: int, end: int, *, is_taken_up: bool) -> None:
    """Nothing begins in the silence or reaches into it; a held chord comes back after it where it would go on."""
    kept: list[NoteRow] = []
    for onset, duration, pitch, velocity in rows:
        past = onset + duration
        if onset < start - _EARLY:
            kept.append((onset, min(duration, start - onset), pitch, velocity))
            if is_taken_up and past > end + _CLEAR_AFTER:
                kept.append((end, past - end, pitch, velocity))
        elif onset >= end - _EARLY:
            late = max(onset, end)
            kept.append((late, max(past - late, 1), pitch, velocity))
        elif is_taken_up and past > end + _CLEAR_AFTER:
            kept.append((end, past - end, pitch, velocity))
    rows[:] = sorted(kept)


def _cut(rows: list[NoteRow], skip: Skip) -> None:
    """What begins in the skipped ticks and ends there is gone; what goes on begins where playing goes on."""
    kept: list[NoteRow] = []
    for onset, duration, pitch, velocity in rows:
        past = onset + duration
        if not skip.start_ticks <= onset < skip.end_ticks:
            kept.append((onset, duration, pitch, velocity))
        elif past > skip.end_ticks + _EARLY:
            kept.append((skip.end_ticks, past - skip.end_ticks, pitch, velocity))
    rows[:] = kept
