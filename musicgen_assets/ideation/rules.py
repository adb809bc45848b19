"""Rules that a resolved context must meet so that no later stage has to refuse it.

Belongs here: what can be told from the context alone. Does not belong here: ranges of single values
(context.schema), limits of one installation (the door).
"""

from __future__ import annotations

import math

from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.score.clock import seconds, ticks_per_bar
from musicgen_assets.theory.chords import parse_bar

TAIL_S = 1.2
"""What the last bar needs to ring out; the arrangement keeps at least as much."""


def check_playable(context: CompositionContext) -> None:
    """Raise BadInput for numerals nobody can read, or more sections than the duration has bars."""
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
