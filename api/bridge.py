"""The Flask application behind an asynchronous server: a thread answers, and only while there is something to do.

Bodies are taken in before a thread begins, answers go out after it ended: a caller that sends or reads slowly holds
none. Streams that stay open hold none either: their handlers check and say what is to be streamed, and the rest is
done in the server's loop. That is why no adapter from a library stands here: those that are kept (a2wsgi, asgiref)
hold a thread for as long as the caller takes.

Belongs here: bodies in, answers out. Does not belong here: HTTP itself (uvicorn), streams (streams), which threads
answer (lanes).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from uvicorn.protocols.utils import ClientDisconnected

from api.environ import STREAM, environ_of
from api.http_protocol import ABORT
from api.lanes import Lanes
from api.streams import Streams

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

BODY_SILENT_S = 30.0
"""A body of which nothing comes for so long is given up."""
_PIECE_BYTES = 256 * 1024
"""About as much of a long answer is taken from its handler at a time."""
_HEALTH, _UPLOADS = "/health/", "/uploads/"
_HANDSHAKE = (b"upgrade", b"connection")
"""What makes a request one for a WebSocket, and no concern of who answers for the stream."""


@dataclass
class _Answer:
    """What the application said: the whole of it, or its beginning and where the rest comes from."""

    status: int
    headers: list[tuple[bytes, bytes]]
    data: bytes
    rest: Iterator[bytes] | None
    close: Callable[[], None]


class Bridge:
    """An ASGI application over the WSGI application ``app``. ``close`` ends its threads."""

    def __init__(
        self,
        app: Any,
        streams: Streams,
        lanes: Lanes,
        *,
        max_body_bytes: int,
        max_upload_bytes: int,
        trusted_proxy: str,
    ) -> None:
        self._app = app
        self._streams = streams
        self._lanes = lanes
        self._max_body_bytes, self._max_upload_bytes = max_body_bytes, max_upload_bytes
        self._trusted_proxy = trusted_proxy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hold one connection."""
        if scope["type"] == "websocket":
            await self._web_socket(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    def close(self) -> None:
        """Finish what was begun, take nothing more."""
        self._lanes.close()

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == _HEALTH and scope["method"] in ("GET", "HEAD"):
            await _send_json(send, 200, {"status": "alive"})  # also when every thread is busy
            return
        taken = await self._body(scope, receive)
        if taken is None:
            await _send_json(send, 408, {"detail": "The body did not come."})
            return
        environ = environ_of(scope, *taken, self._trusted_proxy)
        answer = await self._answered(environ)
        wanted = environ.pop(STREAM, None)
        if wanted is not None and answer.status == 200 and scope["method"] == "GET":
            answer.close()
            abort = scope["extensions"][ABORT]["now"]
            await self._streams.serve_events(wanted, answer.headers, receive, send, abort)
        else:
            await self._send(answer, receive, send)

    async def _web_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Who may open one is decided as for the stream of the same messages, by the same operation."""
        headers = [pair for pair in scope["headers"] if pair[0] not in _HANDSHAKE]
        environ = environ_of(
            {**scope, "method": "GET", "raw_path": _stream_path(scope), "headers": headers},
            b"",
            None,
            self._trusted_proxy,
        )
        await receive()
        answer = await self._answered(environ)
        answer.close()
        wanted = environ.pop(STREAM, None)
        if wanted is not None and answer.status == 200:
            await self._streams.serve_web_socket(wanted, receive, send)
        elif "websocket.http.response" in scope.get("extensions", {}):
            start = {"status": answer.status, "headers": answer.headers}
            await send({"type": "websocket.http.response.start", **start})
            await send({"type": "websocket.http.response.body", "body": answer.data})
            raise ClientDisconnected  # uvicorn takes a plain return for a handshake that was forgotten
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _answered(self, environ: dict[str, Any]) -> _Answer:
        return await asyncio.get_running_loop().run_in_executor(self._lanes.of(environ), self._run, environ)

    async def _body(self, scope: Scope, receive: Receive) -> tuple[bytes, int | None] | None:
        """The body, and its length as told where it is too long to be taken in; None where the caller went silent."""
        told = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        is_upload = scope["path"].endswith(_UPLOADS)
        most_bytes = self._max_upload_bytes if is_upload else self._max_body_bytes
        if int(told) > most_bytes:
            return b"", int(told)
        parts, size = [], 0
        while True:
            try:
                async with asyncio.timeout(BODY_SILENT_S):
                    message = await receive()
            except TimeoutError:
                return None
            if message["type"] == "http.disconnect":
                return None
            part = message.get("body", b"")
            size += len(part)
            parts.append(part)
            if size > most_bytes:
                return b"", size
            if not message.get("more_body"):
                return b"".join(parts), None

    def _run(self, environ: dict[str, Any]) -> _Answer:
        """In a thread: the application's answer, as far as it fits into one piece."""
        started: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], _error: Any = None) -> Callable[[bytes], object]:
            started[:] = [int(status[:3]), [(a.lower().encode("latin-1"), b.encode("latin-1")) for a, b in headers]]
            return lambda _: None

        parts: Iterable[bytes] = self._app(environ, start)
        close: Callable[[], None] = getattr(parts, "close", lambda: None)
        rest = iter(parts)
        data = _piece(rest)
        is_whole = len(data) < _PIECE_BYTES
        return _Answer(started[0], started[1], data, None if is_whole else rest, close)

    async def _send(self, answer: _Answer, receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        try:
            await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
            await send({"type": "http.response.body", "body": answer.data, "more_body": answer.rest is not None})
            if answer.rest is None:
                return
            gone = asyncio.ensure_future(receive())
            try:
                while not gone.done():
                    data = await loop.run_in_executor(self._lanes.long, _piece, answer.rest)
                    more = len(data) >= _PIECE_BYTES
                    await send({"type": "http.response.body", "body": data, "more_body": more})
                    if not more:
                        return
            finally:
                gone.cancel()
        finally:
            if answer.rest is None:
                answer.close()
            else:
                await loop.run_in_executor(self._lanes.long, answer.close)


def _piece(parts: Iterator[bytes]) -> bytes:
    """The next parts together; shorter than _PIECE_BYTES only at the end."""
    found, size = [], 0
    for part in parts:
        found.append(part)
        size += len(part)
        if size >= _PIECE_BYTES:
            break
    return b"".join(found)


def _stream_path(scope: Scope) -> bytes:
    """The path of the stream whose messages a WebSocket carries: .../ws/ for .../events/."""
    path: bytes = scope.get("raw_path") or b"/"
    head, name, end = path.rstrip(b"/").rpartition(b"/")
    return head + name + b"events/" if end == b"ws" else b"/no-such-socket"


async def _send_json(send: Send, status: int, told: dict[str, str]) -> None:
    data = json.dumps(told).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(data)).encode()),
               (b"cache-control", b"no-store")]  # fmt: skip
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": data})
