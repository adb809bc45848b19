"""Who is how loud: the lead against all others together, and the buses that share a fader.

Belongs here: rules over targets, before any stem is looked at. Does not belong here: faders (balance), which follow
from targets and measured loudness.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import numpy as np

from musicgen_assets.context.edits import BusName
from musicgen_assets.context.schema import Role
from musicgen_assets.mixing.masking import LEADS
from musicgen_assets.production.plan import HARMONY_PREFIX, TrackSound

BUSES: tuple[BusName, ...] = get_args(BusName)
_BUS_OF: dict[Role, BusName] = {"drums": "drums", "percussion": "drums", "bass": "bass", "vocal": "vocals"}
SHIFT_LIMIT_DB = 4.0
"""How far the lead is moved at most: more would undo what the style says of single tracks."""


def bus_of(role: Role) -> BusName:
    """The bus of a role."""
    return _BUS_OF.get(role, "music")


def lead_over_rest_lu(sounds: Sequence[TrackSound], shift_db: float = 0.0) -> float | None:
    """Loudness of the lead, moved by ``shift_db``, over all others together, by their targets; None without both.

    A melody rests where it is sung, so of those two the louder counts; harmony voices add to it.
    """
    leads = [sound.level_db for sound in sounds if sound.role in LEADS and not sound.name.startswith(HARMONY_PREFIX)]
    others = [sound.level_db for sound in sounds if sound.role not in LEADS]
    if not leads or not others:
        return None
    harmonies = [sound.level_db for sound in sounds if sound.name.startswith(HARMONY_PREFIX)]
    return round(_sum_db([max(leads), *harmonies]) + shift_db - _sum_db(others), 2)


def lead_shift_db(sounds: Sequence[TrackSound], bounds_lu: tuple[float, float]) -> float:
    """How far the lead has to move to lie within ``bounds_lu`` of all others together, in tenths of a dB."""
    now = lead_over_rest_lu(sounds)
    if now is None:
        return 0.0
    low, high = bounds_lu
    wanted = max(low, min(high, now)) - now
    return round(max(-SHIFT_LIMIT_DB, min(SHIFT_LIMIT_DB, wanted)), 1)


def _sum_db(levels_db: Sequence[float]) -> float:
    return float(10.0 * np.log10(sum(10.0 ** (level / 10.0) for level in levels_db)))
