"""A revision takes over what its parent made of the same, whatever the code has become; a refresh does not."""

from __future__ import annotations

import hashlib
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

from musicgen_assets.context.paths import apply_overrides
from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.graph import keys
from musicgen_assets.graph.declarations import Declaration
from musicgen_assets.graph.job import Job, Outcome
from musicgen_assets.graph.manifest import Manifest, StoredRole
from musicgen_assets.graph.payloads import json_payload
from resources.registry import Registry, Request, queries
from resources.runner import CONTEXT_ASSET, Made, Runner
from resources.settings import Settings, get_settings
from resources.store import ArtifactStore
from resources.workers import WorkerPool

SONG = "a-song"
PARENT, CHILD, FRESH = (f"{SONG}@v{number}" for number in (1, 2, 3))
PROBE = Declaration("composition", "probe", "", "support.carried:make_probe", reads=("musical.key",))
code = {"version": 1}


def make_probe(job: Job) -> Outcome:
    """What the code of the day makes of a key."""
    return Outcome([json_payload({"key": job.read("musical.key"), "code": code["version"]})])


@pytest.fixture(autouse=True)
def todays_code(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("support.carried")
    module.make_probe = make_probe  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "support.carried", module)
    monkeypatch.setattr(keys, "_fingerprint", lambda entry: f"{entry} {code['version']}")
    code["version"] = 1


@pytest.fixture
def settings(tmp_path: Path, place: None) -> Settings:
    return get_settings(tmp_path / "home")


@pytest.fixture
def registry(settings: Settings) -> Iterator[Registry]:
    registry = Registry(settings.registry_url)
    with registry.session() as session:
        queries.ensure_user(session, "local")
        queries.add_composition(session, SONG, "local", None)
        parent = queries.add_version(session, SONG, "r-1", 7)
        queries.add_version(session, SONG, "r-2", 7, parent, {"set": {}})
        queries.add_version(session, SONG, "r-3", 7, parent, {"refresh": True})
        for number in (1, 2, 3):
            payload = {"prompt": "p", "overrides": {}, "seed": 7, "title": None}
            version = queries.get_version(session, f"{SONG}@v{number}")
            session.add(
                Request(id=f"r-{number}", user="local", payload=payload, asked_hash="", status="claimed",
                        composition_id=SONG, version_id=version.id)
            )  # fmt: skip
    yield registry
    registry.close()


@pytest.fixture
def runner(registry: Registry, settings: Settings) -> Iterator[Runner]:
    store = ArtifactStore(settings.artifacts_url)
    pool = WorkerPool(1, store.url, 20.0)
    yield Runner(registry, store, pool)
    pool.close()


def made(runner: Runner, partition: str, key: str = "C") -> Made:
    """Make the probe for ``partition`` and write it down, as a step does."""
    context = apply_overrides(CompositionContext(), {"musical.key": key})
    payload = json_payload(context)
    sha256, size = runner.store.put(payload.data)
    role = StoredRole(role="main", sha256=sha256, media_type="application/json", size_bytes=size)
    result = runner.make(PROBE, partition, {CONTEXT_ASSET: Manifest(asset=CONTEXT_ASSET, content=(role,))})
    with runner.registry.session() as session:
        queries.record_materialization(
            session, partition, PROBE.key, key=result.key, content_hash=result.manifest.content_hash,
            carried_from=result.carried_from, seconds=result.seconds, inputs_key=result.inputs_key,
            kept=result.manifest if result.is_kept else None,
        )  # fmt: skip
    return result


def test_a_plain_revision_keeps_what_its_parent_has_when_the_code_changed(runner: Runner) -> None:
    parent = made(runner, PARENT)
    code["version"] = 2
    child = made(runner, CHILD)
    assert child.manifest == parent.manifest
    assert (child.carried_from, child.seconds) == (PARENT, 0.0)


def test_a_refresh_is_made_with_todays_code(runner: Runner) -> None:
    parent = made(runner, PARENT)
    code["version"] = 2
    fresh = made(runner, FRESH)
    assert fresh.carried_from is None
    assert fresh.manifest.content_hash != parent.manifest.content_hash


def test_a_refresh_under_the_same_code_is_carried(runner: Runner) -> None:
    parent = made(runner, PARENT)
    assert made(runner, FRESH).manifest == parent.manifest


def test_another_projection_is_made_with_todays_code(runner: Runner) -> None:
    made(runner, PARENT)
    code["version"] = 2
    child = made(runner, CHILD, key="D")
    assert child.carried_from is None
    assert runner.store.get(child.manifest.content[0].sha256) == json_payload({"key": "D", "code": 2}).data


def test_going_on_with_a_version_does_not_move_what_it_has(runner: Runner) -> None:
    first = made(runner, PARENT)
    code["version"] = 2
    again = made(runner, PARENT)
    assert again.manifest == first.manifest
    assert again.carried_from is None


def test_what_was_carried_is_carried_on_under_its_makers_name(runner: Runner) -> None:
    made(runner, PARENT)
    made(runner, CHILD)
    assert made(runner, CHILD).carried_from == PARENT


def test_a_parents_artifact_that_is_lost_is_made_again(runner: Runner) -> None:
    parent = made(runner, PARENT)
    runner.store.remove([parent.manifest.content[0].sha256])
    code["version"] = 2
    child = made(runner, CHILD)
    assert child.carried_from is None
    assert child.manifest.content_hash != parent.manifest.content_hash


def test_what_a_version_kept_stands_although_its_key_yields_something_else(runner: Runner) -> None:
    """The key's result was lost and made anew, and came out different: history must not change with it."""
    parent = made(runner, PARENT)
    other = Manifest(
        asset=PROBE.key,
        content=(StoredRole(role="main", sha256=hashlib.sha256(b"x").hexdigest(), media_type="x", size_bytes=1),),
    )
    with runner.registry.session() as session:
        queries.record_result(session, parent.key, PROBE.key, other, made_by=CHILD, seconds=1.0, replace=True)
    child = made(runner, CHILD)
    assert child.manifest == parent.manifest
    with runner.registry.reading() as session:
        known = queries.latest_materialization(session, CHILD, PROBE.key)
    assert known is not None
    assert known.manifest == parent.manifest
