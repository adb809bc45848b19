"""One style from several: numbers by weight, the rhythm section from the heaviest, colours from the others.

Belongs here: the rules of mixing genres. Does not belong here: reading styles (styles.loader).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest
from typing import Any, Literal, TypeVar

from musicgen_assets.context.schema import Mood, Role, TimeSignature
from musicgen_assets.styles.refit import groove_for
from musicgen_assets.styles.schema import (
    GrooveVariant,
    MasterTargets,
    MeterGroove,
    MixTargets,
    Progression,
    Style,
    StyleInstrument,
    TempoRange,
    TrackMix,
)
from musicgen_assets.styles.schema_lyrics import LyricHabits

Share = tuple[Style, float]
Key = TypeVar("Key")

COLOUR_ROLES: tuple[tuple[Role, float], ...] = (("lead", 0.25), ("chords", 0.35), ("pad", 0.4))
"""Roles whose instruments a second style brings, and the share it must have to do so."""

DRUMS_SHARE = 0.15
"""Share from which a style lends its drums to a heavier one without."""
_DRUM_ROLES: tuple[Role, ...] = ("drums", "percussion")

_EXTENSIONS: tuple[Literal["triads", "sevenths", "ninths"], ...] = ("triads", "sevenths", "ninths")
_NUMBERS = {"swing", "humanize_ms", "comping_length", "melody_density", "melody_syncopation"}


def blend_styles(shares: Sequence[Share]) -> Style:
    """Styles mixed by weight (any positive scale). One share, or one style several times, comes back unchanged.

    Interpolated: tempo, mood, swing, timing, melody, energy, mix and master targets, and how far chords are
    extended. United, weighted: meters, scales, progressions, themes. From the heaviest alone: grooves it has,
    bass, comping, forms, ending. The second style brings its lead and chord instruments from COLOUR_ROLES on,
    and its drums, from DRUMS_SHARE on, to a style that has none.
    """
    merged = _merge_equal(shares)
    first = merged[0][0]
    if len(merged) == 1:
        return first
    data = {
        "name": "+".join(style.name for style, _ in merged),
        "aliases": (),
        "description": " with ".join(style.name.replace("_", " ") for style, _ in merged),
        "inherits": None,
        "tempo_bpm": TempoRange(**_numbers(merged, lambda style: style.tempo_bpm.model_dump())),
        "meters": _union(merged, lambda style: style.meters),
        "scales": _union(merged, lambda style: style.scales),
        "mood": Mood(valence=_mean(merged, lambda s: s.mood.valence), arousal=_mean(merged, lambda s: s.mood.arousal)),
        **_numbers(merged, lambda style: style.model_dump(include=_NUMBERS)),
        "melody_range_semitones": round(_mean(merged, lambda s: s.melody_range_semitones)),
        "harmony_extensions": _EXTENSIONS[round(_mean(merged, lambda s: _EXTENSIONS.index(s.harmony_extensions)))],
        "extension_share": _mean(merged, lambda s: 0.0 if s.harmony_extensions == "triads" else s.extension_share),
        "progressions": _progressions(merged),
        "grooves": _grooves(merged),
        "has_drums": _drummer(merged).has_drums,
        "instruments": _band(merged),
        "section_bars": {**{k: v for s, _ in reversed(merged) for k, v in s.section_bars.items()}},
        "energy": _numbers(merged, lambda style: style.energy),
        "themes": tuple(dict.fromkeys(theme for style, _ in merged for theme in style.themes)),
        "lyrics": _lyrics(merged),
        "mix": _mix(merged),
        "master": _master(merged),
    }  # fmt: skip
    return first.model_copy(update=data)


def _merge_equal(shares: Sequence[Share]) -> list[Share]:
    """Shares summing to 1, equal styles joined, heaviest first; equal weights keep their order."""
    total = sum(weight for _, weight in shares)
    joined: dict[str, Share] = {}
    for style, weight in shares:
        before = joined.get(style.name, (style, 0.0))[1]
        joined[style.name] = (style, before + weight / total)
    return sorted(joined.values(), key=lambda share: -share[1])


def _mean(shares: Sequence[Share], value: Callable[[Style], float]) -> float:
    return round(sum(weight * value(style) for style, weight in shares), 6)


def _union(shares: Sequence[Share], table: Callable[[Style], Mapping[Key, float]]) -> dict[Key, float]:
    """Choice weights of all styles, each table scaled to its style's share."""
    found: dict[Key, float] = {}
    for style, share in shares:
        total = sum(table(style).values())
        for key, weight in table(style).items():
            found[key] = round(found.get(key, 0.0) + share * weight / total, 6)
    return found


def _numbers(shares: Sequence[Share], table: Callable[[Style], Mapping[Key, float]]) -> dict[Key, float]:
    """Means of numbers by key, over the styles that have the key."""
    found: dict[Key, float] = {}
    for key in dict.fromkeys(key for style, _ in shares for key in table(style)):
        having = [(table(style)[key], share) for style, share in shares if key in table(style)]
        found[key] = round(sum(value * share for value, share in having) / sum(share for _, share in having), 6)
    return found


def _progressions(shares: Sequence[Share]) -> tuple[Progression, ...]:
    return tuple(
        progression.model_copy(update={"weight": round(progression.weight * share, 6)})
        for style, share in shares
        for progression in style.progressions
    )


