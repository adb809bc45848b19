"""Who plays: a style's band with what was asked for and without what was refused.

Belongs here: giving each wanted instrument a role, and finding who steps in. Does not belong here: when
they play (arrangement), how they sound (production).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from musicgen_assets.context.schema import Instrument, Role
from musicgen_assets.ideation.wording.lexicon import Sound, common, sounds, sounds_by_name
from musicgen_assets.ideation.wording.terms import Term
from musicgen_assets.styles.schema import Style

MELODIC_ROLES: frozenset[Role] = frozenset({"lead", "chords", "arpeggio", "pad", "counter"})
DRUM_ROLES: frozenset[Role] = frozenset({"drums", "percussion"})
PLAYERS_MAX = 16
_ESSENTIAL: tuple[Role, ...] = ("chords", "lead", "bass")
_LAST_RESORT: tuple[Role, ...] = ("chords", "lead", "pad", "arpeggio", "counter")
_KITS: Mapping[Role, str] = {"drums": "drum kit", "percussion": "percussion"}
_BOWED = frozenset({*range(40, 46), *range(48, 52)})
"""General MIDI programs of bowed strings, alone and together; harp and timpani lie between them."""
_OPTIONAL_BASE, _OPTIONAL_BY_AROUSAL = 0.35, 0.5


@dataclass(frozen=True)
class Wishes:
    """Instruments by name (of data/instruments.yaml) and roles, wanted and refused."""

    wanted: tuple[str, ...] = ()
    wanted_roles: tuple[Role, ...] = ()
    unwanted: tuple[str, ...] = ()
    excluded_roles: tuple[Role, ...] = ()
    contradicted: tuple[str, ...] = ()
    """Both wanted and refused; they are refused."""
    is_only: bool = False
    """True for "solo cello", "only piano": nobody else plays."""


def read_wishes(terms: Sequence[Term], only_spans: Sequence[tuple[int, int]]) -> Wishes:
    """Wishes from terms. ``only_spans``: where words such as "only" stand; one beside an instrument binds it."""
    wanted = [term for term in terms if term.kind == "instrument" and not term.is_negated]
    refused = [term for term in terms if term.kind == "instrument" and term.is_negated]
    names = tuple(dict.fromkeys(term.value.name for term in wanted))
    unwanted = tuple(dict.fromkeys(term.value.name for term in refused))
    roles = [role for term in terms if term.kind == "role" and not term.is_negated for role in term.value[:1]]
    excluded = [role for term in terms if _excludes(term) for role in term.value]
    excluded += [
        sound.roles[0] for term in refused if len((sound := term.value).roles) == 1 and sound.roles[0] in DRUM_ROLES
    ]
    alone = [*wanted, *(term for term in terms if term.kind == "role" and not term.is_negated)]
    is_only = any(_is_beside(span, term) for span in only_spans for term in alone)
    return Wishes(
        tuple(name for name in names if name not in unwanted),
        tuple(role for role in dict.fromkeys(roles) if role not in excluded),
        unwanted,
        tuple(dict.fromkeys(excluded)),
        tuple(name for name in names if name in unwanted),
        is_only,
    )


def band_of(
    style: Style, wishes: Wishes, excluded_roles: Collection[Role], arousal: float, rng: np.random.Generator,
    *, is_sung: bool = False,
) -> tuple[Instrument, ...]:  # fmt: skip
    """One entry per track, roles in the style's order; never without a melodic role.

    Where nobody sings, an instrument that was asked for carries the hook rather than a counter line.

    Draws one number per optional instrument of the style, whatever was asked for.
    """
    draws = [float(rng.random()) for _ in style.instruments]
    excluded = set(excluded_roles)
    wanted = [sounds_by_name()[name] for name in wishes.wanted]
    if wishes.is_only and (wishes.wanted_roles or not _is_the_styles_own(style, wanted)):
        return _only(wishes, excluded, style)
    chance = _OPTIONAL_BASE + _OPTIONAL_BY_AROUSAL * arousal
    band = [
        Instrument(role=item.role, name=item.name, program=item.program)
        for item, draw in zip(style.instruments, draws, strict=True)
        if not item.is_optional or draw < chance or item.role in wishes.wanted_roles
        or any(_satisfies(item, sound) for sound in wanted)
    ]  # fmt: skip
    band = [item for item in band if item.role not in excluded and not is_refused(item, wishes.unwanted)]
    kept: list[Instrument] = []
    for sound in wanted:
        _seat(band, sound, excluded, kept)
    if not is_sung:
        _promote(band, wanted, excluded)
    for role in wishes.wanted_roles:
        if role not in excluded and not any(item.role == role for item in band):
            band.append(_of_style(role, style) or _stand_in(role, wishes.unwanted))
    _fill_gaps(band, style, wishes, excluded)
    return distinct(_marked(band, wanted))


def has_player(style: Style, name: str) -> bool:
    """True if the style's band has the instrument ``name``, or one that will do for it."""
    return any(_satisfies(item, sounds_by_name()[name]) for item in style.instruments)


