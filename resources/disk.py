"""What the file system refused, said so that a person can act; and the one way to write a file whole.

Belongs here: turning an OSError into a Failure, atomic writes. Does not belong here: what is written.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from musicgen_assets.context.failures import PermanentFailure, TransientFailure
from resources.processes import temporary_mark

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FORBIDDEN = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
_IN_THE_WAY = frozenset({errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTEMPTY})

_ELSEWHERE = "or point MUSICGEN_HOME at another folder"


def disk_failure(error: OSError, path: Path | str, doing: str) -> PermanentFailure | TransientFailure:
    """The Failure that ``error`` means while ``doing`` ("write", "read") something at ``path``.

    A full or read-only disk and a path in the way stay so until a person acts: permanent. The rest (a busy
    or interrupted device, too many open files) may pass: transient.
    """
    text = f"Could not {doing} {path}: {error.strerror or error}."
    if error.errno in _FULL:
        return PermanentFailure(
            f"{text} The disk is full.", way_out=f"Free some space {_ELSEWHERE}; then run it again."
        )
    if error.errno in _FORBIDDEN:
        return PermanentFailure(
            f"{text} The folder is read-only or belongs to someone else.",
            way_out=f"Make it writable for this user {_ELSEWHERE}.",
        )
    if error.errno in _IN_THE_WAY:
        return PermanentFailure(
            f"{text} Something else stands where a folder or file is needed.", way_out=f"Move it away {_ELSEWHERE}."
        )
    if error.errno == errno.ENOENT:
        return PermanentFailure(f"{text} It is not there.", way_out=f"Restore it {_ELSEWHERE}.")
    return TransientFailure(text, way_out="Run it again; if it stays, check the disk.")


def free_bytes(path: Path) -> int:
    """Free space in bytes on the disk that holds ``path`` or its nearest existing parent."""
    while not path.exists() and path != path.parent:
        path = path.parent
    try:
        return shutil.disk_usage(path).free
    except OSError as error:
        raise disk_failure(error, path, "measure") from error


def check_room(folder: Path, needed_bytes: int, target: Path) -> None:
    """Raise PermanentFailure, before anything is written, where ``folder``'s disk lacks the bytes for ``target``."""
    free = free_bytes(folder)
    if free < needed_bytes:
        raise PermanentFailure(
            f"{target} needs {_mebibytes(needed_bytes)} MB, and {_mebibytes(free)} MB are free on its disk. "
            "Nothing was written.",
            way_out="Free some space there, or name a folder on another disk with --out.",
        )


def _mebibytes(count: int) -> str:
    return f"{count / 1024 / 1024:.1f}"


def make_folder(path: Path) -> None:
    """Create ``path`` with its parents. Raises a Failure that names the folder and the way out."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise disk_failure(error, path, "create the folder") from error


def write_atomically(path: Path, data: bytes) -> None:
    """Write ``data`` to a temporary neighbour, flush it to the device, then rename it to ``path``.

    Readers see the old file or the new one, never half of it. Raises a Failure by errno.
    """
    make_folder(path.parent)
    temporary = path.with_name(f".{path.name}.{temporary_mark()}.tmp")
    try:
        write_durably(temporary, data)
        temporary.replace(path)
        flush_folder(path.parent)
    except OSError as error:
        remove_quietly(temporary)
        raise disk_failure(error, path, "write") from error


@contextmanager
def written_whole(target: Path, needed_bytes: int, doing: str) -> Iterator[IO[bytes]]:
    """A new file beside ``target`` to be written in the block; it takes its place when the block ends, and is gone
    where the block fails.

    ``needed_bytes`` are about what will be written, ``doing`` is as for ``disk_failure``. Raises a Failure by errno,
    and PermanentFailure where the disk lacks the bytes: before anything is written, or as others filled it meanwhile.
    """
    make_folder(target.parent)
    check_room(target.parent, needed_bytes, target)
    fresh = target.with_name(f".{target.name}.{temporary_mark()}.tmp")
    try:
        with fresh.open("xb") as file:
            yield file
        fresh.replace(target)
        flush_folder(target.parent)
    except OSError as error:
        remove_quietly(fresh)
        check_room(target.parent, needed_bytes, target)  # says how much it takes
        raise disk_failure(error, target, doing) from error
    finally:
        remove_quietly(fresh)


def write_durably(path: Path, data: bytes) -> None:
    """Write ``data`` to the new file ``path`` and flush it to the device. Raises OSError."""
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def flush_folder(path: Path) -> None:
    """Flush the folder's own entries, so that a rename survives a power cut. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network and FUSE file systems cannot flush a folder; the rename itself has happened.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def remove_quietly(path: Path) -> None:
    """Remove a leftover if it can be removed; what failed before matters more than this."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return
