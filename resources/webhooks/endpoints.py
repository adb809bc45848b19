"""Endpoints: named, changed, given new secrets, tested; and what was sent to one, again if wanted.

A secret is derived from the installation's own and the endpoint's id, and stands nowhere: whoever reads the registry
can sign nothing.

Belongs here: endpoints and their deliveries as rows. Does not belong here: sending (sending), who may (api).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from musicgen_assets.context.failures import BadInput
from resources.access.rights import Unknown
from resources.registry import Registry, WebhookDelivery, WebhookEndpoint, WebhookMessage, WebhookTry, utc_now
from resources.registry.outbox import ALWAYS_TOLD, HOOKS, put_message
from resources.registry.queries import ensure_user
from resources.webhook_settings import WebhookSettings
from resources.webhooks.places import place_of

_LIST = "List what there is: GET /api/v2/webhooks/."


def secret_of(installation_secret: str, endpoint: str, number: int) -> str:
    """Secret ``number`` of an endpoint, in the form of Standard Webhooks: whsec_ and 32 bytes in base64."""
    digest = hmac.new(installation_secret.encode(), f"webhook {endpoint} {number}".encode(), hashlib.sha256).digest()
    return "whsec_" + base64.b64encode(digest).decode()


def secrets_in_force(installation_secret: str, endpoint: WebhookEndpoint, now: datetime) -> list[str]:
    """What messages to ``endpoint`` are signed with, the newest first."""
    numbers = [endpoint.secret_number]
    if endpoint.old_secret_until is not None and endpoint.old_secret_until > now:
        numbers.append(endpoint.secret_number - 1)
    return [secret_of(installation_secret, endpoint.id, number) for number in numbers]


def create_endpoint(
    registry: Registry, settings: WebhookSettings, user: str, url: str, events: Sequence[str], description: str
) -> WebhookEndpoint:
    """A new endpoint of ``user``. Raises BadInput for an address that may not be told, for events that there are not,
    and for one too many.
    """
    place_of(url, settings)  # before the transaction: looking up a name may take seconds
    row = WebhookEndpoint(
        id=f"wh_{secrets.token_hex(8)}", user=user, url=url, events=_events(events), description=description
    )
    with registry.session() as session:
        ensure_user(session, user)
        count = session.scalar(select(func.count()).where(WebhookEndpoint.user == user)) or 0
        if count >= settings.endpoints_per_user:
            rule = f"a user has up to {settings.endpoints_per_user} endpoints"
            raise BadInput("url", url, rule, way_out="Delete one.")
        session.add(row)
    return row


def find_endpoint(session: Session, user: str, endpoint: str) -> WebhookEndpoint:
    """``user``'s endpoint of that id. Raises Unknown."""
    row = session.get(WebhookEndpoint, endpoint)
    if row is None or row.user != user:
        raise Unknown("webhook", endpoint, "there is no such endpoint", way_out=_LIST)
    return row


def endpoints_of(session: Session, user: str) -> list[WebhookEndpoint]:
    """``user``'s endpoints, oldest first."""
    query = select(WebhookEndpoint).where(WebhookEndpoint.user == user)
    return list(session.scalars(query.order_by(WebhookEndpoint.created_at, WebhookEndpoint.id)))


def change_endpoint(
    registry: Registry, settings: WebhookSettings, user: str, endpoint: str, *, url: str | None = None,
    events: Sequence[str] | None = None, description: str | None = None, is_enabled: bool | None = None,
) -> WebhookEndpoint:  # fmt: skip
    """Change what is named. An endpoint that is enabled again gets what has waited.

    Raises Unknown for one that is not ``user``'s, and as create_endpoint.
    """
    with registry.reading() as session:
        find_endpoint(session, user, endpoint)
    if url is not None:
        place_of(url, settings)
    with registry.session() as session:
        row = find_endpoint(session, user, endpoint)
        row.url = url or row.url
        row.events = row.events if events is None else _events(events)
        row.description = row.description if description is None else description
        if is_enabled is True and row.disabled_at is not None:
            row.disabled_at, row.disabled_why = None, ""
            pending = (WebhookDelivery.endpoint_id == row.id, WebhookDelivery.state == "pending")
            session.execute(update(WebhookDelivery).where(*pending).values(next_at=utc_now(), tries=0))
        if is_enabled is False:
            disable(row, "switched off by its user", utc_now())
        return row


