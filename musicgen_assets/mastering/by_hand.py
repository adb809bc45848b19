"""A mix that people turned by hand, as mastering and the gate have to take it: what was asked for is no fault.

Without this the master would bring a brighter mix back to its style's spectrum, and the gate would stop a dry one.

Belongs here: moving curves and bounds by what a hand did to the whole mix. Does not belong here: the edit itself
(mixing.whole), single tracks (mixing.hand), corridors and bounds as they are without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from musicgen_assets.context.schema import ReferenceProfile
from musicgen_assets.mastering.corridor import THIRD_OCTAVES_HZ, Corridor, slope_db_per_octave
from musicgen_assets.mixing.plan import WholeMove
from musicgen_assets.mixing.whole import gains_db
from musicgen_assets.styles.schema import MasterTargets

_HATS_HZ, _SNARE_HZ = 9_000.0, 200.0
_MONO_DB = -120.0


@dataclass(frozen=True)
class Turned:
    """What people did to the whole mix. ``whole`` None: nothing, and every method gives back what it was given."""

    whole: WholeMove | None = None

    def corridor(self, corridor: Corridor) -> Corridor:
        """The corridor about the curve that was asked for."""
        if self.whole is None or not self.whole.bands:
            return corridor
        return corridor.model_copy(update={"centre_db": self._turned(corridor.centre_db)})

    def style(self, style: MasterTargets) -> MasterTargets:
        """The style with its bounds of the spectrum's tilt moved along."""
        if self.whole is None or not self.whole.bands:
            return style
        # A level of nothing in each band: the slope of the bands' gains alone.
        flat = np.zeros(len(THIRD_OCTAVES_HZ))
        by = slope_db_per_octave(self._turned(tuple(flat))) - slope_db_per_octave(tuple(flat))
        low, high = style.slope_db_per_octave
        return style.model_copy(update={"slope_db_per_octave": (round(low + by, 3), round(high + by, 3))})

    def reference(self, reference: ReferenceProfile | None) -> ReferenceProfile | None:
        """A given track's curve and width, turned as the mix was."""
        if self.whole is None or reference is None:
            return reference
        by_db = max(20.0 * np.log10(self.whole.width), _MONO_DB) if self.whole.width else _MONO_DB
        width = tuple(round(max(level_db + by_db, _MONO_DB), 3) for level_db in reference.width_db)
        return reference.model_copy(
            update={"third_octaves_db": self._turned(reference.third_octaves_db), "width_db": width}
        )

    @property
    def drier_db(self) -> float:
        """How much less of its rooms the mix was given, 0 or more."""
        return 0.0 if self.whole is None else max(0.0, -self.whole.reverb_db)

    @property
    def hats_db(self) -> float:
        """How much the bands lift hi-hats over the snare, 0 or more."""
        high, low = gains_db(self.whole, (_HATS_HZ, _SNARE_HZ))
        return max(0.0, float(high - low))

    @property
    def is_narrowed(self) -> bool:
        """Whether the sides were taken down."""
        return self.whole is not None and self.whole.width < 1.0

    def _turned(self, levels_db: tuple[float, ...]) -> tuple[float, ...]:
        gains = gains_db(self.whole, THIRD_OCTAVES_HZ)
        return tuple(round(float(level + gain), 3) for level, gain in zip(levels_db, gains, strict=True))


def turned_of(mix_plan: Mapping[str, Any]) -> Turned:
    """From a mix plan as JSON."""
    whole = mix_plan.get("whole")
    return Turned(None if whole is None else WholeMove.model_validate(whole))
