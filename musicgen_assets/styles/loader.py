"""Styles by name: reading the YAML files, resolving inheritance and aliases.

Belongs here: finding, reading and hashing style data. Does not belong here: mixing styles (styles.blending),
fitting a groove to another meter (styles.refit), what a style means in sound (the stages).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml
from pydantic import ValidationError

from musicgen_assets.context.failures import BadInput, PermanentFailure
from musicgen_assets.context.schema import WeightedGenre
from musicgen_assets.styles.blending import blend_styles
from musicgen_assets.styles.schema import Style

_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _UniqueKeys(_SafeLoader):  # type: ignore[misc]  # whichever of the two is there
    """A safe loader that refuses a key that stands twice in one mapping: YAML does, PyYAML lets the last one win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """See yaml.constructor.SafeConstructor. Raises ConstructorError."""
        seen: set[tuple[str, str]] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and (key.tag, key.value) in seen:
                raise yaml.constructor.ConstructorError(
                    "in a mapping", node.start_mark, f"found {key.value!r} twice", key.start_mark
                )
            seen.add((key.tag, str(key.value)))
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        return found


STYLES_FOLDER = Path(__file__).parent / "data"

DEEP_STYLES = (
    "pop", "rock", "folk", "jazz_swing", "bossa_nova", "funk", "hip_hop", "house", "synthwave", "cinematic",
    "solo_piano", "latin",
)  # fmt: skip
"""Styles worked out in all respects: several grooves a meter, a register for every instrument, sources."""

_NOT_INHERITED = ("name", "aliases", "description", "inherits")
_REPLACED_WHOLE = ("grooves", "energy", "meters", "scales", "bass", "section_bars")
"""Mappings that a child states completely; other mappings are merged key by key."""

Snapshot = tuple[tuple[str, int], ...]
"""(style name, modification time) of every file: caches are keyed by it, so an edited file is read again."""

_as_of: ContextVar[Snapshot | None] = ContextVar("styles_as_of", default=None)


def style_names() -> tuple[str, ...]:
    """Names of all styles, sorted."""
    return tuple(name for name, _ in style_snapshot())


def load_style(name: str) -> Style:
    """The style called ``name`` or by that alias, case, spaces and hyphens aside. Raises BadInput if unknown."""
    return _load(canonical_name(name), style_snapshot())


def every_style() -> tuple[Style, ...]:
    """All styles in order of name."""
    snapshot = style_snapshot()
    return tuple(_load(name, snapshot) for name, _ in snapshot)


def canonical_name(name: str) -> str:
    """The style name behind a name or alias. Raises BadInput naming the nearest ones."""
    return _canonical_name(name, style_snapshot())


def _canonical_name(name: str, snapshot: Snapshot) -> str:
    known = aliases_of(snapshot)
    found = known.get(plain_name(name))
    if found is not None:
        return found
    raise BadInput("musical.genres", name, "there is no such style", way_out=_suggestion(name, known))


def plain_name(name: str) -> str:
    """ "Bossa-Nova " -> "bossa nova": how names and aliases are compared."""
    return " ".join(name.lower().replace("_", " ").replace("-", " ").split())


def blend(genres: Sequence[WeightedGenre]) -> Style:
    """One style from weighted ones, see styles.blending; a single genre is returned unchanged. Raises BadInput."""
    if not genres:
        raise BadInput("musical.genres", list(genres), "at least one genre is needed", way_out="Name a style.")
    snapshot = style_snapshot()
    shares = tuple((_canonical_name(genre.name, snapshot), float(genre.weight)) for genre in genres)
    return _blend(shares, snapshot)


def style_source_bytes(name: str) -> bytes:
    """Canonical JSON of a style with all it inherits: equal bytes mean an equal style. Raises BadInput."""
    return _canonical(load_style(name))


def all_styles_bytes() -> bytes:
    """Canonical JSON of every style, in order of name."""
    return b"\n".join(style_source_bytes(name) for name in style_names())


def _canonical(style: Style) -> bytes:
    return json.dumps(style.model_dump(mode="json"), sort_keys=True, ensure_ascii=False).encode()


