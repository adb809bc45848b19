"""The registry's tables of batches. Typed as the others (models); a change here needs a migration too.

Belongs here: columns, keys, indexes. Does not belong here: what a batch is (resources.batches).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from resources.registry.models import Base, utc_now


class Batch(Base):
    """One start of a definition file: many requests as one object. What they came to is read from their versions."""

    __tablename__ = "batches"
    __table_args__ = (UniqueConstraint("name", "number"),)

    id: Mapped[str] = mapped_column(String(100), primary_key=True)
    """ "<name>@<number>"."""
    name: Mapped[str] = mapped_column(String(80))
    number: Mapped[int]
    user: Mapped[str] = mapped_column(ForeignKey("users.id"))
    key: Mapped[str] = mapped_column(String(64), unique=True)
    """What it asks for, as a hash: the same again is the same batch."""
    definition: Mapped[dict[str, Any]]
    source: Mapped[str]
    """Where the definition came from: a path, or what the form was given."""
    occasion: Mapped[str] = mapped_column(String(64), default="")
    """What set it off, where each start is to make other songs; else empty."""
    deadline: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
    ended_at: Mapped[datetime | None]
    """When its deadline ended what had not begun."""


class BatchItem(Base):
    """One song of a batch. Its request and version are named, not pointed at: they may be deleted, and it stays."""

    __tablename__ = "batch_items"

    batch_id: Mapped[str] = mapped_column(ForeignKey("batches.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """From 1, in the order of the definition."""
    key: Mapped[str] = mapped_column(String(200))
    """The idempotency key of its request."""
    fields: Mapped[dict[str, Any]]
    """What it asks for, by the names that files of requests use."""
    request_id: Mapped[str | None] = mapped_column(String(40), index=True)
    """Null until it went through the door."""
    partition: Mapped[str | None] = mapped_column(String(80))
    is_new: Mapped[bool] = mapped_column(default=False)
    """Whether this batch was the first to ask for it."""
