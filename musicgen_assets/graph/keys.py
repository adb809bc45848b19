"""Result keys: a hash of everything that decides what an asset or a task yields.

The same key never computes twice: this one mechanism is the cache, the crash recovery and the revision.

Belongs here: what enters a key. Does not belong here: looking keys up (resources).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from musicgen_assets.context.paths import project
from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.graph.declarations import Declaration
from musicgen_assets.graph.fingerprint import code_fingerprint
from musicgen_assets.graph.job import Ref, Task
from musicgen_assets.graph.manifest import Manifest, StoredRole
from musicgen_assets.graph.payloads import canonical_json

SCHEME = 1
"""Raised when the recipe of the key itself changes."""

ASKED_DATA = frozenset({"request", "version", "waivers", "reroutes"})
"""Declared data that people decide on; the rest (styles, instruments) comes with the installation, like code."""

RARE_DATA = frozenset({"reroutes"})
"""Declared data that enters a key only where there is something in it."""


def asset_key(
    declaration: Declaration,
    context: CompositionContext | None,
    upstreams: Mapping[str, Manifest],
    data: Mapping[str, Any],
) -> str:
    """The result key of an asset: hexadecimal sha256.

    ``context`` may be None only where nothing is read from it (before it is resolved); ``upstreams`` holds a
    manifest for each declared upstream; ``data`` the identity of each declared piece of data.
    """
    parts = {
        "scheme": SCHEME,
        "asset": declaration.key,
        "code": _fingerprint(declaration.entry),
        **_inputs(declaration, context, upstreams),
        "data": _stated(declaration.data, data),
    }
    return hashlib.sha256(canonical_json(parts)).hexdigest()


def inputs_key(
    declaration: Declaration,
    context: CompositionContext | None,
    upstreams: Mapping[str, Manifest],
    data: Mapping[str, Any],
) -> str:
    """What an asset is made from, installation aside: hexadecimal sha256.

    Arguments as for ``asset_key``. Neither code nor the identities of styles, fonts and engines enter: two versions
    with the same inputs key asked for the same, whatever the program has become in between. That is what a revision
    takes from its parent. Only ``ASKED_DATA`` of ``data`` is read; the rest may be missing.
    """
    parts = {
        "scheme": SCHEME,
        "inputs_of": declaration.key,
        **_inputs(declaration, context, upstreams),
        "data": _stated([name for name in declaration.data if name in ASKED_DATA], data),
    }
    return hashlib.sha256(canonical_json(parts)).hexdigest()


def task_key(task: Task, data: Mapping[str, Any]) -> str:
    """The result key of a task. The asset it serves stays out: equal work is one result wherever it is done."""
    parts = {
        "scheme": SCHEME,
        "task": task.entry,
        "code": _fingerprint(task.entry),
        "inputs": dict(task.inputs),
        "refs": {name: _ref_content(ref) for name, ref in task.refs.items()},
        "data": {name: data[name] for name in task.data},
    }
    return hashlib.sha256(canonical_json(parts)).hexdigest()


def seen_roles(manifest: Manifest, roles: tuple[str, ...] | None) -> tuple[StoredRole, ...]:
    """The content roles an upstream declaration lets through; None means all."""
    return manifest.content if roles is None else tuple(role for role in manifest.content if role.role in roles)


def _inputs(
    declaration: Declaration, context: CompositionContext | None, upstreams: Mapping[str, Manifest]
) -> dict[str, Any]:
    """The declared part of context and upstreams. An edit that nobody made is no input, nor is an optional role."""
    read = project(context, declaration.paths) if context is not None else {}
    seen = {upstream: seen_roles(upstreams[upstream.asset], upstream.roles) for upstream in declaration.upstreams}
    return {
        "context": {path: value for path, value in read.items() if value or path not in declaration.edits},
        "upstreams": {
            upstream.asset: [_content(role) for role in roles]
            for upstream, roles in seen.items()
            if roles or not upstream.is_optional
        },
    }


def _stated(names: Iterable[str], data: Mapping[str, Any]) -> dict[str, Any]:
    """The identities of ``names``; of what is rare, only where there is any."""
    return {name: data[name] for name in names if name not in RARE_DATA or data.get(name)}


@lru_cache(maxsize=256)
def _fingerprint(entry: str) -> str:
    """Once per process: what is loaded runs on, whatever becomes of the files meanwhile."""
    return code_fingerprint(entry)


def _content(role: StoredRole) -> list[Any]:
    return [role.role, role.sha256, role.meta]


def _ref_content(ref: Ref) -> list[Any]:
    return [ref.sha256, dict(ref.meta)]