def _suggestion(name: str, known: Mapping[str, str]) -> str:
    from rapidfuzz import fuzz, process

    near = process.extract(plain_name(name), sorted(known), scorer=fuzz.WRatio, limit=6, score_cutoff=60)
    names = list(dict.fromkeys(known[alias] for alias, _, _ in near))[:3]
    every = "`musicgen styles` lists them all."
    return f"Did you mean {' or '.join(names)}? {every}" if names else every


@contextmanager
def styles_as_of(snapshot: Snapshot) -> Iterator[None]:
    """In the block the styles are as they were then: looked up once, not at every question."""
    token = _as_of.set(snapshot)
    try:
        yield
    finally:
        _as_of.reset(token)


def style_snapshot() -> Snapshot:
    """Which styles there are, and as of when: what a cache of anything that styles decide is keyed by."""
    known = _as_of.get()
    if known is not None:
        return known
    with os.scandir(STYLES_FOLDER) as files:  # a tenth of the time that pathlib takes, and asked for often
        found = [(file.name, file.stat().st_mtime_ns) for file in files if file.name.endswith(".yaml")]
    return tuple(sorted((name.removesuffix(".yaml"), mtime_ns) for name, mtime_ns in found))


@lru_cache(maxsize=512)
def _read(name: str, mtime_ns: int) -> dict[str, Any]:
    """The file as it stands. ``mtime_ns`` is part of the cache key only."""
    del mtime_ns
    path = STYLES_FOLDER / f"{name}.yaml"
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeys)  # noqa: S506  # a safe loader
    except yaml.YAMLError as error:
        raise PermanentFailure(f"styles/data/{name}.yaml is no YAML: {error}", way_out="Mend the file.") from error
    if not isinstance(data, dict) or data.get("name") != name:
        raise PermanentFailure(
            f"styles/data/{name}.yaml must be a mapping with name: {name}.", way_out="Mend the file."
        )
    return data


def _resolved(name: str, snapshot: Snapshot, children: tuple[str, ...] = ()) -> dict[str, Any]:
    """The file's content laid over its parents'."""
    mtimes = dict(snapshot)
    if name in children or name not in mtimes:
        raise PermanentFailure(
            f"styles/data/{children[-1]}.yaml inherits {name}, which "
            + ("inherits it in turn." if name in children else "does not exist."),
            way_out="Mend its `inherits`.",
        )
    data = _read(name, mtimes[name])
    parent = data.get("inherits")
    if parent is None:
        return data
    base = _resolved(str(parent), snapshot, (*children, name))
    return _merged({key: value for key, value in base.items() if key not in _NOT_INHERITED}, data)


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    found = dict(base)
    for key, value in over.items():
        is_deep = isinstance(value, dict) and isinstance(base.get(key), dict) and key not in _REPLACED_WHOLE
        found[key] = _merged(base[key], value) if is_deep else value
    return found


@lru_cache(maxsize=512)
def _load(name: str, snapshot: Snapshot) -> Style:
    data = _resolved(name, snapshot)
    try:
        return Style.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise PermanentFailure(
            f"styles/data/{name}.yaml is not a style: {where}: {first['msg']}.", way_out="Mend the file."
        ) from error


@lru_cache(maxsize=4)
def aliases_of(snapshot: Snapshot) -> Mapping[str, str]:
    """Every plain name and alias of the styles of ``snapshot``, as ``plain_name`` writes it, to the style's name."""
    found: dict[str, str] = {}
    for name, mtime_ns in snapshot:
        for alias in (name, *_read(name, mtime_ns).get("aliases", ())):
            owner = found.setdefault(plain_name(str(alias)), name)
            if owner != name:
                raise PermanentFailure(
                    f"styles/data: {owner} and {name} both answer to {alias!r}.", way_out="Take it from one of them."
                )
    return MappingProxyType(found)


@lru_cache(maxsize=256)
def _blend(shares: tuple[tuple[str, float], ...], snapshot: Snapshot) -> Style:
    return blend_styles([(_load(name, snapshot), weight) for name, weight in shares])
