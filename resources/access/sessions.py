"""Sessions of people at the page: begun with a key, told by a signed cookie, ended by logging out.

A session is a key of its own that lives for hours and does what the key that began it may: it stands in the same table,
is revoked by the same command, and ends with the key it came from. So a cookie that was copied is worth nothing after
logging out, and no second kind of secret has to be kept.

Belongs here: beginning, finding and ending a session, and the token that its forms show. Does not belong here: the
cookie itself (api), keys of programs (keys), what anybody may (rights).
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy import delete

from resources.access import keys
from resources.access.rights import Caller, Refused
from resources.registry import ApiKey, Registry, utc_now

NAME = "session of the page"
"""What `musicgen keys list` calls one."""

_SALT, _FORM_SALT = "session 1", b"form 1 "
_WAY_OUT = "Log in again."


@dataclass(frozen=True)
class Begun:
    """A new session. ``cookie`` is what the browser keeps until ``expires_at``."""

    cookie: str
    expires_at: datetime


def begin(registry: Registry, secret: str, key: str, hours: float) -> Begun:
    """A session of whoever shows ``key``, ``hours`` long at the most. Raises Refused.

    It is new each time, whatever the browser had before: nobody can be made to use one that somebody else knows.
    """
    caller = keys.caller_of(registry, key)
    with registry.session() as session:
        began = session.get_one(ApiKey, caller.key_id)
        session.execute(delete(ApiKey).where(ApiKey.name == NAME, ApiKey.expires_at <= utc_now()))
        ends = min(began.expires_at, utc_now() + timedelta(hours=hours))
        row, text = keys.new_key(caller.user, NAME, tuple(sorted(caller.scopes)), ends)
        session.add(row)
    return Begun(str(_signer(secret).dumps([text, caller.key_id])), ends)


def caller_of(registry: Registry, secret: str, cookie: str) -> Caller:
    """Who shows ``cookie``. Raises Refused; a forged one never reaches the registry."""
    text, began = _read(secret, cookie)
    found = keys.caller_of(registry, text)
    with registry.reading() as session:
        key = session.get(ApiKey, began)
    if key is None or key.revoked_at is not None or key.expires_at <= utc_now():
        raise Refused("revoked", "The key that began this session works no more.", way_out=_WAY_OUT)
    return replace(found, how="session")


def end(registry: Registry, secret: str, cookie: str) -> None:
    """Have a session work no more. One that is none is no error: there is nothing to end."""
    try:
        key_id = keys.caller_of(registry, _read(secret, cookie)[0]).key_id
    except Refused:
        return
    keys.revoke_key(registry, key_id)


def form_token(secret: str, caller: Caller) -> str:
    """What requests of a session's own pages show, and what no page of another site can know."""
    return hmac.new(secret.encode(), _FORM_SALT + caller.key_id.encode(), hashlib.sha256).hexdigest()


def is_form_token(secret: str, caller: Caller, shown: str) -> bool:
    """Whether ``shown`` is that token."""
    return hmac.compare_digest(form_token(secret, caller).encode(), shown.encode("utf-8", "replace"))


def _read(secret: str, cookie: str) -> tuple[str, str]:
    """(the session's own key, public part of the key that began it). Raises Refused."""
    try:
        text, began = _signer(secret).loads(cookie)
    except (BadData, ValueError, TypeError) as error:
        raise Refused("unknown", "This is no session that was begun here.", way_out=_WAY_OUT) from error
    return str(text), str(began)


def _signer(secret: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt=_SALT, signer_kwargs={"digest_method": hashlib.sha256})
