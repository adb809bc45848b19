"""The artifact store: immutable bytes by their sha256, on a local disk or on whatever fsspec reaches.

Layout under the store's root: ``objects/ab/cd/<sha256>`` and, on a local disk, ``tmp/`` for what is being
written, under names that tell by whom: ``<16 digits of the sha256>.<host>.<pid>.<random>``. An object appears
under its name only once it is whole, so a half-written one is never read.

Belongs here: bytes and hashes. Does not belong here: manifests, keys, what the bytes mean.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from musicgen_assets.context.failures import Failure, MissingArtifact
from resources.disk import disk_failure, flush_folder, make_folder, remove_quietly, write_durably
from resources.file_systems import file_system, is_local, refusals, remote_failure
from resources.processes import STALE_AFTER_S, is_left_over, temporary_mark

_SHA256 = re.compile(r"[0-9a-f]{64}")
_OBJECT_MODE = 0o444
"""Read-only: an exported hard link shares its bytes with the store and must not be edited in place."""


class ArtifactStore:
    """Content-addressed bytes at ``url`` ("file:///path", a plain path, "s3://bucket/prefix", "memory://x").

    Safe for any number of processes at once: equal content has one name, and publishing is one rename (local)
    or one object upload (remote). Nothing is touched before the first call.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._fs, self._root = file_system(url)
        self._is_local = is_local(self._fs)
        self._refusals = refusals(self._fs)

    def put(self, data: bytes) -> tuple[str, int]:
        """Keep ``data``; return its (sha256, size in bytes). Keeping it twice is keeping it once.

        An object that is there but does not match its name is written anew. Raises PermanentFailure or
        TransientFailure when the disk refuses.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        if self._holds(sha256, len(data)):
            return sha256, len(data)
        target = self._location(sha256)
        if self._is_local:
            self._publish(Path(target), data)
            return sha256, len(data)
        try:
            self._fs.pipe_file(target, data)
        except self._refusals as error:
            raise self._refused(error, target, "write") from error
        return sha256, len(data)

    def get(self, sha256: str) -> bytes:
        """The bytes called ``sha256``, verified. Raises MissingArtifact if absent or not what the name says."""
        data = self._read(sha256)
        found = hashlib.sha256(data).hexdigest()
        if found != sha256:
            raise MissingArtifact(
                f"The artifact {sha256} in {self.url} is corrupt: its {len(data)} bytes hash to {found}.",
                way_out=f"Delete {self._location(sha256)} and run the version again: it will be made anew.",
            )
        return data

    def has(self, sha256: str) -> bool:
        """Whether an object of that name is there (its content is verified when it is read)."""
        location = self._location(sha256)
        try:
            return bool(self._fs.exists(location))
        except self._refusals as error:
            raise self._refused(error, location, "look up") from error

    def size(self, sha256: str) -> int:
        """Size in bytes without reading it. Raises MissingArtifact."""
        location = self._location(sha256)
        try:
            return int(self._fs.info(location)["size"])
        except FileNotFoundError:
            self._missing(sha256)
        except self._refusals as error:
            raise self._refused(error, location, "look up") from error

    def path(self, sha256: str) -> Path | None:
        """Where the object lies on this machine; None for a remote store or an absent object."""
        if not self._is_local:
            return None
        path = Path(self._location(sha256))
        return path if path.is_file() else None

    @property
    def folder(self) -> Path | None:
        """Where it lies on this machine, there or not yet; None for a remote store."""
        return Path(self._root) if self._is_local else None

    def is_beside(self, folder: Path) -> bool:
        """Whether objects can be linked into ``folder``, which takes no space: both lie on one disk."""
        if not self._is_local:
            return False
        try:
            return Path(self._root).stat().st_dev == folder.stat().st_dev
        except OSError:
            return False  # not there yet: then nothing can be linked either

    def link_or_copy(self, sha256: str, target: Path) -> None:
        """Make ``target`` (which must not exist) hold the object: a hard link where possible, else a copy.

        The content is verified first. Raises MissingArtifact, PermanentFailure, TransientFailure.
        """
        data = self.get(sha256)
        make_folder(target.parent)
        source = self.path(sha256)
        if source is not None and _linked(source, target):
            return
        try:
            write_durably(target, data)
        except OSError as error:
            raise disk_failure(error, target, "write") from error

    def objects(self) -> Iterator[tuple[str, int]]:
        """Every object there is, as (sha256, size in bytes), in no order. Raises a Failure of the disk or bucket."""
        root = f"{self._root}/objects"
        try:
            self._fs.invalidate_cache()
            found = self._fs.find(root, detail=True)
        except self._refusals as error:
            if self._is_local and isinstance(error, FileNotFoundError):
                return  # nothing was ever stored
            raise self._refused(error, root, "list") from error
        for place, entry in found.items():
            name = str(place).rsplit("/", 1)[-1]
            if _SHA256.fullmatch(name):
                yield name, int(entry["size"])

    def remove(self, names: Iterable[str]) -> None:
        """Remove objects; what is gone already is no error. Only the housekeeping knows that nobody needs them.

        Raises a Failure where the disk or the bucket refuses: some may be gone by then.
        """
        locations = [self._location(name) for name in names]
        if not self._is_local:
            self._remove_remotely(locations)
            return
        for location in locations:
            try:
                Path(location).unlink(missing_ok=True)
            except OSError as error:
                raise self._refused(error, location, "remove") from error

    def sweep(self, older_than_s: float = STALE_AFTER_S) -> int:
        """Remove temporary files that a dead process left behind; return how many.

        What dead processes of this machine left goes at once, what others left when it is ``older_than_s``.
        """
        if not self._is_local:
            return 0
        folder = Path(self._root) / "tmp"
        if not folder.is_dir():
            return 0
        removed = 0
        try:
            for leftover in sorted(folder.iterdir()):
                if is_left_over(leftover.name.partition(".")[2], leftover, older_than_s):
                    leftover.unlink(missing_ok=True)
                    removed += 1
        except FileNotFoundError:
            return removed  # another process swept or published it meanwhile
        except OSError as error:
            raise disk_failure(error, folder, "sweep") from error
        return removed

    def _remove_remotely(self, locations: list[str]) -> None:
        """Together, which a bucket does in one call; one at a time where the store minds that some are gone."""
        try:
            if locations:
                self._fs.rm(locations)
        except FileNotFoundError:
            for location in locations:
                with suppress(FileNotFoundError):
                    self._fs.rm_file(location)
        except self._refusals as error:
            raise self._refused(error, self.url, "remove objects") from error

    def _holds(self, sha256: str, size_bytes: int) -> bool:
        """Whether the right bytes are already there; reads them, so that a corrupt object heals."""
        if not self.has(sha256) or self.size(sha256) != size_bytes:
            return False
        return hashlib.sha256(self._read(sha256)).hexdigest() == sha256

    def _publish(self, target: Path, data: bytes) -> None:
        folder = Path(self._root) / "tmp"
        make_folder(folder)
        make_folder(target.parent)
        temporary = folder / f"{target.name[:16]}.{temporary_mark()}"
        try:
            write_durably(temporary, data)
            temporary.chmod(_OBJECT_MODE)
            temporary.replace(target)
            flush_folder(target.parent)
        except OSError as error:
            remove_quietly(temporary)
            raise disk_failure(error, target, "write") from error

    def _read(self, sha256: str) -> bytes:
        location = self._location(sha256)
        try:
            return bytes(self._fs.cat_file(location))
        except FileNotFoundError:
            self._missing(sha256)
        except self._refusals as error:
            raise self._refused(error, location, "read") from error

    def _location(self, sha256: str) -> str:
        if not _SHA256.fullmatch(sha256):
            raise MissingArtifact(
                f"{sha256!r} names no artifact: a name is 64 hexadecimal digits.",
                way_out="The manifest that holds it is damaged; run the version again.",
            )
        return f"{self._root}/objects/{sha256[:2]}/{sha256[2:4]}/{sha256}"

    def _missing(self, sha256: str) -> NoReturn:
        raise MissingArtifact(
            f"The artifact {sha256} is not in the store {self.url}.",
            way_out="Restore it from a backup, or run the version again: it will be made anew.",
        )

    def _refused(self, error: Exception, location: str, doing: str) -> Failure:
        if self._is_local and isinstance(error, OSError):
            return disk_failure(error, location, doing)
        return remote_failure(error, f"Could not {doing} {location} in {self.url}")


def _linked(source: Path, target: Path) -> bool:
    """Hard-link if the file systems allow it; False where only a copy will do."""
    try:
        os.link(source, target)
    except FileExistsError as error:
        raise disk_failure(error, target, "write") from error
    except OSError:
        return False  # another device, or a file system without links: copy instead
    return True
