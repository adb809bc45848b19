"""Somebody who follows: reads a stream in a thread of its own and remembers what came, and when."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import httpx

from support.api_world import World

PATIENCE_S = 20.0


def wait_until(is_so: Callable[[], object], what: str = "it") -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, f"it did not come to this: {what}"
        time.sleep(0.01)


class Following:
    """What one stream has brought so far."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: httpx.Headers = httpx.Headers()
        self.messages: list[dict[str, Any]] = []
        self.at_s: list[float] = []
        self.comments: list[str] = []
        self.is_over = False
        self.began = threading.Event()
        self.hang_up: Callable[[], object] = lambda: None

    def ids(self) -> list[int]:
        return [message["id"] for message in self.messages]

    def wait(self, count: int) -> list[dict[str, Any]]:
        wait_until(lambda: len(self.messages) >= count, f"{count} messages")
        return self.messages

    def wait_over(self) -> dict[str, Any]:
        wait_until(lambda: self.is_over, "the stream ends")
        return self.messages[-1]

    def read(self, response: httpx.Response) -> None:
        self.status, self.headers = response.status_code, response.headers
        connection: socket.socket = response.extensions["network_stream"].get_extra_info("socket")
        self.hang_up = lambda: connection.shutdown(socket.SHUT_RDWR)
        self.began.set()
        found: dict[str, Any] = {}
        for line in response.iter_lines():
            name, _, value = line.partition(": ")
            if line.startswith(":"):
                self.comments.append(line)
            elif name == "id":
                found["id"] = int(value)
            elif name == "event":
                found["event"] = value
            elif name == "data":
                found |= json.loads(value)
            elif not line and found:
                self.messages.append({"id": None, **found})
                self.at_s.append(time.time())
                found = {}


@contextmanager
def following(api: World, path: str, who: str | None = "owner", **extra: Any) -> Iterator[Following]:
    """Follow ``path`` until the block ends."""
    found = Following()
    headers = dict(extra.pop("headers", {}))
    if who is not None:
        headers["Authorization"] = f"Bearer {api.keys[who]}"
    client = httpx.Client(timeout=60.0)

    def read() -> None:
        try:
            with client.stream("GET", f"{api.server.url}/api/v2{path}", headers=headers, **extra) as response:
                found.read(response)
        except (httpx.HTTPError, RuntimeError):
            pass  # it was closed, from here or from there
        finally:
            found.is_over = True
            found.began.set()

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    assert found.began.wait(PATIENCE_S)
    try:
        yield found
    finally:
        with suppress(OSError):  # it may be over
            found.hang_up()
        thread.join(PATIENCE_S)
        client.close()
