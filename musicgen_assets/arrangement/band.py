"""Who is there: a seat for each track, with its name, channel and the energy from which it plays.

Belongs here: turning the context's instruments into seats. Does not belong here: when they play
(orchestration), what they play (the parts).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from musicgen_assets.context.schema import Instrument, Role
from musicgen_assets.score.model import DRUM_CHANNEL
from musicgen_assets.styles.schema import Style

MELODY, DRUMS, BASS = "melody", "drums", "bass"
RESERVED = frozenset({MELODY, DRUMS, BASS, "vocal"})
CHANNELS = tuple(channel for channel in range(16) if channel != DRUM_CHANNEL)
PITCHED_PERCUSSION = frozenset({47, *range(8, 16), *range(112, 119)})
"""General MIDI programs that play percussion on a melodic channel: timpani, mallets, taiko, steel drums ..."""

_ENTER_FROM: Mapping[Role, float] = {
    "drums": 0.34, "percussion": 0.56, "bass": 0.3, "chords": 0.0, "arpeggio": 0.5, "pad": 0.0, "lead": 0.0,
    "counter": 0.6, "vocal": 0.0,
}  # fmt: skip
_ASKED_ENTER_FROM = 0.3
_ORDER: tuple[Role, ...] = ("lead", "chords", "arpeggio", "pad", "counter", "bass", "percussion", "drums")
_CARRIERS: tuple[Role, ...] = ("chords", "arpeggio", "pad", "counter")
_PIANO = Instrument(role="lead", name="piano", program=0)


@dataclass(frozen=True)
class Seat:
    """One track to be. ``order`` counts seats of the same role from 0. ``is_kit``: pitches are drum keys.

    ``is_asked``: asked for by name, so it is heard wherever its part allows.
    """

    name: str
    role: Role
    instrument: str
    program: int
    channel: int
    from_energy: float
    order: int
    is_kit: bool
    is_asked: bool = False


def seat_band(
    instruments: Sequence[Instrument], style: Style, excluded_roles: Collection[Role], needs_melody: bool
) -> tuple[Seat, ...]:
    """Seats in score order: melody first, drums last.

    The context's instruments, or the style's where it names none; excluded roles stay out. The first lead is
    called "melody"; a band without one lets its first chord instrument play it. With leads excluded there is
    a melody only if ``needs_melody`` (words are to be sung to it). Voices get no seat: they are the vocal
    line's. Drums are on channel 9, pitched seats on channels of their own, at most 15.
    """
    known = {(item.role, item.name): item.from_energy for item in style.instruments}
    players = [item for item in instruments or _of_style(style) if item.role not in {*excluded_roles, "vocal"}]
    if not any(item.role == "lead" for item in players) and ("lead" not in excluded_roles or needs_melody):
        players.append(_melody_player(players, style))
    players.sort(key=lambda item: _ORDER.index(item.role))
    seats: list[Seat] = []
    free = list(CHANNELS)
    for item in players:
        is_kit = item.role == "drums" or (item.role == "percussion" and item.program not in PITCHED_PERCUSSION)
        if not is_kit and not free:
            continue
        order = sum(seat.role == item.role for seat in seats)
        seats.append(
            Seat(
                name=_track_name(item, order, {seat.name for seat in seats}),
                role=item.role,
                instrument=item.name,
                program=item.program,
                channel=DRUM_CHANNEL if is_kit else free.pop(0),
                from_energy=_entry(item, known.get((item.role, item.name), _ENTER_FROM[item.role])),
                order=order,
                is_kit=is_kit,
                is_asked=item.is_asked,
            )
        )
    return tuple(seats)


def _entry(item: Instrument, usual: float) -> float:
    """Who was asked for does not wait for the loudest sections."""
    return min(usual, _ASKED_ENTER_FROM) if item.is_asked else usual


def _of_style(style: Style) -> list[Instrument]:
    return [
        Instrument(role=item.role, name=item.name, program=item.program)
        for item in style.instruments
        if not item.is_optional
    ]


def _melody_player(players: Sequence[Instrument], style: Style) -> Instrument:
    """The band's own first chord instrument takes the melody; with none, the style's lead; else a piano."""
    for role in _CARRIERS:
        for item in players:
            if item.role == role:
                return Instrument(role="lead", name=item.name, program=item.program)
    for item in style.instruments:
        if item.role == "lead":
            return Instrument(role="lead", name=item.name, program=item.program)
    return _PIANO


def _track_name(item: Instrument, order: int, taken: Collection[str]) -> str:
    if order == 0 and item.role in ("lead", "drums", "bass"):
        return {"lead": MELODY, "drums": DRUMS, "bass": BASS}[item.role]
    slug = re.sub(r"[^a-z0-9]+", "_", item.name.lower()).strip("_") or item.role
    if slug in RESERVED:
        slug = f"{slug}_{item.role}"
    number, name = 2, slug
    while name in taken:
        name, number = f"{slug}_{number}", number + 1
    return name
