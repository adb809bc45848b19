"""The manifest: what one materialization holds, by content hash. Written once, never changed.

Belongs here: the model and its content hash. Does not belong here: where manifests and objects are kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from pydantic import Field

from musicgen_assets.context.frozen import Frozen
from musicgen_assets.graph.job import CheckResult, Ref
from musicgen_assets.graph.payloads import canonical_json


class StoredRole(Frozen):
    """One file of an artifact. ``meta`` belongs to the content (an encoding gain, a length)."""

    role: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    media_type: str
    size_bytes: int = Field(ge=0)
    suffix: str = ""
    meta: dict[str, Any] = Field(default_factory=dict)

    @classmethod
    def of(cls, ref: Ref) -> StoredRole:
        """The stored form of a Ref."""
        return cls(
            role=ref.role, sha256=ref.sha256, media_type=ref.media_type,
            size_bytes=ref.size_bytes, suffix=ref.suffix, meta=dict(ref.meta),
        )  # fmt: skip

    def ref(self) -> Ref:
        """As music logic sees it."""
        return Ref(self.role, self.media_type, self.sha256, self.size_bytes, self.suffix, self.meta)


class StoredCheck(Frozen):
    """A CheckResult as kept with the artifact, so that carried artifacts carry their checks."""

    name: str
    passed: bool
    measured: float | str
    expected: str
    is_blocking: bool = True
    note: str = ""

    @classmethod
    def of(cls, result: CheckResult) -> StoredCheck:
        """The stored form of a CheckResult."""
        measured = result.measured if isinstance(result.measured, str) else round(float(result.measured), 6)
        return cls(
            name=result.name, passed=bool(result.passed), measured=measured,
            expected=result.expected, is_blocking=result.is_blocking, note=result.note,
        )  # fmt: skip


class Manifest(Frozen):
    """What an asset (or a task: then without facts, pictures and checks) yielded."""

    asset: str
    content: tuple[StoredRole, ...]
    pictures: dict[str, StoredRole] = Field(default_factory=dict)
    facts: dict[str, float | int | str | bool] = Field(default_factory=dict)
    checks: tuple[StoredCheck, ...] = ()

    @property
    def content_hash(self) -> str:
        """sha256 over every content role: its name, hash, type and meta. Dagster's data version."""
        return content_hash(self.content)

    def role(self, name: str) -> StoredRole | None:
        """The content role called ``name``, if there is one."""
        return next((role for role in self.content if role.role == name), None)

    def objects(self) -> tuple[str, ...]:
        """Hashes of every object this manifest needs, pictures included."""
        return tuple(role.sha256 for role in (*self.content, *self.pictures.values()))


def content_hash(roles: Iterable[StoredRole]) -> str:
    """sha256 over roles in their order; sizes and suffixes follow from the content and stay out."""
    rows = [[role.role, role.sha256, role.media_type, role.meta] for role in roles]
    return hashlib.sha256(canonical_json(rows)).hexdigest()
