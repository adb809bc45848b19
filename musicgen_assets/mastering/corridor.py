"""The spectrum a master should have: a corridor per kind of music, and where a spectrum leaves it.

Belongs here: reading data/corridors.yaml, mixing corridors by genre, comparing. Does not belong here: measuring
spectra (dsp) and correcting them (mastering.tone).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field

from musicgen_assets.context.failures import PermanentFailure
from musicgen_assets.context.frozen import Frozen
from musicgen_assets.context.schema import ReferenceProfile, WeightedGenre
from musicgen_assets.graph.job import FloatArray

DoubleArray = NDArray[np.float64]

_FIRST_BAND, _LAST_BAND = -15, 12
THIRD_OCTAVES_HZ = tuple(float(1000.0 * 10.0 ** (band / 10.0)) for band in range(_FIRST_BAND, _LAST_BAND + 1))
"""Exact centres from 31.6 Hz to 15.8 kHz (IEC 61260-1, base ten)."""

_PERCUSSION = ("drums", "percussion")
_DEFAULT_FAMILY = "band"


def _float_keys(value: object) -> object:
    return {float(key): number for key, number in value.items()} if isinstance(value, Mapping) else value


Curve = Annotated[dict[float, float], BeforeValidator(_float_keys)]
"""Frequency in Hz to dB."""


class Family(Frozen):
    """One kind of music; see the data file."""

    centre: Curve
    below: Curve
    above: Curve


class Adjustment(Frozen):
    """What the absence of a part changes."""

    centre: Curve
    below: Curve


class FewParts(Frozen):
    """How much more room, in dB, up to how many parts have: their own colour is all there is."""

    up_to: int = Field(ge=0)
    room: float = Field(ge=0)


class CorridorData(Frozen):
    """data/corridors.yaml."""

    level_range_hz: tuple[float, float]
    band_extra: float = Field(ge=0)
    families: dict[str, Family]
    without_percussion: Adjustment
    without_bass: Adjustment
    few_parts: FewParts
    styles: dict[str, str]


class Corridor(Frozen):
    """Per third-octave of ``THIRD_OCTAVES_HZ``: the middle, and an octave's room under and over it, in dB.

    A single band has ``band_extra_db`` more.
    """

    centre_db: tuple[float, ...]
    below_db: tuple[float, ...]
    above_db: tuple[float, ...]
    band_extra_db: float
    level_range_hz: tuple[float, float]


@dataclass(frozen=True)
class Departure:
    """Where a spectrum is furthest out relative to the room it has. ``used`` over 1 is outside.

    ``deviation_db`` is the distance to the centre, ``bound_db`` the room there; ``is_octave`` tells an octave
    mean from one band.
    """

    hz: float
    deviation_db: float
    bound_db: float
    used: float
    is_octave: bool


@lru_cache(maxsize=1)
def corridor_data() -> CorridorData:
    """The data file, validated. Raises PermanentFailure where it is broken."""
    import yaml
    from pydantic import ValidationError

    path = Path(__file__).parent / "data" / "corridors.yaml"
    try:
        return CorridorData.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValidationError) as error:
        raise PermanentFailure(f"mastering/data/corridors.yaml: {error}", way_out="Mend the file.") from error


def corridor_for(genres: Sequence[WeightedGenre], roles: Collection[str]) -> Corridor:
    """The corridor of a song: genres by weight, adjusted for parts that nobody plays.

    The room is the widest of the genres', so that a mixture of two kinds may sound like either.
    """
    data = corridor_data()
    total = sum(genre.weight for genre in genres)
    shares = [(data.families[data.styles.get(g.name, _DEFAULT_FAMILY)], g.weight / total) for g in genres]
    centre = sum((share * _curve(family.centre) for family, share in shares), np.zeros(len(THIRD_OCTAVES_HZ)))
    low = np.min([_curve(family.centre) - _curve(family.below) for family, _ in shares], axis=0)
    high = np.max([_curve(family.centre) + _curve(family.above) for family, _ in shares], axis=0)
    below, above = centre - low, high - centre
    missing = [] if any(role in roles for role in _PERCUSSION) else [data.without_percussion]
    missing += [] if "bass" in roles else [data.without_bass]
    for adjustment in missing:
        centre = centre + _curve(adjustment.centre)
        below = below + _curve(adjustment.below)
        above = above - _curve(adjustment.centre)
    if len(set(roles)) <= data.few_parts.up_to:
        below, above = below + data.few_parts.room, above + data.few_parts.room
    return Corridor(
        centre_db=_rounded(centre),
        below_db=_rounded(below),
        above_db=_rounded(above),
        band_extra_db=data.band_extra,
        level_range_hz=data.level_range_hz,
    )


def corridor_of(reference: ReferenceProfile, style: Corridor) -> Corridor:
    """The curve of a track that a person gave, with the room that the style has around its own."""
    return style.model_copy(update={"centre_db": reference.third_octaves_db})


def slope_db_per_octave(third_octaves_db: Sequence[float]) -> float:
    """Slope of the power density from 100 Hz to 10 kHz, of levels at ``THIRD_OCTAVES_HZ``; see dsp.spectrum."""
    centres = np.array(THIRD_OCTAVES_HZ)
    chosen = (centres >= 99.0) & (centres <= 10_100.0)
    octaves = np.log2(centres[chosen])
    per_hz = np.asarray(third_octaves_db)[chosen] - 10.0 * np.log10(centres[chosen])
    octaves -= octaves.mean()
    return float((octaves * per_hz).sum() / (octaves**2).sum())


def corridor_levels_db(samples: FloatArray, rate: int) -> DoubleArray:
    """Third-octave levels of audio, float32 (channels, samples), at ``THIRD_OCTAVES_HZ``."""
    from dsp.spectrum import band_levels

    centres, levels = band_levels(samples, rate)
    first = int(np.argmin(np.abs(centres - THIRD_OCTAVES_HZ[0])))
    return levels[first : first + len(THIRD_OCTAVES_HZ)]


def deviations_db(levels_db: DoubleArray, corridor: Corridor) -> DoubleArray:
    """Distance of third-octave levels (any reference) to the centre, shape as ``THIRD_OCTAVES_HZ``.

    The overall level is taken out by the median over the corridor's level range, which one loud octave hardly moves.
    """
    distance = np.asarray(levels_db, dtype=np.float64) - np.array(corridor.centre_db)
    return np.asarray(distance - level_offset_db(levels_db, corridor), dtype=np.float64)


def level_offset_db(levels_db: DoubleArray, corridor: Corridor) -> float:
    """How far the spectrum as a whole lies over the corridor's centre, whose own level means nothing."""
    low, high = corridor.level_range_hz
    inside = [low <= hz <= high for hz in THIRD_OCTAVES_HZ]
    return float(np.median((np.asarray(levels_db) - np.array(corridor.centre_db))[inside]))


