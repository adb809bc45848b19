"""Context paths ("musical.tempo_bpm"): read one, set some, project many, with clear errors.

Belongs here: walking and patching a context. Does not belong here: which asset reads which path.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.keyed import Keyed
from musicgen_assets.context.schema import CompositionContext


def read_path(context: CompositionContext, path: str) -> Any:
    """The value at ``path``; a missing dictionary key on the way reads as None. Raises BadInput.

    A last part of a dictionary that ends in "/*" reads all entries under it: "rerolls.arrangement/*" gives
    {"verse 2": 1} for {"arrangement/verse 2": 1, "melody": 3}.
    """
    value: Any = context
    for part in path.split("."):
        if isinstance(value, Mapping) and part.endswith("/*"):
            value = {key[len(part) - 1 :]: value[key] for key in sorted(value) if key.startswith(part[:-1])}
        elif isinstance(value, Mapping):
            if part not in value:
                return None
            value = value[part]
        elif isinstance(value, BaseModel) and part in type(value).model_fields:
            value = getattr(value, part)
        else:
            raise _unknown_path(path)
    return value


def project(context: CompositionContext, paths: Iterable[str]) -> dict[str, Any]:
    """The JSON-able values at ``paths``, sorted by path: what enters a result key."""
    return {path: _plain(read_path(context, path)) for path in sorted(set(paths))}


def apply_overrides(context: CompositionContext, overrides: Mapping[str, Any]) -> CompositionContext:
    """A new context with ``overrides`` (path to value) set. Raises BadInput naming the path at fault."""
    return _with(context.model_dump(mode="json"), overrides)


def context_of(overrides: Mapping[str, Any]) -> CompositionContext:
    """The context in which ``overrides`` are set and all else is the default. Raises as apply_overrides does."""
    return _with({}, overrides)


def refuse_wrong_kinds(overrides: Mapping[str, Any]) -> None:
    """Raise BadInput, naming the path, where one of ``overrides`` could stand in no context; as ``context_of`` does.

    What was accepted of late is known: a song's overrides are looked at several times on their way.
    """
    _accepted(Keyed(repr(sorted(overrides.items())), overrides))


@lru_cache(maxsize=256)
def _accepted(overrides: Keyed[Mapping[str, Any]]) -> None:
    context_of(overrides.value)


def _with(data: dict[str, Any], overrides: Mapping[str, Any]) -> CompositionContext:
    for path, value in overrides.items():
        _set(data, path, _plain(value))
    try:
        return CompositionContext.model_validate(data)
    except ValidationError as error:
        raise bad_input_of(error, overrides) from error


def bad_input_of(error: ValidationError, overrides: Mapping[str, Any]) -> BadInput:
    """The first complaint of a validation as BadInput with its field, value and rule."""
    first = error.errors(include_url=False)[0]
    path = ".".join(str(part) for part in first["loc"] if not isinstance(part, int)) or "context"
    rule = str(first["msg"]).removeprefix("Value error, ")
    if path == "context" and ": " in rule:
        path, rule = rule.split(": ", 1)
    value = first["input"] if path not in overrides else overrides[path]
    return BadInput(path, value, rule, way_out=f"Give another value with --set {path}=VALUE.")


def known_paths() -> tuple[str, ...]:
    """Every settable leaf path of the schema, in declaration order."""
    found: list[str] = []

    def walk(model: type[BaseModel], prefix: str) -> None:
        for name, known in model.model_fields.items():
            annotation = known.annotation
            if isinstance(annotation, type) and issubclass(annotation, BaseModel):
                walk(annotation, f"{prefix}{name}.")
            else:
                found.append(prefix + name)

    walk(CompositionContext, "")
    return tuple(found)


def _set(data: dict[str, Any], path: str, value: Any) -> None:
    fields = _fields(path)
    if fields is None:
        _set_in_entry(data, path, value)
        return
    *groups, last = fields
    node = data
    for group in groups:
        if node.get(group) is None:
            node[group] = {}  # it is left out where it is empty
        node = node[group]
    node[last] = value


@lru_cache(maxsize=1024)
def _fields(path: str) -> tuple[str, ...] | None:
    """The parts of a path of which each is a field of a model; None where one is an entry of a dictionary, or none."""
    model: Any = CompositionContext
    parts = tuple(path.split("."))
    for part in parts:
        if not _is_model(model) or part not in model.model_fields:
            return None
        model = model.model_fields[part].annotation
    return parts


def _set_in_entry(data: dict[str, Any], path: str, value: Any) -> None:
    parts = path.split(".")
    model: Any = CompositionContext
    node: Any = data
    for position, part in enumerate(parts):
        is_last, entry = position == len(parts) - 1, _entry_model(model)
        if _is_model(model) and part not in model.model_fields:
            raise _unknown_path(path)
        if not _is_model(model) and entry is None and not (isinstance(node, dict) and is_last):
            raise _unknown_path(path)
        if is_last:
            node[part] = value
            return
        model = model.model_fields[part].annotation if _is_model(model) else entry
        if node.get(part) is None and (_is_model(model) or get_origin(model) is dict):
            node[part] = {}  # an entry of a dictionary, or a group that is left out where it is empty
        node = node[part]


@lru_cache(maxsize=512)
def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


@lru_cache(maxsize=512)
def _entry_model(kind: Any) -> type[BaseModel] | None:
    """The model that each entry of a dictionary is; None for everything else."""
    found = get_args(kind)[-1] if get_origin(kind) is dict else None
    return found if found is not None and _is_model(found) else None


def _unknown_path(path: str) -> BadInput:
    near = difflib.get_close_matches(path, known_paths(), n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]}?" if near else "See docs/context.schema.json for the paths."
    return BadInput("--set", path, "there is no such context path", way_out=hint)


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return value
