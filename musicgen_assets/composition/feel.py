"""Swing and metric weight: where the grid lies, and how heavy each of its places is.

Belongs here: swing, the grouping of a meter's pulses. Does not belong here: how people miss the grid
(micro_timing), which notes there are (rhythm_pattern, bass_line, arrangement).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.score.clock import beat_ticks, meter, ticks_per_bar, ticks_per_step
from musicgen_assets.score.model import TICKS_PER_QUARTER

SHORT_NOTE_MS = 100.0
RATIO_MAX = 3.5
"""Jazz drummers' long-short ratio falls from about 3.5:1 at slow tempo to even notes near 300 quarters a minute, and
from medium tempo on the short note lasts about 100 ms (Friberg and Sundström 2002, Music Perception 19(3))."""
EIGHTH_TICKS, SIXTEENTH_TICKS = TICKS_PER_QUARTER // 2, TICKS_PER_QUARTER // 4
_STRAIGHT_RATIO = 1.1


def drummers_ratio(pairs_per_minute: float) -> float:
    """Long to short, 1-3.5, of a full swing whose long-short pairs come at this rate: what leaves the short note
    SHORT_NOTE_MS.
    """
    return min(max(60_000.0 / pairs_per_minute / SHORT_NOTE_MS - 1.0, 1.0), RATIO_MAX)


def swing_at(style_swing: float, typical_bpm: float, tempo_bpm: float, pairs_per_beat: int = 1) -> float:
    """The style's swing at a tempo: the share of a full swing that it has at its typical tempo, at this one.

    Swing is the share of a pair that its first note takes. 0.5 (straight) stays 0.5; at ``typical_bpm`` the answer
    is ``style_swing``. ``pairs_per_beat`` is 1 where eighths swing, 2 where sixteenths do. Range 0.5-0.7778.
    """
    home = drummers_ratio(typical_bpm * pairs_per_beat)
    if home < _STRAIGHT_RATIO:
        return round(style_swing, 4)
    share = (style_swing / (1.0 - style_swing) - 1.0) / (home - 1.0)
    ratio = min(1.0 + share * (drummers_ratio(tempo_bpm * pairs_per_beat) - 1.0), RATIO_MAX)
    return round(ratio / (1.0 + ratio), 4)


def takes_swing(time_signature: str) -> bool:
    """Whether eighths come in pairs: so in quarter meters, not in eighth meters, which swing by themselves."""
    return meter(time_signature)[1] == 4


def swung(tick: int, swing: float, time_signature: str, sixteenth_swing: float = 0.5) -> int:
    """A straight grid tick as played: each beat's first eighth takes ``swing`` of it, each eighth's first sixteenth
    ``sixteenth_swing`` of that; what lies between moves in proportion.
    """
    if (swing == 0.5 and sixteenth_swing == 0.5) or not takes_swing(time_signature):
        return tick
    eighth, inside = divmod(tick, EIGHTH_TICKS)
    tick = eighth * EIGHTH_TICKS + round(_shared_out(inside, EIGHTH_TICKS, sixteenth_swing))
    beat, inside = divmod(tick, TICKS_PER_QUARTER)
    return beat * TICKS_PER_QUARTER + round(_shared_out(inside, TICKS_PER_QUARTER, swing))


def _shared_out(inside: float, span: int, swing: float) -> float:
    """A place in a pair of equal halves, moved so that the first half takes ``swing`` of the span."""
    half, first = span / 2, swing * span
    return inside / half * first if inside <= half else first + (inside - half) / half * (span - first)


def swung_grid(bars: int, swing: float, time_signature: str, sixteenth_swing: float = 0.5) -> NDArray[np.int64]:
    """The played tick of every sixteenth of ``bars`` bars, and of the barline after them."""
    step = ticks_per_step(time_signature)
    count = bars * ticks_per_bar(time_signature) // step
    places = [swung(index * step, swing, time_signature, sixteenth_swing) for index in range(count + 1)]
    return np.array(places, dtype=np.int64)


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
