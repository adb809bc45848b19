"""Processes of this machine: what it is called, who lives, and names that tell whose a temporary file is.

Belongs here: questions about processes, and leftovers of dead ones. Does not belong here: starting or ending any.
"""

from __future__ import annotations

import os
import re
import secrets
import socket
import time
from functools import lru_cache
from pathlib import Path

STALE_AFTER_S = 3600.0
"""Something temporary that has not changed for so long was left behind, whoever made it."""

_MARK = re.compile(r"(?P<host>[^/]+)\.(?P<pid>\d+)\.[0-9a-f]{12}")


@lru_cache(maxsize=1)
def this_host() -> str:
    """The name of this machine."""
    return socket.gethostname()


def process_started(pid: int) -> float | None:
    """When the process ``pid`` of this machine started, seconds since 1970; None if there is none.

    One that ended and was not collected by its parent yet counts as none.
    """
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else float(process.create_time())
    except psutil.NoSuchProcess:
        return None


def temporary_mark() -> str:
    """Ends the name of something temporary: "HOST.PID.RANDOM", this process's own and never given twice."""
    return f"{this_host()}.{os.getpid()}.{secrets.token_hex(6)}"


def is_left_over(mark: str, path: Path, older_than_s: float = STALE_AFTER_S) -> bool:
    """Whether nobody will finish what ``path`` names: its process, of this machine, is dead, or it is too old.

    ``mark`` is as ``temporary_mark`` gave it; of anything else only the age counts. False for what is not there.
    """
    found = _MARK.fullmatch(mark)
    if found is not None and found["host"] == this_host() and process_started(int(found["pid"])) is None:
        return True
    try:
        return path.lstat().st_mtime <= time.time() - older_than_s
    except FileNotFoundError:
        return False
