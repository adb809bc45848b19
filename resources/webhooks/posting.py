"""Sending one message once, as Standard Webhooks says: signed, to the address that was looked at, within a time.

Belongs here: the request, and what its answer means. Does not belong here: when it is sent again (sending).
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
from standardwebhooks import Webhook

from musicgen_assets.context.failures import BadInput
from resources.providers.retry_after import retry_after_s
from resources.webhook_settings import WebhookSettings
from resources.webhooks.places import place_of

GONE = 410
_SLOW_DOWN = (429, 502, 503, 504)
_TOLD_CHARACTERS = 300
"""Of an error, in the delivery log."""


@dataclass(frozen=True)
class Parcel:
    """What is sent, and with what it is signed. Its bytes are the same whenever it is sent."""

    message: str
    url: str
    body: bytes
    secrets: Sequence[str]


@dataclass(frozen=True)
class Outcome:
    """What came of one try. ``wait_s`` is how long the receiver asked to be left alone."""

    status: int | None
    error: str
    seconds: float
    wait_s: float | None = None

    @property
    def is_taken(self) -> bool:
        """Whether the receiver has it: any 2xx; a redirect is none."""
        return self.status is not None and 200 <= self.status < 300


def body_of(kind: str, data: dict[str, Any], at: datetime, public_url: str) -> bytes:
    """A message as it is sent: {type, timestamp, data}, small, with an address to ask for more."""
    link = data.get("link")
    told = data if link is None or not public_url else {**data, "link": f"{public_url}{link}"}
    message = {"type": kind, "timestamp": at.isoformat(timespec="milliseconds"), "data": told}
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def new_client(settings: WebhookSettings) -> httpx.AsyncClient:
    """Follows no redirects, asks no proxy, and keeps no connection: one to an address may be meant for another name."""
    return httpx.AsyncClient(
        follow_redirects=False, trust_env=False, timeout=settings.timeout_s,
        limits=httpx.Limits(max_keepalive_connections=0),
    )  # fmt: skip


async def post(client: httpx.AsyncClient, parcel: Parcel, settings: WebhookSettings, now: datetime) -> Outcome:
    """Send it once."""
    started = time.monotonic()
    status, error, wait_s = None, "", None
    try:
        async with asyncio.timeout(settings.timeout_s):
            place = await asyncio.to_thread(place_of, parcel.url, settings)
            headers = {"Host": place.authority, **_headers(parcel, now)}
            async with client.stream(
                "POST", place.target, content=parcel.body, headers=headers, extensions={"sni_hostname": place.host}
            ) as response:
                status = response.status_code
                wait_s = retry_after_s(response.headers) if status in _SLOW_DOWN else None
                error = "" if response.is_success else f"answered {status}"
    except TimeoutError:
        error = f"no answer within {settings.timeout_s:g} s"
    except BadInput as problem:
        error = problem.rule
    except (httpx.HTTPError, OSError) as problem:
        error = f"{type(problem).__name__}: {problem}"
    return Outcome(status, error[:_TOLD_CHARACTERS], time.monotonic() - started, wait_s)


def _headers(parcel: Parcel, now: datetime) -> dict[str, str]:
    text = parcel.body.decode()
    signatures = [Webhook(secret).sign(parcel.message, now, text) for secret in parcel.secrets]
    return {
        "Content-Type": "application/json", "User-Agent": "MusicGen-Webhooks/1", "Accept": "*/*",
        "webhook-id": parcel.message, "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }  # fmt: skip
