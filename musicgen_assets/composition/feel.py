"""Swing and metric weight: where the grid lies, and how heavy each of its places is.

Belongs here: swing, the grouping of a meter's pulses. Does not belong here: how people miss the grid
(micro_timing), which notes there are (rhythm_pattern, bass_line, arrangement).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.score.clock import beat_ticks, meter, ticks_per_bar, ticks_per_step
from musicgen_assets.score.model import TICKS_PER_QUARTER

STRAIGHT_FROM_BPM = 300.0
"""Where drummers' swing has become even eighths (Friberg and Sundström 2002, Music Perception 19(3))."""
SWING_MAX = 0.72


def swing_at(style_swing: float, typical_bpm: float, tempo_bpm: float) -> float:
    """The style's swing at a tempo: the long-short ratio falls linearly to even at STRAIGHT_FROM_BPM.

    0.5 (straight) stays 0.5; at ``typical_bpm`` the answer is ``style_swing``. Range 0.5-0.72.
    """
    ratio = style_swing / (1.0 - style_swing)
    reach = max(STRAIGHT_FROM_BPM - typical_bpm, 1.0)
    slope = min(max((STRAIGHT_FROM_BPM - tempo_bpm) / reach, 0.0), 1.5)
    swung = 1.0 + (ratio - 1.0) * slope
    return round(min(swung / (1.0 + swung), SWING_MAX), 4)


def takes_swing(time_signature: str) -> bool:
    """Whether eighths come in pairs: so in quarter meters, not in eighth meters, which swing by themselves."""
    return meter(time_signature)[1] == 4


def swung(tick: int, swing: float, time_signature: str) -> int:
    """A straight grid tick as played: each beat's first eighth takes ``swing`` of it, sixteenths in proportion."""
    if swing == 0.5 or not takes_swing(time_signature):
        return tick
    beat, inside = divmod(tick, TICKS_PER_QUARTER)
    half = TICKS_PER_QUARTER / 2
    first = swing * TICKS_PER_QUARTER
    placed = inside / half * first if inside <= half else first + (inside - half) / half * (TICKS_PER_QUARTER - first)
    return beat * TICKS_PER_QUARTER + round(placed)


def swung_grid(bars: int, swing: float, time_signature: str) -> NDArray[np.int64]:
    """The played tick of every sixteenth of ``bars`` bars, and of the barline after them."""
    step = ticks_per_step(time_signature)
    count = bars * ticks_per_bar(time_signature) // step
    return np.array([swung(index * step, swing, time_signature) for index in range(count + 1)], dtype=np.int64)


def group_starts(time_signature: str) -> tuple[int, ...]:
    """Ticks of a bar's strong pulses: 1 and 3 in 4/4, 3+2 in 5/4, 2+2+3 in 7/8, dotted quarters in 6/8, else 1."""
    numerator, denominator = meter(time_signature)
    if denominator == 8:
        if numerator % 3 == 0:
            return tuple(range(0, ticks_per_bar(time_signature), TICKS_PER_QUARTER * 3 // 2))
        return (0, TICKS_PER_QUARTER, TICKS_PER_QUARTER * 2)
    return {4: (0, TICKS_PER_QUARTER * 2), 5: (0, TICKS_PER_QUARTER * 3)}.get(numerator, (0,))


def beat_starts(time_signature: str) -> tuple[int, ...]:
    """Ticks of a bar's felt beats; in 7/8 the three unequal ones, 2+2+3."""
    if time_signature == "7/8":
        return group_starts(time_signature)
    return tuple(range(0, ticks_per_bar(time_signature), beat_ticks(time_signature)))


def metric_weight(tick_in_bar: int, time_signature: str) -> float:
    """How heavy a place is: 1 the downbeat, .75 a strong pulse, .5 a beat, .25 an eighth, 0 any other."""
    if tick_in_bar == 0:
        return 1.0
    if tick_in_bar in group_starts(time_signature):
        return 0.75
    if tick_in_bar in beat_starts(time_signature):
        return 0.5
    return 0.25 if tick_in_bar % (TICKS_PER_QUARTER // 2) == 0 else 0.0
