"""Overrides as people write them, made into values the context accepts.

Belongs here: friendly spellings of keys, genres, meters, instruments, and flattening nested values. Does
not belong here: applying them (context.paths), deriving the rest (resolver).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.paths import known_paths
from musicgen_assets.context.request import check_text
from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.ideation.edit_rules import normalised_edit
from musicgen_assets.ideation.wording.hit_points import read_hit_points
from musicgen_assets.ideation.wording.key_words import read_key
from musicgen_assets.ideation.wording.lexicon import LANGUAGES, instrument_words, sounds_by_name
from musicgen_assets.ideation.wording.text import phrase_key
from musicgen_assets.styles.loader import canonical_name

KEY, SCALE, GENRES, INSTRUMENTS = "musical.key", "musical.scale", "musical.genres", "musical.instruments"
HIT_POINTS = "musical.hit_points"
EDITS = "edits."
_FRIENDLY_KEY = "Write a letter A-G with # or b, and a mode if you like: F#, Eb, 'C minor'."


def normalise_overrides(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Context path to value, by path: nested models flattened, keys, genres and meters in the context's spelling.

    Raises BadInput naming the path. Values of other paths are left for the context to judge.
    """
    flat: dict[str, Any] = {}
    for path in sorted(overrides):
        if path.startswith(EDITS):
            flat.update([normalised_edit(path, overrides[path])])
        else:
            flat.update(_flattened(path, overrides[path]))
    if KEY in flat:
        flat.update(_key(flat))
    if GENRES in flat:
        flat[GENRES] = _genres(flat[GENRES])
    if INSTRUMENTS in flat:
        flat[INSTRUMENTS] = _instruments(flat[INSTRUMENTS])
        if not flat[INSTRUMENTS]:
            del flat[INSTRUMENTS]
    if HIT_POINTS in flat:
        flat[HIT_POINTS] = _hit_points(flat[HIT_POINTS])
    if isinstance(flat.get("musical.time_signature"), str):
        flat["musical.time_signature"] = flat["musical.time_signature"].replace(" ", "")
    if isinstance(flat.get(SCALE), str):
        flat[SCALE] = flat[SCALE].strip().lower()
    for path, value in flat.items():
        _check_plain(path or "--set", value)
    return dict(sorted(flat.items()))


def _flattened(path: str, value: Any) -> dict[str, Any]:
    """A value given for a whole group ("musical.mood") as values of its leaves."""
    model = _model_at(path)
    if model is None:
        return {path: value}
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    if not isinstance(value, Mapping):
        raise BadInput(path, value, "this is a group of values, not one", way_out=f"Set one of {_leaves(path)}.")
    found: dict[str, Any] = {}
    for name in value:
        found.update(_flattened(f"{path}.{name}", value[name]))
    return found


def _model_at(path: str) -> type[BaseModel] | None:
    model: Any = CompositionContext
    for part in path.split("."):
        if not (isinstance(model, type) and issubclass(model, BaseModel)) or part not in model.model_fields:
            return None
        model = model.model_fields[part].annotation
    return model if isinstance(model, type) and issubclass(model, BaseModel) else None


def _leaves(path: str) -> str:
    return ", ".join([leaf for leaf in known_paths() if leaf.startswith(path + ".")][:4])


def _key(flat: Mapping[str, Any]) -> dict[str, Any]:
    value = flat[KEY]
    found = read_key(value) if isinstance(value, str) else None
    if found is None:
        raise BadInput(KEY, value, "it is no key", way_out=_FRIENDLY_KEY)
    tonic, scale = found
    if scale is None:
        return {KEY: tonic}
    asked = flat.get(SCALE)
    if isinstance(asked, str) and asked.strip().lower() != scale:
        raise BadInput(
            KEY, value, f"it says {scale}, but {SCALE} says {asked}", way_out=f"Drop {SCALE}, or give the tonic alone."
        )
    return {KEY: tonic, SCALE: scale}


