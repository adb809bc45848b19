"""A small pool of worker processes for tasks: both cores used, and each task can be killed.

Plain ``subprocess`` rather than multiprocessing's pools: those are refused inside a Celery worker and cannot
be killed one task at a time.

Belongs here: starting, feeding, timing out and ending workers. Does not belong here: result keys (runner).
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from musicgen_assets.context.failures import PermanentFailure, TransientFailure
from musicgen_assets.graph.job import Ref

ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""A worker computes on one core: two workers on two cores beat two that fight for both, and sums of floats then do
not depend on how many cores a machine has."""


@dataclass(frozen=True)
class Call:
    """One task for a worker; fields as ``resources.worker.compute`` takes them."""

    name: str
    entry: str
    inputs: Mapping[str, Any]
    refs: Mapping[str, Ref] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What a worker stored, and the seconds it took."""

    refs: tuple[Ref, ...]
    seconds: float


class Worker:
    """One child process and the socket to it."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-m", "resources.worker", str(theirs.fileno()), str(os.getpid())]
        self.process = subprocess.Popen(  # noqa: S603  # our own module
            command, pass_fds=[theirs.fileno()], env={**os.environ, **ONE_THREAD}
        )
        theirs.close()
        self.connection = Connection(ours.detach())

    def call(self, artifacts_url: str, call: Call, timeout_s: float) -> Answer:
        """Run one task. Raises TransientFailure if the worker dies or times out, else what the task raised."""
        try:
            self.connection.send((artifacts_url, call.entry, dict(call.inputs), dict(call.refs)))
            if not self.connection.poll(timeout_s):
                self.close()
                raise TransientFailure(
                    f"{call.name}: no result after {timeout_s:.0f} s, so its process was ended.",
                    way_out="Try again; raise limits.task_timeout_s if the machine is slow.",
                )
            answer = self.connection.recv()
        except (EOFError, BrokenPipeError, ConnectionResetError) as error:
            self.close()
            raise TransientFailure(
                f"{call.name}: its process ended without a result (exit {self.process.returncode}).",
                way_out="Try again; if it repeats, look for an out-of-memory kill in the system log.",
            ) from error
        if answer[0] == "done":
            return Answer(answer[1], answer[2])
        if answer[0] == "failed":
            raise answer[1]
        raise PermanentFailure(f"{call.name} failed: {answer[1]}\n{answer[2]}", way_out="This is a defect; report it.")

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self.process.poll() is None

    def close(self) -> None:
        """End the process now and close the socket."""
        self.process.kill()
        self.process.wait()
        self.connection.close()


class WorkerPool:
    """At most ``size`` workers, started when first needed and kept for the next tasks."""

    def __init__(self, size: int, artifacts_url: str, timeout_s: float) -> None:
        self.size = max(1, size)
        self.artifacts_url = artifacts_url
        self.timeout_s = timeout_s
        self._idle: list[Worker] = []
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start the processes ahead of need, so that their imports overlap with other work."""
        with self._lock:
            while len(self._idle) < self.size:
                self._idle.append(Worker())

    def run(self, calls: Sequence[Call]) -> list[Answer]:
        """Answers in the order of ``calls``. The first failure is raised once all running tasks ended."""
        if not calls:
            return []
        with ThreadPoolExecutor(min(self.size, len(calls)), thread_name_prefix="task") as threads:
            return list(threads.map(self._run_one, calls))

    def _run_one(self, call: Call) -> Answer:
        with self._lock:
            worker = self._idle.pop() if self._idle else None
        if worker is None or not worker.is_alive:
            worker = Worker()
        try:
            return worker.call(self.artifacts_url, call, self.timeout_s)
        finally:
            if worker.is_alive:
                with self._lock:
                    self._idle.append(worker)

    def close(self) -> None:
        """End all workers."""
        with self._lock:
            workers, self._idle = self._idle, []
        for worker in workers:
            worker.close()
