"""The API's application on other servers, side by side in one run: why it stands on uvicorn.

``python -m benchmarks.api_servers [--seconds 15]``, after
``.venv/bin/uv sync --frozen --inexact --extra selection --extra dev --extra servers --python .venv/bin/python``. Each
server has one process and as many threads as the API. Asked of each: status from clients that wait between; the same
while --slow others read a large answer slowly; and as much status as it gives.

Belongs here: that comparison. Does not belong here: the load of the server that was chosen (api_load).
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from flask import Flask

from benchmarks.api_load import MUSICGEN, Asked, Took, composed, environment, paced, saturated
from resources.settings import get_settings

_THREADS = 8
_CLIENTS, _PAUSE_S = 100, 2.0
_SLOW_READ_S = 0.5
"""How long a slow reader waits before each piece it reads."""
_PIECE_BYTES = 64 * 1024
_WSGI = "benchmarks.api_servers:application()"
_BIN = Path(sys.executable).parent

SERVERS: Mapping[str, list[str]] = {
    "uvicorn, as served": [str(MUSICGEN), "api", "--port", "{port}"],
    "gunicorn, gthread": [
        str(_BIN / "gunicorn"), "--workers", "1", "--worker-class", "gthread", "--threads", str(_THREADS),
        "--bind", "127.0.0.1:{port}", "--log-level", "warning", _WSGI,
    ],
    "waitress": [
        str(_BIN / "waitress-serve"), "--host", "127.0.0.1", "--port", "{port}", "--threads", str(_THREADS), "--call",
        "benchmarks.api_servers:application",
    ],
    "hypercorn, wsgi": [
        str(_BIN / "hypercorn"), "--workers", "1", "--bind", "127.0.0.1:{port}", "--log-level", "warning",
        f"wsgi:{_WSGI}",
    ],
}  # fmt: skip


def application() -> Flask:
    """The API's application for a server that only speaks WSGI, over the home that the environment names."""
    from api.app import create_app, warm_up

    app = create_app(get_settings(Path(os.environ["MUSICGEN_HOME"])))
    warm_up(app)
    return app


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--slow", type=int, default=20, help="slow readers (20)")
    asked = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="musicgen-servers-"))
    env = environment(home, asked.slow)
    try:
        song = composed(env)
        print(f"{_CLIENTS} clients, each every {_PAUSE_S:g} s; p50 and p95 in ms; answers a second where nobody waits")
        print(f"{'':<20}{'p50':>7}{'p95':>7}{'p50 slow':>10}{'p95 slow':>10}{'at most':>9}")
        for name, server in SERVERS.items():
            print(measured(name, server, env, song, asked), flush=True)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def measured(name: str, server: list[str], env: dict[str, str], song: str, asked: argparse.Namespace) -> str:
    """A row of the table."""
    if not Path(server[0]).exists():
        return f"{name:<20} is not installed"
    with _serving(server, env) as url:
        status = Asked("status", f"{url}/api/v2/compositions/{song}/status/")
        alone = asyncio.run(paced([status], _CLIENTS, _PAUSE_S, asked.seconds))["status"]
        beside = asyncio.run(_beside_slow(status, f"{url}/api/v2/compositions/{song}/download/", asked))
        most = f"{saturated(status, _CLIENTS).a_second:9.0f}" if shutil.which("hey") else f"{'-':>9}"
    slow = f"{'no answer in 60 s':>20}" if beside is None else f"{beside.at(0.5):10.1f}{beside.at(0.95):10.1f}"
    return f"{name:<20}{alone.at(0.5):7.1f}{alone.at(0.95):7.1f}{slow}{most}"


async def _beside_slow(status: Asked, large: str, asked: argparse.Namespace) -> Took | None:
    """None where the slow ones left nobody to answer the others."""
    ended = asyncio.Event()
    readers = [asyncio.create_task(_read_slowly(large, ended)) for _ in range(asked.slow)]
    await asyncio.sleep(2)
    took: Took | None = None
    try:
        took = (await paced([status], _CLIENTS, _PAUSE_S, asked.seconds))["status"]
    except* httpx.TimeoutException:
        took = None
    ended.set()
    for reader in readers:
        reader.cancel()
    await asyncio.gather(*readers, return_exceptions=True)
    return took


async def _read_slowly(url: str, ended: asyncio.Event) -> None:
    address = httpx.URL(url)
    while not ended.is_set():
        reader, writer = await asyncio.open_connection(address.host, address.port, limit=_PIECE_BYTES)
        writer.write(f"GET {address.path} HTTP/1.1\r\nHost: {address.netloc.decode()}\r\n\r\n".encode())
        while await reader.read(_PIECE_BYTES):
            await asyncio.sleep(_SLOW_READ_S)
        writer.close()


@contextmanager
def _serving(server: list[str], env: dict[str, str]) -> Iterator[str]:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    process: Any = subprocess.Popen(
        [part.replace("{port}", str(port)) for part in server], env=env, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait_for(f"{url}/api/v2/", process)
        time.sleep(3)  # words of five languages are loaded beside the first requests
        yield url
    finally:
        process.terminate()
        process.wait()


def _wait_for(url: str, process: Any) -> None:
    for _ in range(300):
        try:
            httpx.get(url).raise_for_status()
        except httpx.HTTPError:
            if process.poll() is not None:
                raise RuntimeError(f"the server ended with {process.returncode}") from None
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"{url} was not answered within 30 s")


if __name__ == "__main__":
    main()
