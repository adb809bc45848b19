"""Making one asset of one version: find its result by key, or compute it and keep it.

Belongs here: the walk from declaration and upstreams to a manifest, and the Job that music logic is handed.
Does not belong here: Dagster (musicgen_assets.stage_assets calls this), composing, or what a key is made of
(graph.keys). Order of writing: objects, then the key row; the caller reports to Dagster and to the registry.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from musicgen_assets.context.failures import MissingArtifact, PermanentFailure, UndeclaredRead
from musicgen_assets.context.paths import read_path
from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.graph.declarations import Declaration
from musicgen_assets.graph.estimates import timeout_s
from musicgen_assets.graph.job import Ask, Blob, FloatArray, Model, Outcome, Ref, Task
from musicgen_assets.graph.keys import ASKED_DATA, asset_key, inputs_key, seen_roles, task_key
from musicgen_assets.graph.manifest import Manifest, StoredCheck, StoredRole
from musicgen_assets.graph.payloads import canonical_json, decoded_audio
from resources.asking import EngineDesk, Rerouted
from resources.registry import Registry, queries
from resources.routing import Routing
from resources.store import ArtifactStore
from resources.version_data import VersionData
from resources.worker import keep
from resources.workers import Answer, Call, WorkerPool

CONTEXT_ASSET = "ideation/context"

BEFORE_SOUND = ("composition", "arrangement")
"""Stages that compute in milliseconds, and after which tasks follow."""

Listener = Callable[[str, float, str], None]
"""Called with (asset, fraction 0-1, message) while an asset is being made."""


@dataclass(frozen=True)
class Made:
    """An asset as it stands for a version. ``seconds`` is what computing it took, 0 when carried.

    ``inputs_key`` says what it was made from (graph.keys); ``is_kept``, that it was taken over from a version.
    """

    manifest: Manifest
    key: str
    carried_from: str | None
    seconds: float
    inputs_key: str = ""
    is_kept: bool = False


def _silent(asset: str, fraction: float, message: str) -> None:
    """The listener of runs nobody watches."""
    del asset, fraction, message


@dataclass
class Runner:
    """Everything needed to make assets: where results are known, where objects lie, who does heavy work."""

    registry: Registry
    store: ArtifactStore
    pool: WorkerPool
    soundfont: str | None = None
    listener: Listener = field(default=_silent)
    sampler: str = "auto"
    routing: Routing | None = None
    """None: an installation that speaks with no engine outside."""
    desk: EngineDesk | None = None

    def make(self, declaration: Declaration, partition: str, upstreams: Mapping[str, Manifest]) -> Made:
        """The asset for ``partition``: carried when it is known and its objects are there, else computed.

        Known is what the version or its parent made from the same inputs, whatever the code has become since, and
        what anyone made under the same key. ``upstreams`` has a manifest per declared upstream, and
        ideation/context's for everything after ideation. Raises Failure from music logic, MissingArtifact when an
        upstream's object is gone.
        """
        context = self._context(upstreams)
        data = VersionData(self.registry, partition, context, self.soundfont, self.sampler, self.routing)
        asked = {name: data.identity(name) for name in declaration.data if name in ASKED_DATA}
        inputs = inputs_key(declaration, context, upstreams, asked)
        self.listener(declaration.key, 0.0, "")
        made = self._kept(declaration.key, inputs, data)
        if made is None:
            identities = {name: data.identity(name) for name in declaration.data}
            key = asset_key(declaration, context, upstreams, identities)
            made = self._carried(key, inputs, partition)
        if made is not None:
            self.listener(declaration.key, 1.0, "carried")
            return made
        if declaration.stage in BEFORE_SOUND:
            self.pool.start()  # there will be sound to make; the workers' imports overlap with composing
        started = time.perf_counter()
        job = StoreJob(self, declaration, context, upstreams, data, partition)
        module, _, name = declaration.entry.partition(":")
        entry: Callable[[StoreJob], Outcome] = getattr(importlib.import_module(module), name)
        try:
            outcome = entry(job)
        except Rerouted as taken_over:  # under another key now, with another engine; each is asked once
            self.listener(declaration.key, 0.0, taken_over.message)
            return self.make(declaration, partition, upstreams)
        manifest = self._publish(declaration.key, outcome)
        seconds = time.perf_counter() - started
        self._record(key, manifest, partition, seconds)
        self.listener(declaration.key, 1.0, "made")
        return Made(manifest, key, None, seconds, inputs)

    def run_tasks(self, asset: str, tasks: Sequence[Task], data: VersionData) -> list[tuple[Ref, ...]]:
        """Results of tasks in order; those whose key is unknown are computed by the pool, each within its timeout."""
        identities = {name: data.identity(name) for task in tasks for name in task.data}
        keys = [task_key(task, identities) for task in tasks]
        found = {key: known[0] for key in dict.fromkeys(keys) if (known := self._known(key)) is not None}
        missing = [(key, task) for key, task in dict(zip(keys, tasks, strict=True)).items() if key not in found]
        limit_s = self.pool.timeout_s
        calls = [
            Call(f"{asset} {task.name}", task.entry, self._inputs(task, data), task.refs,
                 timeout_s(task.entry, data.duration_s, limit_s))
            for _, task in missing
        ]  # fmt: skip

        def heard(position: int, answer: Answer) -> None:
            """Kept at once: what is finished is never computed again, whatever becomes of the others."""
            key, task = missing[position]
            found[key] = Manifest(asset=f"{asset}#{task.name}", content=tuple(map(StoredRole.of, answer.refs)))
            self._record(key, found[key], data.partition, answer.seconds)

        self.pool.run(calls, heard)
        return [tuple(role.ref() for role in found[key].content) for key in keys]

    def ask(self, asset: str, ask: Ask, data: VersionData) -> tuple[Ref, ...]:
        """What an engine outside answers, from the store where it was bought before. See graph.job.Job.ask."""
        if self.desk is None:
            raise PermanentFailure(
                f"{asset} is to be made by {ask.engine}, and this installation speaks with no engine outside.",
                way_out="Open it with its settings: musicgen engines says what is configured.",
            )

        return self.desk.answer(
            data.partition, ask, self.known_manifest, lambda share, words: self.listener(asset, share, words)
        )

    def known_manifest(self, key: str) -> Manifest | None:
        """What is recorded under a result key, if all of it is there."""
        known = self._known(key)
        return None if known is None else known[0]

    def load_context(self, manifest: Manifest) -> CompositionContext:
        """The context that an ideation/context manifest holds."""
        role = manifest.role("main")
        if role is None:
            raise MissingArtifact(f"{CONTEXT_ASSET} has no role main.", way_out="Run ideation again.")
        return CompositionContext.model_validate_json(self.store.get(role.sha256))

    def _context(self, upstreams: Mapping[str, Manifest]) -> CompositionContext | None:
        manifest = upstreams.get(CONTEXT_ASSET)
        return None if manifest is None else self.load_context(manifest)

    def _kept(self, asset: str, inputs: str, data: VersionData) -> Made | None:
        """What the version itself, or the one it revises, made of the same inputs; None where objects are gone."""
        with self.registry.reading() as session:
            found = queries.made_from(session, data.sources(), asset, inputs)
        for row in found:
            if self._is_whole(row.manifest):
                origin = row.carried_from or row.partition
                return Made(
                    row.manifest, row.key, origin if origin != data.partition else None, 0.0, inputs, is_kept=True
                )
        return None

    def _carried(self, key: str, inputs: str, partition: str) -> Made | None:
        known = self._known(key)
        if known is None:
            return None
        manifest, made_by = known
        return Made(manifest, key, made_by if made_by != partition else None, 0.0, inputs)

    def _is_whole(self, manifest: Manifest) -> bool:
        return all(self.store.has(sha256) for sha256 in manifest.objects())

    def _known(self, key: str) -> tuple[Manifest, str] | None:
        """A recorded result whose objects are all still there. A result with holes counts as unknown."""
        with self.registry.reading() as session:
            known = queries.find_result(session, key)
        if known is None or not self._is_whole(known.manifest):
            return None
        return known.manifest, known.made_by_partition

    def _record(self, key: str, manifest: Manifest, partition: str, seconds: float) -> None:
        """Keep a result. It replaces one of the same key: that one's objects were lost, or it is the same."""
        with self.registry.session() as session:
            queries.record_result(
                session, key, manifest.asset, manifest, made_by=partition, seconds=seconds, replace=True,
                is_there=self.store.has,
            )  # fmt: skip

    def _publish(self, asset: str, outcome: Outcome) -> Manifest:
        content = tuple(StoredRole.of(keep(self.store, payload)) for payload in outcome.content)
        pictures = {
            name: StoredRole(
                role=name, sha256=self.store.put(png)[0], media_type="image/png", size_bytes=len(png), suffix=".png"
            )
            for name, png in outcome.pictures.items()
        }
        return Manifest(
            asset=asset,
            content=content,
            pictures=pictures,
            facts=dict(outcome.facts),
            checks=tuple(StoredCheck.of(check) for check in outcome.checks),
        )

    @staticmethod
    def _inputs(task: Task, data: VersionData) -> dict[str, Any]:
        inputs: dict[str, Any] = json.loads(canonical_json(dict(task.inputs)))
        inputs["data"] = {name: data.value(name) for name in task.data}
        return inputs


