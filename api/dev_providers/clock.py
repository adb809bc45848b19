"""The server's own time, which tests may turn forward: jobs end and links expire without waiting.

Belongs here: time and how it is written. Does not belong here: what it means for jobs (jobs) and links (links).
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime


class Clock:
    """Seconds since 1970, ``ahead_s`` before the machine's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.ahead_s = 0.0

    def now_s(self) -> float:
        """Seconds since 1970, UTC."""
        return time.time() + self.ahead_s

    def now_ms(self) -> int:
        """Milliseconds since 1970, UTC."""
        return int(self.now_s() * 1_000)

    def advance(self, by_s: float) -> float:
        """Turn it forward by ``by_s``; how far it is ahead now."""
        with self._lock:
            self.ahead_s += max(0.0, by_s)
            return self.ahead_s


def iso(time_s: float) -> str:
    """UTC as ISO-8601 with microseconds: 2026-11-30T12:00:00.000000Z."""
    return datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
