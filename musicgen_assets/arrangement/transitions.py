"""What happens where one section meets the next: fills, crashes, pickups, drop-outs, risers.

Belongs here: choosing devices for every boundary and putting them into the parts. Does not belong here: the
song's end (ending), entries of whole instruments (orchestration).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from musicgen_assets.arrangement.band import BASS, DRUMS, MELODY, Seat
from musicgen_assets.arrangement.boundary_devices import (
    Boundary,
    Parts,
    add_breath,
    add_crash,
    add_dropout,
    add_hold,
    add_pickup,
    add_riser,
    add_snare_build,
    add_swell,
)
from musicgen_assets.arrangement.drum_fills import Drummer, size_wanted
from musicgen_assets.arrangement.timeline import Timeline
from musicgen_assets.score.material import Groove

DEVICES_MIN = 2
_JUMP = 0.2
"""A rise of energy from which a riser is worth its effort."""
_CALM = 0.45
_DRIVEN = 0.8

Device = Callable[[], bool]


@dataclass(frozen=True)
class Marks:
    """The devices put at one boundary, by name."""

    section: str
    devices: tuple[str, ...]


def mark_boundaries(
    parts: Parts,
    seats: Sequence[Seat],
    timeline: Timeline,
    fills: Sequence[Groove],
    *,
    is_sung: bool,
    rng: np.random.Generator,
) -> tuple[Marks, ...]:
    """Put at least two devices at every boundary, as far as the band can, and say which.

    A drummer fills before every section, the more the louder it gets, and strikes crash and kick on its one. Beside
    that, into a louder section: a drop-out, a pickup, a swell or a riser; into a quieter one: a pickup or a held
    chord. Bands without drums hold, pick up and breathe instead.
    """
    drummer = Drummer()
    marks = []
    for before, after in zip(timeline.sections, timeline.sections[1:], strict=False):
        boundary = Boundary(timeline, before, after, tuple(seats), tuple(fills))
        wanted = _wish(boundary, rng)
        used: list[str] = []
        devices = _devices(boundary, parts, drummer, used, is_sung=is_sung)
        for name in (*wanted, *(name for name in _RESERVE if name not in wanted)):
            is_extra = name not in wanted and len(used) >= DEVICES_MIN
            if not is_extra and not _clashes(name, used) and devices[name]():
                used.append(name)
        marks.append(Marks(after.section.name, tuple(used)))
    return tuple(marks)


_RESERVE = ("crash", "pickup", "hold", "melody pickup", "breath", "swell", "riser")


def _wish(boundary: Boundary, rng: np.random.Generator) -> list[str]:
    """Devices that suit the boundary, in the order they are tried."""
    rise = boundary.after.section.energy - boundary.before.section.energy
    turn = float(rng.random())
    if boundary.is_asked_drop:
        return ["snare build" if boundary.before.section.kind == "build" else "fill", "riser", "drop-out", "crash"]
    if boundary.before.section.kind == "build":
        return ["snare build", "riser", "drop-out", "crash"]
    if boundary.after.is_hook or rise > 0.02:
        wanted = ["fill", "crash"]
        if boundary.after.section.energy < _CALM:
            return [*wanted, "swell", "pickup"]
        if boundary.after.is_hook and turn < 0.45:
            wanted.append("drop-out")
        else:
            wanted.append("pickup" if turn < 0.8 else "swell")
        if rise >= _JUMP and turn > 0.3 and boundary.after.section.energy >= _DRIVEN:
            wanted.append("riser")
        return wanted
    if boundary.after.section.kind in ("breakdown", "outro", "interlude"):
        return ["fill", "crash", "hold", "pickup"] if turn < 0.5 else ["fill", "crash", "hold"]
    return ["fill", "crash", "pickup"] if turn < 0.7 else ["fill", "crash"]


def _clashes(name: str, used: Sequence[str]) -> bool:
    """A beat that is silenced holds no pickup, and a swell is one with a fill."""
    silent, running = {"drop-out", "breath"}, {"pickup", "melody pickup"}
    if {name, *used} >= {"hold", "breath"} or {name, *used} >= {"fill", "breath"}:
        return True
    return (
        (name in silent and bool(running & set(used) or silent & set(used)))
        or (name in running and bool(silent & set(used)))
        or (name == "swell" and bool({"fill", "snare build"} & set(used)))
    )


def _devices(
    boundary: Boundary, parts: Parts, drummer: Drummer, used: Sequence[str], *, is_sung: bool
) -> dict[str, Device]:
    """Devices by name; ``used`` is looked at when one is played."""
    return {
        "fill": lambda: drummer.fill(boundary, parts, DRUMS, size_wanted(boundary)),
        "snare build": lambda: add_snare_build(boundary, parts, DRUMS),
        "crash": lambda: add_crash(boundary, parts, DRUMS),
        "pickup": lambda: add_pickup(boundary, parts, BASS),
        "melody pickup": lambda: not is_sung and add_pickup(boundary, parts, MELODY),
        "drop-out": lambda: add_dropout(boundary, parts, but=DRUMS if "fill" in used else ""),
        "hold": lambda: add_hold(boundary, parts),
        "breath": lambda: add_breath(boundary, parts),
        "swell": lambda: add_swell(boundary, parts, DRUMS),
        "riser": lambda: add_riser(boundary, parts),
    }
