"""HTTP as uvicorn speaks it, for callers that mean no good: headers have a size, and come within a time.

Belongs here: these two limits. Does not belong here: bodies (bridge), who may (gate).
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

ABORT = "musicgen.abort"
"""In a request's scope, among its extensions: cuts the connection without waiting for what is still to be written."""
LONGEST_HEADERS_BYTES = 16 * 1024
SILENT_S = 30.0
"""A connection over which no whole request comes for so long is closed."""


class CarefulProtocol(HttpToolsProtocol):
    """Closes what sends headers without end, and what sends none."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._head_bytes = 0
        self._is_in_head = True
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes in, unless there are too many before a request is whole."""
        before = self._head_bytes
        super().data_received(data)
        if self._is_in_head and self._head_bytes == before:  # nothing was made of it yet: a header without an end
            self._head_bytes += len(data)
        if self._is_in_head and self._head_bytes > LONGEST_HEADERS_BYTES and not self.transport.is_closing():
            self._refuse()

    def on_message_begin(self) -> None:
        """A request begins."""
        self._head_bytes, self._is_in_head = 0, True
        self._wait_for_head()
        super().on_message_begin()
        self.scope["extensions"] = {ABORT: {"now": self.transport.abort}}

    def on_url(self, url: bytes) -> None:
        """A part of the address."""
        self._head_bytes += len(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header."""
        self._head_bytes += len(name) + len(value) + 4
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The request can be answered, if its head is not too long."""
        self._stop_waiting()
        self._is_in_head = False
        if self._head_bytes > LONGEST_HEADERS_BYTES:
            self._refuse()
            return
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of a body; that of a refused request is nobody's."""
        if self.cycle is not None and not self.transport.is_closing():
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        if self.cycle is not None and not self.transport.is_closing():
            super().on_message_complete()

    def _wait_for_head(self) -> None:
        self._stop_waiting()
        self._timer = self.loop.call_later(SILENT_S, self._give_up)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()

    def _refuse(self) -> None:
        """RFC 6585: 431, and nothing more on this connection."""
        self.transport.write(
            b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        )
        self.transport.close()
