"""Operations of webhooks: endpoints of the caller's own, their secrets, and what was sent to them.

Belongs here: these handlers. Does not belong here: endpoints themselves and sending (resources.webhooks).
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from api.operations import Call
from api.v2.told_people import (
    DeliveriesTold,
    DeliveryTold,
    MadeWebhookTold,
    MessageTold,
    ReplayTold,
    TryTold,
    WebhooksTold,
    WebhookTold,
)
from resources.registry import WebhookDelivery, WebhookEndpoint, WebhookMessage, WebhookTry
from resources.webhooks import endpoints


def webhooks(call: Call) -> WebhooksTold:
    """The caller's endpoints."""
    with call.studio.registry.reading() as session:
        return WebhooksTold(items=[_told(row) for row in endpoints.endpoints_of(session, call.caller.user)])


def make_webhook(call: Call) -> MadeWebhookTold:
    """A new endpoint; its secret is told once."""
    asked = call.body
    row = endpoints.create_endpoint(
        call.studio.registry, call.settings.webhooks, call.caller.user, asked.url, asked.events, asked.description
    )
    return _made(call, row)


def webhook(call: Call) -> WebhookTold:
    """One endpoint."""
    with call.studio.registry.reading() as session:
        return _told(_own(call, session))


def change_webhook(call: Call) -> WebhookTold:
    """Change what is named of an endpoint."""
    asked = call.body
    row = endpoints.change_endpoint(
        call.studio.registry, call.settings.webhooks, call.caller.user, call.path["webhook"], url=asked.url,
        events=asked.events, description=asked.description, is_enabled=asked.is_enabled,
    )  # fmt: skip
    return _told(row)


def delete_webhook(call: Call) -> None:
    """Erase an endpoint."""
    with call.studio.registry.session() as session:
        endpoints.delete_endpoint(session, _own(call, session))


def rotate_webhook(call: Call) -> MadeWebhookTold:
    """Give an endpoint a new secret."""
    with call.studio.registry.session() as session:
        row = _own(call, session)
        endpoints.rotate(session, call.settings.webhooks, row)
        return _made(call, row)


def check_webhook(call: Call) -> MessageTold:
    """Send a message that says nothing."""
    with call.studio.registry.session() as session:
        return MessageTold(message=endpoints.send_test(session, _own(call, session)).id)


def deliveries(call: Call) -> DeliveriesTold:
    """What was sent to an endpoint, and what came of it, newest first."""
    asked = call.query
    with call.studio.registry.reading() as session:
        row = _own(call, session)
        found = endpoints.deliveries_of(session, row, asked.limit + 1, asked.cursor, asked.state)
    items = [_delivery(*one) for one in found[: asked.limit]]
    return DeliveriesTold(items=items, next_cursor=items[-1].id if len(found) > asked.limit else None)


def replay(call: Call) -> ReplayTold:
    """Send again what did not arrive, or one message whatever became of it."""
    asked = call.body
    with call.studio.registry.session() as session:
        return ReplayTold(count=endpoints.replay(session, _own(call, session), asked.message, asked.since))


def _own(call: Call, session: Session) -> WebhookEndpoint:
    return endpoints.find_endpoint(session, call.caller.user, call.path["webhook"])


def _made(call: Call, row: WebhookEndpoint) -> MadeWebhookTold:
    secret = endpoints.secret_of(call.secret, row.id, row.secret_number)
    return MadeWebhookTold(**_told(row).model_dump(), secret=secret)


def _told(row: WebhookEndpoint) -> WebhookTold:
    return WebhookTold(
        id=row.id, url=row.url, events=row.events.split(), description=row.description,
        is_enabled=row.disabled_at is None, disabled_at=row.disabled_at, disabled_why=row.disabled_why,
        created_at=row.created_at, old_secret_until=row.old_secret_until,
    )  # fmt: skip


def _delivery(row: WebhookDelivery, message: WebhookMessage, tries: list[WebhookTry]) -> DeliveryTold:
    told = [TryTold(at=one.at, status=one.status, error=one.error, seconds=round(one.seconds, 3)) for one in tries]
    return DeliveryTold.model_validate(
        {"id": row.id, "message": message.id, "event": message.kind, "data": message.data,
         "created_at": message.created_at, "state": row.state,
         "next_at": row.next_at if row.state == "pending" else None, "tries": told}
    )  # fmt: skip
