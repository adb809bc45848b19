"""An operation: one definition from which routing, checking, authorization, documents and their tests are drawn.

Belongs here: the form of an operation and of what its handler is given. Does not belong here: any operation (v2), the
order in which a request is checked (gate, answering).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from flask import Response
from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from api.background import Background
from api.estimates import Estimates
from resources.access import scope
from resources.access.rights import Caller, Right
from resources.deployment import deployment_address
from resources.reader import Readers
from resources.registry import Composition, Version
from resources.settings import Settings
from resources.studio import Studio

if TYPE_CHECKING:
    from api.gate import Gate
    from api.live import Hub

Method = Literal["GET", "POST", "PUT", "DELETE"]
Lane = Literal["quick", "door", "long"]


class Asked(BaseModel):
    """Base of everything that callers send: no unknown fields, no NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Answer(BaseModel):
    """Base of everything that is answered."""

    model_config = ConfigDict(frozen=True)


PATH_PARAMETERS = {
    "composition": ("A composition's id, such as sunny-river-k3f9a.", r"^[a-z0-9][a-z0-9-]{0,63}$"),
    "user": ("A user's name.", r"^[\w.@+-]{1,120}$"),
    "link": ("A share link's id.", r"^[0-9a-f]{16}$"),
    "batch": ("A batch, NAME@N.", r"^[a-z0-9][a-z0-9_-]{0,78}@[1-9][0-9]*$"),
    "stage": ("A stage, such as mastering.", r"^[a-z]+$"),
    "webhook": ("An endpoint's id.", r"^wh_[0-9a-f]{16}$"),
    "engine": ("An engine outside, such as kie.", r"^[a-z_]{1,40}$"),
    "attempt": ("The attempt that the provider was given this address for.", r"^[0-9]+-[0-9a-f]+$"),
    "asset": ("An asset of the stage, such as master.", r"^[a-z_]+$"),
}
"""Parameters of paths: what each means, and the pattern of what can be one."""


WillStart = Literal["now", "when a deployment runs"]


@dataclass
class Call:
    """A request that was let in, as a handler is given it. ``body`` and ``query`` are of the operation's models."""

    studio: Studio
    background: Background
    estimates: Estimates
    readers: Readers
    secret: str
    gate: Gate
    hub: Hub
    caller: Caller
    operation: Operation
    path: Mapping[str, str]
    query: Any = None
    body: Any = None
    file: bytes = b""
    """The body of an operation that takes a file."""
    idempotency_key: str | None = None
    found: Composition | None = None
    """The composition of the path as it was when the caller was let in; read it, don't change it."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Of the request, for an operation whose body is raw."""

    @property
    def settings(self) -> Settings:
        """Settings as they stood when the server began."""
        return self.studio.settings

    @property
    def will_start(self) -> WillStart:
        """When what was accepted begins."""
        return "now" if deployment_address(self.settings) else "when a deployment runs"

    @property
    def right(self) -> Right:
        """What the operation asks for. Raises LookupError for one that is open to everybody."""
        if self.operation.right is None:
            raise LookupError(f"{self.operation.name} is open")
        return self.operation.right

    def composition(self, session: Session) -> Composition:
        """The composition of the path, and from then on ``found``. Raises as scope.find_composition does."""
        self.found = scope.find_composition(session, self.caller, self.path["composition"], self.right)
        return self.found

    def version(self, session: Session, number: int | str | None = None) -> Version:
        """A version of it, the newest where ``number`` is None. Raises as scope.find_version does."""
        found = self.found or self.composition(session)
        return scope.version_of(session, found, None if number is None else str(number))

    def partition(self, number: int | str | None = None) -> str:
        """The same, as "<composition>@v<number>", in a transaction of its own."""
        with self.studio.registry.reading() as session:
            return self.version(session, number).partition


Handler = Callable[[Call], "Answer | Response | None"]


@dataclass(frozen=True)
class Operation:
    """One operation. ``rule`` holds {names} of path parameters; ``right`` None lets anybody in.

    An operation with {composition} in its rule is refused before its body is looked at, unless the caller has
    ``right`` in that composition. ``problems`` are codes beyond those that every operation may answer.
    """

    name: str
    method: Method
    rule: str
    summary: str
    right: Right | None
    handler: Handler
    query: type[Asked] | None = None
    body: type[Asked] | None = None
    is_body_needed: bool = True
    is_body_raw: bool = False
    """Whether the handler is given the body as bytes, with its headers: what was signed as it was sent."""
    takes_file: bool = False
    """Whether its body is one file, as it is."""
    answer: type[Answer] | None = None
    status: int = 200
    other_statuses: tuple[int, ...] = ()
    media_types: tuple[str, ...] = ()
    """Of files, where it answers with one instead."""
    is_stream: bool = False
    """Whether its answer stays open, as text/event-stream."""
    has_idempotency_key: bool = False
    problems: tuple[str, ...] = ()
    tags: tuple[str, ...] = field(default=())
    lane: Lane = "long"
    """Which threads answer it: see api.lanes."""
    long_with: tuple[str, ...] = ()
    """Parameters of the address with which it may take long after all, such as words to search for."""

    @property
    def has_composition(self) -> bool:
        """Whether it is about one composition."""
        return "{composition}" in self.rule

    @property
    def is_writing(self) -> bool:
        """Whether it changes something, or asks for work."""
        return self.method != "GET"


COMMON_PROBLEMS = ("bad_request", "bad_input", "wrong_method", "uri_too_long", "rate_limited", "internal", "failed",
                   "busy", "wrong_origin")  # fmt: skip


def problems_of(operation: Operation) -> tuple[str, ...]:
    """Every code that ``operation`` may answer with, in the order of their table."""
    from api.problems import CODES

    found = {*COMMON_PROBLEMS, *operation.problems}
    if operation.right is not None:
        found |= {"not_authenticated", "key_unknown", "key_expired", "key_revoked", "not_allowed"}
        if operation.is_writing:
            found.add("wrong_token")
    if "{" in operation.rule:
        found.add("not_found")
    if operation.is_writing:
        found |= {"bad_json", "too_large", "wrong_media_type"}
    if operation.has_idempotency_key:
        found.add("key_reused")
    if operation.media_types:
        found |= {"not_made", "bad_range", "not_found"}
    return tuple(code for code in CODES if code in found)
