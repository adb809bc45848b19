"""The registry's tables of who may: keys of programs, members of compositions, share links.

Belongs here: columns, keys, indexes. Does not belong here: what a role may do (resources.access.rights), secrets in
clear: of a key only a hash is kept, of a link nothing that opens it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from resources.registry.models import Base, utc_now


class ApiKey(Base):
    """A key that a program shows to act as its user. The key itself is shown once and kept nowhere."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    """The public part, by which it is listed and revoked."""
    user: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    secret_hash: Mapped[str] = mapped_column(String(64))
    """sha256 of the secret part: 256 random bits need no slow hash."""
    scopes: Mapped[str] = mapped_column(String(120))
    """Names of scopes, a blank between them."""
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class Member(Base):
    """Somebody beside its owner who may see or work on a composition."""

    __tablename__ = "members"

    composition_id: Mapped[str] = mapped_column(ForeignKey("compositions.id"), primary_key=True)
    user: Mapped[str] = mapped_column(ForeignKey("users.id"), primary_key=True, index=True)
    role: Mapped[str] = mapped_column(String(16))
    """ "collaborator" or "viewer"."""
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class ShareLink(Base):
    """A link with which anybody may look at one composition until it expires or is revoked."""

    __tablename__ = "share_links"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    composition_id: Mapped[str] = mapped_column(ForeignKey("compositions.id"), index=True)
    created_by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
