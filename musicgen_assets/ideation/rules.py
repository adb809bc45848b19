"""Rules that a resolved context must meet so that no later stage has to refuse it.

Belongs here: what can be told from the context alone. Does not belong here: ranges of single values
(context.schema), limits of one installation (the door).
"""

from __future__ import annotations

import math
from itertools import pairwise

from musicgen_assets.arrangement.pace import plan_pace
from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.score.clock import seconds, ticks_per_bar
from musicgen_assets.theory.chords import parse_bar

TAIL_S = 1.2
"""What the last bar needs to ring out; the arrangement keeps at least as much."""


HIT_FIRST_S = 2.0
"""Nothing can be prepared sooner."""


def check_playable(context: CompositionContext) -> None:
    """Raise BadInput for numerals nobody can read, more sections than the duration has bars, or hit points that no
    music can meet: before 2 s, after its last bar, or less than a bar apart.
    """
    musical = context.musical
    for bar in musical.chord_progression:
        parse_bar(bar, musical.key, musical.scale)
    bar_s = seconds(ticks_per_bar(musical.time_signature), musical.tempo_bpm)
    bars = math.floor((context.technical.duration_s - TAIL_S) / bar_s + 1e-9)
    needed = sum(section.bars or 1 for section in musical.structure)
    if needed > bars:
        kinds = " ".join(section.kind for section in musical.structure)
        raise BadInput(
            "musical.structure",
            kinds,
            f"it needs {needed} bars, and {context.technical.duration_s:g} s at {musical.tempo_bpm:g} BPM hold {bars}",
            way_out="Ask for a longer song, a faster tempo or fewer sections.",
        )
    _check_hit_points(context, bar_s)


def _check_hit_points(context: CompositionContext, bar_s: float) -> None:
    path, points = "musical.hit_points", context.musical.hit_points
    end_s = context.technical.duration_s - TAIL_S
    for point in points:
        shown = f"{point.kind} at {point.at_s:g} s"
        if point.at_s < HIT_FIRST_S:
            raise BadInput(
                path, shown, f"it comes before {HIT_FIRST_S:g} s, too soon for music to lead up to it",
                way_out=f"Move it to {HIT_FIRST_S:g} s or later; a song begins by itself.",
            )  # fmt: skip
        if point.at_s > end_s:
            raise BadInput(
                path, shown, f"the song of {context.technical.duration_s:g} s fades from {end_s:g} s on",
                way_out="Ask for a longer song, or for an earlier moment.",
            )  # fmt: skip
    for first, second in pairwise(points):
        gap_s = second.at_s - first.at_s
        if gap_s < bar_s - 1e-6:
            raise BadInput(
                path, f"{first.kind} at {first.at_s:g} s, {second.kind} at {second.at_s:g} s",
                f"they are {gap_s:.2f} s apart, less than a bar of {context.musical.time_signature} at "
                f"{context.musical.tempo_bpm:g} BPM ({bar_s:.2f} s), or out of order",
                way_out="Move them apart, drop one, or ask for a faster tempo.",
            )  # fmt: skip
    musical = context.musical
    plan_pace(points, context.technical.duration_s, musical.tempo_bpm, musical.time_signature)
