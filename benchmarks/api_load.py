"""The API under load, beside the least that Flask can answer on the same server: one run, one table.

``python -m benchmarks.api_load [--clients 100] [--seconds 60] [--streams 1000]``. Every client asks, waits, asks again,
each at moments of its own (--pause on the average): that is what programs that follow songs do. First all kinds of
requests by turns, most of them status, beside hello itself; then each kind alone. Every song has words of its own. The
same with ``hey``, where it is installed, whose clients never wait: how much there is to be had. Then streams that stay
open: what one takes of the server's memory, and how long after the commit an event is in a client's hands.

Belongs here: that measurement. Does not belong here: whether the answers are right (tests), the server (api).
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import io
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from resources.door_names import NOUNS
from resources.registry import Registry, open_registry, queries
from resources.settings import get_settings

MUSICGEN = Path(sys.executable).with_name("musicgen")
PROMPT = "upbeat pop song about the sea"
SHARES = {"hello world": 1, "status": 6, "list": 2, "trigger": 1}
"""Of ten requests, where they come by turns."""
SONGS = 60
"""Compositions there are before: a list's first page is full."""
WARM_UP = 20
SATURATED_S = 10
EVENTS = 20
_MANY = "1000000000"


@dataclass(frozen=True)
class Asked:
    """One kind of request. ``body`` is sent as JSON where there is one, its prompt followed by words drawn anew."""

    name: str
    url: str
    body: dict[str, Any] | None = None

    def drawn(self, dice: random.Random) -> dict[str, Any] | None:
        """The body of the next one."""
        if self.body is None:
            return None
        first, second = dice.sample(NOUNS.split(), 2)
        return {**self.body, "prompt": f"{self.body['prompt']}, the {first} and the {second}"}


@dataclass(frozen=True)
class Took:
    """Seconds from request to the whole answer, sorted, and how many a second there were."""

    seconds: Sequence[float]
    a_second: float

    def at(self, share: float) -> float:
        """The ``share`` quantile in milliseconds."""
        return 1000 * self.seconds[min(len(self.seconds) - 1, int(share * len(self.seconds)))]


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--pause", type=float, default=2.0, help="seconds between a client's requests (2)")
    parser.add_argument("--streams", type=int, default=1000)
    asked = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="musicgen-load-"))
    try:
        for line in measure(home, asked):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def measure(home: Path, asked: argparse.Namespace) -> Iterator[str]:
    """Lines of the report."""
    env = environment(home, asked.streams)
    song = composed(env)
    with _served([str(MUSICGEN), "api", "--port", "0"], env) as (process, url), _hello(env) as hello:
        v2 = f"{url}/api/v2"
        kinds = [
            Asked("hello world", hello), Asked("status", f"{v2}/compositions/{song}/status/"),
            Asked("list", f"{v2}/compositions/"),
            Asked("trigger", f"{v2}/compositions/generate/", {"prompt": PROMPT, "duration_s": 30}),
        ]  # fmt: skip
        for _ in range(SONGS):
            httpx.post(kinds[-1].url, json=kinds[-1].drawn(random.Random())).raise_for_status()  # noqa: S311
        pace = (asked.clients, asked.pause, asked.seconds)
        yield f"{asked.clients} clients, each every {asked.pause:g} s, {asked.seconds:g} s a run; milliseconds"
        yield f"{'':<14}{'a second':>9}{'p50':>8}{'p95':>8}{'p99':>8}{'p95 ÷ hello':>14}"
        yield f"by turns, {', '.join(f'{share}0 % {name}' for name, share in SHARES.items())}"
        yield from _rows(asyncio.run(paced(kinds, *pace)))
        yield "each alone"
        yield from _rows({kind.name: asyncio.run(paced([kind], *pace))[kind.name] for kind in kinds})
        if shutil.which("hey"):
            yield f"{asked.clients} clients that never wait, {SATURATED_S} s a row; trigger with one prompt"
            yield from _rows({kind.name: saturated(kind, asked.clients) for kind in kinds})
        yield from asyncio.run(_streams(process, url, song, home, asked.streams))


def _rows(taken: Mapping[str, Took]) -> Iterator[str]:
    """A line for each, beside the first one."""
    least = next(iter(taken.values()))
    for name, took in taken.items():
        quantiles = "".join(f"{took.at(share):8.1f}" for share in (0.5, 0.95, 0.99))
        yield f"{name:<14}{took.a_second:9.1f}{quantiles}{took.at(0.95) / least.at(0.95):14.1f}"


async def paced(kinds: Sequence[Asked], clients: int, pause_s: float, seconds: float) -> dict[str, Took]:
    """Clients that ask at random moments, ``pause_s`` apart on the average, each on a connection of its own, for one
    of ``kinds`` by their shares.
    """
    dice = random.Random(7)  # noqa: S311 - moments, not secrets
    took: dict[str, list[float]] = {kind.name: [] for kind in kinds}
    shares = [SHARES.get(kind.name, 1) for kind in kinds]
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(timeout=60.0, limits=limits) as client:
        for kind in list(kinds) * WARM_UP:
            await _once(client, kind, dice)
        until = time.perf_counter() + seconds

        async def asks(start_s: float, own: random.Random) -> None:
            await asyncio.sleep(start_s)
            while time.perf_counter() < until:
                kind = own.choices(kinds, shares)[0]
                took[kind.name].append(await _once(client, kind, own))
                await asyncio.sleep(own.uniform(0.5, 1.5) * pause_s)

        async with asyncio.TaskGroup() as group:
            for _ in range(clients):
                own = random.Random(dice.random())  # noqa: S311
                group.create_task(asks(dice.uniform(0, pause_s), own))
    return {name: Took(sorted(found), len(found) / seconds) for name, found in took.items()}


