"""Which threads answer what. Threads of one process compute by turns, so that requests that come together and are all
answered at once are each done as late as the last one; short ones that wait in line for a thread are done one by one.

Belongs here: the lanes, and which one a request belongs to. Does not belong here: answering (bridge, answering).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from api.operations import Lane, Operation

_PARAMETER = re.compile(r"{\w+}")
_WAITING_THREADS = 4
"""Of a short lane that waits for others, another machine's database or another process: who waits computes nothing."""


@dataclass(frozen=True)
class _Short:
    """An operation that is answered at once, unless one of ``long_with`` is asked for."""

    path: re.Pattern[str]
    lane: Lane
    long_with: tuple[str, ...]


class Lanes:
    """Threads for the ``operations`` under ``prefix``; what is none of them (the page, documents) is long. ``close``
    ends them.

    ``threads`` answer what may take long. Questions that a look or two into the registry answers have a thread of their
    own; what goes through the door has a few, which wait for words to be understood (resources.reader) and for who
    else writes.
    """

    def __init__(
        self, operations: Iterable[Operation], prefix: str, *, threads: int, is_database_far: bool = False
    ) -> None:
        short = _WAITING_THREADS if is_database_far else 1
        self.long = ThreadPoolExecutor(threads, "api")
        self._lanes: Mapping[Lane, Executor] = {
            "long": self.long, "quick": ThreadPoolExecutor(short, "api-quick"),
            "door": ThreadPoolExecutor(_WAITING_THREADS, "api-door"),
        }  # fmt: skip
        self._short: dict[str, list[_Short]] = {}
        for operation in operations:
            if operation.lane != "long":
                path = re.compile(re.escape(prefix) + _PARAMETER.sub("[^/]+", operation.rule))
                found = _Short(path, operation.lane, operation.long_with)
                self._short.setdefault(operation.method, []).append(found)

    def of(self, environ: Mapping[str, Any]) -> Executor:
        """The threads for a request as WSGI tells of it."""
        path = environ.get("PATH_INFO", "")
        for one in self._short.get(environ.get("REQUEST_METHOD", ""), ()):
            if one.path.fullmatch(path):
                query = environ.get("QUERY_STRING", "")
                is_long = any(f"{name}=" in query for name in one.long_with)
                return self.long if is_long else self._lanes[one.lane]
        return self.long

    def close(self) -> None:
        """Finish what was begun, take nothing more."""
        for lane in self._lanes.values():
            lane.shutdown(wait=True, cancel_futures=True)
