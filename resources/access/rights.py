"""What roles and scopes allow, as tables; and a caller as every query is told of one.

Belongs here: the tables, and what follows from them purely. Does not belong here: looking anybody up (keys, links),
narrowing queries (scope).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from musicgen_assets.context.failures import BadInput, PermanentFailure

Right = Literal["look", "download", "change", "delete", "share", "create", "browse"]
"""``look``: see a composition, and listen to what its versions are made of; ``download``: take its release away;
``change``: revise, go on, cancel; ``delete``; ``share``: say who else may. Of nobody's composition: ``create`` a new
one, ``browse`` one's own lists.
"""

Role = Literal["owner", "collaborator", "viewer", "staff"]
MEMBER_ROLES: tuple[Literal["collaborator", "viewer"], ...] = ("collaborator", "viewer")
"""What an owner may make of others."""

ROLE_RIGHTS: dict[Role, frozenset[Right]] = {
    "owner": frozenset({"look", "download", "change", "delete", "share"}),
    "collaborator": frozenset({"look", "download", "change"}),
    "viewer": frozenset({"look"}),
    "staff": frozenset({"look", "download", "change", "delete", "share"}),
}

Scope = Literal["read", "write", "delete", "share"]
SCOPES: tuple[Scope, ...] = ("read", "write", "delete", "share")
SCOPE_RIGHTS: dict[Scope, frozenset[Right]] = {
    "read": frozenset({"look", "download", "browse"}),
    "write": frozenset({"change", "create"}),
    "delete": frozenset({"delete"}),
    "share": frozenset({"share"}),
}
"""What a key may be used for, whatever its user may."""


@dataclass(frozen=True)
class Caller:
    """Whoever asks. ``user`` is empty for the holder of a share link, who sees ``linked`` and nothing else."""

    user: str
    scopes: frozenset[Scope]
    how: Literal["key", "session", "link", "single-user"]
    is_staff: bool = False
    linked: str | None = None
    """The composition that a share link opens."""
    key_id: str = ""
    """The public part of the key or link that was shown: what limits are counted by."""

    def has_scope_for(self, right: Right) -> bool:
        """Whether what was shown may be used for ``right`` at all; a link is for looking alone."""
        if self.linked is not None:
            return right == "look"
        return any(right in SCOPE_RIGHTS[scope] for scope in self.scopes)


class Refused(PermanentFailure):
    """What was shown does not let anybody in. ``reason`` is "missing", "unknown", "expired" or "revoked"."""

    def __init__(self, reason: str, message: str, *, way_out: str) -> None:
        self.reason = reason
        super().__init__(message, way_out=way_out)


class NotAllowed(PermanentFailure):
    """The caller is known, and may see what it asks for, but not do ``right`` with it."""

    def __init__(self, right: Right, message: str, *, way_out: str) -> None:
        self.right = right
        super().__init__(message, way_out=way_out)


class Unknown(BadInput):
    """There is no such thing, or the caller may not know that there is: both are told in the same words."""


def require_scope(caller: Caller, right: Right) -> None:
    """Raise NotAllowed if what ``caller`` shows cannot be used for ``right``."""
    if not caller.has_scope_for(right):
        scopes = [scope for scope in SCOPES if right in SCOPE_RIGHTS[scope]]
        way_out = "Ask as a user: a share link only lets look." if caller.how == "link" else (
            f"Use a key with the scope {' or '.join(scopes)}: musicgen keys create."
        )  # fmt: skip
        raise NotAllowed(right, f"What was shown does not allow to {right}.", way_out=way_out)
