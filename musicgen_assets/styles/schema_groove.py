"""How a style's players sit in the time: who is behind or ahead of the beat, and which notes swing.

Belongs here: data of one style's feel beside its patterns. Does not belong here: patterns and swing itself
(styles.schema), how much of it is heard at a tempo (composition.feel), drawing people's timing (micro_timing).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from musicgen_assets.context.frozen import Frozen

BehindMs = Annotated[float, Field(ge=-9.0, le=9.0)]
"""Milliseconds behind the band's common pulse; negative is ahead. Any two players stay within 20 ms."""


class GrooveFeel(Frozen):
    """One style's feel. All figures are rules of thumb where no source is named.

    ``behind_ms`` is keyed by role ("bass", "lead", "chords" ...) or, for the kit, by piece ("snare", "ride",
    "kick" ...); who is not named is on the common pulse. A machine-tight style (humanize_ms 0) ignores it.
    ``swing_unit``: whether ``swing`` of the style pairs eighths (jazz, blues) or sixteenths (hip hop, funk).
    """

    behind_ms: dict[str, BehindMs] = Field(default_factory=dict)
    swing_unit: Literal["eighth", "sixteenth"] = "eighth"
