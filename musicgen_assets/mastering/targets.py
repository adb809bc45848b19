"""Delivery targets: how loud, how exactly, and under which ceiling a master goes to one kind of receiver.

Belongs here: the targets by name, with their sources, and which of them a context asks for. Does not belong here:
reaching a level (mastering.level) or judging it (mastering.gate).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from musicgen_assets.context.limits import DEFAULT_LOUDNESS_LUFS
from musicgen_assets.context.schema import TargetName


@dataclass(frozen=True)
class Target:
    """One delivery target. ``ceiling_dbtp`` is the highest true peak of every file made for it."""

    name: TargetName
    loudness_lufs: float
    tolerance_lu: float
    ceiling_dbtp: float


_STREAMING_TOLERANCE_LU = 1.0

FIXED: dict[TargetName, Target] = {
    # Spotify, Tidal and YouTube play at -14 LUFS; Spotify for Artists, "Loudness normalization": true peak -1 dBTP.
    "streaming": Target("streaming", DEFAULT_LOUDNESS_LUFS, _STREAMING_TOLERANCE_LU, -1.0),
    # Club and download: what current pop, rock and dance releases measure (-8 to -10 LUFS); the ceiling as above.
    "loud": Target("loud", -9.0, 1.0, -1.0),
    # EBU R 128 (2023): programme loudness -23.0 LUFS +-0.5 LU, maximum true peak -1 dBTP.
    "broadcast": Target("broadcast", -23.0, 0.5, -1.0),
    # Netflix, "Sound Mix Specifications & Best Practices": -27 LKFS +-2 LU, measured on the dialogue, peaks at most
    # -2 dBTP. Music that is to lie under dialogue is delivered at that level, so that a mixer need not turn it down.
    "film": Target("film", -27.0, 2.0, -2.0),
}
"""All but "custom", which is what the context says."""


def targets_of(names: Sequence[TargetName], loudness_target_lufs: float, ceiling_dbtp: float) -> tuple[Target, ...]:
    """The targets called ``names``, in their order; none named means one, at ``loudness_target_lufs``.

    ``ceiling_dbtp`` is the context's: no target's ceiling is higher. The one target of no names is called
    "streaming" where it is at the streaming loudness, else "custom".
    """
    if not names:
        names = ("streaming" if loudness_target_lufs == DEFAULT_LOUDNESS_LUFS else "custom",)
    return tuple(_target(name, loudness_target_lufs, ceiling_dbtp) for name in names)


def _target(name: TargetName, loudness_target_lufs: float, ceiling_dbtp: float) -> Target:
    if name == "custom":
        return Target("custom", loudness_target_lufs, _STREAMING_TOLERANCE_LU, ceiling_dbtp)
    fixed = FIXED[name]
    return Target(name, fixed.loudness_lufs, fixed.tolerance_lu, min(fixed.ceiling_dbtp, ceiling_dbtp))