def disable(row: WebhookEndpoint, why: str, now: datetime) -> None:
    """Tell it nothing any more; what is pending waits."""
    row.disabled_at, row.disabled_why = row.disabled_at or now, row.disabled_why or why


def delete_endpoint(session: Session, row: WebhookEndpoint) -> None:
    """Erase an endpoint with everything that was sent to it."""
    own = select(WebhookDelivery.id).where(WebhookDelivery.endpoint_id == row.id)
    session.execute(delete(WebhookTry).where(WebhookTry.delivery_id.in_(own)))
    session.execute(delete(WebhookDelivery).where(WebhookDelivery.endpoint_id == row.id))
    session.delete(row)


def rotate(session: Session, settings: WebhookSettings, row: WebhookEndpoint) -> None:
    """Give it a new secret; the one before is in force beside it for a while."""
    row.secret_number += 1
    row.old_secret_until = utc_now() + timedelta(hours=settings.rotation_hours)
    session.flush()


def send_test(session: Session, row: WebhookEndpoint) -> WebhookMessage:
    """Put down a message that says nothing, for this endpoint alone. Raises BadInput for a disabled one."""
    if row.disabled_at is not None:
        raise BadInput("webhook", row.id, "it is disabled", way_out="Enable it first.")
    return put_message(session, "webhook.test", {"webhook": row.id}, [row.id])


def deliveries_of(
    session: Session, row: WebhookEndpoint, limit: int, before: int | None = None, state: str | None = None
) -> list[tuple[WebhookDelivery, WebhookMessage, list[WebhookTry]]]:
    """What was sent to it or is to be, newest first, each with its message and its tries."""
    query = (
        select(WebhookDelivery, WebhookMessage)
        .join(WebhookMessage, WebhookMessage.id == WebhookDelivery.message_id)
        .where(WebhookDelivery.endpoint_id == row.id)
        .order_by(WebhookDelivery.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(WebhookDelivery.id < before)
    if state is not None:
        query = query.where(WebhookDelivery.state == state)
    found = session.execute(query).tuples().all()
    tries: dict[int, list[WebhookTry]] = {delivery.id: [] for delivery, _ in found}
    for one in session.scalars(
        select(WebhookTry).where(WebhookTry.delivery_id.in_(list(tries))).order_by(WebhookTry.id)
    ):
        tries[one.delivery_id].append(one)
    return [(delivery, message, tries[delivery.id]) for delivery, message in found]


def replay(session: Session, row: WebhookEndpoint, message: str | None = None, since: datetime | None = None) -> int:
    """Send again what there was: one message, or all since a time that did not arrive. Returns how many.

    Their ids stay as they were. Raises Unknown for a message that was never meant for it.
    """
    query = update(WebhookDelivery).where(WebhookDelivery.endpoint_id == row.id)
    if message is not None:
        query = query.where(WebhookDelivery.message_id == message)
    else:
        wanted = select(WebhookMessage.id)
        if since is not None:
            wanted = wanted.where(WebhookMessage.created_at >= since)
        query = query.where(WebhookDelivery.message_id.in_(wanted), WebhookDelivery.state == "failed")
    values = {"state": "pending", "tries": 0, "next_at": utc_now(), "finished_at": None}
    count = len(session.scalars(query.values(**values).returning(WebhookDelivery.id)).all())
    if message is not None and not count:
        raise Unknown("message", message, "there is no such message", way_out="See .../deliveries/.")
    return count


def _events(names: Sequence[str]) -> str:
    for name in names:
        if name not in HOOKS or name in ALWAYS_TOLD:
            known = ", ".join(hook for hook in HOOKS if hook not in ALWAYS_TOLD)
            raise BadInput("events", name, "there is no such event", way_out=f"There are: {known}.")
    return " ".join(dict.fromkeys(names))