def _genres(value: Any) -> list[dict[str, Any]]:
    """Names, "name=weight" texts, a mapping, or weighted genres; names and aliases made canonical."""
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    if isinstance(value, Mapping) and "name" not in value:
        value = [{"name": name, "weight": weight} for name, weight in sorted(value.items())]
    if isinstance(value, (BaseModel, Mapping)):
        value = [value]
    if not isinstance(value, Sequence) or not value:
        raise BadInput(GENRES, value, "it must name at least one style", way_out="`musicgen styles` lists them.")
    joined: dict[str, float] = {}
    for item in value:
        name, weight = _genre(item)
        joined[name] = joined.get(name, 0.0) + weight
    total = sum(joined.values())
    return [{"name": name, "weight": round(weight / total, 6)} for name, weight in joined.items()]


def _genre(item: Any) -> tuple[str, float]:
    if isinstance(item, BaseModel):
        item = item.model_dump()
    if isinstance(item, str):
        name, _, text = item.partition("=")
        item = {"name": name, "weight": text or 1.0}
    if not isinstance(item, Mapping) or not isinstance(item.get("name"), str) or set(item) - {"name", "weight"}:
        raise BadInput(GENRES, item, "it must be a style's name, with a weight if you like",
                       way_out='Example: [{"name": "house", "weight": 0.7}].')  # fmt: skip
    try:
        weight = float(item.get("weight", 1.0))
    except (TypeError, ValueError):
        weight = math.nan
    if not (math.isfinite(weight) and 0.0 < weight <= 1000.0):
        raise BadInput(GENRES, item["name"], "its weight must be a number above 0, 1000 at most",
                       way_out="Give weights such as 0.7 and 0.3.")  # fmt: skip
    return canonical_name(item["name"]), weight


def _instruments(value: Any) -> Any:
    """Instruments by their names alone get the role and program they usually have."""
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    if not isinstance(value, (list, tuple)):
        return value
    return [_instrument(item) if isinstance(item, str) else item for item in value]


def _hit_points(value: Any) -> Any:
    """A list of {kind, at_s} in order of time, or words: "drop at 0:32, stop at 1:10". Other values are left as is."""
    if isinstance(value, str):
        return [point.model_dump() for point in read_hit_points(value)]
    if not isinstance(value, (list, tuple)):
        return value
    points = [point.model_dump() if isinstance(point, BaseModel) else point for point in value]
    times = [point.get("at_s") if isinstance(point, Mapping) else None for point in points]
    if any(not isinstance(time, (int, float)) or isinstance(time, bool) for time in times):
        return points
    return [points[i] for i in sorted(range(len(points)), key=lambda i: float(times[i] or 0.0))]


def _instrument(name: str) -> dict[str, Any]:
    from rapidfuzz import process

    key = phrase_key(name)
    for language in LANGUAGES:
        sound = instrument_words(language).get(key) or sounds_by_name().get(key)
        if sound is not None:
            return {"role": sound.roles[0], "name": sound.name, "program": sound.program}
    near = [match[0] for match in process.extract(key, sorted(sounds_by_name()), limit=3, score_cutoff=55)]
    way_out = f"Did you mean {' or '.join(near)}?" if near else "Give role, name and program."
    raise BadInput(INSTRUMENTS, name, "there is no such instrument", way_out=way_out)


def _check_plain(path: str, value: Any) -> None:
    """Refuse control characters in any text, and numbers that are none, before they reach an artifact."""
    if isinstance(value, str):
        check_text(path, value)
    elif isinstance(value, float) and not math.isfinite(value):
        raise BadInput(
            path, str(value), "it must be a finite number", way_out=f"Give a number with --set {path}=VALUE."
        )
    elif isinstance(value, Mapping):
        for name, item in value.items():
            _check_plain(path, name)
            _check_plain(path, item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _check_plain(path, item)
