"""What instruments can reach: sounding ranges of the General MIDI programs.

Belongs here: ranges and moving notes into them. Does not belong here: which register a part prefers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from musicgen_assets.score.model import NoteRow

_FAMILIES: tuple[tuple[range, tuple[int, int]], ...] = (
    (range(8), (21, 108)),  # pianos
    (range(8, 16), (53, 96)),  # tuned percussion
    (range(16, 24), (36, 96)),  # organs, reeds
    (range(24, 32), (40, 86)),  # guitars
    (range(32, 40), (28, 67)),  # basses
    (range(40, 48), (36, 96)),  # solo and plucked strings
    (range(48, 56), (36, 91)),  # ensembles, voices
    (range(56, 64), (40, 82)),  # brass
    (range(64, 72), (49, 81)),  # reeds
    (range(72, 80), (60, 96)),  # pipes
    (range(80, 96), (36, 96)),  # synth leads and pads
    (range(96, 104), (36, 96)),  # synth effects
    (range(104, 112), (48, 84)),  # plucked and blown instruments of the world
    (range(112, 120), (36, 84)),  # pitched percussion
    (range(120, 128), (36, 84)),  # sound effects
)

_SINGLE: Mapping[int, tuple[int, int]] = {
    8: (60, 108), 9: (72, 108), 10: (60, 96), 11: (53, 89), 12: (45, 96), 13: (65, 108), 14: (60, 77),
    15: (48, 84), 21: (41, 89), 22: (60, 96), 23: (40, 88), 40: (55, 100), 41: (48, 88), 42: (36, 76), 43: (28, 60),
    45: (36, 96), 46: (24, 103), 47: (36, 57), 52: (43, 81), 53: (48, 79), 54: (48, 79), 56: (54, 84), 57: (40, 72),
    58: (28, 60), 59: (54, 82), 60: (41, 77), 61: (36, 84), 62: (36, 91), 63: (36, 91), 64: (56, 87), 65: (49, 80),
    66: (44, 76), 67: (36, 69), 68: (58, 88), 69: (52, 81), 70: (34, 72), 71: (50, 91), 72: (74, 103), 77: (55, 86),
    105: (48, 84), 107: (48, 91), 110: (55, 96), 112: (60, 96), 114: (52, 88),
}  # fmt: skip
"""Sounding ranges by program (0-127) where they differ from the family's; usual orchestration tables."""


_ROOM_WANTED = 16
"""A register cut to less than this moves instead."""


def range_of(program: int) -> tuple[int, int]:
    """Lowest and highest MIDI pitch of a General MIDI program, as it sounds."""
    if program in _SINGLE:
        return _SINGLE[program]
    return next(limits for programs, limits in _FAMILIES if program in programs)


def register(program: int, low: int, high: int) -> tuple[int, int]:
    """The register ``low``..``high`` cut to the instrument's range; moved by octaves first where too little of it
    would be left. An octave at least.
    """
    lowest, highest = range_of(program)
    while high - lowest < _ROOM_WANTED and high + 12 <= highest:
        low, high = low + 12, high + 12
    while highest - low < _ROOM_WANTED and low - 12 >= lowest:
        low, high = low - 12, high - 12
    low, high = max(low, lowest), min(high, highest)
    if high - low < 11:
        low = max(lowest, min(low, highest - 11))
        high = min(highest, low + 11)
    return low, high


def folded(pitch: int, low: int, high: int) -> int:
    """The pitch moved by octaves into ``low``..``high`` (an octave or more), the nearest such."""
    while pitch < low:
        pitch += 12
    while pitch > high:
        pitch -= 12
    return max(pitch, low)


def best_octave(rows: Sequence[NoteRow], low: int, high: int) -> int:
    """Semitones, a multiple of 12, that bring most of the notes into ``low``..``high``; the least such."""
    if not rows:
        return 0

    def misses(shift: int) -> tuple[int, int]:
        return sum(not low <= row[2] + shift <= high for row in rows), abs(shift)

    return min((0, 12, -12, 24, -24, 36, -36), key=misses)


def fitted(rows: Sequence[NoteRow], program: int) -> list[NoteRow]:
    """Notes with any outside the instrument's range folded into it by octaves."""
    low, high = range_of(program)
    return [(start, duration, folded(pitch, low, high), velocity) for start, duration, pitch, velocity in rows]