def _excludes(term: Term) -> bool:
    return term.kind == "unwanted" or (term.kind == "role" and term.is_negated)


def _is_beside(span: tuple[int, int], term: Term) -> bool:
    return 0 <= term.start - span[1] <= 3 or 0 <= span[0] - term.end <= 1


def _is_the_styles_own(style: Style, wanted: Sequence[Sound]) -> bool:
    """True if the wanted instruments are what the style's melodic players play anyway: a piano in solo piano."""
    pitched = [item for item in style.instruments if item.role in MELODIC_ROLES]
    return all(any(_satisfies(item, sound) for sound in wanted) for item in pitched) and all(
        any(_satisfies(item, sound) for item in pitched) for sound in wanted
    )


def _only(wishes: Wishes, excluded: set[Role], style: Style) -> tuple[Instrument, ...]:
    """The instruments and roles named and no others; one alone plays the melody and accompanies itself."""
    chosen = [sounds_by_name()[name] for name in wishes.wanted]
    others = [role for role in wishes.wanted_roles if role not in excluded]
    section = [_of_style(role, style) or _stand_in(role, ()) for role in others]
    pitched = [sound for sound in chosen if set(sound.roles) & MELODIC_ROLES]
    if len(pitched) == 1:
        sound = pitched[0]
        roles = [role for role in ("lead", "chords") if role not in excluded] or ["chords"]
        players = [Instrument(role=role, name=sound.name, program=sound.program) for role in roles]
        rest = [_as_player(item, excluded) for item in chosen if item is not sound]
        return distinct([*players, *rest, *section])
    band: list[Instrument] = []
    kept: list[Instrument] = []
    for sound in chosen:
        _seat(band, sound, excluded, kept)
    if not any(item.role in MELODIC_ROLES for item in [*band, *section]):
        band.append(_of_style("chords", style) or Instrument(role="chords", name="piano", program=0))
    return distinct([*band, *section])


def _of_style(role: Role, style: Style) -> Instrument | None:
    """The style's first player of a role."""
    return next(
        (
            Instrument(role=role, name=item.name, program=item.program)
            for item in style.instruments
            if item.role == role
        ),
        None,
    )


def _as_player(sound: Sound, excluded: set[Role]) -> Instrument:
    role = next((role for role in sound.roles if role not in excluded), sound.roles[0])
    return Instrument(role=role, name=sound.name, program=sound.program)


def _seat(band: list[Instrument], sound: Sound, excluded: set[Role], kept: list[Instrument]) -> None:
    """Give ``sound`` a place in ``band``: where it already sits, else in its best role, else beside others."""
    seated = [item for item in band if _satisfies(item, sound) and item not in kept]
    if seated:
        kept.append(min(seated, key=lambda item: abs(item.program - sound.program)))
        return
    free = [role for role in sound.roles if role not in excluded]
    if not free:
        return
    for role in free:
        seats = [item for item in band if item.role == role]
        if all(item not in kept for item in seats):
            player = Instrument(role=role, name=sound.name, program=sound.program)
            place = band.index(seats[0]) if seats else len(band)
            band[:] = [item for item in band if item not in seats]
            band.insert(place, player)
            kept.append(player)
            return
    player = Instrument(role=free[0], name=sound.name, program=sound.program)
    band.append(player)
    kept.append(player)


def _promote(band: list[Instrument], wanted: Sequence[Sound], excluded: set[Role]) -> None:
    """The first wanted instrument that has no more than a counter line takes the lead from one nobody asked for."""
    seated = [[item for item in band if _satisfies(item, sound)] for sound in wanted]
    if "lead" in excluded or any(seats and all(item.role == "lead" for item in seats) for seats in seated):
        return
    for sound, seats in zip(wanted, seated, strict=True):
        if seats and all(item.role == "counter" for item in seats) and "lead" in sound.roles:
            player = seats[0]
            band[:] = [item for item in band if item.role != "lead" and item is not player]
            band.append(Instrument(role="lead", name=player.name, program=player.program))
            return


