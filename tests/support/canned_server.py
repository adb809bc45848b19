"""A small HTTP server on loopback that says what a test tells it to, and keeps what it was sent."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Reply:
    """One answer. ``fault``: "drop" closes without a word, "reset" abruptly, "cut" in the middle of the body,
    "drip" sends a byte every 50 ms, "raw" sends ``body`` as the whole of it."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    fault: str = ""
    delay_s: float = 0.0


def as_json(value: Any, status: int = 200, **headers: str) -> Reply:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Reply(status, json.dumps(value).encode(), {"Content-Type": "application/json", **named})


def as_audio(data: bytes, media_type: str = "audio/wav", **headers: str) -> Reply:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Reply(200, data, {"Content-Type": media_type, **named})


@dataclass(frozen=True)
class Seen:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class CannedServer:
    """Replies by method and path, in order; the last one of a path is repeated."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self._plans: dict[tuple[str, str], list[Reply]] = {}
        self.base_url = ""

    def on(self, method: str, path: str, *replies: Reply) -> None:
        self._plans[method, path] = list(replies)

    def of(self, path: str) -> list[Seen]:
        return [seen for seen in self.seen if seen.path == path]

    def reply_to(self, seen: Seen) -> Reply:
        self.seen.append(seen)
        plan = self._plans.get((seen.method, seen.path))
        if not plan:
            return as_json({"error": f"nothing planned for {seen.method} {seen.path}"}, 404)
        return plan.pop(0) if len(plan) > 1 else plan[0]


class _Handler(BaseHTTPRequestHandler):
    canned: CannedServer

    def log_message(self, *args: Any) -> None:
        """Tests need no log."""

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        reply = self.canned.reply_to(Seen(self.command, parts.path, parse_qs(parts.query), self.headers, body))
        time.sleep(reply.delay_s)
        if reply.fault == "drop":
            return
        if reply.fault == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        if reply.fault == "raw":
            self.wfile.write(reply.body)
            return
        self.send_response(reply.status)
        for name, text in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
            self.send_header(name, text)
        self.end_headers()
        self._write(reply)

    def _write(self, reply: Reply) -> None:
        try:
            if reply.fault == "drip":
                for at in range(len(reply.body)):
                    self.wfile.write(reply.body[at : at + 1])
                    time.sleep(0.05)
            else:
                self.wfile.write(reply.body[: len(reply.body) // 2] if reply.fault == "cut" else reply.body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is part of the tests."""


@contextmanager
def canned_server(certificate: Path | None = None, key: Path | None = None) -> Iterator[CannedServer]:
    """One on a free port until the block ends; over TLS where it is given a certificate."""
    canned = CannedServer()
    server = _Quiet(("127.0.0.1", 0), type("Handler", (_Handler,), {"canned": canned}))
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    canned.base_url = f"http{'' if certificate is None else 's'}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield canned
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
