"""Keys of programs: made, shown once, found again by what a program shows, listed, revoked.

A key reads ``mg_<public part>_<secret part>``; the registry keeps the public part and a hash of the secret one.

Belongs here: the life of a key. Does not belong here: what its scopes allow (rights), the header it comes in (api).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import select

from musicgen_assets.context.failures import BadInput
from resources.access.rights import SCOPES, Caller, Refused, Scope
from resources.registry import ApiKey, Registry, User, utc_now
from resources.registry.queries import ensure_user

LONGEST_DAYS = 3650
DEFAULT_DAYS = 365
_KEY = re.compile(r"mg_(?P<id>[0-9a-f]{12})_(?P<secret>[A-Za-z0-9_-]{43})")
_USER = re.compile(r"[\w.@+-]{1,120}")
_WAY_OUT = "Make one: musicgen keys create USER."


@dataclass(frozen=True)
class MadeKey:
    """A new key. ``text`` is the whole of it, which nobody can look up again."""

    id: str
    text: str


def create_key(
    registry: Registry, user: str, name: str, scopes: Sequence[str] = SCOPES, days: int = DEFAULT_DAYS,
    *, is_staff: bool = False,
) -> MadeKey:  # fmt: skip
    """A key with which a program acts as ``user``, who is made where there is no such user.

    ``is_staff`` makes the user staff, for good. Raises BadInput for a name that is none, an unknown scope, and for
    ``days`` outside 1 to LONGEST_DAYS.
    """
    _check(user, name, scopes, days)
    key, text = new_key(user, name.strip(), scopes, utc_now() + timedelta(days=days))
    with registry.session() as session:
        ensure_user(session, user)
        if is_staff:
            session.get_one(User, user).role = "staff"
        session.add(key)
    return MadeKey(key.id, text)


def new_key(user: str, name: str, scopes: Sequence[str], expires_at: datetime) -> tuple[ApiKey, str]:
    """A key as a row that has still to be kept, and its whole text."""
    key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    row = ApiKey(
        id=key_id, user=user, name=name, secret_hash=_hash(secret), expires_at=expires_at,
        scopes=" ".join(scope for scope in SCOPES if scope in scopes),
    )  # fmt: skip
    return row, f"mg_{key_id}_{secret}"


def caller_of(registry: Registry, text: str) -> Caller:
    """Who shows the key ``text``. Raises Refused."""
    parts = _KEY.fullmatch(text)
    if parts is None:
        raise Refused("unknown", "What was shown is no key of this API.", way_out=_WAY_OUT)
    with registry.reading() as session:
        found = session.execute(
            select(ApiKey, User.role).join(User, User.id == ApiKey.user).where(ApiKey.id == parts["id"])
        ).first()
    key = None if found is None else found[0]
    # Compared even where there is nothing to compare with, so that time does not tell which public parts exist.
    is_right = hmac.compare_digest(_hash(parts["secret"]), "" if key is None else key.secret_hash)
    if found is None or key is None or not is_right:
        raise Refused("unknown", "There is no such key.", way_out=_WAY_OUT)
    if key.revoked_at is not None:
        raise Refused("revoked", f"The key {key.id} was revoked.", way_out=_WAY_OUT)
    if key.expires_at <= utc_now():
        raise Refused("expired", f"The key {key.id} has expired.", way_out=_WAY_OUT)
    scopes = frozenset(cast("list[Scope]", key.scopes.split()))
    return Caller(key.user, scopes, "key", is_staff=found[1] == "staff", key_id=key.id)


def list_keys(registry: Registry, user: str | None = None) -> list[ApiKey]:
    """Every key, or ``user``'s, oldest first, those that no longer work too."""
    query = select(ApiKey).order_by(ApiKey.created_at, ApiKey.id)
    with registry.reading() as session:
        return list(session.scalars(query if user is None else query.where(ApiKey.user == user)))


def revoke_key(registry: Registry, key_id: str) -> ApiKey:
    """Have the key with the public part ``key_id`` work no more; doing it again changes nothing. Raises BadInput."""
    with registry.session() as session:
        key = session.get(ApiKey, key_id)
        if key is None:
            raise BadInput("key", key_id, "there is no such key", way_out="See: musicgen keys list")
        key.revoked_at = key.revoked_at or utc_now()
        return key


def _check(user: str, name: str, scopes: Sequence[str], days: int) -> None:
    if not _USER.fullmatch(user):
        rule = "a user's name is 1 to 120 letters, digits and . @ + - _"
        raise BadInput("user", user, rule, way_out="Write another one.")
    if not 1 <= len(name.strip()) <= 120 or not name.isprintable():
        raise BadInput("name", name, "it is 1 to 120 printable characters", way_out="Say what the key is for.")
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        raise BadInput(
            "scope", ", ".join(unknown), "there is no such scope", way_out=f"There are: {', '.join(SCOPES)}."
        )
    if not 1 <= days <= LONGEST_DAYS:
        raise BadInput("days", days, f"a key lives 1 to {LONGEST_DAYS} days", way_out="Choose a number between.")


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
