"""News of one version, as they happen: the server's stream of events wakes us, its status is what we tell.

Where no stream can be had (an older server, a proxy that holds it back), the status is asked for now and then; it is
not sent again while nothing has changed.

Belongs here: when to look. Does not belong here: what a status means (songs).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import cast

import httpx
from httpx_sse import EventSource, SSEError

from musicgen_client.errors import ApiError, UnreachableError
from musicgen_client.models import Status
from musicgen_client.transport import Transport

LOOK_EVERY_S = 1.0
"""Where there is no stream."""
SILENCE_MAX_S = 40.0
"""A stream sends something every 15 s; one that does not is dead."""


def changes(transport: Transport, composition: str, version: int, end: float | None) -> Iterator[Status]:
    """The status now and after each change, without end. Raises TimeoutError at ``end`` (time.monotonic)."""
    looked = _Look(transport, composition, version)
    has_stream, last_id = True, ""
    while True:
        if (status := looked.again()) is not None:
            yield status
        if end is not None and time.monotonic() >= end:
            raise TimeoutError(f"{composition}@v{version} was still being made; it goes on.")
        if not has_stream:
            time.sleep(LOOK_EVERY_S)
            continue
        try:
            for told_id in _news(transport, composition, last_id, end):
                last_id = told_id
                if (status := looked.again()) is not None:
                    yield status
        except (ApiError, SSEError):
            has_stream = False
        except (UnreachableError, httpx.TransportError):
            time.sleep(LOOK_EVERY_S)


class _Look:
    """The status, where it is another than the last."""

    def __init__(self, transport: Transport, composition: str, version: int) -> None:
        self._transport, self._path = transport, f"/compositions/{composition}/status/"
        self._asked = {"version": version}
        self._tag = ""

    def again(self) -> Status | None:
        headers = {"If-None-Match": self._tag} if self._tag else {}
        answer = self._transport.ask("GET", self._path, params=self._asked, headers=headers)
        if answer.status_code == 304:
            return None
        self._tag = answer.headers.get("ETag", "")
        return cast("Status", answer.json())


def _news(transport: Transport, composition: str, last_id: str, end: float | None) -> Iterator[str]:
    """Ids of the messages of the song's stream, until it ends."""
    silence_s = SILENCE_MAX_S if end is None else min(SILENCE_MAX_S, max(0.1, end - time.monotonic()))
    headers = {"Accept": "text/event-stream", **({"Last-Event-ID": last_id} if last_id else {})}
    timeout = httpx.Timeout(30.0, read=silence_s)
    with transport.streamed(f"/compositions/{composition}/events/", headers=headers, timeout=timeout) as answer:
        for message in EventSource(answer).iter_sse():
            yield message.id or last_id
            if end is not None and time.monotonic() >= end:
                return
