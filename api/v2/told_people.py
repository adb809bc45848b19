"""What is answered about people: who may see a song, links to share it, webhooks and what was sent to them.

Belongs here: these models. Does not belong here: songs (told), gathering what they hold (the handlers beside).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from api.operations import Answer


class MemberTold(Answer):
    """Somebody who may see a composition."""

    user: str
    role: Literal["owner", "collaborator", "viewer"]
    since: datetime


class Members(Answer):
    """Who may see a composition, its owner first."""

    items: list[MemberTold]


class LinkTold(Answer):
    """A share link; its token is told once, when it is made."""

    id: str
    created_by: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


class MadeLinkTold(LinkTold):
    """A new share link."""

    token: str
    href: str = Field(description="An address that it opens.")


class LinksTold(Answer):
    """Share links of a composition."""

    items: list[LinkTold]


class WebhookTold(Answer):
    """An endpoint of webhooks."""

    id: str
    url: str
    events: list[str] = Field(description="Empty: all.")
    description: str
    is_enabled: bool
    disabled_at: datetime | None
    disabled_why: str
    created_at: datetime
    old_secret_until: datetime | None = Field(description="Until when the secret before the last rotation signs too.")


class MadeWebhookTold(WebhookTold):
    """An endpoint with its secret, which is not told again."""

    secret: str


class WebhooksTold(Answer):
    """The caller's endpoints, oldest first."""

    items: list[WebhookTold]


class MessageTold(Answer):
    """What was put down to be sent."""

    message: str = Field(description="Its webhook-id.")


class TryTold(Answer):
    """One try to deliver."""

    at: datetime
    status: int | None = Field(description="What was answered; null where nothing was.")
    error: str
    seconds: float


class DeliveryTold(Answer):
    """One message for one endpoint, and what came of it."""

    id: int
    message: str
    event: str
    data: dict[str, Any]
    created_at: datetime
    state: Literal["pending", "delivered", "failed"]
    next_at: datetime | None = Field(description="When it is tried next.")
    tries: list[TryTold]


class DeliveriesTold(Answer):
    """The delivery log, newest first."""

    items: list[DeliveryTold]
    next_cursor: int | None


class ReplayTold(Answer):
    """How many messages are sent again."""

    count: int
