"""What can be wrong with a request, in this server's own words; each provider has its own for them.

Belongs here: the kinds. Does not belong here: status codes and bodies (each provider's module).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "bad_request", "no_key", "no_credit", "not_found", "conflict", "rate_limited", "server_error", "moderated", "quiet"
]
"""``quiet`` is a failure that is told with HTTP status 200; few providers do that."""


@dataclass(frozen=True)
class Problem:
    """Why a request is refused. ``status`` is the HTTP status to use where a fault asks for one."""

    kind: Kind
    message: str
    status: int | None = None
    retry_after_s: float | None = None


class Refused(Exception):  # noqa: N818  # a fact, and no error of this program
    """A request is refused for a reason that its provider documents."""

    def __init__(self, kind: Kind, message: str) -> None:
        self.problem = Problem(kind, message)
        super().__init__(message)
