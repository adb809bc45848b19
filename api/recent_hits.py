"""Who asked how often of late, in this process's memory: what the library's rate limiter counts in.

The library's own memory starts a thread for every other request to forget old ones, and two requests at the same
moment can start the same thread, which fails. Here whoever counts forgets.

Belongs here: keeping moments. Does not belong here: limits (api.limits), deciding (the library's strategy).
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field

from limits.storage import MemoryStorage

_FORGET_EVERY = 1024
"""Hits between two looks for callers who are long gone."""


@dataclass
class _Hits:
    """One caller's hits of one kind, oldest first, in seconds since the epoch."""

    window_s: float
    moments: deque[float] = field(default_factory=deque)

    def forget(self, now: float) -> None:
        while self.moments and self.moments[0] <= now - self.window_s:
            self.moments.popleft()


class RecentHits(MemoryStorage):
    """Storage for a moving window. Safe for threads; a hit costs as much as it has old ones to forget."""

    STORAGE_SCHEME = []  # noqa: RUF012  # read by the library as it stands

    def __init__(self) -> None:
        super().__init__()
        self._guard = threading.Lock()
        self._callers: dict[str, _Hits] = {}
        self._counted = 0

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count ``amount`` hits of ``key`` unless that makes more than ``limit`` in ``expiry`` seconds."""
        with self._guard:
            now = time.time()
            self._forget_gone(now)
            hits = self._callers.setdefault(key, _Hits(expiry))
            hits.forget(now)
            if len(hits.moments) + amount > limit:
                return False
            hits.moments.extend([now] * amount)
            return True

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """When the oldest hit of the last ``expiry`` seconds was (now if there is none), and how many there are."""
        del limit, expiry  # as they were when they were counted
        with self._guard:
            now = time.time()
            hits = self._callers.get(key)
            if hits is None:
                return now, 0
            hits.forget(now)
            return (hits.moments[0] if hits.moments else now), len(hits.moments)

    def clear(self, key: str) -> None:
        """Forget the hits of ``key``."""
        with self._guard:
            self._callers.pop(key, None)

    def reset(self) -> int | None:
        """Forget everything; how many callers that were."""
        with self._guard:
            count = len(self._callers)
            self._callers.clear()
            return count

    def _forget_gone(self, now: float) -> None:
        self._counted += 1
        if self._counted % _FORGET_EVERY:
            return
        for key, hits in list(self._callers.items()):
            hits.forget(now)
            if not hits.moments:
                del self._callers[key]
