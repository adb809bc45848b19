"""A result key moves with what was declared, and with nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from musicgen_assets.context.paths import apply_overrides, known_paths
from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.graph.declarations import DECLARATIONS, Declaration, Upstream
from musicgen_assets.graph.job import Ref, Task
from musicgen_assets.graph.keys import asset_key, inputs_key, task_key
from musicgen_assets.graph.manifest import Manifest, StoredRole

HERE = "musicgen_assets.graph.payloads:canonical_json"


def role(name: str, digit: str, **meta: float) -> StoredRole:
    return StoredRole(role=name, sha256=digit * 64, media_type="text/plain", size_bytes=1, meta=meta)


DECLARED = Declaration(
    "composition", "probe", "", HERE, upstreams=(Upstream("a/b", ("main",)),),
    reads=("musical.key",), streams=("drums",), data=("styles",),
)  # fmt: skip
UPSTREAMS = {"a/b": Manifest(asset="a/b", content=(role("main", "1"), role("words", "2")))}
BASE = asset_key(DECLARED, CompositionContext(), UPSTREAMS, {"styles": {"pop": "x"}})


@pytest.mark.parametrize(
    ("path", "value", "is_declared"),
    [
        ("musical.key", "D", True),
        ("ai_decisions.generation.seed", 9, True),
        ("ai_decisions.generation.rerolls.drums", 1, True),
        ("ai_decisions.generation.rerolls.melody", 1, False),
        ("musical.tempo_bpm", 99, False),
        ("creative.title", "Other", False),
    ],
)
def test_only_declared_paths_enter_the_key(path: str, value: object, is_declared: bool) -> None:
    context = apply_overrides(CompositionContext(), {path: value})
    assert (asset_key(DECLARED, context, UPSTREAMS, {"styles": {"pop": "x"}}) != BASE) is is_declared


def test_only_declared_roles_of_an_upstream_enter_the_key() -> None:
    words = {"a/b": Manifest(asset="a/b", content=(role("main", "1"), role("words", "3")))}
    main = {"a/b": Manifest(asset="a/b", content=(role("main", "4"), role("words", "2")))}
    gain = {"a/b": Manifest(asset="a/b", content=(role("main", "1", gain_db=3.0), role("words", "2")))}
    data = {"styles": {"pop": "x"}}
    assert asset_key(DECLARED, CompositionContext(), words, data) == BASE
    assert asset_key(DECLARED, CompositionContext(), main, data) != BASE
    assert asset_key(DECLARED, CompositionContext(), gain, data) != BASE


def test_the_identity_of_declared_data_enters_the_key() -> None:
    assert asset_key(DECLARED, CompositionContext(), UPSTREAMS, {"styles": {"pop": "y"}}) != BASE
    assert asset_key(DECLARED, CompositionContext(), UPSTREAMS, {"styles": {"pop": "x"}, "version": "v9"}) == BASE


INPUTS = inputs_key(DECLARED, CompositionContext(), UPSTREAMS, {"styles": {"pop": "x"}})


@pytest.mark.parametrize(
    ("path", "value", "is_declared"),
    [("musical.key", "D", True), ("ai_decisions.generation.rerolls.drums", 1, True), ("musical.tempo_bpm", 99, False)],
)
def test_an_inputs_key_moves_with_declared_paths_only(path: str, value: object, is_declared: bool) -> None:
    context = apply_overrides(CompositionContext(), {path: value})
    assert (inputs_key(DECLARED, context, UPSTREAMS, {}) != INPUTS) is is_declared


def test_an_inputs_key_moves_with_declared_roles_of_upstreams_only() -> None:
    words = {"a/b": Manifest(asset="a/b", content=(role("main", "1"), role("words", "3")))}
    main = {"a/b": Manifest(asset="a/b", content=(role("main", "1", gain_db=3.0), role("words", "2")))}
    assert inputs_key(DECLARED, CompositionContext(), words, {}) == INPUTS
    assert inputs_key(DECLARED, CompositionContext(), main, {}) != INPUTS


def test_an_inputs_key_leaves_the_installation_out_and_keeps_what_people_decided() -> None:
    assert inputs_key(DECLARED, CompositionContext(), UPSTREAMS, {"styles": {"pop": "y"}}) == INPUTS
    assert inputs_key(replace(DECLARED, entry="elsewhere:entry"), CompositionContext(), UPSTREAMS, {}) == INPUTS
    for name in ("request", "version", "waivers"):
        declared = replace(DECLARED, data=(*DECLARED.data, name))
        keys = {inputs_key(declared, CompositionContext(), UPSTREAMS, {name: value}) for value in ("x", "y")}
        assert len(keys) == 2


def test_assets_that_read_the_same_have_keys_of_their_own() -> None:
    other = replace(DECLARED, name="other")
    assert inputs_key(other, CompositionContext(), UPSTREAMS, {}) != INPUTS
    assert asset_key(DECLARED, CompositionContext(), UPSTREAMS, {"styles": {"pop": "x"}}) != INPUTS


def test_pictures_facts_and_checks_stay_out_of_the_content_hash() -> None:
    plain = UPSTREAMS["a/b"]
    decorated = plain.model_copy(update={"facts": {"seconds": 3.0}, "pictures": {"p": role("p", "9")}})
    assert decorated.content_hash == plain.content_hash


def test_equal_tasks_share_a_key_whatever_asset_they_serve() -> None:
    task = Task("drums", HERE, {"notes": [1, 2]}, {"take": Ref("x", "audio/flac", "1" * 64, 3)}, ("instruments",))
    key = task_key(task, {"instruments": "font-a"})
    assert task_key(replace(task, name="other"), {"instruments": "font-a"}) == key
    assert task_key(task, {"instruments": "font-b"}) != key
    assert task_key(replace(task, inputs={"notes": [1, 3]}), {"instruments": "font-a"}) != key
    other = {"take": Ref("x", "audio/flac", "1" * 64, 3, meta={"gain_db": 1.0})}
    assert task_key(replace(task, refs=other), {"instruments": "font-a"}) != key


def test_every_declared_path_exists_in_the_schema() -> None:
    known = set(known_paths())
    for declaration in DECLARATIONS:
        for path in declaration.paths:
            assert path in known or path.rpartition(".")[0] in known or any(p.startswith(path + ".") for p in known), (
                path
            )


def test_upstreams_are_declared_before_they_are_needed() -> None:
    seen: set[str] = set()
    for declaration in DECLARATIONS:
        assert {upstream.asset for upstream in declaration.upstreams} <= seen, declaration.key
        seen.add(declaration.key)
