"""What a provider is to this server: its operations, where it looks for the key, its words for what is wrong.

Belongs here: the frame that each provider's module fills. Does not belong here: any provider.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from flask import Request, Response, jsonify
from flask.typing import ResponseReturnValue

from api.dev_providers.problems import Problem

if TYPE_CHECKING:
    from api.dev_providers.jobs import Job, Phase

Sort = Literal["submit", "read", "download"]
Handler = Callable[..., ResponseReturnValue]


@dataclass(frozen=True)
class Operation:
    """One thing a provider can be asked. ``is_open`` needs no key."""

    name: str
    sort: Sort
    rule: str
    methods: tuple[str, ...]
    handler: Handler
    is_open: bool


@dataclass(frozen=True)
class Message:
    """A callback as it is sent."""

    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    sign: Callable[[Mapping[str, str], bytes], Mapping[str, str]] | None = None
    """Further headers from these and the body's bytes, where those are signed."""


@dataclass(frozen=True)
class Limit:
    """At most ``requests`` submits in ``seconds``."""

    requests: int
    seconds: float


@dataclass
class Provider:
    """A provider under ``/<name>``. ``life_s`` is how long links to results live."""

    name: str
    key_of: Callable[[Request], str]
    problem: Callable[[Problem], Response]
    life_s: float = 86_400.0
    moderates_late: bool = False
    """Whether a refusal is told by the job, not in the answer to the submit."""
    is_quiet: bool = False
    """Whether failures may be told with HTTP status 200."""
    limit: Limit | None = None
    message: Callable[[Job, str, Phase, str], Message] | None = None
    """The callback for (job, event, phase, signing key)."""
    spoilt: Mapping[str, Callable[[Response], Response]] = field(default_factory=dict)
    """The faults of WORDS that it can have: what becomes of a good answer."""
    operations: list[Operation] = field(default_factory=list)

    def operation(
        self, rule: str, name: str, sort: Sort = "submit", methods: Sequence[str] = ("POST",), *, is_open: bool = False
    ) -> Callable[[Handler], Handler]:
        """Decorator: ``handler`` answers ``rule`` (below the provider's own path)."""

        def keep(handler: Handler) -> Handler:
            self.operations.append(Operation(name, sort, rule, tuple(methods), handler, is_open))
            return handler

        return keep


def bearer(request: Request) -> str:
    """The key of "Authorization: Bearer KEY"; empty where there is none."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """``body`` as JSON."""
    response: Response = jsonify(body)
    response.status_code = status
    response.headers.update(dict(headers or {}))
    return response


def retry_after(problem: Problem) -> dict[str, str]:
    """The Retry-After header, where the problem has one."""
    return {} if problem.retry_after_s is None else {"Retry-After": f"{problem.retry_after_s:g}"}
