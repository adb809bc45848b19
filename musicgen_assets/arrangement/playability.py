"""What hands and lungs can do: voices an instrument has at once, and chords that lie under one hand of a guitar.

Belongs here: those limits, and making a part keep them. Does not belong here: sounding ranges (ranges), choosing
voicings (chord_voicing).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from musicgen_assets.arrangement.band import Seat
from musicgen_assets.score.model import NoteRow

STRINGS = (40, 45, 50, 55, 59, 64)
"""Open strings of a guitar in standard tuning, E2 A2 D3 G3 B3 E4."""
FRETS_SPANNED = 4
"""Frets between the lowest and highest fretted note of a chord that a hand reaches, open strings aside."""
HIGHEST_FRET = 17
FRETTED = frozenset(range(24, 32))
ONE_NOTE = frozenset({*range(56, 61), *range(64, 80), 109, 111})
"""Brass, reeds, pipes, bagpipe and shanai: General MIDI programs that sound one note at a time."""
_AT_MOST: Mapping[int, int] = {**dict.fromkeys(range(40, 44), 2), 105: 4, 110: 2}
"""Bowed strings stop two strings; a banjo has four that are fretted; a fiddle is a violin."""
_KEYS_AT_MOST = 10
_OVER_BY_TICKS = 30
"""A note that ends this soon after another begins is being let go, not held."""


def voices_of(program: int) -> int:
    """How many notes a General MIDI program (0-127) can sound at once."""
    if program in ONE_NOTE:
        return 1
    return 6 if program in FRETTED else _AT_MOST.get(program, _KEYS_AT_MOST)


@lru_cache(maxsize=65_536)
def fits_on_guitar(pitches: tuple[int, ...]) -> bool:
    """Whether ascending MIDI pitches can sound together: a string each, fretted ones within FRETS_SPANNED."""
    return _on_strings(pitches, STRINGS, HIGHEST_FRET, 0)


def _on_strings(left: tuple[int, ...], strings: tuple[int, ...], lowest: int, highest: int) -> bool:
    """Search from the lowest pitch up: skip strings, or press the pitch where the span allows."""
    if highest - lowest > FRETS_SPANNED:
        return False
    if not left:
        return True
    if len(left) > len(strings):
        return False
    fret = left[0] - strings[0]
    if fret < 0:
        return False
    if fret == 0 and _on_strings(left[1:], strings[1:], lowest, highest):
        return True
    if 0 < fret <= HIGHEST_FRET and _on_strings(left[1:], strings[1:], min(lowest, fret), max(highest, fret)):
        return True
    return _on_strings(left, strings[1:], lowest, highest)


def playable(rows: Sequence[NoteRow], seat: Seat) -> list[NoteRow]:
    """The seat's part as its instrument can play it.

    Where too much would sound at once, what was struck earlier is let go; a chord that is too much by itself loses
    inner voices first, and an instrument of one note keeps the highest.
    """
    if seat.is_kit or seat.role == "percussion" or not rows:
        return list(rows)
    most, is_fretted = voices_of(seat.program), seat.program in FRETTED and seat.role != "bass"
    if most == _KEYS_AT_MOST:
        return list(rows)
    found: list[NoteRow] = []
    held: list[int] = []
    for group in _struck(rows):
        onset = group[0][0]
        held = [index for index in held if found[index][0] + found[index][1] > onset + _OVER_BY_TICKS]
        kept = _reduced(group, most, is_fretted=is_fretted)
        pitches = {row[2] for row in kept}
        while held and not _fits({*pitches, *(found[index][2] for index in held)}, most, is_fretted=is_fretted):
            _let_go(found, held.pop(0), onset)
        held += range(len(found), len(found) + len(kept))
        found += kept
    return [row for row in found if row[1] > 0]


def _struck(rows: Sequence[NoteRow]) -> list[list[NoteRow]]:
    """Notes grouped by onset; a strum, or hands that are not quite together, are one stroke."""
    groups: list[list[NoteRow]] = []
    for row in sorted(rows):
        if groups and row[0] - groups[-1][-1][0] <= _OVER_BY_TICKS and row[0] - groups[-1][0][0] <= 4 * _OVER_BY_TICKS:
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups


def _reduced(group: Sequence[NoteRow], most: int, *, is_fretted: bool) -> list[NoteRow]:
    """The notes of a stroke that can be played: outer voices before inner ones."""
    kept = list({row[2]: row for row in sorted(group, key=lambda row: (row[1], row[3]))}.values())
    if most == 1:
        return [max(kept, key=lambda row: row[2])]
    while len(kept) > 1 and not _fits({row[2] for row in kept}, most, is_fretted=is_fretted):
        kept.sort(key=lambda row: row[2])
        trials = [kept[:index] + kept[index + 1 :] for index in _inner_first(len(kept))]
        fitting = [trial for trial in trials if _fits({r[2] for r in trial}, most, is_fretted=is_fretted)]
        kept = fitting[0] if fitting else trials[0]
    return sorted(kept)


def _inner_first(count: int) -> list[int]:
    """Places of a chord, the middle ones first, the top last."""
    return sorted(range(count), key=lambda place: (place in (0, count - 1), place == count - 1, abs(place - count / 2)))


def _fits(pitches: set[int], most: int, *, is_fretted: bool) -> bool:
    return len(pitches) <= most and (not is_fretted or fits_on_guitar(tuple(sorted(pitches))))


def _let_go(rows: list[NoteRow], index: int, onset: int) -> None:
    start, _, pitch, velocity = rows[index]
    rows[index] = (start, max(onset - start, 0), pitch, velocity)
