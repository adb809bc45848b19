"""The registry's tables of webhooks: who is told of what, what there is to tell, and what came of telling it.

Belongs here: columns, keys, indexes. Does not belong here: secrets (they are derived, resources.webhooks.endpoints),
when something is sent again (resources.webhooks.sending).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from resources.registry.models import BIG_ID, Base, utc_now


class WebhookEndpoint(Base):
    """An address that is told what becomes of its user's songs."""

    __tablename__ = "webhook_endpoints"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    user: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    url: Mapped[str] = mapped_column(String(2000))
    events: Mapped[str] = mapped_column(String(400))
    """Names of events, a blank between them; empty means all."""
    description: Mapped[str] = mapped_column(String(200), default="")
    secret_number: Mapped[int] = mapped_column(default=1)
    """Raised by each rotation: which of its secrets is in force."""
    old_secret_until: Mapped[datetime | None]
    """Until when messages are also signed with the secret before."""
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    disabled_at: Mapped[datetime | None]
    disabled_why: Mapped[str] = mapped_column(String(300), default="")


class WebhookMessage(Base):
    """Something to tell: written in the transaction of what it tells of, never changed."""

    __tablename__ = "webhook_messages"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[str] = mapped_column(String(60))
    data: Mapped[dict[str, Any]]
    """Ids and a path. It outlives what it names."""
    created_at: Mapped[datetime] = mapped_column(default=utc_now, index=True)


class WebhookDelivery(Base):
    """One message for one endpoint."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("endpoint_id", "message_id"),
        Index("ix_webhook_deliveries_state_next", "state", "next_at"),
    )

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True)
    endpoint_id: Mapped[str] = mapped_column(ForeignKey("webhook_endpoints.id"))
    message_id: Mapped[str] = mapped_column(ForeignKey("webhook_messages.id"), index=True)
    state: Mapped[str] = mapped_column(String(12))
    """ "pending", then "delivered" or "failed"."""
    tries: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime] = mapped_column(default=utc_now)
    """When it is sent, or was due the last time."""
    finished_at: Mapped[datetime | None]


class WebhookTry(Base):
    """One try to deliver: the delivery log."""

    __tablename__ = "webhook_tries"

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("webhook_deliveries.id"), index=True)
    at: Mapped[datetime] = mapped_column(default=utc_now)
    status: Mapped[int | None]
    """What was answered; null where nothing was."""
    error: Mapped[str] = mapped_column(String(300), default="")
    seconds: Mapped[float]


class Duty(Base):
    """Work that one process at a time does for a home: who does it, and until when unless it says so again."""

    __tablename__ = "duties"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    holder: Mapped[str] = mapped_column(String(200))
    until: Mapped[datetime]