def _drummer(shares: Sequence[Share]) -> Style:
    """The style whose drums play: the heaviest, unless it has none and another lends some."""
    first = shares[0][0]
    lenders = [style for style, share in shares[1:] if style.has_drums and share >= DRUMS_SHARE]
    return first if first.has_drums or not lenders else lenders[0]


def _grooves(shares: Sequence[Share]) -> dict[TimeSignature, MeterGroove]:
    """Grooves of all meters any of the styles is at home in, comping by the heaviest that has the meter."""
    united = {meter: groove for style, _ in reversed(shares) for meter, groove in style.grooves.items()}
    drummer = _drummer(shares)
    if drummer is shares[0][0]:
        return united
    return {meter: _with_drums(groove, groove_for(drummer, meter)) for meter, groove in united.items()}


def _with_drums(groove: MeterGroove, lent: MeterGroove) -> MeterGroove:
    """The drums of ``lent`` and its variants over the comping of ``groove`` and its variants, pair by pair."""
    variants = tuple(
        GrooveVariant(
            levels={} if drums is None else drums.levels,
            comping={} if chords is None else chords.comping,
            source=lent.source if drums is None else drums.source,
        )
        for drums, chords in zip_longest(lent.variants, groove.variants)
    )
    return groove.model_copy(update={"levels": lent.levels, "fills": lent.fills, "variants": variants})


def _band(shares: Sequence[Share]) -> tuple[StyleInstrument, ...]:
    """The heaviest style's band, with the next style's instruments in the colour roles its share earns.

    A style without drums gets those of the one that lends them.
    """
    (first, _), (second, share) = shares[0], shares[1]
    brought = {role for role, needed in COLOUR_ROLES if share >= needed and _has_role(second, role)}
    drummer = _drummer(shares)
    drums = [one for one in drummer.instruments if one.role in _DRUM_ROLES] if drummer is not first else []
    kept = [one for one in first.instruments if one.role not in brought]
    colours = [one for one in second.instruments if one.role in brought]
    return (*drums, *kept, *colours)


def _has_role(style: Style, role: Role) -> bool:
    return any(instrument.role == role and not instrument.is_optional for instrument in style.instruments)


def _lyrics(shares: Sequence[Share]) -> LyricHabits:
    """Rhyme schemes of all, lengths of lines between them, the rest the heaviest's."""
    low = _mean(shares, lambda s: s.lyrics.syllables_per_line[0])
    high = _mean(shares, lambda s: s.lyrics.syllables_per_line[1])
    return shares[0][0].lyrics.model_copy(
        update={
            "verse_schemes": _union(shares, lambda s: s.lyrics.verse_schemes),
            "chorus_schemes": _union(shares, lambda s: s.lyrics.chorus_schemes),
            "syllables_per_line": (round(low), round(high)),
        }
    )


_OF_ONE_STYLE = {"depth": True, "inserts": True}
"""What of a track's mix has no mean."""


def _mix(shares: Sequence[Share]) -> MixTargets:
    roles = dict.fromkeys(role for style, _ in shares for role in style.mix.tracks)
    tracks = {role: _track_mix(role, [share for share in shares if role in share[0].mix.tracks]) for role in roles}
    return MixTargets(
        tracks=tracks,
        reverb_room=_mean(shares, lambda s: s.mix.reverb_room),
        reverb_damping=_mean(shares, lambda s: s.mix.reverb_damping),
        sidechain_db=_mean(shares, lambda s: s.mix.sidechain_db),
        width=_mean(shares, lambda s: s.mix.width),
        lead_reverb_lu=_mean(shares, lambda s: s.mix.lead_reverb_lu),
        depth_step_lu=_mean(shares, lambda s: s.mix.depth_step_lu),
        lead_over_rest_lu=(
            _mean(shares, lambda s: s.mix.lead_over_rest_lu[0]),
            _mean(shares, lambda s: s.mix.lead_over_rest_lu[1]),
        ),
        chorus_lift_lu=_mean(shares, lambda s: s.mix.chorus_lift_lu),
        glue_ratios=_numbers(shares, lambda s: s.mix.glue_ratios),
    )


def _track_mix(role: Role, shares: Sequence[Share]) -> TrackMix:
    """Means of what is stated; distance and inserts are those of the heaviest style that states them."""
    stated: dict[str, Any] = dict(
        _numbers(shares, lambda style: style.mix.tracks[role].model_dump(exclude_unset=True, exclude=_OF_ONE_STYLE))
    )
    for name in _OF_ONE_STYLE:
        having = [style.mix.tracks[role] for style, _ in shares if name in style.mix.tracks[role].model_fields_set]
        if having:
            stated[name] = getattr(having[0], name)
    return TrackMix.model_validate(stated)


def _master(shares: Sequence[Share]) -> MasterTargets:
    return MasterTargets(
        low_shelf_db=_mean(shares, lambda s: s.master.low_shelf_db),
        high_shelf_db=_mean(shares, lambda s: s.master.high_shelf_db),
        multiband_ratio=_mean(shares, lambda s: s.master.multiband_ratio),
        high_width_db=_mean(shares, lambda s: s.master.high_width_db),
        glue_ratio=_mean(shares, lambda s: s.master.glue_ratio),
        min_dynamic_range_db=_mean(shares, lambda s: s.master.min_dynamic_range_db),
        slope_db_per_octave=(
            min(s.master.slope_db_per_octave[0] for s, _ in shares),
            max(s.master.slope_db_per_octave[1] for s, _ in shares),
        ),
    )
