"""What a computation is handed, and what it hands back. The contract between music logic and the outside.

Belongs here: the Job protocol, payloads, tasks, checks. Does not belong here: where bytes are kept or who
calls (resources), and nothing of Dagster.

An asset's music logic is one function ``(job: Job) -> Outcome``, named in its declaration. Expensive pieces of
it are **tasks**: pure functions named by import path, each with its own result key, that a runner may take
from the store, run in another thread or in another process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

Model = TypeVar("Model", bound=BaseModel)
FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class Payload:
    """Bytes to be kept under a role. ``meta`` is small, JSON-able, and part of the content hash.

    Audio that was encoded with a gain states it as ``meta["gain_db"]`` (what decoding must add).
    """

    role: str
    media_type: str
    data: bytes
    suffix: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Ref:
    """Something already in the store: an upstream's role, or a task's result."""

    role: str
    media_type: str
    sha256: str
    size_bytes: int
    suffix: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Task:
    """One expensive piece of work: ``entry`` is "package.module:function".

    The function is called as ``function(inputs, blobs)`` with the JSON-able ``inputs`` and, for each of
    ``refs``, a ``Blob``; it returns a sequence of Payloads. ``data`` names what it depends on besides (engine
    and font: "instruments"): its identity enters the key, its value arrives as ``inputs["data"][name]``.
    """

    name: str
    entry: str
    inputs: Mapping[str, Any]
    refs: Mapping[str, Ref] = field(default_factory=dict)
    data: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ask:
    """One thing asked of an engine outside, which may cost money: asked at most once, whatever breaks.

    ``slot`` is the place it fills (context.wishes.Slot), ``need`` an engines.router.Need as a dict: what somebody else
    would have to be able to do, should this one fail. ``request`` is an engines.asking.SongRequest or TextRequest as a
    dict; ``sounds`` go along with it. ``budget_usd`` is the version's own limit, as decimal text.
    """

    slot: str
    engine: str
    request: Mapping[str, Any]
    need: Mapping[str, Any]
    sounds: Mapping[str, Ref] = field(default_factory=dict)
    has_fallback: bool = True
    budget_usd: str | None = None


@dataclass(frozen=True)
class Blob:
    """The bytes behind a Ref, with its metadata."""

    data: bytes
    media_type: str
    meta: Mapping[str, Any]


@dataclass(frozen=True)
class CheckResult:
    """One check's answer. ``measured`` and ``expected`` are short texts or numbers for people.

    ``is_blocking`` False only notes; ``note`` says why or what was corrected.
    """

    name: str
    passed: bool
    measured: float | str
    expected: str
    is_blocking: bool = True
    note: str = ""


@dataclass(frozen=True)
class Outcome:
    """What an asset computed.

    ``content`` is the artifact (its hash is what downstream keys see); a Ref may be renamed with
    ``dataclasses.replace``. ``facts`` are numbers and texts for the UI, ``pictures`` small PNGs (under 60 kB).
    """

    content: Sequence[Payload | Ref]
    facts: Mapping[str, float | int | str | bool] = field(default_factory=dict)
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    checks: Sequence[CheckResult] = ()


class Job(Protocol):
    """The window through which music logic sees the world. Everything it offers was declared."""

    @property
    def asset(self) -> str:
        """ "stage/name"."""
        ...

    def read(self, path: str) -> Any:
        """A declared context path: plain values, tuples, or frozen models. Raises UndeclaredRead."""
        ...

    def ref(self, asset: str, role: str = "main") -> Ref:
        """An upstream role without loading it. Raises UndeclaredRead, MissingArtifact."""
        ...

    def refs(self, asset: str) -> tuple[Ref, ...]:
        """All content roles of an upstream, in their order."""
        ...

    def load(self, asset: str, model: type[Model], role: str = "main") -> Model:
        """An upstream JSON role as a pydantic model."""
        ...

    def json(self, asset: str, role: str = "main") -> Any:
        """An upstream JSON role as plain data."""
        ...

    def audio(self, ref: Ref) -> tuple[FloatArray, int]:
        """Audio behind a Ref: float32 (channels, samples) with its recorded gain applied, and its rate in Hz."""
        ...

    def blob(self, ref: Ref) -> Blob:
        """Bytes behind a Ref."""
        ...

    def data(self, name: str) -> Any:
        """Declared data: "request" the request as a dict; "version" {composition, version, parent, partition};
        "waivers" [{check, who, why}]; "instruments" {engine, font_name, font_path, font_sha256}; "voice"
        {is_available, engine, version, why}; "standings" engines.router.Standings as a dict; "reroutes" {slot:
        {engine, from, why, reason}} where another engine took over.
        """
        ...

    def stream(self, name: str) -> np.random.Generator:
        """The declared random stream ``name``, fresh from (seed, name, re-roll count)."""
        ...

    def tasks(self, tasks: Sequence[Task]) -> list[tuple[Ref, ...]]:
        """Results of tasks in order, taken from the store where their key is known, else computed."""
        ...

    def ask(self, ask: Ask) -> tuple[Ref, ...]:
        """What an engine outside answers: a song as ``song``, ``stem/<name>`` and ``delivery`` (JSON), a text as
        ``answer`` and ``delivery``, a song taken apart as ``stem/<name>`` and ``separation`` (JSON). Where it
        fails for good and somebody else may, this does not return: the asset is made again with that one in data
        "reroutes". Raises Failure.
        """
        ...

    def progress(self, fraction: float, message: str) -> None:
        """Say how far this asset is, 0-1."""
        ...
