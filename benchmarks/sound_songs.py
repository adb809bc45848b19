"""Songs as they sound, kept on disk by what they were made from: stems, mix and master of a style and a seed.

Belongs here: making one and finding it again, for proofs and measurements of the sound. Does not belong here: judging
it, Dagster. Each track, strip and master is kept under its own result key (code, inputs, upstream content), so code
that changes one stage makes that stage again and nothing before it, and an interrupted proof goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from musicgen_assets.context.request import CompositionRequest
from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.graph.declarations import until
from musicgen_assets.graph.fingerprint import code_fingerprint
from musicgen_assets.graph.job import Blob, Ref, Task
from musicgen_assets.graph.keys import task_key
from musicgen_assets.graph.memory_job import MemoryJob, MemoryStore
from musicgen_assets.ideation.brief import validate_request
from musicgen_assets.styles.loader import style_names
from resources.instruments import instruments_of
from resources.voices import guide_voice

CACHE = Path(__file__).parent / "results" / "sound"
THEMES = ("the sea", "lost love", "a summer night", "the road home", "dancing", "winter", "friendship", "hope")
_SOUNDING = ("production", "mixing", "mastering")
STYLE_FILES = Path(__file__).parents[1] / "musicgen_assets" / "styles" / "data"


class SoundStore(MemoryStore):
    """A MemoryStore whose blobs and task results lie on disk, in ``CACHE``."""

    def keep(self, payload: Any) -> Ref:
        """As MemoryStore.keep; audio goes to disk and only its name stays in memory."""
        ref = super().keep(payload)
        if ref.media_type.startswith("audio/") and ref.sha256 in self.blobs:
            path = _blob_path(ref.sha256)
            if not path.exists():
                _write(path, self.blobs[ref.sha256].data)
            del self.blobs[ref.sha256]
        return ref

    def find(self, ref: Ref) -> Blob:
        """The bytes behind a Ref, from memory or disk."""
        known = self.blobs.get(ref.sha256)
        data = known.data if known is not None else _blob_path(ref.sha256).read_bytes()
        return Blob(data, ref.media_type, ref.meta)


class SoundJob(MemoryJob):
    """A MemoryJob that looks a task's result up before it computes it."""

    store: SoundStore

    def blob(self, ref: Ref) -> Blob:
        """See graph.job.Job."""
        return self.store.find(ref)

    def tasks(self, tasks: Sequence[Task]) -> list[tuple[Ref, ...]]:
        """See graph.job.Job."""
        return [self._task(task) for task in tasks]

    def _task(self, task: Task) -> tuple[Ref, ...]:
        path = CACHE / "tasks" / f"{task_key(task, {name: self.store.data[name] for name in task.data})}.json"
        if path.exists():
            rows = json.loads(path.read_text())
            if all(_blob_path(row["sha256"]).exists() for row in rows):
                return tuple(Ref(**row) for row in rows)
        result = super().tasks([task])[0]
        for ref in result:
            blob = _blob_path(ref.sha256)
            if not blob.exists():
                _write(blob, self.store.find(ref).data)
        _write(path, json.dumps([{**ref.__dict__, "meta": dict(ref.meta)} for ref in result]).encode())
        return result


@dataclass(frozen=True)
class Sounding:
    """A song with everything up to its master in ``store``."""

    style: str
    seed: int
    store: SoundStore

    def job(self, asset: str) -> SoundJob:
        """A job of ``asset`` over the song."""
        return SoundJob(asset, self.store)

    def run(self, asset: str) -> Any:
        """Compute an asset of the song, from kept tasks where they are."""
        return run_asset(self.store, asset)


def sounding_song(
    style: str, seed: int, duration_s: float = 32.0, *, is_sung: bool = False, last: str = "mastering/master"
) -> Sounding:
    """The song of ``style`` and ``seed`` up to the asset ``last``."""
    theme = THEMES[seed % len(THEMES)]
    name = style.replace("_", " ")
    prompt = f"a {name} song about {theme} with vocals" if is_sung else f"instrumental {name} about {theme}"
    overrides = {"technical.duration_s": duration_s, "musical.genres": [{"name": style, "weight": 1.0}]}
    request = CompositionRequest(prompt=prompt, seed=seed, overrides=overrides)
    store = SoundStore(validate_request(request))
    store.data["instruments"] = instruments_of(None)
    store.data["voice"] = guide_voice()
    _compose(store)
    for declaration in until("mastering"):
        if declaration.stage in _SOUNDING and declaration.name not in ("preview", "analysis"):
            run_asset(store, declaration.key)
            if declaration.key == last:
                break
    return Sounding(style, seed, store)


def _compose(store: SoundStore) -> None:
    """All that is written before it sounds, from disk where the same code wrote the same before."""
    written = [one for one in until("arrangement") if one.stage != "ideation"]
    parts = [store.context.model_dump_json(), *(code_fingerprint(one.entry) for one in written)]
    parts += [path.read_text(encoding="utf-8") for path in sorted(STYLE_FILES.glob("*.yaml"))]
    path = CACHE / "written" / f"{hashlib.sha256(''.join(parts).encode()).hexdigest()}.pickle"
    if path.exists():
        store.artifacts, store.blobs = pickle.loads(path.read_bytes())  # noqa: S301  # written by this module
        return
    for declaration in written:
        run_asset(store, declaration.key)
    _write(path, pickle.dumps((store.artifacts, store.blobs)))


def with_context(song: Sounding, context: CompositionContext) -> Sounding:
    """The same song under another context, for what is made of it anew."""
    return replace(song, store=replace(song.store, context=context, artifacts=dict(song.store.artifacts)))


def run_asset(store: SoundStore, asset: str) -> Any:
    """Compute ``asset`` and keep its artifact."""
    import importlib

    from musicgen_assets.graph.declarations import declaration_of

    module, function = declaration_of(asset).entry.split(":")
    outcome = getattr(importlib.import_module(module), function)(SoundJob(asset, store))
    store.put(asset, *outcome.content)
    store.outcomes[asset] = outcome
    return outcome


def songs(count: int, duration_s: float = 32.0, first_seed: int = 700) -> Iterator[Sounding]:
    """One song of each of the first ``count`` styles, every third one sung."""
    for number, style in enumerate(style_names()[:count]):
        yield sounding_song(style, first_seed + number, duration_s, is_sung=number % 3 == 0)


def _blob_path(sha256: str) -> Path:
    return CACHE / "blobs" / sha256[:2] / sha256


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{id(data)}.part")
    draft.write_bytes(data)
    with suppress(FileExistsError):
        draft.replace(path)
