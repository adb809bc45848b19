"""A Job over plain dictionaries: music logic without a store, a database or worker processes.

It holds music logic to its declaration exactly as the real one does: undeclared reads raise. Belongs here: what tests,
benchmarks and proofs of music logic run on. Does not belong here: keys, caching, files (resources.runner).
"""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from musicgen_assets.context.failures import MissingArtifact, PermanentFailure, UndeclaredRead
from musicgen_assets.context.paths import read_path
from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.graph.declarations import declaration_of
from musicgen_assets.graph.job import Ask, Blob, Outcome, Payload, Ref, Task
from musicgen_assets.graph.payloads import decoded_audio

_OFTEN_EMPTY = ("standings", "reroutes")
"""Nobody outside is configured, and nobody took over."""


@dataclass
class MemoryStore:
    """Blobs by sha256 and manifests (asset -> refs), shared by the jobs of one song.

    ``answers`` stands for engines outside: by engine, what it hands back for an Ask.
    """

    context: CompositionContext = field(default_factory=CompositionContext)
    data: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, Callable[[Ask], Sequence[Payload]]] = field(default_factory=dict)
    blobs: dict[str, Blob] = field(default_factory=dict)
    artifacts: dict[str, tuple[Ref, ...]] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)

    def keep(self, payload: Payload | Ref) -> Ref:
        """A payload kept under its hash, as a Ref."""
        if isinstance(payload, Ref):
            return payload
        meta = json.loads(json.dumps(dict(payload.meta)))
        sha = hashlib.sha256(payload.data).hexdigest()
        self.blobs[sha] = Blob(payload.data, payload.media_type, meta)
        return Ref(payload.role, payload.media_type, sha, len(payload.data), payload.suffix, meta)

    def put(self, asset: str, *payloads: Payload | Ref) -> None:
        """Make an upstream by hand."""
        self.artifacts[asset] = tuple(self.keep(payload) for payload in payloads)

    def run(self, asset: str) -> Outcome:
        """Compute ``asset`` from what is here and keep its artifact."""
        module, function = declaration_of(asset).entry.split(":")
        entry: Callable[..., Outcome] = getattr(importlib.import_module(module), function)
        outcome = entry(MemoryJob(asset, self))
        self.put(asset, *outcome.content)
        self.outcomes[asset] = outcome
        return outcome

    def json(self, asset: str, role: str = "main") -> Any:
        """An artifact's JSON role as plain data."""
        ref = next(ref for ref in self.artifacts[asset] if ref.role == role)
        return json.loads(self.blobs[ref.sha256].data)


class MemoryJob:
    """See graph.job.Job."""

    def __init__(self, asset: str, store: MemoryStore) -> None:
        self.asset = asset
        self.store = store
        self.declaration = declaration_of(asset)
        self.messages: list[tuple[float, str]] = []

    def read(self, path: str) -> Any:
        """See graph.job.Job."""
        if path not in self.declaration.paths:
            raise UndeclaredRead(f"{self.asset} read {path}, which it does not declare")
        return read_path(self.store.context, path)

    def ref(self, asset: str, role: str = "main") -> Ref:
        """See graph.job.Job."""
        for ref in self.refs(asset):
            if ref.role == role:
                return ref
        raise MissingArtifact(f"{asset} has no role {role}")

    def refs(self, asset: str) -> tuple[Ref, ...]:
        """See graph.job.Job."""
        upstream = next((up for up in self.declaration.upstreams if up.asset == asset), None)
        if upstream is None:
            raise UndeclaredRead(f"{self.asset} read {asset}, which it does not declare")
        if asset not in self.store.artifacts:
            raise MissingArtifact(f"{asset} was not made")
        refs = self.store.artifacts[asset]
        return refs if upstream.roles is None else tuple(ref for ref in refs if ref.role in upstream.roles)

    def load(self, asset: str, model: Any, role: str = "main") -> Any:
        """See graph.job.Job."""
        return model.model_validate_json(self.blob(self.ref(asset, role)).data)

    def json(self, asset: str, role: str = "main") -> Any:
        """See graph.job.Job."""
        return json.loads(self.blob(self.ref(asset, role)).data)

    def audio(self, ref: Ref) -> tuple[np.ndarray, int]:
        """See graph.job.Job."""
        return decoded_audio(self.blob(ref))

    def blob(self, ref: Ref) -> Blob:
        """See graph.job.Job."""
        blob = self.store.blobs[ref.sha256]
        return Blob(blob.data, ref.media_type, ref.meta)

    def data(self, name: str) -> Any:
        """See graph.job.Job."""
        if name not in self.declaration.data:
            raise UndeclaredRead(f"{self.asset} asked for data {name}, which it does not declare")
        return self.store.data.get(name, {}) if name in _OFTEN_EMPTY else self.store.data[name]

    def stream(self, name: str) -> np.random.Generator:
        """See graph.job.Job."""
        if not self.declaration.may_draw(name):
            raise UndeclaredRead(f"{self.asset} drew from {name}, which it does not declare")
        generation = self.store.context.ai_decisions.generation
        text = f"{generation.seed}|{name}|{generation.rerolls.get(name, 0)}"
        return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big"))

    def tasks(self, tasks: Sequence[Task]) -> list[tuple[Ref, ...]]:
        """See graph.job.Job."""
        results = []
        for task in tasks:
            module, function = task.entry.split(":")
            blobs: Mapping[str, Blob] = {name: self.blob(ref) for name, ref in task.refs.items()}
            inputs = json.loads(json.dumps(dict(task.inputs)))
            inputs["data"] = {name: self.store.data[name] for name in task.data}
            payloads = getattr(importlib.import_module(module), function)(inputs, blobs)
            results.append(tuple(self.store.keep(payload) for payload in payloads))
        return results

    def ask(self, ask: Ask) -> tuple[Ref, ...]:
        """See graph.job.Job."""
        if ask.engine not in self.store.answers:
            raise PermanentFailure(f"{ask.engine} is not here.", way_out="Give the store its answers.")
        return tuple(self.store.keep(payload) for payload in self.store.answers[ask.engine](ask))

    def progress(self, fraction: float, message: str) -> None:
        """See graph.job.Job."""
        self.messages.append((fraction, message))
