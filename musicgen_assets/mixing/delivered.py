"""The mix of a song that another engine delivered: every fader at 0 dB, nothing added but a low end in the middle.

Belongs here: that plan. People's hands move it as they move every plan (hand). Does not belong here: the mix of what
the built-in engine plays (balance).
"""

from __future__ import annotations

from collections.abc import Sequence

from musicgen_assets.mixing.balance import MONO_BELOW_HZ, REFERENCE_LUFS, Stem
from musicgen_assets.mixing.levels import BUSES, bus_of
from musicgen_assets.mixing.plan import Bus, Delay, MixPlan, Strip
from musicgen_assets.production.delivered import role_of

_CLOSED_DB = -60.0
_WHY = "mixed by the engine that delivered it: left as it is"


def plan_delivered(stems: Sequence[Stem]) -> MixPlan:
    """A plan whose sum is what was delivered, but for one gain, and for what its sides hold below 120 Hz."""
    strips = tuple(_strip(stem) for stem in stems)
    buses = tuple(
        Bus(name=name, tracks=tuple(strip.track for strip in strips if strip.bus == name))
        for name in BUSES
        if any(strip.bus == name for strip in strips)
    )
    return MixPlan(
        reference_lufs=REFERENCE_LUFS, strips=strips, buses=buses, reverbs={},
        delay=Delay(time_ms=500.0, feedback=0.0, echoes=1), mono_below_hz=MONO_BELOW_HZ,
    )  # fmt: skip


def _strip(stem: Stem) -> Strip:
    role = role_of(stem.track)
    return Strip(
        track=stem.track, role=role, measured_lufs=stem.measured.lufs, target_lufs=stem.measured.lufs, fader_db=0.0,
        bus=bus_of(role), depth="dry", reverb_send_db=_CLOSED_DB, delay_send_db=_CLOSED_DB, reasons=(_WHY,),
    )  # fmt: skip
