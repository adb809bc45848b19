"""Connections that stay open: the same messages as Server-Sent Events and over WebSocket, in the server's own loop.

A thousand of them hold no thread. What is written is what came by then, in one piece; a caller that does not read is
let go with a last message that says where to go on from.

Belongs here: writing, heartbeats, noticing who went. Does not belong here: what there is to say (live).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from api.live import Follower, Hub, Packed, Wanted

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

HEARTBEAT_S = 15.0
SEND_S = 20.0
"""A connection into which nothing can be written for so long is closed."""
_RETRY = b"retry: 2000\n\n"
_BEAT = b": still here\n\n"
_RECOVERABLE = ("too_slow", "restarting")
_REPLAY_THREADS = 4


class Streams:
    """Serves the followers of ``hub``. ``close`` when nobody is left."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self._pool = ThreadPoolExecutor(_REPLAY_THREADS, "api-replay")

    def close(self) -> None:
        """End the threads that read what is past."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    async def serve_events(
        self, wanted: Wanted, headers: list[tuple[bytes, bytes]], receive: Receive, send: Send,
        abort: Callable[[], None],
    ) -> None:  # fmt: skip
        """A text/event-stream, until the caller goes or is let go. ``abort`` cuts a connection that takes nothing."""
        try:
            await self._serve_events(wanted, headers, receive, send)
        except TimeoutError:
            abort()
            await asyncio.sleep(0)  # so that the server notices that it is cut

    async def _serve_events(
        self, wanted: Wanted, headers: list[tuple[bytes, bytes]], receive: Receive, send: Send
    ) -> None:
        kept = [(name, value) for name, value in headers if name not in (b"content-length", b"etag")]

        async def write(messages: list[Packed]) -> None:
            data = b"".join(message.event for message in messages)
            async with asyncio.timeout(SEND_S):
                await send({"type": "http.response.body", "body": data, "more_body": True})

        async def beat() -> None:
            async with asyncio.timeout(SEND_S):
                await send({"type": "http.response.body", "body": _BEAT, "more_body": True})

        await send({"type": "http.response.start", "status": 200, "headers": kept})
        await send({"type": "http.response.body", "body": _RETRY, "more_body": True})
        code, words, last_id = await self._follow(wanted, receive, write, beat)
        if code:
            last = f"event: error\ndata: {_last(wanted, code, words, last_id)}\n\n".encode()
            async with asyncio.timeout(SEND_S):
                await send({"type": "http.response.body", "body": last, "more_body": False})
        else:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def serve_web_socket(self, wanted: Wanted, receive: Receive, send: Send) -> None:
        """The same over a WebSocket, one JSON object a frame; uvicorn's pings are the heartbeat."""

        async def write(messages: list[Packed]) -> None:
            async with asyncio.timeout(SEND_S):
                for message in messages:
                    await send({"type": "websocket.send", "text": message.frame})

        async def beat() -> None:
            """Pings go by themselves."""

        await send({"type": "websocket.accept"})
        code, words, last_id = await self._follow(wanted, receive, write, beat)
        if code:
            async with asyncio.timeout(SEND_S):
                await send({"type": "websocket.send", "text": _last(wanted, code, words, last_id)})
                await send({"type": "websocket.close", "code": 1012 if code == "restarting" else 1008, "reason": code})

    async def _follow(
        self, wanted: Wanted, receive: Receive, write: Callable[[list[Packed]], Awaitable[None]],
        beat: Callable[[], Awaitable[None]],
    ) -> tuple[str, str, int]:  # fmt: skip
        """Send until it is over: why (empty where the caller went), in words, and the last number that was sent."""
        follower = self.hub.add(wanted)
        gone = asyncio.ensure_future(_gone(receive))
        gone.add_done_callback(lambda _: follower.end("", ""))
        last_id = wanted.after or 0
        try:
            past = await asyncio.get_running_loop().run_in_executor(self._pool, self.hub.past, wanted)
            if past:
                await write(past)
                last_id = past[-1].id
            first_id = last_id
            if wanted.for_s is not None:
                asyncio.get_running_loop().call_later(wanted.for_s, follower.end, "", "")
            while True:
                messages = _waiting(follower, first_id)
                if messages:
                    await write(messages)
                    last_id = max(last_id, messages[-1].id)
                if follower.queue:
                    continue
                if follower.ending is not None:
                    return *follower.ending, last_id
                follower.woken.clear()
                try:
                    async with asyncio.timeout(HEARTBEAT_S):
                        await follower.woken.wait()
                except TimeoutError:
                    await beat()
        finally:
            gone.cancel()
            self.hub.remove(follower)


async def _gone(receive: Receive) -> None:
    """Ends when the caller does; what it says meanwhile is of no interest."""
    while (await receive())["type"] not in ("http.disconnect", "websocket.disconnect"):
        pass


def _waiting(follower: Follower, first_id: int) -> list[Packed]:
    """Everything in the queue but what was told as past already: a row's message may have come to stand in both."""
    found = [packed for packed in follower.queue if packed.id > first_id or packed.is_between]
    follower.queue.clear()
    return found


def _last(wanted: Wanted, code: str, words: str, last_id: int) -> str:
    told = {
        "type": "error", "composition": wanted.composition, "version": None, "stage": None, "status": "closed",
        "progress": None, "time_left_s": None, "at": None, "code": code, "error": words, "message": words,
        "recoverable": code in _RECOVERABLE, "resume_after": last_id,
    }  # fmt: skip
    return json.dumps(told, separators=(",", ":"))
