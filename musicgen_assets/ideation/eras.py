"""What a decade means for a song: who plays instead of whom, how tempo and mode lean, which sound it had.

Belongs here: applying data/eras.yaml to a band. Does not belong here: finding a decade in words (wording.eras).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from musicgen_assets.context.schema import Instrument
from musicgen_assets.ideation.players import DRUM_ROLES, distinct, families_of
from musicgen_assets.ideation.wording.lexicon import sounds_by_name, tables_of
from musicgen_assets.styles.schema import Style

_AMPLIFIED = frozenset({4, 5, 7, *range(16, 19), *range(26, 32), *range(33, 40), *range(80, 104)})
"""General MIDI programs that need a cable: electric pianos, organs, electric guitars and basses, synthesizers."""
_ELECTRONIC_KITS = frozenset(range(24, 27))
"""Kit numbers of General MIDI level 2 and Roland GS: electronic, TR-808 and dance kits."""
_ACOUSTIC_KIT = Instrument(role="drums", name="drum kit", program=0)


@dataclass(frozen=True)
class Era:
    """A decade. ``tempo_lean``: share of a style's tempo range, + faster. ``bright_lean``: added to valence where the
    mode is drawn. ``changes``: role to (families that change, the instrument they change to).
    """

    name: str
    sound: tuple[str, ...]
    tempo_lean: float
    bright_lean: float
    changes: Mapping[str, tuple[frozenset[str], str]]


@lru_cache(maxsize=1)
def eras() -> Mapping[str, Era]:
    """Every decade of data/eras.yaml by name."""
    return {
        str(name): Era(
            str(name), tuple(data["sound"]), float(data["tempo_lean"]), float(data["bright_lean"]),
            {role: (frozenset(change["from"]), str(change["to"])) for role, change in data["changes"].items()},
        )
        for name, data in tables_of("eras.yaml")["eras"].items()
    }  # fmt: skip


def aged(
    band: Sequence[Instrument], era: Era | None, style: Style, wanted: Collection[str], unwanted: Collection[str]
) -> tuple[Instrument, ...]:
    """The band with what the decade did not have, or had instead. Only styles with drums and something amplified
    follow fashion; an instrument that was asked for stays, and one that was refused does not come.
    """
    if era is None or not style.has_drums or not any(_is_amplified(item) for item in style.instruments):
        return tuple(band)
    return distinct([_changed(item, era, wanted, unwanted) for item in band])


def _changed(item: Instrument, era: Era, wanted: Collection[str], unwanted: Collection[str]) -> Instrument:
    if item.role not in era.changes or item.name in wanted:
        return item
    families, name = era.changes[item.role]
    if (
        not families & kinds_of(item)
        or name in unwanted
        or any(sounds_by_name()[w].program == item.program for w in wanted)
    ):
        return item
    if name == _ACOUSTIC_KIT.name:
        return _ACOUSTIC_KIT
    sound = sounds_by_name()[name]
    return Instrument(role=item.role, name=sound.name, program=sound.program)


def kinds_of(item: Instrument) -> set[str]:
    """Families of an instrument, kits told apart as acoustic or electronic."""
    if item.role == "drums":
        return {"electronic kit" if item.program in _ELECTRONIC_KITS else "acoustic kit"}
    return families_of(item) if item.role not in DRUM_ROLES else set()


def _is_amplified(item: Instrument) -> bool:
    return item.role not in DRUM_ROLES and item.program in _AMPLIFIED
