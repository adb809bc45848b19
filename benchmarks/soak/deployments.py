"""A running deployment over a home: ``musicgen up``, its processes by what they do, and its GraphQL.

Belongs here: starting, knowing and asking a deployment. Does not belong here: hurting it (kills).
"""

from __future__ import annotations

import json
import socket
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psutil

from benchmarks.soak import looking, processes
from benchmarks.soak.homes import BrokenPromiseError, Home, Started

SERVICES = {
    "webserver": ("dagster-webserver", "dagster_webserver"),
    "daemon": ("dagster-daemon", "dagster._daemon", "dagster_daemon"),
    "API": ("musicgen api",),
    "code server": ("api grpc", "dagster.api grpc", "dagster._grpc", "code-server"),
}
"""What a service's command line has in it."""

START_LIMIT_S = 120.0
_ANSWER_LIMIT_S = 5.0

_JOBS = """query { repositoriesOrError { __typename ... on RepositoryConnection { nodes { name location { name }
           jobs { name } } } } }"""
_TERMINATE = """mutation Terminate($run: String!) { terminateRun(runId: $run) { __typename
                ... on TerminateRunFailure { message } ... on PythonError { message } } }"""


@dataclass
class Deployment:
    """A deployment of ``home`` that answers at ``address``."""

    home: Home
    address: str
    process: Started

    def graphql(self, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The data of an answer. Raises OSError where nobody answers."""
        body = json.dumps({"query": query, "variables": dict(variables or {})}).encode()
        request = urllib.request.Request(self.address + "/graphql", body, {"Content-Type": "application/json"})  # noqa: S310
        with urllib.request.urlopen(request, timeout=_ANSWER_LIMIT_S) as answer:  # noqa: S310  # loopback
            data: dict[str, Any] = json.loads(answer.read())["data"]
            return data

    def serves(self) -> bool:
        """Whether the webserver answers and the code location behind it is loaded."""
        try:
            found = self.graphql(_JOBS)["repositoriesOrError"]
        except (OSError, ValueError, TypeError):
            return False
        return any(job["name"] == "compose" for node in found.get("nodes", ()) for job in node["jobs"])

    def terminate(self, run_id: str) -> str:
        """Ask for the end of a run as the UI does; what the answer was."""
        answer = self.graphql(_TERMINATE, {"run": run_id})["terminateRun"]
        return str(answer["__typename"])

    def services(self) -> dict[str, psutil.Process]:
        """The living services by name; of several that look alike the one nearest to the root is meant."""
        found: dict[str, psutil.Process] = {}
        for process in sorted(processes.of_home(self.home.path), key=lambda one: (_depth(one, self.pid), one.pid)):
            try:
                line = " ".join(process.cmdline())
            except psutil.Error:
                continue
            for name, marks in SERVICES.items():
                if any(mark in line for mark in marks):
                    found.setdefault(name, process)
        return found

    @property
    def pid(self) -> int:
        """The process that was started."""
        return self.process.process.pid

    def is_whole(self) -> bool:
        """Whether every service lives and the webserver serves the code."""
        return set(self.services()) == set(SERVICES) and self.serves()

    def own(self) -> set[int]:
        """Processes that belong to the deployment itself rather than to a run: those there are while nothing runs."""
        return {process.pid for process in processes.of_home(self.home.path)}


@contextmanager
def deployment(home: Home) -> Iterator[Deployment]:
    """``musicgen up`` over ``home``, ready for launches; ended on leaving."""
    port = _free_port()
    started = home.start("up", "--port", str(port), "--api-port", "0")
    running = Deployment(home, f"http://127.0.0.1:{port}", started)
    try:
        if not processes.wait_for(lambda: running.is_whole() or not started.is_running, START_LIMIT_S, 0.3):
            raise BrokenPromiseError(f"no deployment within {START_LIMIT_S:.0f} s: has {sorted(running.services())}")
        if not started.is_running:
            raise BrokenPromiseError(started.finish().said)
        yield running
    finally:
        started.process.terminate()
        processes.wait_for(lambda: not started.is_running, 20.0)
        home.end()
        started.process.wait()


def run_of(home: Home, partition: str) -> str:
    """The run that executes ``partition`` now; empty where none does."""
    lease = looking.lease_of(home.path, partition)
    return str(lease["run_id"]) if lease else ""


def _depth(process: psutil.Process, root: int) -> int:
    try:
        line = [parent.pid for parent in process.parents()]
    except psutil.Error:
        return 99
    return line.index(root) if root in line else 99


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