def _marked(band: Sequence[Instrument], wanted: Sequence[Sound]) -> list[Instrument]:
    """The band with the players who were asked for marked; of several who would do, the one most like it."""
    asked: list[Instrument] = []
    for sound in wanted:
        able = [item for item in band if _satisfies(item, sound)]
        if able:
            asked.append(min(able, key=lambda item: (item.name != sound.name, item.role == "counter")))
    return [item.model_copy(update={"is_asked": True}) if item in asked else item for item in band]


def _satisfies(item: Instrument, sound: Sound) -> bool:
    """True if ``item`` is what was asked for: the same name, or a member of a family asked for in general."""
    if item.role in DRUM_ROLES or sound.roles[0] in DRUM_ROLES:
        return item.role in sound.roles and item.name == sound.name
    same_role = item.role in sound.roles or item.role in ("lead", "counter", "chords", "arpeggio", "pad")
    if "bass" in (item.role, sound.roles[0]) and item.role not in sound.roles:
        return False
    if item.program == sound.program and sound.family not in ("ukulele", "mandolin"):
        return same_role
    return sound.is_generic and sound.family in families_of(item)


def families_of(item: Instrument) -> set[str]:
    """The families an instrument belongs to, by its program, and by what its name says."""
    found = {sound.family for sound in sounds() if sound.program == item.program and item.role not in DRUM_ROLES}
    words = set(item.name.split())
    found |= {name for name in ("guitar", "piano", "organ", "saxophone", "synth", "strings", "pad") if name in words}
    if 24 <= item.program <= 31 and item.role not in {*DRUM_ROLES, "bass"}:
        found.add("guitar")
    if 80 <= item.program <= 87 and item.role != "bass":
        found.add("synth")
    if 88 <= item.program <= 95:
        found |= {"pad", "synth"}
    if item.program in _BOWED and item.role not in {*DRUM_ROLES, "bass"}:
        found.add("strings")
    if item.program in (2, 4, 5, 6) or 0 <= item.program <= 5:
        found.add("piano")
    return found


def is_refused(item: Instrument, unwanted: Collection[str]) -> bool:
    """Whether a player is one of those refused by name, or of a family refused as a whole ("no strings")."""
    refused = [sounds_by_name()[name] for name in unwanted]
    if item.role in DRUM_ROLES:
        return any(item.role in sound.roles for sound in refused)
    return any(
        sound.roles[0] not in DRUM_ROLES
        and (sound.program == item.program or (sound.family in families_of(item) and _is_wide(sound)))
        for sound in refused
    )


def _is_wide(sound: Sound) -> bool:
    return sound.is_generic or sound.family in ("piano", "organ", "brass", "strings", "choir")


def _stand_in(role: Role, unwanted: Collection[str]) -> Instrument:
    """Someone for a role: the usual substitutes first, then anyone who can play it and was not refused."""
    if role in _KITS:
        return Instrument(role=role, name=_KITS[role], program=0)
    names: dict[str, list[str]] = common()["substitutes"]
    able = [sounds_by_name()[name] for name in names.get(role, ())]
    able += [sound for sound in sounds() if role in sound.roles]
    players = [Instrument(role=role, name=sound.name, program=sound.program) for sound in able]
    return next((player for player in players if not is_refused(player, unwanted)), players[0])


def _colleague(role: Role, band: Sequence[Instrument], style: Style, wishes: Wishes) -> Instrument | None:
    """Another of the style's instruments that may change to ``role``, if it has no seat yet."""
    for item in style.instruments:
        suits = any(sound.program == item.program and role in sound.roles for sound in sounds())
        is_free = all(player.name != item.name for player in band)
        if (
            item.role in MELODIC_ROLES
            and role in MELODIC_ROLES
            and suits
            and is_free
            and not is_refused(item, wishes.unwanted)
        ):
            return Instrument(role=role, name=item.name, program=item.program)
    return None


def _fill_gaps(band: list[Instrument], style: Style, wishes: Wishes, excluded: set[Role]) -> None:
    """A role the style needs and lost to a refusal gets a stand-in; a band without melodic roles gets chords."""
    for role in _ESSENTIAL:
        had = any(item.role == role and not item.is_optional for item in style.instruments)
        if had and role not in excluded and not any(item.role == role for item in band):
            band.append(_colleague(role, band, style, wishes) or _stand_in(role, wishes.unwanted))
    if not any(item.role in MELODIC_ROLES for item in band):
        band.append(_stand_in(next((r for r in _LAST_RESORT if r not in excluded), "chords"), wishes.unwanted))


def distinct(band: Sequence[Instrument]) -> tuple[Instrument, ...]:
    """The band with nobody twice in one role, PLAYERS_MAX at most."""
    return tuple({(item.role, item.name): item for item in band}.values())[:PLAYERS_MAX]
