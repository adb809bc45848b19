"""Room: where one track covers what another needs, and what is taken out of it.

Belongs here: finding pairs that fight by their measured octaves, and the cuts. Does not belong here: faders, usual
bands (balance, equalizer).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import log10

from musicgen_assets.context.schema import Role
from musicgen_assets.mixing.plan import Band, Masking

LEADS: frozenset[Role] = frozenset({"lead", "vocal"})
DEEPEST_CUT_DB = 4.0
CUT_PER_OVERLAP = 0.4
"""How much of an overlap past what is tolerated is cut: more would be heard as a hole."""
CROWD_DB = 7.0
"""Tracks that each leave enough room cover it together: ten of them may each overlap by this much less than one."""
OWN_RANGE_DB = 6.0
"""Octaves this far under a track's strongest one are not its own."""

Octaves = Mapping[float, float]
"""Level by octave centre in Hz, behind bands and fader, in dB."""


@dataclass(frozen=True)
class Rule:
    """Who yields to whom, in which octaves, from which overlap on. ``name`` is how its values are frozen."""

    name: str
    yielding: frozenset[Role]
    owners: frozenset[Role]
    octaves_hz: tuple[float, ...]
    tolerated_db: float
    most: int = 1
    """In how many octaves it yields at most."""


ACCOMPANIMENT: frozenset[Role] = frozenset({"chords", "arpeggio", "pad", "counter"})
RULES = (
    Rule("room", ACCOMPANIMENT, LEADS, (500.0, 1_000.0, 2_000.0, 4_000.0), -10.0, 2),
    Rule("kick", frozenset({"bass"}), frozenset({"drums"}), (63.0, 125.0), -3.0),
    Rule("low", frozenset({"drums"}), frozenset({"bass"}), (125.0,), 3.0),
    Rule("body", frozenset({"pad", "arpeggio"}), frozenset({"chords"}), (250.0, 500.0), -2.0),
)
"""The lead is understood between 500 Hz and 4 kHz. The bass yields where the kick is at home, the
drums in the octave of the bass's own body. A pad that fills the octaves of the chords' body makes both of them mud."""


@dataclass(frozen=True)
class Sounding:
    """A track that sounds: its octaves and how loud it is meant to be."""

    track: str
    role: Role
    target_lufs: float
    octaves: Octaves


def find_masking(tracks: Iterable[Sounding], frozen: Mapping[str, float]) -> list[Masking]:
    """What each track must give up, by rule and in the order of the tracks. ``frozen`` as ``MixPlan.frozen_values``."""
    known = list(tracks)
    return [item for track in known for rule in RULES for item in _masking(rule, track, known, frozen)]


def _masking(rule: Rule, track: Sounding, known: list[Sounding], frozen: Mapping[str, float]) -> list[Masking]:
    """The octaves in which the track covers the rule's loudest owner most, if it does."""
    owners = [other for other in known if other.role in rule.owners and other.track != track.track]
    if track.role not in rule.yielding or not owners:
        return []
    owner = max(owners, key=lambda other: other.target_lufs)
    heard = {hz: owner.octaves[hz] for hz in rule.octaves_hz}
    own = [hz for hz, level in heard.items() if level > max(heard.values()) - OWN_RANGE_DB]
    tolerated = rule.tolerated_db - CROWD_DB * log10(sum(other.role in rule.yielding for other in known))
    worst = sorted(own, key=lambda centre: heard[centre] - track.octaves[centre])
    found = []
    for index, name in enumerate(_names(rule)):
        hz = frozen.get(f"mix/{track.track}/{name}_hz", worst[index] if index < len(worst) else 0.0)
        if hz not in track.octaves:
            continue
        overlap = track.octaves[hz] - owner.octaves[hz]
        cut = max(0.0, min(DEEPEST_CUT_DB, CUT_PER_OVERLAP * (overlap - tolerated)))
        cut = frozen.get(f"mix/{track.track}/{name}_db", round(2.0 * cut) / 2.0)
        if cut > 0.0:
            found.append(
                Masking(
                    track=track.track, lead=owner.track, rule=name, hz=hz, overlap_db=round(overlap, 1), cut_db=cut
                )
            )  # fmt: skip
    return found


def _names(rule: Rule) -> tuple[str, ...]:
    """How the rule's cuts are frozen: its name, then with a number from 2."""
    return (rule.name, *(f"{rule.name}{number}" for number in range(2, rule.most + 1)))


def cut_of(masking: Masking) -> Band:
    """The band that gives the room."""
    return Band(kind="peak", hz=masking.hz, gain_db=-masking.cut_db, q=1.0, reason=f"room for {masking.lead}")


def freezable(track: str, role: Role, masking: Iterable[Masking]) -> dict[str, float]:
    """The values that freeze a track's cuts: one a rule that may apply to it, 0 where it does not yield."""
    cuts = {item.rule: item for item in masking if item.track == track}
    values: dict[str, float] = {}
    for rule in RULES:
        for name in _names(rule) if role in rule.yielding else ():
            cut = cuts.get(name)
            values[f"mix/{track}/{name}_db"] = cut.cut_db if cut else 0.0
            if cut:
                values[f"mix/{track}/{name}_hz"] = cut.hz
    return values
