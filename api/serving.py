"""Serving the API on a socket until it is told to end.

Waitress serves it: it takes requests in and gives answers out in a loop of its own, so that a slow caller holds no
thread; it is one process, as SQLite and the counts of the rate limits want it; and it ends cleanly.

Belongs here: listening, ending. Does not belong here: the application (app), options of the command (cli).
"""

from __future__ import annotations

import threading
import time
from typing import Any

from waitress import create_server, wasyncore

from api.app import close_app, create_app, warm_up
from musicgen_assets.context.failures import PermanentFailure
from resources.page_address import forget_address, write_address
from resources.settings import Settings

_LONGEST_HEADERS_BYTES = 16 * 1024
_SILENT_S = 30
"""A connection on which nothing moves for so long is closed."""
_END_S = 10.0
"""How long an answer that was begun may take to go out when the server ends."""
_LOOK_S = 0.2


class ApiServer:
    """One server on one port. ``with ApiServer(settings) as server`` answers until the block ends."""

    def __init__(self, settings: Settings) -> None:
        """Opens the home and listens. Raises a Failure; PermanentFailure for a port that is taken."""
        self.settings = settings
        self.app = create_app(settings)
        self._sockets: dict[int, Any] = {}
        self._ending = threading.Event()
        try:
            self._server: Any = _listening(self.app, settings, self._sockets)
        except OSError as error:
            close_app(self.app)
            raise PermanentFailure(
                f"{settings.api.host}:{settings.api.port} cannot be listened on: {error.strerror}.",
                way_out="Choose another --port, or 0 for any.",
            ) from error
        self._thread = threading.Thread(target=self._serve, name="api", daemon=True)

    @property
    def url(self) -> str:
        """Where it answers."""
        host = self.settings.api.host
        place = next(one.effective_port for one in self._all() if hasattr(one, "effective_port"))
        return f"http://{f'[{host}]' if ':' in host else host}:{place}"

    def start(self) -> None:
        """Answer, in threads of its own."""
        self._thread.start()
        write_address(self.settings, self.url)

    def stop(self) -> None:
        """Take nothing new, finish what was begun for a while, close everything."""
        forget_address(self.settings)
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join()
        close_app(self.app)

    def _serve(self) -> None:
        """Waitress's own loop has no end but a signal, so it is turned from here."""
        while not self._ending.is_set():
            wasyncore.loop(timeout=_LOOK_S, map=self._sockets, count=1)
        for one in self._all():
            if getattr(one, "accepting", False):
                wasyncore.dispatcher.close(one)
        deadline = time.monotonic() + _END_S
        while any(map(_is_busy, self._all())) and time.monotonic() < deadline:
            wasyncore.loop(timeout=_LOOK_S, map=self._sockets, count=1)
        self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=1.0)
        for one in self._all():
            one.close()

    def _all(self) -> list[Any]:
        return list(self._sockets.values())

    def __enter__(self) -> ApiServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def warm_up_later(server: ApiServer) -> None:
    """Warm up beside the first requests."""
    threading.Thread(target=warm_up, args=(server.app,), name="api-warm-up", daemon=True).start()


def _is_busy(one: Any) -> bool:
    """Whether a connection waits for its answer, or for the rest of it."""
    return bool(getattr(one, "requests", ())) or getattr(one, "total_outbufs_len", 0) > 0


def _listening(app: Any, settings: Settings, sockets: dict[int, Any]) -> Any:
    api = settings.api
    proxy = {
        "trusted_proxy": api.trusted_proxy, "trusted_proxy_count": 1,
        "trusted_proxy_headers": "x-forwarded-for x-forwarded-proto x-forwarded-host",
    } if api.trusted_proxy else {}  # fmt: skip
    return create_server(
        app, map=sockets, host=api.host, port=api.port, threads=api.threads, ident=None, expose_tracebacks=False,
        clear_untrusted_proxy_headers=True, max_request_header_size=_LONGEST_HEADERS_BYTES,
        max_request_body_size=max(api.max_body_bytes, api.max_upload_bytes) + 1024, channel_timeout=_SILENT_S, **proxy,
    )  # fmt: skip
