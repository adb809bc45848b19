"""Fading out: the last bars fall away to nothing, in velocities and in expression.

Belongs here: how long a fade lasts and what it does to notes and controllers. Does not belong here: the closing chord
(ending), fades of audio (dsp).

Velocities carry the fade for a sampler that knows no controllers; expression (controller 11) takes what still sounds
to silence where the song ends, for one that does. It falls late, by the root of what is left, since both together make
the fade that one hears.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from musicgen_assets.arrangement.expression import EXPRESSION, Played
from musicgen_assets.arrangement.performance import Part
from musicgen_assets.arrangement.timeline import Timeline
from musicgen_assets.score.model import ControlRow, NoteRow
from musicgen_assets.styles.schema import Ending

FADE_BARS_MIN, FADE_BARS_MAX = 3, 8
"""Records fade over some ten to twenty seconds; half of the last section at most, so that it is heard first."""
VELOCITY_LEFT = 0.2
"""What is left of a velocity at the very end; equal shares of it go in equal times, as with a fader in dB."""
_SOFTEST = 6
_FULL = 127

Span = tuple[int, int]


def fade_span(timeline: Timeline, ending: Ending) -> Span | None:
    """From where to where the song fades, in ticks; the end is that of the audio. None where it does not."""
    if ending != "fade":
        return None
    last = timeline.sections[-1].section
    bars = min(max(last.bars // 2, FADE_BARS_MIN), FADE_BARS_MAX, last.bars)
    return last.end_ticks - bars * timeline.bar_ticks, timeline.ring_end_ticks


def faded(part: Part, span: Span | None) -> Part:
    """The part with its velocities falling inside ``span``."""
    if span is None:
        return part
    pairs = [
        (faded_row(written, span, written[0]), faded_row(played, span, written[0]))
        for written, played in zip(part.written, part.played, strict=True)
    ]
    return Part(tuple(written for written, _ in pairs), tuple(played for _, played in pairs))


def faded_row(row: NoteRow, span: Span | None, tick: int | None = None) -> NoteRow:
    """A note as loud as the fade leaves it; ``tick``: where it is written, its own start if None."""
    place = row[0] if tick is None else tick
    if span is None or place < span[0]:
        return row
    left = VELOCITY_LEFT ** _share(place, span)
    return row[0], row[1], row[2], max(round(row[3] * left), min(_SOFTEST, row[3]))


def fading(played: Played, span: Span | None, bar_ticks: int) -> Played:
    """The part with expression going to nothing inside ``span``, under whatever it does there itself."""
    if span is None or not played.notes:
        return played
    own = {row[0]: row[2] for row in played.controllers if row[1] == EXPRESSION}
    kept = [row for row in played.controllers if row[1] != EXPRESSION or row[0] < span[0]]
    last = max((tick for tick in own if tick < span[0]), default=None)
    value = own[last] if last is not None else _FULL
    ramp: list[ControlRow] = []
    for tick in sorted({*range(span[0], span[1], bar_ticks // 8), *(tick for tick in own if tick >= span[0])}):
        value = own.get(tick, value)
        ramp.append((tick, EXPRESSION, round(value * math.sqrt(1.0 - _share(tick, span)))))
    ramp.append((span[1] - 1, EXPRESSION, 0))
    return Played(played.notes, tuple(sorted((*kept, *ramp))), played.bends)


def faded_rows(rows: Sequence[NoteRow], span: Span | None) -> tuple[NoteRow, ...]:
    """Notes of a line as loud as the fade leaves them."""
    return tuple(faded_row(row, span) for row in rows)


def _share(tick: int, span: Span) -> float:
    """How much of the fade is over, 0-1."""
    return min(max((tick - span[0]) / (span[1] - span[0]), 0.0), 1.0)
