"""A release as one ZIP file, made when it is asked for: a second copy of every song would double what they take.

Belongs here: the archive with its checksums. Does not belong here: what is in a release (finalization), its folder
(resources.release_export). The same release gives the same bytes, and ``sha256sum -c SHA256SUMS`` proves its files.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import IO

from musicgen_assets.graph.manifest import Manifest
from resources.disk import written_whole
from resources.release_export import places_of
from resources.store import ArtifactStore

CHECKSUMS = "SHA256SUMS"


def zip_release(store: ArtifactStore, manifest: Manifest, target: Path, folder: str) -> Path:
    """Write the release of ``manifest`` to the new file ``target``, all of it under ``folder``; return its path.

    It is written beside its place and renamed once it is whole. Raises MissingArtifact, and PermanentFailure for a
    role that would leave the folder, a read-only or a full disk.
    """
    from dsp.archive import zip_into

    target = target.absolute()
    places_of(manifest)
    needed_bytes = sum(role.size_bytes for role in manifest.content)
    with written_whole(target, needed_bytes, "write the release to") as file:
        zip_into(file, _members(store, manifest, folder))
    return target


def checksums(manifest: Manifest) -> bytes:
    """Every file's sha256, as ``sha256sum`` writes them, sorted by path."""
    rows = sorted((role.role, role.sha256) for role in manifest.content)
    return "".join(f"{sha256}  {path}\n" for path, sha256 in rows).encode()


def _members(store: ArtifactStore, manifest: Manifest, folder: str) -> Iterator[tuple[str, IO[bytes], int]]:
    sums = checksums(manifest)
    yield f"{folder}/{CHECKSUMS}", BytesIO(sums), len(sums)
    for role in sorted(manifest.content, key=lambda role: role.role):
        data = store.get(role.sha256)
        yield f"{folder}/{role.role}", BytesIO(data), len(data)
