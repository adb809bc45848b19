"""What goes wrong, as exceptions: the server refuses, the server is not there, the song did not come out.

Belongs here: the classes. Does not belong here: deciding what is tried again (transport).
"""

from __future__ import annotations

from typing import Any

from musicgen_client.models import Problem, Status


class ApiError(Exception):
    """The server answered with a problem. ``code`` is stable; ``way_out`` says what to do about it."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.code: str = problem["code"]
        self.status: int = problem["status"]
        self.is_retryable: bool = problem["retryable"]
        self.field: str | None = problem.get("field")
        self.value: Any = problem.get("value")
        self.way_out: str = problem.get("way_out", "")
        self.request_id: str = problem.get("request_id", "")
        super().__init__(" ".join(part for part in (f"{self.code}: {problem['detail']}", self.way_out) if part))


class UnreachableError(Exception):
    """Nobody answered, or what answered is not this API, after every attempt. The same may succeed later."""


class NotMadeError(Exception):
    """A version came to rest without a release. ``status`` is how it stands, ``status["reason"]`` why."""

    def __init__(self, status: Status) -> None:
        self.status = status
        failed = [check["name"] for check in status["checks"] if not (check["passed"] or check["waived"])]
        why = status["reason"] or (f"checks failed: {', '.join(failed)}" if failed else "no reason was recorded")
        super().__init__(f"{status['partition']} is {status['status']}: {why}")
