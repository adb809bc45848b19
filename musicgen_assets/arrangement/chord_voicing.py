"""Chords as hands and strings play them: close, open, power, shell, guitar and broken voicings.

Belongs here: pitches of one chord for one instrument. Does not belong here: when they are struck (comping),
the search for least movement (theory.voicing).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

from musicgen_assets.arrangement.playability import STRINGS, fits_on_guitar
from musicgen_assets.arrangement.ranges import register
from musicgen_assets.score.model import ChordSpan
from musicgen_assets.theory.voicing import voice_lead

Voicing = Literal["close", "open", "power", "shell", "guitar", "arpeggio"]

GUITARS = frozenset({24, 25, 26, 27, 28, 29, 30, 31})
DRIVEN_GUITARS = frozenset({29, 30})
"""Overdriven and distorted guitars: thirds growl, so they play roots and fifths."""
LOWEST_THIRD = 48
"""C3: intervals under a fourth with their lower note below this are muddy."""

_HAND = (50, 70)
_OPEN_HAND = (48, 76)
_HAND_SPAN_MIN = 15
_POWER = (40, 57)
_FRETS = 4
_HIGHEST_POSITION = 8


def voicing_for(program: int, style_voicing: Voicing) -> Voicing:
    """What an instrument makes of the style's voicing: only guitars play guitar shapes, only driven ones power."""
    if program in DRIVEN_GUITARS:
        return "power"
    if program in GUITARS:
        return style_voicing if style_voicing in ("shell", "arpeggio") else "guitar"
    return "close" if style_voicing in ("guitar", "power") else style_voicing


def hand(voicing: Voicing) -> tuple[int, int]:
    """The register of a hand at a keyboard, or of a section of strings, for a voicing of no guitar."""
    return _OPEN_HAND if voicing == "open" else _HAND


def voice(
    chord: ChordSpan, voicing: Voicing, program: int, previous: Sequence[int] | None, raise_by: int = 0, down: int = 0
) -> tuple[int, ...]:
    """Ascending MIDI pitches of the chord within the instrument's range, near ``previous`` where there is one.

    ``raise_by`` semitones moves the hand's register up; ``down`` lowers its top, and its bottom no further than to
    LOWEST_THIRD. Guitar shapes stay where the neck has them. At most six notes.
    """
    before = tuple(previous) if previous else None
    if voicing == "guitar":
        return _guitar(chord.pitch_classes, chord.bass, before)
    if voicing == "power":
        return _power(chord.root, chord.pitch_classes, program, raise_by)
    bottom, top = hand(voicing)
    low = max(bottom + raise_by - down, min(bottom + raise_by, LOWEST_THIRD))
    low, high = register(program, low, max(top + raise_by - down, low + _HAND_SPAN_MIN))
    if voicing == "shell":
        return _led(before, _guides(chord), low, high, 3 if len(chord.pitch_classes) > 3 else 2)
    count = min(max(len(chord.pitch_classes), 3), 4)
    return _led(before, chord.pitch_classes, low, high, count, is_open=voicing == "open")


@lru_cache(maxsize=8192)
def _led(
    previous: tuple[int, ...] | None, pitch_classes: tuple[int, ...], low: int, high: int, count: int,
    *, is_open: bool = False,
) -> tuple[int, ...]:  # fmt: skip
    return voice_lead(previous, pitch_classes, low, high, count, is_open=is_open)


def _guides(chord: ChordSpan) -> tuple[int, ...]:
    """Third, seventh and colours: the chord without the root, which the bass plays, and where it has colours without
    the plain fifth; a seventh chord keeps its fifth, since a doubled third would be heavy.
    """
    upper = chord.pitch_classes[1:]
    rest = tuple(pc for pc in upper if (pc - chord.root) % 12 != 7)
    if len(rest) > 2:
        return rest
    return upper if len(upper) > 2 else chord.pitch_classes


def _power(root: int, pitch_classes: Sequence[int], program: int, raise_by: int) -> tuple[int, ...]:
    low, high = register(program, *(limit + raise_by for limit in _POWER))
    bottom = low + (root - low) % 12
    fifth = next((step for step in (7, 6, 8) if (root + step) % 12 in pitch_classes), 7)
    return tuple(pitch for pitch in (bottom, bottom + fifth, bottom + 12) if pitch <= high + 12)


@lru_cache(maxsize=8192)
def _guitar(pitch_classes: tuple[int, ...], bass: int, previous: tuple[int, ...] | None) -> tuple[int, ...]:
    """The best shape one hand can hold: within four frets, open strings allowed, bass note lowest.

    Cost: missing chord tones first, then the way from the last shape, then the position on the neck.
    """
    best: tuple[float, tuple[int, ...]] | None = None
    for position in range(_HIGHEST_POSITION + 1):
        for string in range(3):
            shape = _shape(pitch_classes, bass, position, string)
            if len(shape) < 3 or not fits_on_guitar(shape):
                continue
            missing = len(set(pitch_classes[:4]) - {pitch % 12 for pitch in shape})
            moved = abs(shape[-1] - previous[-1]) + abs(shape[0] - previous[0]) * 0.3 if previous else 0.0
            cost = 6.0 * missing + moved + 0.5 * position + 0.4 * (6 - len(shape))
            if best is None or (cost, shape) < best:
                best = (cost, shape)
    return best[1] if best else _led(previous, pitch_classes, 52, 71, 3)


def _shape(pitch_classes: tuple[int, ...], bass: int, position: int, first_string: int) -> tuple[int, ...]:
    """One shape from ``first_string`` (0 lowest) upwards; empty if the bass note cannot be reached there."""
    window = range(position + 1, position + 1 + _FRETS)
    found: list[int] = []
    for number, open_string in enumerate(STRINGS[first_string:]):
        frets = (0, *window) if position <= 2 else tuple(window)
        wanted = (bass,) if number == 0 else pitch_classes
        choices = [open_string + fret for fret in frets if (open_string + fret) % 12 in wanted]
        choices = [pitch for pitch in choices if not found or pitch > found[-1] + 2]
        if not choices and number == 0:
            return ()
        if not choices:
            continue
        have = {pitch % 12 for pitch in found}
        found.append(min(choices, key=lambda pitch: (pitch % 12 in have, pitch)))
    return tuple(found)