async def _once(client: httpx.AsyncClient, kind: Asked, dice: random.Random) -> float:
    body = kind.drawn(dice)
    begun = time.perf_counter()
    answer = await client.request("GET" if body is None else "POST", kind.url, json=body)
    seconds = time.perf_counter() - begun
    answer.raise_for_status()
    return seconds


def saturated(kind: Asked, clients: int) -> Took:
    """The same of clients that never wait, by ``hey``. Raises RuntimeError where one was refused."""
    command = ["hey", "-c", str(clients), "-z", f"{SATURATED_S}s", "-o", "csv", "-t", "60"]
    if kind.body is not None:
        command += ["-m", "POST", "-T", "application/json", "-d", json.dumps(kind.body)]
    told = subprocess.run([*command, kind.url], capture_output=True, text=True, check=True)
    rows = list(csv.DictReader(io.StringIO(told.stdout)))
    wrong = [row["status-code"] for row in rows if row["status-code"][0] != "2"]
    if wrong:
        raise RuntimeError(f"{kind.name}: {len(wrong)} of {len(rows)} were answered {sorted(set(wrong))}")
    return Took(sorted(float(row["response-time"]) for row in rows), len(rows) / SATURATED_S)


async def _streams(process: psutil.Process, url: str, song: str, home: Path, count: int) -> list[str]:
    """Open ``count`` streams of one song; what they take, and how soon each hears of an event."""
    host, port = url.removeprefix("http://").split(":")
    before = process.memory_info().rss
    heard: list[float] = []
    readers = [await _follow(host, int(port), song) for _ in range(count)]
    tasks = [asyncio.create_task(_hear(reader, heard)) for reader, _ in readers]
    await asyncio.sleep(3)
    each_kib = (process.memory_info().rss - before) / count / 1024
    registry = open_registry(get_settings(home))
    delays: list[float] = []
    for _ in range(EVENTS):
        heard.clear()
        at = await asyncio.to_thread(_happens, registry, song)
        for _ in range(200):
            await asyncio.sleep(0.05)
            if len(heard) >= count:
                break
        delays += [one - at for one in heard]
    for task in tasks:
        task.cancel()
    for _, writer in readers:
        writer.close()
    delays.sort()
    took = Took(delays, 0.0)
    missed = EVENTS * count - len(delays)
    heard_of = f"{missed} of {EVENTS * count} not heard within 10 s"
    spread = ", ".join(f"{name} {took.at(share):.1f}" for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)))
    return [
        f"{count} open streams: {each_kib:.1f} KiB each; {EVENTS} events, {heard_of}",
        f"commit to client, ms: {spread}",
    ]


async def _follow(host: str, port: int, song: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(f"GET /api/v2/compositions/{song}/events/ HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
    status = await reader.readline()
    if b" 200 " not in status:
        raise RuntimeError(f"a stream was answered {status!r}")
    return reader, writer


async def _hear(reader: asyncio.StreamReader, heard: list[float]) -> None:
    while line := await reader.readline():
        if line.startswith(b"event: stage_update"):
            heard.append(time.perf_counter())


def _happens(registry: Registry, song: str) -> float:
    """An asset was made: the moment its row is there for all to see."""
    with registry.session() as session:
        version = queries.get_version(session, f"{song}@v1")
        payload = {"stage": "mixing", "asset": "mixing/mix", "run_id": "", "is_carried": False, "progress": 0.5,
                   "left_s": 1.0}  # fmt: skip
        queries.record_event(
            session, "asset.made", composition_id=version.composition_id, version_id=version.id, payload=payload
        )
    return time.perf_counter()


def environment(home: Path, streams: int) -> dict[str, str]:
    """What a server over ``home`` is started with: limits lifted, and room for ``streams``."""
    env = {name: value for name, value in os.environ.items() if name != "DAGSTER_HOME"}
    limits = {"READS_PER_MINUTE": _MANY, "WRITES_PER_MINUTE": _MANY, "MAX_STREAMS": str(streams + 10),
              "STREAMS_PER_CALLER": str(streams + 10)}  # fmt: skip
    return {**env, "MUSICGEN_HOME": str(home), **{f"MUSICGEN_API__{name}": value for name, value in limits.items()}}


def composed(env: dict[str, str]) -> str:
    """A released song of 30 s in the home of ``env``: its composition."""
    command = [str(MUSICGEN), "compose", PROMPT, "--duration", "30", "--seed", "1", "--json"]
    told = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    return str(json.loads(told.stdout.splitlines()[-1])["composition"])


@contextmanager
def _served(command: list[str], env: dict[str, str]) -> Iterator[tuple[psutil.Process, str]]:
    process = subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True)
    try:
        found = re.search(r"http://[0-9.:]+", next(line for line in process.stderr or () if "http://" in line))
        if found is None:
            raise RuntimeError("the server did not say where it is")
        yield psutil.Process(process.pid), found[0]
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _hello(env: dict[str, str]) -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.api_hello"]
    process = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process.stdout.readline().strip() if process.stdout else ""
    finally:
        if process.stdin:
            process.stdin.close()
        process.wait()


if __name__ == "__main__":
    main()
