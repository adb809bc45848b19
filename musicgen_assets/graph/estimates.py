"""How long assets take: what progress and time left are drawn from.

Belongs here: expectations of the built-in engine, replaced by measured history where there is some.
Does not belong here: timing anything.
"""

from __future__ import annotations

from collections.abc import Mapping

from musicgen_assets.context.limits import DEFAULT_DURATION_S
from musicgen_assets.graph.declarations import Declaration

EXPECTED_S: Mapping[str, tuple[float, float]] = {
    "ideation/brief": (0.2, 0.0), "ideation/enhanced_prompt": (0.3, 0.0), "ideation/context": (0.1, 0.0),
    "composition/chord_progression": (0.2, 0.0), "composition/rhythm_pattern": (0.2, 0.0),
    "composition/lyrics": (0.3, 0.0), "composition/melody": (0.6, 0.0), "composition/bass_line": (0.2, 0.0),
    "arrangement/arrangement": (0.6, 0.3), "arrangement/vocal_line": (0.2, 0.1),
    "production/instrumentation": (0.1, 0.0), "production/preview": (2.0, 0.0), "production/take": (2.0, 2.5),
    "production/stems": (0.2, 0.3), "mixing/mix": (1.0, 3.0), "mastering/master": (1.0, 2.0),
    "mastering/analysis": (1.5, 2.0), "finalization/release": (0.5, 2.0),
}  # fmt: skip
"""(seconds, seconds a minute of song), measured on two cores."""


def expected_s(declaration: Declaration, history: Mapping[str, float], duration_s: float = DEFAULT_DURATION_S) -> float:
    """Seconds to expect of an asset. ``history`` maps assets to seconds measured on this machine."""
    if declaration.key in history:
        return max(0.02, history[declaration.key])
    base_s, per_minute_s = EXPECTED_S[declaration.key]
    return base_s + per_minute_s * duration_s / 60.0
