"""A request as uvicorn has it, as WSGI wants it; and who really asks, where a proxy is trusted to say so.

Belongs here: that translation. Does not belong here: running the application (bridge).
"""

from __future__ import annotations

import sys
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

STREAM = "musicgen.stream"
"""Where a handler leaves what is to be streamed after its answer's headers (api.live)."""

_UNPREFIXED = {b"content-type": "CONTENT_TYPE", b"content-length": "CONTENT_LENGTH"}
_FORWARDED = (b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-forwarded-port", b"x-forwarded-by",
              b"forwarded", b"x-real-ip")  # fmt: skip
_LEFT_OUT = (b"transfer-encoding", b"content-length", b"proxy")
"""Told apart, or not ours to believe: a header Proxy would become HTTP_PROXY."""


def environ_of(scope: Any, body: bytes, length: int | None, trusted_proxy: str) -> dict[str, Any]:
    """The WSGI environment of ``scope``. ``length`` is the body's as it is told, where that is not ``body``'s own."""
    host, port = scope.get("server") or ("localhost", 0)
    client = scope.get("client") or ("unknown", 0)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope.get("method", "GET"), "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope.get("raw_path") or b"/").decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"), "SERVER_NAME": host, "SERVER_PORT": str(port or 0),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}", "REMOTE_ADDR": client[0], "REMOTE_PORT": str(client[1]),
        "CONTENT_LENGTH": str(len(body) if length is None else length),
        "wsgi.version": (1, 0), "wsgi.url_scheme": scope["scheme"].replace("ws", "http"),
        "wsgi.input": BytesIO(body), "wsgi.errors": sys.stderr, "wsgi.multithread": True, "wsgi.multiprocess": False,
        "wsgi.run_once": False, "wsgi.input_terminated": True,
    }  # fmt: skip
    said: dict[bytes, str] = {}
    for name, value in scope["headers"]:
        if name in _FORWARDED:
            said[name] = value.decode("latin-1")
        elif name not in _LEFT_OUT and b"_" not in name:  # X_Y would be taken for X-Y
            key = _UNPREFIXED.get(name) or "HTTP_" + name.decode("latin-1").upper().replace("-", "_")
            known = environ.get(key) if key.startswith("HTTP_") else None
            text = value.decode("latin-1")
            environ[key] = text if known is None else f"{known}{'; ' if name == b'cookie' else ','}{text}"
    if trusted_proxy and trusted_proxy in ("*", client[0]):
        _believe(environ, said)
    return environ


def _believe(environ: dict[str, Any], said: dict[bytes, str]) -> None:
    """What the one proxy in front of us says: the last entry of each list is its own."""
    last = {name: value.rpartition(",")[2].strip() for name, value in said.items()}
    if caller := last.get(b"x-forwarded-for"):
        environ["REMOTE_ADDR"] = caller
    if (scheme := last.get(b"x-forwarded-proto", "").lower()) in ("http", "https"):
        environ["wsgi.url_scheme"] = scheme
    if host := last.get(b"x-forwarded-host"):
        environ["HTTP_HOST"] = host
