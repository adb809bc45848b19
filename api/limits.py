"""How much one caller may ask for: counted by key, link or address, told in headers.

Belongs here: who is counted by what, and the headers. Does not belong here: counting (the library), the numbers
(settings). Counts are kept in this process: several servers behind one address allow several times as much.
"""

from __future__ import annotations

import math
import time
from typing import Literal

from limits import RateLimitItemPerMinute
from limits.strategies import MovingWindowRateLimiter

from api.problems import Told
from api.recent_hits import RecentHits
from resources.api_settings import ApiSettings

Kind = Literal["reads", "writes", "failures"]


class RateLimits:
    """Counts requests of a minute. Safe for threads."""

    def __init__(self, settings: ApiSettings) -> None:
        self._storage = RecentHits()
        self._limiter = MovingWindowRateLimiter(self._storage)
        self._items: dict[Kind, RateLimitItemPerMinute] = {
            "reads": RateLimitItemPerMinute(settings.reads_per_minute),
            "writes": RateLimitItemPerMinute(settings.writes_per_minute),
            "failures": RateLimitItemPerMinute(settings.failures_per_minute),
        }

    def count(self, kind: Kind, who: str) -> dict[str, str]:
        """Count one request of ``who``; the headers that say what is left. Raises Told when it was one too many."""
        item = self._items[kind]
        is_within = self._limiter.hit(item, kind, who)
        headers = self._headers(kind, who)
        if not is_within:
            raise _too_many(kind, headers)
        return headers

    def check(self, kind: Kind, who: str) -> None:
        """Raise Told if ``who`` has used up what it may; nothing is counted."""
        if not self._limiter.test(self._items[kind], kind, who):
            raise _too_many(kind, self._headers(kind, who))

    def close(self) -> None:
        """Forget all counts."""
        self._storage.reset()

    def _headers(self, kind: Kind, who: str) -> dict[str, str]:
        item = self._items[kind]
        window = self._limiter.get_window_stats(item, kind, who)
        left_s = max(0, math.ceil(window.reset_time - time.time()))
        return {
            "RateLimit-Limit": str(item.amount),
            "RateLimit-Remaining": str(window.remaining),
            "RateLimit-Reset": str(left_s),
        }


def _too_many(kind: Kind, headers: dict[str, str]) -> Told:
    wait_s = max(1, int(headers["RateLimit-Reset"]))
    detail = f"{headers['RateLimit-Limit']} {kind} a minute are allowed."
    return Told("rate_limited", detail, headers={**headers, "Retry-After": str(wait_s)}, way_out=f"Wait {wait_s} s.")
