"""Sending what the outbox holds: at once, again on the schedule of Standard Webhooks, until it is taken or given up.

One process of a home sends at a time (a duty, taken for a while and renewed). Whatever ends it, what was put down is
sent by the next, under the same id: each message arrives at least once.

Belongs here: what is due, the schedule, what an outcome means for an endpoint. Does not belong here: one request
(posting), endpoints by hand (endpoints).
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import delete, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from musicgen_assets.context.failures import Failure
from resources.leases import claimer_name
from resources.logging_setup import LOGGER
from resources.registry import Duty, Registry, WebhookDelivery, WebhookEndpoint, WebhookMessage, WebhookTry, utc_now
from resources.registry.outbox import put_message, wants
from resources.settings import Settings
from resources.webhooks.endpoints import disable, secrets_in_force
from resources.webhooks.posting import GONE, Outcome, Parcel, body_of, new_client, post

SCHEDULE_S = (0.0, 5.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0, 86_400.0)
"""How long after the try before each try follows: the example of the standard. The last one may fail too."""
_JITTER = 0.2
"""A wait is up to so much longer, so that many do not come back at once."""
AT_ONCE = 32
"""Endpoints that are told something at the same time; each is told one thing at a time."""
_DUTY = "webhooks"
_DUTY_S = 60.0
_LOOK_S = 2.0
_AWAY_S = 2.0
_TIDY_S = 3600.0
_LOG = logging.getLogger(f"{LOGGER}.webhooks")


@dataclass(frozen=True)
class _Due:
    delivery: int
    endpoint: str
    parcel: Parcel


class Sender:
    """A thread that sends. ``wake`` it when something was put down; ``stop`` ends it, and what is on its way."""

    def __init__(
        self, registry: Registry, settings: Settings, secret: str, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._registry = registry
        self._settings = settings
        self._secret = secret
        self._now = now
        self._holder = f"{claimer_name()}:{secrets.token_hex(4)}"
        self._duty_until: datetime | None = None
        self._tidied: datetime | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken: asyncio.Event | None = None
        self._is_ended = False
        self._thread = threading.Thread(target=self._work, name="webhooks", daemon=True)

    def start(self) -> None:
        """Begin, with what an earlier process left."""
        self._thread.start()

    def wake(self) -> None:
        """Look now. For any thread."""
        loop, woken = self._loop, self._woken
        if loop is not None and woken is not None and not loop.is_closed():
            loop.call_soon_threadsafe(woken.set)

    def stop(self) -> None:
        """Send no more; what was not answered yet is sent again by the next."""
        self._is_ended = True
        self.wake()
        if self._thread.is_alive():
            self._thread.join()

    async def send_due(self) -> int:
        """Send everything that is due now, each once; how many tries that took. For tests, and for one's own loop."""
        count = 0
        async with new_client(self._settings.webhooks) as client:
            while self._has_duty() and (due := self._due(frozenset())):
                await asyncio.gather(*(self._deliver(client, one) for one in due))
                count += len(due)
        self._give_up_duty()
        return count

    def _work(self) -> None:
        with asyncio.Runner() as runner:
            runner.run(self._run())

    async def _run(self) -> None:
        self._loop, self._woken = asyncio.get_running_loop(), asyncio.Event()
        under_way: dict[str, asyncio.Task[None]] = {}
        async with new_client(self._settings.webhooks) as client:
            while not self._is_ended:
                try:
                    self._begin_due(client, under_way)
                except (Failure, DBAPIError) as error:
                    _LOG.warning("webhooks wait: %s", error)
                    await asyncio.sleep(_AWAY_S)
                await self._pause(under_way)
            for task in under_way.values():
                task.cancel()
            await asyncio.gather(*under_way.values(), return_exceptions=True)
        self._give_up_duty()

    def _begin_due(self, client: httpx.AsyncClient, under_way: dict[str, asyncio.Task[None]]) -> None:
        for endpoint in [name for name, task in under_way.items() if task.done()]:
            failed = under_way.pop(endpoint).exception()
            if failed is not None:
                _LOG.warning("a webhook to %s: %s", endpoint, failed)
        if not self._is_anything_due() or not self._has_duty():
            return
        self._tidy()
        for one in self._due(frozenset(under_way))[: AT_ONCE - len(under_way)]:
            under_way[one.endpoint] = asyncio.create_task(self._deliver(client, one))

    async def _pause(self, under_way: dict[str, asyncio.Task[None]]) -> None:
        """Until somebody wakes us, something has arrived, or a look is due."""
        if self._woken is None:
            return
        woken = asyncio.create_task(self._woken.wait())
        await asyncio.wait({woken, *under_way.values()}, timeout=_LOOK_S, return_when=asyncio.FIRST_COMPLETED)
        woken.cancel()
        self._woken.clear()

    def _is_anything_due(self) -> bool:
        with self._registry.reading() as session:
            return session.scalar(_due_query(self._now()).limit(1)) is not None

    def _due(self, busy: frozenset[str]) -> list[_Due]:
        """The oldest thing that is due, of each endpoint that is not busy."""
        now = self._now()
        with self._registry.reading() as session:
            first = (
                select(func.min(WebhookDelivery.id))
                .where(WebhookDelivery.id.in_(_due_query(now)), WebhookDelivery.endpoint_id.not_in(busy))
                .group_by(WebhookDelivery.endpoint_id)
            )
            query = (
                select(WebhookDelivery, WebhookMessage, WebhookEndpoint)
                .join(WebhookMessage, WebhookMessage.id == WebhookDelivery.message_id)
                .join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)
                .where(WebhookDelivery.id.in_(first))
                .order_by(WebhookDelivery.next_at)
                .limit(AT_ONCE)
            )
            return [self._as_due(*row, now) for row in session.execute(query).tuples()]

    def _as_due(
        self, delivery: WebhookDelivery, message: WebhookMessage, endpoint: WebhookEndpoint, now: datetime
    ) -> _Due:
        body = body_of(message.kind, message.data, message.created_at, self._settings.api.public_url)
        parcel = Parcel(message.id, endpoint.url, body, secrets_in_force(self._secret, endpoint, now))
        return _Due(delivery.id, endpoint.id, parcel)

    async def _deliver(self, client: httpx.AsyncClient, due: _Due) -> None:
        outcome = await post(client, due.parcel, self._settings.webhooks, self._now())
        with self._registry.session() as session:
            self._write_down(session, due, outcome)

    def _write_down(self, session: Session, due: _Due, outcome: Outcome) -> None:
        delivery = session.get(WebhookDelivery, due.delivery)
        endpoint = session.get(WebhookEndpoint, due.endpoint)
        if delivery is None or endpoint is None:
            return  # it was deleted meanwhile
        now = self._now()
        session.add(
            WebhookTry(
                delivery_id=delivery.id, at=now, status=outcome.status, error=outcome.error, seconds=outcome.seconds
            )
        )
        delivery.tries += 1
        if outcome.is_taken:
            delivery.state, delivery.finished_at = "delivered", now
        elif outcome.status == GONE:
            delivery.state, delivery.finished_at = "failed", now
            self._disable(session, endpoint, "it answered 410 Gone", now)
        elif delivery.tries >= len(SCHEDULE_S):
            delivery.state, delivery.finished_at = "failed", now
            self._disable(session, endpoint, f"it took nothing in {delivery.tries} tries: {outcome.error}", now)
        else:
            delivery.next_at = now + timedelta(seconds=wait_s(delivery.tries, outcome.wait_s))

    def _disable(self, session: Session, endpoint: WebhookEndpoint, why: str, now: datetime) -> None:
        """Tell it nothing more, and its user by whatever other way there is."""
        disable(endpoint, why[:300], now)
        _LOG.warning("webhook %s of %s is disabled: %s", endpoint.id, endpoint.user, why)
        others = session.scalars(
            select(WebhookEndpoint).where(
                WebhookEndpoint.user == endpoint.user, WebhookEndpoint.id != endpoint.id,
                WebhookEndpoint.disabled_at.is_(None),
            )
        )  # fmt: skip
        told = [other.id for other in others if wants(other.events, "webhook.disabled")]
        if told:
            put_message(session, "webhook.disabled", {"webhook": endpoint.id, "why": why[:300]}, told, now)

    def _has_duty(self) -> bool:
        """Whether this is the process that sends: it says so for a while, and again before that is over."""
        now = self._now()
        if self._duty_until is not None and now < self._duty_until - timedelta(seconds=_DUTY_S / 2):
            return True
        with self._registry.session() as session:
            row = session.get(Duty, _DUTY, with_for_update=True)
            if row is not None and row.holder != self._holder and row.until > now:
                self._duty_until = None
                return False
            until = now + timedelta(seconds=_DUTY_S)
            if row is None:
                session.add(Duty(name=_DUTY, holder=self._holder, until=until))
            else:
                row.holder, row.until = self._holder, until
        self._duty_until = until
        return True

    def _give_up_duty(self) -> None:
        """Let another process send at once."""
        if self._duty_until is None:
            return
        self._duty_until = None
        with self._registry.session() as session:
            session.execute(delete(Duty).where(Duty.name == _DUTY, Duty.holder == self._holder))

    def _tidy(self) -> None:
        """Forget what was settled long ago."""
        now = self._now()
        if self._tidied is not None and now - self._tidied < timedelta(seconds=_TIDY_S):
            return
        self._tidied = now
        before = now - timedelta(days=self._settings.webhooks.kept_days)
        with self._registry.session() as session:
            old = select(WebhookDelivery.id).where(WebhookDelivery.finished_at < before)
            session.execute(delete(WebhookTry).where(WebhookTry.delivery_id.in_(old)))
            session.execute(delete(WebhookDelivery).where(WebhookDelivery.finished_at < before))
            named = select(WebhookDelivery.message_id)
            session.execute(
                delete(WebhookMessage).where(WebhookMessage.created_at < before, WebhookMessage.id.not_in(named))
            )


def wait_s(tries: int, asked_s: float | None = None) -> float:
    """Seconds until the next try after ``tries`` that failed; at least what the receiver asked for."""
    jitter = 1.0 + _JITTER * secrets.randbelow(1000) / 1000
    return max(SCHEDULE_S[tries] * jitter, asked_s or 0.0)


def _due_query(now: datetime) -> Any:
    return (
        select(WebhookDelivery.id)
        .join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)
        .where(
            WebhookDelivery.state == "pending", WebhookDelivery.next_at <= now, WebhookEndpoint.disabled_at.is_(None)
        )
    )
