"""Who lies where: the lead in its style's register, hands under the lead, chords out of the bass's way.

Belongs here: registers that depend on another part. Does not belong here: what an instrument can reach (ranges), the
voicings themselves (chord_voicing).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence

from musicgen_assets.arrangement.band import Seat
from musicgen_assets.arrangement.chord_voicing import LOWEST_THIRD
from musicgen_assets.arrangement.ranges import best_octave
from musicgen_assets.arrangement.timeline import Timeline
from musicgen_assets.composition.bass_player import LOWEST
from musicgen_assets.score.model import NoteRow
from musicgen_assets.styles.schema import Style

_STRAY_SHARE = 0.1
"""A line of which less than this lies outside its register stays where it is written."""
_DOWN_MAX = 7
_FOURTH = 5
_OVERLAP_TICKS = 120
_STROKE_TICKS = 30
_KEPT_IN_STROKE = 2
_DOUBLED_SHARE = 0.5


def in_style_register(rows: Sequence[NoteRow], seat: Seat, style: Style) -> list[NoteRow]:
    """The line moved as a whole by octaves into the register in which its style uses the seat's instrument."""
    register = next(
        (
            item.register_midi
            for item in style.instruments
            if (item.role, item.name, item.program) == (seat.role, seat.instrument, seat.program)
        ),
        None,
    )
    if register is None or not rows:
        return list(rows)
    low, high = register
    strays = sum(not low <= row[2] <= high for row in rows)
    shift = best_octave(rows, low, high) if strays > _STRAY_SHARE * len(rows) else 0
    return [(start, duration, pitch + shift, velocity) for start, duration, pitch, velocity in rows]


def middles_of(lead: Sequence[NoteRow], timeline: Timeline) -> dict[str, int]:
    """The middle pitch of the lead by section name, sections without it left out."""
    found: dict[str, int] = {}
    for plan in timeline.sections:
        section = plan.section
        pitches = sorted(row[2] for row in lead if section.start_ticks <= row[0] < section.end_ticks)
        if pitches:
            found[section.name] = pitches[len(pitches) // 2]
    return found


def hand_down(top: int, section: str, middles: Mapping[str, int]) -> int:
    """Semitones, 0 to _DOWN_MAX, by which a hand that reaches up to ``top`` gets out of the lead's way.

    An accompanist plays under a soloist, not over him (rule of thumb of every comping method).
    """
    return min(max(top - middles.get(section, top), 0), _DOWN_MAX)


def under_guitar(bass: Sequence[NoteRow], chords: Sequence[NoteRow], timeline: Timeline) -> list[NoteRow]:
    """The bass an octave lower in sections where at least half of its notes are on the guitar's own lowest: a bass
    guitar lies an octave under the chords' roots and does not double them (rule of thumb of every rock arrangement).

    Notes that would go below LOWEST stay.
    """
    lowest: dict[int, int] = {}
    for start, _, pitch, _ in chords:
        place = round(start / _OVERLAP_TICKS)
        lowest[place] = min(lowest.get(place, pitch), pitch)
    places = sorted(lowest)
    found: list[NoteRow] = []
    for plan in timeline.sections:
        own = [row for row in bass if plan.section.start_ticks <= row[0] < plan.section.end_ticks]
        doubled = [
            row for row in own
            if (at := bisect_right(places, round(row[0] / _OVERLAP_TICKS))) and lowest[places[at - 1]] == row[2]
        ]  # fmt: skip
        is_doubling = bool(own) and len(doubled) >= _DOUBLED_SHARE * len(own)
        found += [(s, d, p - 12 if is_doubling and p - 12 >= LOWEST else p, v) for s, d, p, v in own]
    return found


def clear_of_bass(rows: Sequence[NoteRow], bass: Sequence[NoteRow]) -> list[NoteRow]:
    """Chords without the notes that would lie within a third of the bass under C3, where both only blur.

    A stroke keeps its two highest notes.
    """
    ordered = sorted(rows)
    line = sorted(bass)
    kept: list[NoteRow] = []
    first = 0
    for index, row in enumerate(ordered):
        while first < len(line) and line[first][0] + line[first][1] <= row[0]:
            first += 1
        above = sum(
            abs(other[0] - row[0]) <= _STROKE_TICKS and other[2] > row[2]
            for other in ordered[max(index - 6, 0) : index + 7]
        )
        if above < _KEPT_IN_STROKE or not _is_blurred(row, line[first:]):
            kept.append(row)
    return kept


def _is_blurred(row: NoteRow, line: Sequence[NoteRow]) -> bool:
    end = row[0] + row[1]
    for start, duration, pitch, _ in line:
        if start >= end:
            return False
        is_close = 0 < abs(pitch - row[2]) < _FOURTH and min(pitch, row[2]) < LOWEST_THIRD
        if is_close and min(end, start + duration) - max(row[0], start) >= _OVERLAP_TICKS:
            return True
    return False
