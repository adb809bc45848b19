"""Serving the API on a socket until it is told to end.

uvicorn serves it: one process, as SQLite and the counts of the rate limits want it, whose loop takes requests in, gives
answers out and holds streams open, and a few threads that answer (bridge).

Belongs here: listening, ending. Does not belong here: the application (app), options of the command (cli).
"""

from __future__ import annotations

import asyncio
import resource
import socket
import threading

import uvicorn

from api.app import close_app, create_app, warm_up
from api.bridge import Bridge
from api.http_protocol import SILENT_S, CarefulProtocol
from api.live import Hub
from api.streams import HEARTBEAT_S, Streams
from musicgen_assets.context.failures import PermanentFailure
from resources.page_address import forget_address, write_address
from resources.settings import Settings
from resources.studio import Studio
from resources.webhooks.sending import Sender

_BACKLOG = 2048
_END_S = 6
"""How long an answer that was begun may take to go out when the server ends."""
_WEB_SOCKET_MAX_BYTES = 4096
"""Nobody has to say anything over a WebSocket here."""
_FILES_BESIDE = 512


class ApiServer:
    """One server on one port. ``with ApiServer(settings) as server`` answers until the block ends."""

    def __init__(self, settings: Settings) -> None:
        """Opens the home and listens. Raises a Failure; PermanentFailure for a port that is taken."""
        self.settings = settings
        self.app = create_app(settings)
        api = settings.api
        try:
            self._socket = _listening(api.host, api.port)
        except OSError as error:
            close_app(self.app)
            raise PermanentFailure(
                f"{api.host}:{api.port} cannot be listened on: {error.strerror}.",
                way_out="Choose another --port, or 0 for any.",
            ) from error
        self._port = int(self._socket.getsockname()[1])
        self.hub: Hub = self.app.extensions["hub"]
        studio: Studio = self.app.extensions["studio"]
        self._streams = Streams(self.hub)
        self._bridge = Bridge(
            self.app, self._streams, self.app.extensions["lanes"], max_body_bytes=api.max_body_bytes,
            max_upload_bytes=api.max_upload_bytes, trusted_proxy=api.trusted_proxy,
        )  # fmt: skip
        self._server = uvicorn.Server(server_config(self._bridge))
        self._sender = Sender(studio.registry, settings, self.app.extensions["secret"])
        self.hub.on_events.append(self._sender.wake)
        self._begun = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="api", daemon=True)

    @property
    def url(self) -> str:
        """Where it answers."""
        host = self.settings.api.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self._port}"

    def start(self) -> None:
        """Answer, in threads of its own. Raises a Failure of a registry that is away."""
        self.hub.mark()
        _raise_file_limit(self.settings.api.max_streams)
        self._thread.start()
        self._begun.wait()
        self._sender.start()
        write_address(self.settings, self.url)

    def stop(self) -> None:
        """Take nothing new, let go whoever follows, finish what was begun for a while, close everything."""
        forget_address(self.settings)
        self.hub.close()
        self._sender.stop()
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join()
        self._socket.close()
        self._bridge.close()
        self._streams.close()
        close_app(self.app)

    def _serve(self) -> None:
        loop_factory = self._server.config.get_loop_factory()
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            loop = runner.get_loop()
            self.hub.start(loop)
            loop.call_soon(self._begun.set)
            runner.run(self._server.serve(sockets=[self._socket]))

    def __enter__(self) -> ApiServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def warm_up_later(server: ApiServer) -> None:
    """Warm up beside the first requests."""
    threading.Thread(target=warm_up, args=(server.app,), name="api-warm-up", daemon=True).start()


def server_config(bridge: Bridge) -> uvicorn.Config:
    """How a server answers through ``bridge``: what is common to all."""
    return uvicorn.Config(
        bridge, http=CarefulProtocol, ws="websockets-sansio", loop="uvloop", lifespan="off", interface="asgi3",
        log_config=None, log_level="warning", access_log=False, server_header=False, proxy_headers=False,
        backlog=_BACKLOG,
        timeout_keep_alive=int(SILENT_S), timeout_graceful_shutdown=_END_S, ws_max_size=_WEB_SOCKET_MAX_BYTES,
        ws_ping_interval=HEARTBEAT_S, ws_ping_timeout=HEARTBEAT_S, ws_per_message_deflate=False,
    )  # fmt: skip


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    made.setblocking(False)
    return made


def _raise_file_limit(streams: int) -> None:
    """Each open stream is an open file, and many systems allow a process 1,024 unless it asks for more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = streams + _FILES_BESIDE
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
