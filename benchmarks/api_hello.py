"""The least that a Flask application can answer, on the same server as the API: what api_load compares with.

``python -m benchmarks.api_hello`` prints its address and answers until its standard input ends.

Belongs here: that application. Does not belong here: asking it anything (api_load).
"""

from __future__ import annotations

import socket
import sys
import threading

import uvicorn
from flask import Flask

from api.bridge import Bridge
from api.lanes import Lanes
from api.serving import server_config


def main() -> None:
    """Answer until nobody is left who wants it."""
    app = Flask("hello")
    app.add_url_rule("/", "hello", lambda: {"hello": "world"})
    # The bridge asks streams for nothing here: no operation of this application opens one.
    bridge = Bridge(app, None, Lanes([], "", threads=8), max_body_bytes=2**20, max_upload_bytes=2**20, trusted_proxy="")  # type: ignore[arg-type]
    listening = socket.create_server(("127.0.0.1", 0), backlog=2048)
    server = uvicorn.Server(server_config(bridge))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    sys.stdout.write(f"http://127.0.0.1:{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    sys.stdin.read()
    server.should_exit = True
    thread.join()
    bridge.close()


if __name__ == "__main__":
    main()
