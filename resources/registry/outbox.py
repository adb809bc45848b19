"""What webhooks are to tell: put down in the transaction of what it tells of, so that neither is there without the
other.

Belongs here: which event is told under which name, to whom, and the rows. Does not belong here: sending
(resources.webhooks).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from resources.registry.access_models import Member
from resources.registry.models import Composition, Event, Version, utc_now
from resources.registry.rows import read_rows
from resources.registry.webhook_models import WebhookDelivery, WebhookEndpoint, WebhookMessage

HOOKS: Mapping[str, str] = {
    "composition.created": "A new song was asked for.",
    "version.created": "A new version of a song was asked for.",
    "enhancement.completed": "The prompt was understood and worked out.",
    "stage.completed": "All of a stage is made: data.stage says which.",
    "composition.completed": "A version was released.",
    "composition.waiting": "A version waits: for somebody to answer for a failed check, or to go on.",
    "composition.failed": "A version failed; data.recoverable says whether the same again may succeed.",
    "composition.cancelled": "The work on a version was cancelled.",
    "webhook.disabled": "Another endpoint of yours is told nothing any more.",
    "webhook.test": "Somebody asked for a test.",
}
"""Names under which something is told, with what each means."""

ALWAYS_TOLD = ("webhook.test", "webhook.disabled")
"""Whatever an endpoint asked for."""

_OF_STATE = {"released": "composition.completed", "failed": "composition.failed",
             "waiting_for_approval": "composition.waiting", "cancelled": "composition.cancelled"}  # fmt: skip

_CONCERNED = select(WebhookEndpoint.id, WebhookEndpoint.events).where(
    WebhookEndpoint.disabled_at.is_(None),
    or_(
        WebhookEndpoint.user
        == select(Composition.user).where(Composition.id == bindparam("composition")).scalar_subquery(),
        WebhookEndpoint.user.in_(select(Member.user).where(Member.composition_id == bindparam("composition"))),
    ),
)
"""Endpoints of those who may see a composition and are told of it: its owner and its members."""


def hook_of(kind: str, payload: Mapping[str, Any]) -> str | None:
    """The name under which an event is told; None for one that is told to nobody."""
    if kind == "version.state":
        is_brought_back = payload.get("from") == "archived"
        return None if is_brought_back else _OF_STATE.get(str(payload.get("to")))
    if kind == "asset.made":
        return "enhancement.completed" if payload.get("asset") == "ideation/enhanced_prompt" else None
    return kind if kind in ("composition.created", "version.created", "stage.completed") else None


def put(session: Session, event: Event) -> None:
    """Put down what is to be told of ``event``, if anybody wants to know."""
    hook = hook_of(event.kind, event.payload)
    if hook is None or event.composition_id is None:
        return
    concerned = read_rows(session, _CONCERNED, composition=event.composition_id)
    wanting = [endpoint for endpoint, events in concerned if wants(events, hook)]
    if wanting:
        put_message(session, hook, _data(session, event), wanting, event.created_at)


def put_message(
    session: Session, hook: str, data: dict[str, Any], endpoints: Iterable[str], at: datetime | None = None
) -> WebhookMessage:
    """Put down one message for ``endpoints``, due at once."""
    now = at or utc_now()
    message = WebhookMessage(id=f"msg_{secrets.token_hex(12)}", kind=hook, data=data, created_at=now)
    session.add(message)
    session.flush()
    session.add_all(
        WebhookDelivery(endpoint_id=endpoint, message_id=message.id, state="pending", next_at=now)
        for endpoint in endpoints
    )
    session.flush()
    return message


def wants(events: str, hook: str) -> bool:
    """Whether an endpoint that asked for ``events`` is to be told of it; "" is all."""
    return not events or hook in ALWAYS_TOLD or hook in events.split()


def _data(session: Session, event: Event) -> dict[str, Any]:
    """Ids, and where to read on: who gets it asks the API, and believes nothing else."""
    number = session.scalar(select(Version.number).where(Version.id == event.version_id))
    payload = event.payload
    link = f"/api/v2/compositions/{event.composition_id}/status/"
    data: dict[str, Any] = {
        "composition": event.composition_id, "version": number, "event": event.id,
        "link": link if number is None else f"{link}?version={number}",
    }  # fmt: skip
    if "stage" in payload:
        data["stage"] = payload["stage"]
    if payload.get("to") == "failed":
        data["recoverable"] = payload.get("failure") == "transient"
    return data
