"""The server: all providers on one address, begun and ended cleanly.

Belongs here: wiring, and answering on a socket. Does not belong here: any provider, the command's options (cli).
"""

from __future__ import annotations

import logging
import socket
import threading
from typing import Any

from flask import Flask

from api.dev_providers import gate
from api.dev_providers.callbacks import Courier
from api.dev_providers.control import add_control
from api.dev_providers.desk import Desk
from api.dev_providers.options import Options
from api.dev_providers.provider import Provider

_BACKLOG = 256
"""Connections that wait to be answered."""

_LOG = logging.getLogger("musicgen.dev_providers")


def all_providers() -> dict[str, Provider]:
    """Every provider by its name, which is the first part of its addresses."""
    from api.dev_providers import (
        acestep,
        anthropic,
        contract,
        elevenlabs,
        google,
        kie,
        minimax,
        openai,
        replicate,
        stability,
    )

    modules = (openai, anthropic, kie, elevenlabs, google, stability, minimax, replicate, acestep)
    found = [*(module.provider() for module in modules), contract.provider("suno"), contract.provider("udio")]
    return {provider.name: provider for provider in found}


class DevServer:
    """One server on one port. ``with DevServer(options) as server`` answers until the block ends."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.desk = Desk(options)
        self.providers = all_providers()
        self.desk.accounts.open_all(self.providers)
        self.app = Flask("dev_providers", static_folder=None)
        self.app.extensions.update(desk=self.desk, providers=self.providers)
        self.courier = Courier(self.app, self.desk, self.providers)
        gate.install(self.app, self.desk, self.providers)
        add_control(self.app, self.courier)
        self._server: Any = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it answers: http://127.0.0.1:PORT."""
        return self.desk.base_url

    def start(self) -> None:
        """Listen and answer, in threads of its own. Raises OSError for a port that is taken."""
        from werkzeug.serving import WSGIRequestHandler, make_server

        class Quiet(WSGIRequestHandler):
            """Requests are in the journal; a log of them is for who looks for it."""

            def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002, ARG002  # werkzeug's
                _LOG.debug(message, *args)

        # Bound here, because werkzeug ends the process where a port is taken.
        family = socket.AF_INET6 if ":" in self.options.host else socket.AF_INET
        with socket.create_server((self.options.host, self.options.port), family=family, backlog=_BACKLOG) as bound:
            self._server = make_server(
                self.options.host, self.options.port, self.app, threaded=True, request_handler=Quiet, fd=bound.fileno()
            )
        self._server.daemon_threads = True
        self._server.block_on_close = False
        host = f"[{self.options.host}]" if ":" in self.options.host else self.options.host
        self.desk.base_url = f"http://{host}:{self._server.port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="dev-providers", daemon=True
        )
        self._thread.start()
        self.courier.start()

    def stop(self) -> None:
        """Answer nothing more, send nothing more, close everything."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self.courier.stop()
        self.desk.close()

    def __enter__(self) -> DevServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
