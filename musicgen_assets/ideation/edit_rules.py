"""Edits by hand as people write them, and whom they may name: tracks, buses and sections of a song.

Belongs here: friendly spellings under ``edits``, and refusing a track that nobody plays, from the context alone. Does
not belong here: whether a section is in the song that was arranged (resources.revisions), what an edit sounds like
(mixing.hand).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from musicgen_assets.arrangement.band import seat_band
from musicgen_assets.arrangement.takes import STAGE, section_stream
from musicgen_assets.context.difference import HELD
from musicgen_assets.context.edits import BusName
from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.schema import CompositionContext, Role, SectionKind
from musicgen_assets.mixing.levels import bus_of
from musicgen_assets.production.plan import HARMONY_PREFIX, VOCAL
from musicgen_assets.styles.loader import blend

TRACKS, BUSES, STEMS, MIX = "edits.tracks", "edits.buses", "edits.stems", "edits.mix"
_SECTIONS = "sections"
_POINT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(?:s\s*)?[=:]\s*([+-]?\d+(?:\.\d+)?)\s*(?:dB)?\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Player:
    """A track that a song of this context can have: its name, role, what plays it, and its bus."""

    track: str
    role: Role
    instrument: str
    bus: BusName
    program: int = 0


def players_of(context: CompositionContext) -> tuple[Player, ...]:
    """Every track that the band of ``context`` plays, in score order, the sung one included."""
    musical, is_sung = context.musical, context.creative.has_vocals
    seats = seat_band(musical.instruments, blend(musical.genres), musical.excluded_roles, is_sung)
    found = [Player(seat.name, seat.role, seat.instrument, bus_of(seat.role), seat.program) for seat in seats]
    return (*found, Player(VOCAL, "vocal", "voice", bus_of("vocal"))) if is_sung else tuple(found)


def check_edits(context: CompositionContext, known: CompositionContext | None = None) -> None:
    """Raise BadInput for an edited track that the band has not, unless ``known`` (the parent) names it as well, and
    for a section of a kind that there is not.
    """
    edits = context.edits
    before = known.edits if known is not None else None
    for path, names in ((TRACKS, edits.tracks), (STEMS, edits.stems)):
        old: Iterable[str] = () if before is None else before.tracks if path == TRACKS else before.stems
        for name in names:
            if name not in old:
                check_track(f"{path}.{name}", name, context)
    for name, edit in edits.tracks.items():
        for section in edit.sections:
            if section_key(section) != section:
                raise no_section(f"{TRACKS}.{name}.{_SECTIONS}.{section}", section)


def check_track(field: str, name: str, context: CompositionContext) -> None:
    """Raise BadInput, with the tracks there are, for one that the band of ``context`` does not play."""
    players = players_of(context)
    names = [player.track for player in players]
    if name in names or (name.startswith(HARMONY_PREFIX) and VOCAL in names):
        return
    told = ", ".join(
        f"{one.track} ({one.instrument})" if one.instrument.replace(" ", "_") != one.track else one.track
        for one in players
    )
    raise BadInput(field, name, "there is no such track", way_out=f"The tracks are: {told}.")


def no_section(field: str, text: str) -> BadInput:
    """That ``text`` names no section."""
    kinds = ", ".join(get_args(SectionKind))
    return BadInput(field, text, "it names no section", way_out=f"Write a kind, with a number or without: {kinds}.")


def section_key(text: str) -> str | None:
    """ "Verse 2" -> "verse 2", "pre-chorus" -> "pre_chorus" (all of them); None where it names no section."""
    stream = section_stream(text)
    if stream is None:
        return None
    name = stream.removeprefix(STAGE)
    return name if text.strip()[-1:].isdigit() else name.rpartition(" ")[0]


def edited_sections(overrides: Mapping[str, Any]) -> tuple[str, ...]:
    """The sections that overrides edit tracks in, by key ("verse 2", "verse")."""
    parts = [normalised_edit(path, None)[0].split(".") for path in overrides if path.startswith(f"{TRACKS}.")]
    return tuple(dict.fromkeys(one[4] for one in parts if len(one) > 4 and one[3] == _SECTIONS))


def refuse_held(overrides: Mapping[str, Any]) -> None:
    """Raise BadInput where a person sets what is held of another version: only an edit of a section does."""
    for path, value in overrides.items():
        inner = value if isinstance(value, Mapping) else {}
        if path.startswith(HELD) or (path == "edits" and any(f"edits.{name}" in HELD for name in inner)):
            raise BadInput(
                path, str(value)[:80], "what is held of another version follows from an edit of a section",
                way_out="Use --section, or edits.tracks.TRACK.sections.",
            )  # fmt: skip


def normalised_edit(path: str, value: Any) -> tuple[str, Any]:
    """A path under ``edits`` and its value in the context's spelling: sections by their names, points as a list.

    "0=0, 30=-6" are points of an automation: seconds and dB. Raises BadInput.
    """
    parts = path.split(".")
    if path.startswith(f"{TRACKS}.") and len(parts) > 4 and parts[3] == _SECTIONS:
        key = section_key(parts[4])
        if key is None:
            raise no_section(path, parts[4])
        parts[4] = key
    if parts[-1] == "automation" and isinstance(value, str):
        value = _points(path, value)
    return ".".join(parts), value


def _points(path: str, text: str) -> list[dict[str, float]]:
    points = []
    for piece in filter(str.strip, text.split(",")):
        found = _POINT.fullmatch(piece)
        if found is None:
            raise BadInput(
                path, text, f"{piece.strip()!r} is no point of an automation",
                way_out="Write seconds=dB, with commas between: 0=0, 30=-6, 45=-6, 46=0.",
            )  # fmt: skip
        points.append({"time_s": float(found[1]), "gain_db": float(found[2])})
    return points


def edit_overrides(
    track: str, *, is_muted: bool | None = None, gain_db: float | None = None, pan: float | None = None,
    automation: str | None = None, section: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """What is to be done to a track (or "bus:NAME") as context paths to values; None says nothing. Raises BadInput."""
    is_bus = track.startswith("bus:")
    base = f"{BUSES}.{track.removeprefix('bus:')}" if is_bus else f"{TRACKS}.{track}"
    asked = {"is_muted": is_muted, "gain_db": gain_db, "pan": pan, "automation": automation}
    given: Mapping[str, Any] = {name: value for name, value in asked.items() if value is not None}
    if not given:
        raise BadInput("--track", track, "nothing is said of what to do with it",
                       way_out="Add --gain-db, --pan, --automation, --mute or --unmute.")  # fmt: skip
    if (section is not None and set(given) - {"is_muted", "gain_db"}) or (is_bus and (section or "pan" in given)):
        raise BadInput("--track", track, "a bus has a gain, a mute and an automation, a section a gain and a mute",
                       way_out="Move single tracks instead, or leave --section out.")  # fmt: skip
    inner = f"{base}.{_SECTIONS}.{section}" if section is not None else base
    return dict(normalised_edit(f"{inner}.{name}", value) for name, value in given.items())
