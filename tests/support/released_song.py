"""A song that was released: its files by path, and how it was made ready."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from musicgen_assets.graph.job import Blob, Ref
from musicgen_assets.graph.memory_job import MemoryStore
from support.sounding_song import song_store

WAIVER = {"check": "structural_score", "who": "ada", "why": "It is a loop & <meant> to be one."}


@dataclass(frozen=True)
class Release:
    """The files of a release by path."""

    store: MemoryStore

    @property
    def paths(self) -> list[str]:
        return [ref.role for ref in self.store.artifacts["finalization/release"]]

    def ref(self, path: str) -> Ref:
        return next(ref for ref in self.store.artifacts["finalization/release"] if ref.role == path)

    def blob(self, path: str) -> Blob:
        return self.store.blobs[self.ref(path).sha256]

    @property
    def plan(self) -> Any:
        """How the master was made."""
        return self.store.json("mastering/master", "plan")

    def data(self, path: str) -> bytes:
        return self.blob(path).data

    def json(self, path: str) -> Any:
        return self.store.json("finalization/release", path)


def mastered(**changes: Any) -> MemoryStore:
    """A song that was mastered and judged, with its waiver on record."""
    store = song_store(**changes)
    store.run("mastering/master")
    store.run("mastering/analysis")
    store.data["waivers"] = [WAIVER]
    return store