def octave_means_db(deviations: DoubleArray) -> DoubleArray:
    """Mean over each band and its two neighbours; at the ends over the two there are."""
    padded = np.pad(deviations, 1, constant_values=np.nan)
    return np.asarray(np.nanmean(np.stack([padded[:-2], padded[1:-1], padded[2:]]), axis=0), dtype=np.float64)


def worst_departure(levels_db: DoubleArray, corridor: Corridor) -> Departure:
    """The band or octave that uses most of the room it has."""
    deviations = deviations_db(levels_db, corridor)
    below, above = np.array(corridor.below_db), np.array(corridor.above_db)
    found = []
    for values, extra_db, is_octave in (
        (deviations, corridor.band_extra_db, False),
        (octave_means_db(deviations), 0.0, True),
    ):
        room = np.where(values < 0, below, above) + extra_db
        used = np.abs(values) / room
        worst = int(np.argmax(used))
        found.append(
            Departure(THIRD_OCTAVES_HZ[worst], float(values[worst]), float(room[worst]), float(used[worst]), is_octave)
        )
    return max(found, key=lambda departure: departure.used)


def _curve(points: Mapping[float, float]) -> DoubleArray:
    """Levels at ``THIRD_OCTAVES_HZ`` by straight lines over log f, flat beyond the ends."""
    known = sorted(points.items())
    at = np.log2([hz for hz, _ in known])
    return np.asarray(np.interp(np.log2(THIRD_OCTAVES_HZ), at, [level for _, level in known]), dtype=np.float64)


def _rounded(values: DoubleArray) -> tuple[float, ...]:
    return tuple(round(float(value), 3) for value in values)
