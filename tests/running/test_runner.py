"""The runner: the same key never computes twice, a result with holes is made again, and nothing undeclared is read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from musicgen_assets.context.failures import BadInput, MissingArtifact, UndeclaredRead
from musicgen_assets.context.paths import apply_overrides
from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.graph import keys
from musicgen_assets.graph.declarations import Declaration, declaration_of
from musicgen_assets.graph.estimates import timeout_s
from musicgen_assets.graph.job import CheckResult, Job, Outcome, Ref, Task
from musicgen_assets.graph.manifest import Manifest, StoredRole
from musicgen_assets.graph.payloads import json_payload
from resources.manifests import load_manifest
from resources.registry import Registry, Request, queries
from resources.runner import CONTEXT_ASSET, Runner, StoreJob, random_stream
from resources.store import ArtifactStore
from resources.version_data import VersionData
from resources.workers import Answer, Call, Heard, Interrupted, WorkerPool

TESTS = Path(__file__).resolve().parents[1]
calls: list[str] = []


def make_probe(job: Job) -> Outcome:
    """Music logic for tests: counts its calls and yields what it read and drew."""
    calls.append(job.asset)
    job.progress(0.5, "half way")
    drawn = int(job.stream("drums").integers(1 << 30))
    main = json_payload({"key": job.read("musical.key"), "drawn": drawn})
    check = CheckResult("probe_is_well", True, 1.0, "1")
    return Outcome([main, replace(main, role="twin")], {"bars": 4}, {"dot": b"\x89PNG"}, [check])


PROBE = Declaration(
    "composition", "probe", "", "support.probe:make_probe", reads=("musical.key",), streams=("drums",),
    checks=("probe_is_well",),
)  # fmt: skip


@pytest.fixture(autouse=True)
def probe_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """The probe's module has no source under the project's packages: its fingerprint is stated here."""
    import sys
    import types

    module = types.ModuleType("support.probe")
    module.make_probe = make_probe  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "support.probe", module)
    monkeypatch.setattr(keys, "_fingerprint", lambda entry: f"code of {entry}")
    calls.clear()


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    registry = Registry(f"sqlite:///{tmp_path / 'registry.db'}")
    with registry.session() as session:
        queries.ensure_user(session, "local")
        for name in ("a-song", "b-song"):
            queries.add_composition(session, name, "local", None)
            version = queries.add_version(session, name, f"r-{name}", 7)
            payload = {"prompt": "p", "overrides": {}, "seed": 7, "title": None, "until": "mixing", "user": "local"}
            session.add(
                Request(id=f"r-{name}", user="local", payload=payload, asked_hash="", status="claimed",
                        composition_id=name, version_id=version.id)
            )  # fmt: skip
    yield registry
    registry.close()


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(f"file://{tmp_path / 'artifacts'}")


@pytest.fixture
def runner(
    registry: Registry, store: ArtifactStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Runner]:
    monkeypatch.setenv("PYTHONPATH", str(TESTS))
    pool = WorkerPool(2, f"file://{tmp_path / 'artifacts'}", 20.0)
    yield Runner(registry, store, pool)
    pool.close()


def context_manifest(store: ArtifactStore, **overrides: object) -> dict[str, Manifest]:
    context = apply_overrides(CompositionContext(), overrides)
    payload = json_payload(context)
    sha256, size = store.put(payload.data)
    role = StoredRole(role="main", sha256=sha256, media_type="application/json", size_bytes=size)
    return {CONTEXT_ASSET: Manifest(asset=CONTEXT_ASSET, content=(role,))}


def test_the_same_key_is_computed_once_and_carried_after(runner: Runner, store: ArtifactStore) -> None:
    upstreams = context_manifest(store)
    first = runner.make(PROBE, "a-song@v1", upstreams)
    again = runner.make(PROBE, "a-song@v1", upstreams)
    other = runner.make(PROBE, "b-song@v1", upstreams)
    assert calls == ["composition/probe"]
    assert first.manifest == again.manifest == other.manifest
    assert (first.carried_from, again.carried_from, other.carried_from) == (None, None, "a-song@v1")
    assert first.seconds > 0 == other.seconds


def test_what_it_did_not_declare_does_not_make_it_again(runner: Runner, store: ArtifactStore) -> None:
    runner.make(PROBE, "a-song@v1", context_manifest(store))
    runner.make(PROBE, "b-song@v1", context_manifest(store, **{"technical.duration_s": 45.0}))
    assert len(calls) == 1
    runner.make(PROBE, "b-song@v1", context_manifest(store, **{"musical.key": "D"}))
    assert len(calls) == 2


def test_a_result_with_a_hole_is_made_again(runner: Runner, store: ArtifactStore) -> None:
    upstreams = context_manifest(store)
    made = runner.make(PROBE, "a-song@v1", upstreams)
    path = store.path(made.manifest.content[0].sha256)
    assert path is not None
    path.unlink()
    assert runner.make(PROBE, "a-song@v1", upstreams).manifest == made.manifest
    assert len(calls) == 2
    assert path.exists()


def test_checks_facts_and_pictures_are_kept_with_the_artifact(runner: Runner, store: ArtifactStore) -> None:
    made = runner.make(PROBE, "a-song@v1", context_manifest(store))
    assert made.manifest.facts == {"bars": 4}
    assert store.get(made.manifest.pictures["dot"].sha256) == b"\x89PNG"
    assert [check.name for check in made.manifest.checks] == ["probe_is_well"]


def test_streams_depend_on_seed_name_and_reroll_only() -> None:
    draws = {
        (seed, name, reroll): int(random_stream(seed, name, reroll).integers(1 << 60))
        for seed in (1, 2) for name in ("drums", "melody") for reroll in (0, 1)
    }  # fmt: skip
    assert len(set(draws.values())) == len(draws)
    assert int(random_stream(1, "drums", 0).integers(1 << 60)) == draws[1, "drums", 0]


def test_a_reroll_of_one_stream_leaves_others_alone(runner: Runner, store: ArtifactStore) -> None:
    base = runner.make(PROBE, "a-song@v1", context_manifest(store))
    other = context_manifest(store, **{"ai_decisions.generation.rerolls": {"melody": 1}})
    own = context_manifest(store, **{"ai_decisions.generation.rerolls": {"drums": 1}})
    assert runner.make(PROBE, "b-song@v1", other).key == base.key
    assert runner.make(PROBE, "b-song@v1", own).manifest.content_hash != base.manifest.content_hash


def job_of(runner: Runner, declaration: Declaration, upstreams: dict[str, Manifest]) -> StoreJob:
    context = runner.load_context(upstreams[CONTEXT_ASSET])
    data = VersionData(runner.registry, "a-song@v1", context, None)
    return StoreJob(runner, declaration, context, upstreams, data, "a-song@v1")


def test_reading_what_was_not_declared_raises(runner: Runner, store: ArtifactStore) -> None:
    job = job_of(runner, PROBE, context_manifest(store))
    for read in (
        lambda: job.read("musical.tempo_bpm"), lambda: job.refs("composition/melody"),
        lambda: job.stream("melody"), lambda: job.data("request"),
    ):  # fmt: skip
        with pytest.raises(UndeclaredRead, match="composition/probe"):
            read()


def test_a_job_hands_out_only_declared_roles(runner: Runner, store: ArtifactStore) -> None:
    upstreams = context_manifest(store)
    words, prosody = json_payload("words"), json_payload("prosody")
    roles = [
        StoredRole(role=name, sha256=store.put(payload.data)[0], media_type="application/json", size_bytes=1)
        for name, payload in (("main", words), ("prosody", prosody))
    ]
    upstreams["composition/lyrics"] = Manifest(asset="composition/lyrics", content=tuple(roles))
    job = job_of(runner, declaration_of("composition/melody"), upstreams)
    assert job.json("composition/lyrics", "prosody") == "prosody"
    with pytest.raises(MissingArtifact, match="no role main"):
        job.ref("composition/lyrics")


def test_a_task_is_computed_once_for_all_assets(runner: Runner, store: ArtifactStore) -> None:
    data = VersionData(runner.registry, "a-song@v1", None, None)
    task = Task("one", "support.tasks:whoami", {"wait_s": 0.0})
    twice = runner.run_tasks("a/b", [task, replace(task, name="two")], data)
    later = runner.run_tasks("c/d", [task], data)
    assert twice[0] == twice[1] == later[0]


def test_tasks_that_are_known_are_not_sent_to_workers(runner: Runner) -> None:
    data = VersionData(runner.registry, "a-song@v1", None, None)
    tasks = [Task(word, "support.tasks:upper", {"words": word}) for word in ("x", "y")]
    first = runner.run_tasks("a/b", tasks, data)
    runner.pool.close()  # from here on it refuses tasks
    assert runner.run_tasks("a/b", tasks, data) == first


def test_what_is_finished_is_kept_when_the_rest_is_interrupted(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    run = runner.pool.run

    def run_until_heard(calls: Sequence[Call], heard: Heard) -> list[Answer]:
        def heard_and_abort(position: int, answer: Answer) -> None:
            heard(position, answer)
            runner.pool.abort()

        return run(calls, heard_and_abort)

    data = VersionData(runner.registry, "a-song@v1", None, None)
    soon = Task("soon", "support.tasks:upper", {"words": "kept"})
    late = Task("late", "support.tasks:sleep", {"seconds": 60})
    monkeypatch.setattr(runner.pool, "run", run_until_heard)
    with pytest.raises(Interrupted):
        runner.run_tasks("a/b", [soon, late], data)
    monkeypatch.undo()
    runner.pool.close()  # from here on it refuses tasks
    monkeypatch.setattr(keys, "_fingerprint", lambda entry: f"code of {entry}")
    assert [ref.role for ref in runner.run_tasks("a/b", [soon], data)[0]] == ["upper"]


def test_a_task_is_given_time_by_its_kind_and_the_length_of_the_song(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Call] = []
    monkeypatch.setattr(runner.pool, "run", lambda calls, heard: asked.extend(calls))
    entry = "musicgen_assets.mastering.codecs:encode_lossy"
    context = apply_overrides(CompositionContext(), {"technical.duration_s": 600.0})
    for known in (None, context):
        with pytest.raises(KeyError):  # nothing came of it
            runner.run_tasks("a/b", [Task("x", entry, {})], VersionData(runner.registry, "a-song@v1", known, None))
    assert [call.timeout_s for call in asked] == [timeout_s(entry, seconds, 20.0) for seconds in (120.0, 600.0)]


def test_the_request_reaches_music_without_who_asked_and_how_far(runner: Runner) -> None:
    data = VersionData(runner.registry, "a-song@v1", None, None)
    assert data.value("request") == data.identity("request")
    assert data.value("request") == {"prompt": "p", "overrides": {}, "seed": 7, "title": None}


def test_the_version_is_named(runner: Runner) -> None:
    value = VersionData(runner.registry, "a-song@v1", None, None).value("version")
    assert value == {"composition": "a-song", "version": 1, "parent": None, "partition": "a-song@v1"}


def test_waivers_are_data_of_the_version(runner: Runner) -> None:
    with runner.registry.session() as session:
        queries.add_waiver(session, "a-song@v1", "loudness", "me", "on purpose")
    value = VersionData(runner.registry, "a-song@v1", None, None).value("waivers")
    assert value == [{"check": "loudness", "who": "me", "why": "on purpose"}]


def test_the_identity_of_instruments_is_free_of_paths(runner: Runner) -> None:
    data = VersionData(runner.registry, "a-song@v1", None, None)
    assert "font_path" in data.value("instruments")
    assert "font_path" not in data.identity("instruments")
    assert "/" not in json.dumps(data.identity("instruments"))


def test_an_unknown_version_has_no_data(runner: Runner) -> None:
    with pytest.raises(BadInput):
        VersionData(runner.registry, "c-song@v1", None, None).value("version")


def test_a_manifest_that_was_never_made_is_named(registry: Registry, store: ArtifactStore) -> None:
    with pytest.raises(MissingArtifact, match=r"mixing/mix of a-song@v1.*retry a-song@v1"):
        load_manifest(registry, store, "a-song@v1", "mixing/mix")


def test_a_manifest_with_a_missing_object_names_it(runner: Runner, store: ArtifactStore) -> None:
    made = runner.make(PROBE, "a-song@v1", context_manifest(store))
    with runner.registry.session() as session:
        queries.record_materialization(
            session, "a-song@v1", "composition/probe", key=made.key, content_hash=made.manifest.content_hash,
            carried_from=None, seconds=1.0,
        )  # fmt: skip
    assert load_manifest(runner.registry, store, "a-song@v1", "composition/probe") == made.manifest
    sha256 = made.manifest.content[0].sha256
    path = store.path(sha256)
    assert path is not None
    path.unlink()
    with pytest.raises(MissingArtifact, match=sha256):
        load_manifest(runner.registry, store, "a-song@v1", "composition/probe")


def test_a_ref_passes_through_as_it_is(runner: Runner, store: ArtifactStore) -> None:
    from resources.worker import keep

    ref = Ref("x", "text/plain", "0" * 64, 1)
    assert keep(store, ref) is ref
