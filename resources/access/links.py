"""Share links: signed, expiring, revocable; whoever holds one may look at one composition.

Belongs here: making, reading, revoking, and the secret they are signed with. Does not belong here: who may make one
(rights), the address they are part of (api).
"""

from __future__ import annotations

import hashlib
import os
import secrets
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy import select
from sqlalchemy.orm import Session

from musicgen_assets.context.failures import BadInput
from resources.access.rights import Caller, Refused, Unknown
from resources.disk import disk_failure, make_folder
from resources.registry import Registry, ShareLink, utc_now
from resources.settings import Settings

SECRET_FILE = "api.secret"  # noqa: S105  # a name, and no secret
"""In the home; whoever can read it can make links."""

_SALT = "share link 1"
_WAY_OUT = "Ask whoever sent it for a new one."


@dataclass(frozen=True)
class MadeLink:
    """A new link. ``token`` is what goes into an address."""

    id: str
    token: str
    expires_at: datetime


def signing_secret(settings: Settings) -> str:
    """The secret of the settings, or one that was drawn for this home once and is readable by its owner alone.

    Raises a Failure of the disk.
    """
    if settings.api.secret is not None:
        return settings.api.secret.get_secret_value()
    place = settings.home / SECRET_FILE
    make_folder(settings.home)
    try:
        if not place.exists():
            with suppress(FileExistsError):
                _write_once(place)
        return place.read_text(encoding="ascii").strip()
    except OSError as error:
        raise disk_failure(error, place, "write") from error


def create_link(session: Session, secret: str, composition: str, user: str, days: int, longest_days: int) -> MadeLink:
    """A link to ``composition`` for ``days``. Raises BadInput for ``days`` outside 1 to ``longest_days``."""
    if not 1 <= days <= longest_days:
        raise BadInput("days", days, f"a link lives 1 to {longest_days} days", way_out="Choose a number between.")
    row = ShareLink(
        id=secrets.token_hex(8), composition_id=composition, created_by=user,
        expires_at=utc_now() + timedelta(days=days),
    )  # fmt: skip
    session.add(row)
    session.flush()
    token = _signer(secret).dumps([row.id, int(row.expires_at.timestamp())])
    return MadeLink(row.id, str(token), row.expires_at)


def caller_of(registry: Registry, secret: str, token: str) -> Caller:
    """Who shows the link ``token``: somebody who may look. Raises Refused; a forged one never reaches the registry."""
    try:
        link_id, expires_s = _signer(secret).loads(token)
    except (BadData, ValueError, TypeError) as error:
        raise Refused("unknown", "This is no link that was made here.", way_out=_WAY_OUT) from error
    if expires_s <= utc_now().timestamp():
        raise Refused("expired", "The link has expired.", way_out=_WAY_OUT)
    with registry.reading() as session:
        row = session.get(ShareLink, link_id)
    if row is None or row.revoked_at is not None:
        raise Refused("revoked", "The link was revoked.", way_out=_WAY_OUT)
    return Caller("", frozenset({"read"}), "link", linked=row.composition_id, key_id=row.id)


def links_of(session: Session, composition: str) -> list[ShareLink]:
    """Every link to ``composition``, oldest first, those that no longer work too."""
    query = select(ShareLink).where(ShareLink.composition_id == composition)
    return list(session.scalars(query.order_by(ShareLink.created_at, ShareLink.id)))


def revoke_link(session: Session, composition: str, link_id: str) -> ShareLink:
    """Have a link to ``composition`` work no more; doing it again changes nothing. Raises Unknown."""
    row = session.get(ShareLink, link_id)
    if row is None or row.composition_id != composition:
        raise Unknown("link", link_id, "there is no such link", way_out="List what there is.")
    row.revoked_at = row.revoked_at or utc_now()
    return row


def _signer(secret: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt=_SALT, signer_kwargs={"digest_method": hashlib.sha256})


def _write_once(place: Path) -> None:
    """Put a new secret there, whole from its first moment. Raises FileExistsError where somebody was quicker."""
    mark, name = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")  # readable by its owner alone
    try:
        with os.fdopen(mark, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32))
        os.link(name, place)
    finally:
        Path(name).unlink()
