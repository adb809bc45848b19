"""The local provider server in a test: on a free loopback port, in threads of this process.

``running(folder)`` starts one; ``Dev`` is what a test asks of it: bills, requests, faults, time.
"""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from api.dev_providers.accounts import dev_key
from api.dev_providers.options import Options
from api.dev_providers.server import DevServer

QUICK_S = 0.2
"""How long jobs take in tests, once their songs are written."""


@dataclass(frozen=True)
class Dev:
    """A running server. ``url`` is its address; a provider's base is ``base(name)``, its key ``key(name)``."""

    server: DevServer

    @property
    def url(self) -> str:
        return self.server.url

    def base(self, provider: str) -> str:
        return f"{self.url}/{provider}"

    def key(self, provider: str) -> str:
        return dev_key(provider)

    def ask(self, path: str, body: Any = None, method: str | None = None) -> Any:
        """GET of a path under /_dev, or POST where there is a body."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_dev/{path}", data, method=method)
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.loads(response.read())

    def fault(self, kind: str, provider: str = "*", operation: str = "*", **more: Any) -> None:
        """This fault from now on, and no other."""
        self.ask("faults", [{"kind": kind, "provider": provider, "operation": operation, **more}])

    def faults(self, *rules: dict[str, Any]) -> None:
        """These faults from now on, and no others; without any, none."""
        self.ask("faults", list(rules))

    def bill(self, provider: str = "") -> dict[str, Any]:
        found: dict[str, Any] = self.ask(f"bill?provider={provider}")
        return found

    def submits(self, provider: str = "") -> int:
        """How many submits were accepted, what was given back later among them."""
        return sum(float(row["usd"]) >= 0 for row in self.bill(provider)["rows"])

    def requests(self, provider: str = "") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask(f"requests?provider={provider}")
        return found

    def set_balance(self, provider: str, balance_usd: str, key: str | None = None) -> None:
        self.ask("accounts", {"provider": provider, "key": key or self.key(provider), "balance_usd": balance_usd})

    def advance(self, by_s: float) -> None:
        self.ask("clock", {"advance_s": by_s})


@contextmanager
def running(folder: Path, **options: Any) -> Iterator[Dev]:
    """A server with its home in ``folder``; options as in ``Options``."""
    with DevServer(Options(**{"home": folder, "job_s": QUICK_S, **options})) as server:
        yield Dev(server)


@dataclass
class Heard:
    """One callback that came."""

    path: str
    headers: dict[str, str]
    data: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.data)


@contextmanager
def listening(answers: Callable[[int], int] = lambda number: 200) -> Iterator[tuple[str, list[Heard]]]:
    """An address to call back, and what came. ``answers`` gives the status for the n-th call, counted from 0."""
    heard: list[Heard] = []

    class Ear(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["Content-Length"]))
            heard.append(Heard(self.path, {name.lower(): value for name, value in self.headers.items()}, data))
            self.send_response(answers(len(heard) - 1))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Ear)
    server.block_on_close = False
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/hook", heard
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def until(is_so: Callable[[], Any], within_s: float = 60.0) -> Any:
    """What ``is_so`` answers, once it is true. Raises TimeoutError after ``within_s``."""
    end_s = time.monotonic() + within_s
    while not (found := is_so()):
        if time.monotonic() > end_s:
            raise TimeoutError(f"not so within {within_s:g} s")
        time.sleep(0.03)
    return found