@dataclass(frozen=True)
class StoreJob:
    """graph.job.Job over the store. Everything it hands out was declared."""

    runner: Runner
    declaration: Declaration
    context: CompositionContext | None
    upstreams: Mapping[str, Manifest]
    version_data: VersionData
    partition: str

    @property
    def asset(self) -> str:
        """ "stage/name"."""
        return self.declaration.key

    def read(self, path: str) -> Any:
        """See graph.job.Job."""
        if path not in self.declaration.paths or self.context is None:
            raise UndeclaredRead(f"{self.asset} read {path}, which it does not declare.")
        return read_path(self.context, path)

    def refs(self, asset: str) -> tuple[Ref, ...]:
        """See graph.job.Job."""
        upstream = next((up for up in self.declaration.upstreams if up.asset == asset), None)
        if upstream is None:
            raise UndeclaredRead(f"{self.asset} read {asset}, which it does not declare.")
        return tuple(role.ref() for role in seen_roles(self.upstreams[asset], upstream.roles))

    def ref(self, asset: str, role: str = "main") -> Ref:
        """See graph.job.Job."""
        for ref in self.refs(asset):
            if ref.role == role:
                return ref
        raise MissingArtifact(f"{asset} of {self.partition} has no role {role}.", way_out="Make it again.")

    def blob(self, ref: Ref) -> Blob:
        """See graph.job.Job."""
        return Blob(self.runner.store.get(ref.sha256), ref.media_type, ref.meta)

    def load(self, asset: str, model: type[Model], role: str = "main") -> Model:
        """See graph.job.Job."""
        loaded: Model = model.model_validate_json(self.blob(self.ref(asset, role)).data)
        return loaded

    def json(self, asset: str, role: str = "main") -> Any:
        """See graph.job.Job."""
        return json.loads(self.blob(self.ref(asset, role)).data)

    def audio(self, ref: Ref) -> tuple[FloatArray, int]:
        """See graph.job.Job."""
        return decoded_audio(self.blob(ref))

    def data(self, name: str) -> Any:
        """See graph.job.Job."""
        if name not in self.declaration.data:
            raise UndeclaredRead(f"{self.asset} asked for {name}, which it does not declare.")
        return self.version_data.value(name)

    def stream(self, name: str) -> np.random.Generator:
        """See graph.job.Job."""
        if not self.declaration.may_draw(name) or self.context is None:
            raise UndeclaredRead(f"{self.asset} drew from {name}, which it does not declare.")
        generation = self.context.ai_decisions.generation
        return random_stream(generation.seed, name, generation.rerolls.get(name, 0))

    def tasks(self, tasks: Sequence[Task]) -> list[tuple[Ref, ...]]:
        """See graph.job.Job."""
        return self.runner.run_tasks(self.asset, tasks, self.version_data)

    def ask(self, ask: Ask) -> tuple[Ref, ...]:
        """See graph.job.Job."""
        return self.runner.ask(self.asset, ask, self.version_data)

    def progress(self, fraction: float, message: str) -> None:
        """See graph.job.Job."""
        self.runner.listener(self.asset, fraction, message)


def random_stream(seed: int, name: str, reroll: int) -> np.random.Generator:
    """A generator for one named stream; streams of different names or re-roll counts are independent."""
    digest = hashlib.sha256(f"{seed}|{name}|{reroll}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))
