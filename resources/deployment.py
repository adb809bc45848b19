"""Which deployment serves a home, if one does: a lock that says so and a file that says where.

Belongs here: taking, finding and giving up that place. Does not belong here: the deployment's processes
(supervisor) and what is asked of its webserver (webserver).
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from musicgen_assets.context.failures import PermanentFailure
from resources.disk import disk_failure, make_folder, remove_quietly, write_atomically
from resources.settings import Settings
from resources.webserver import check_address

_PATIENCE_S = 1.0
"""Whoever only looks whether the lock is held has it for microseconds."""


def address_file(settings: Settings) -> Path:
    """Where a deployment of this home writes its address while it runs."""
    return settings.home / "dagster" / "address"


def deployment_address(settings: Settings) -> str | None:
    """Where the webserver of this home's deployment answers; None where none runs.

    The setting wins. A file left behind by a deployment that was killed counts for nothing: its port may be
    another home's by now. Raises BadInput for a setting that is no address.
    """
    if settings.dagster_url:
        return check_address(settings.dagster_url)
    path = address_file(settings)
    try:
        address = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return address if address and _is_locked(_lock_file(settings)) else None


@contextmanager
def served_at(settings: Settings, address: str) -> Iterator[None]:
    """Be this home's deployment while in the block. Raises PermanentFailure if there is one already."""
    path = address_file(settings)
    make_folder(path.parent)
    lock = _open(_lock_file(settings))
    try:
        _take(lock, settings)
        write_atomically(path, f"{address}\n".encode())
        try:
            yield
        finally:
            remove_quietly(path)
    finally:
        os.close(lock)


def _lock_file(settings: Settings) -> Path:
    return settings.home / "dagster" / "up.lock"


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise disk_failure(error, path, "write") from error


def _take(lock: int, settings: Settings) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                where = deployment_address(settings) or "an address of its own"
                raise PermanentFailure(
                    f"A deployment of {settings.home} is running already, at {where}.",
                    way_out="Use that one, or end it first; another home needs another MUSICGEN_HOME.",
                ) from None
            time.sleep(0.05)
        else:
            return


def _is_locked(path: Path) -> bool:
    """Whether somebody holds the lock; the kernel lets go of it when its process dies, however it dies."""
    try:
        lock = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(lock)
