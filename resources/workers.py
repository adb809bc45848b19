"""A small pool of worker processes for tasks: both cores used, and each task can be killed.

Plain ``subprocess`` rather than multiprocessing's pools: those are refused inside a Celery worker and cannot be
killed one task at a time. Nor do threads wait for tasks: a signal ends the wait at once.

Belongs here: feeding, timing out and ending workers. Does not belong here: result keys (runner), estimates (graph).
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any

from musicgen_assets.context.failures import Failure, PermanentFailure, TransientFailure
from musicgen_assets.graph.job import Ref
from resources.nursery import start_connected

ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""A worker computes on one core: two workers on two cores beat two that fight for both, and sums of floats then do
not depend on how many cores a machine has."""

_DEATH_S = 1.0
"""A process that was killed is gone in milliseconds, unless it waits for a disk."""


class Interrupted(KeyboardInterrupt):
    """The pool was told to stop while tasks ran.

    On purpose, so it is no Failure and never retried: Dagster ends the run on it as it does on Ctrl-C.
    """


@dataclass(frozen=True)
class Call:
    """One task for a worker; fields as ``resources.worker.compute`` takes them.

    ``timeout_s`` counts from when a worker gets it; None is the pool's own.
    """

    name: str
    entry: str
    inputs: Mapping[str, Any]
    refs: Mapping[str, Ref] = field(default_factory=dict)
    timeout_s: float | None = None


@dataclass(frozen=True)
class Answer:
    """What a worker stored, and the seconds it took."""

    refs: tuple[Ref, ...]
    seconds: float


Heard = Callable[[int, Answer], None]
"""Called with (position among the calls, answer) as soon as a task is done."""


def _unheard(position: int, answer: Answer) -> None:
    """The listener of who waits for all answers."""
    del position, answer


class Worker:
    """One child process and the socket to it."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "resources.worker"]
        self.process, self.connection = start_connected(command, {**os.environ, **ONE_THREAD})

    def send(self, artifacts_url: str, call: Call) -> None:
        """Give it a task. Raises TransientFailure if it died."""
        try:
            self.connection.send((artifacts_url, call.entry, dict(call.inputs), dict(call.refs)))
        except OSError as error:
            raise self._died(call) from error

    def receive(self, call: Call) -> Answer:
        """What came of the task. Raises TransientFailure if the worker died, else what the task raised."""
        try:
            answer = self.connection.recv()
        except (EOFError, OSError) as error:  # OSError: it died in the middle of its answer
            raise self._died(call) from error
        if answer[0] == "done":
            return Answer(answer[1], answer[2])
        if answer[0] == "failed":
            raise answer[1]
        raise PermanentFailure(f"{call.name} failed: {answer[1]}\n{answer[2]}", way_out="This is a defect; report it.")

    def _died(self, call: Call) -> TransientFailure:
        self.close()
        return TransientFailure(
            f"{call.name}: its process ended without a result (exit {self.process.returncode}).",
            way_out="Try again; if it repeats, look for an out-of-memory kill in the system log.",
        )

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self.process.poll() is None

    def close(self) -> None:
        """End the process now and close the socket."""
        self.process.kill()
        self.process.wait()
        self.connection.close()


@dataclass(frozen=True)
class _Turn:
    """A call that a worker has."""

    position: int
    call: Call
    worker: Worker
    timeout_s: float
    deadline: float

    def timed_out(self) -> TransientFailure:
        """End the worker; what to tell about it."""
        self.worker.close()
        return TransientFailure(
            f"{self.call.name}: no result after {self.timeout_s:.0f} s, so its process was ended.",
            way_out="Try again; raise limits.task_timeout_s if the machine is slow.",
        )


class WorkerPool:
    """At most ``size`` workers, started when first needed and kept for the next tasks. Safe for several threads."""

    def __init__(self, size: int, artifacts_url: str, timeout_s: float) -> None:
        self.size = max(1, size)
        self.artifacts_url = artifacts_url
        self.timeout_s = timeout_s
        self._idle: list[Worker] = []
        self._all: set[Worker] = set()
        self._aborts = 0
        self._is_closed = False
        self._lock = threading.RLock()  # a signal handler may call abort while this thread holds it

    def start(self) -> None:
        """Start the processes ahead of need, so that their imports overlap with other work."""
        with self._lock:
            self._check_open()
            while len(self._all) < self.size:
                self._idle.append(self._new_worker())

    def run(self, calls: Sequence[Call], heard: Heard = _unheard) -> list[Answer]:
        """Answers in the order of ``calls``; ``heard`` is told each as it comes, in this thread.

        After a failure no further task begins, but those that run are let finish, within their own timeouts: what
        they make is kept, so that a retry has less to do. The failure of the earliest call is raised. Raises
        Interrupted after ``abort``. That, or whatever else a signal handler raises here, kills the tasks at once.
        """
        return _Run(self, calls, heard).answers() if calls else []

    def abort(self) -> None:
        """Kill every worker now, from any thread. Runs in progress raise Interrupted; later ones start new workers."""
        with self._lock:
            self._aborts += 1
            workers, self._all = self._all, set()
            idle, self._idle = self._idle, []
        for worker in workers:
            worker.process.kill()
        for worker in idle:
            worker.close()  # whoever runs the others waits on their sockets, and closes them
        for worker in workers:
            with suppress(subprocess.TimeoutExpired):
                worker.process.wait(_DEATH_S)

    def close(self) -> None:
        """End all workers, for good."""
        with self._lock:
            self._is_closed = True
            self.abort()

    @property
    def pids(self) -> tuple[int, ...]:
        """Processes of all workers, sorted."""
        with self._lock:
            return tuple(sorted(worker.process.pid for worker in self._all))

    def take(self, aborts: int) -> Worker:
        """A worker for one task. Raises Interrupted if the pool was aborted more than ``aborts`` times."""
        with self._lock:
            self.check_unbroken(aborts)
            while self._idle:
                worker = self._idle.pop()
                if worker.is_alive:
                    return worker
                self.forget(worker)
            return self._new_worker()

    def give_back(self, worker: Worker) -> None:
        """``worker`` is free for the next task."""
        with self._lock:
            if worker in self._all:
                self._idle.append(worker)
            else:
                worker.close()  # the pool was aborted after it had answered

    def forget(self, worker: Worker) -> None:
        """End ``worker``, whatever it does."""
        with self._lock:
            self._all.discard(worker)
        worker.close()

    def check_unbroken(self, aborts: int) -> None:
        """Raises Interrupted if the pool was aborted more than ``aborts`` times."""
        if self._aborts != aborts:
            raise Interrupted("The tasks were ended on purpose.")

    @property
    def aborts(self) -> int:
        """How often the pool was aborted. Raises PermanentFailure once it is closed."""
        with self._lock:
            self._check_open()
            return self._aborts

    def _new_worker(self) -> Worker:
        worker = Worker()
        self._all.add(worker)
        return worker

    def _check_open(self) -> None:
        if self._is_closed:
            raise PermanentFailure("The workers were ended for good.", way_out="This is a defect; report it.")


class _Run:
    """One ``WorkerPool.run``: what waits, what workers have, what came of it."""

    def __init__(self, pool: WorkerPool, calls: Sequence[Call], heard: Heard) -> None:
        self._pool = pool
        self._heard = heard
        self._aborts = pool.aborts
        self._waiting = deque(enumerate(calls))
        self._turns: dict[Connection, _Turn] = {}
        self._answers: dict[int, Answer] = {}
        self._failures: dict[int, Failure] = {}

    def answers(self) -> list[Answer]:
        """See WorkerPool.run."""
        try:
            while self._turns or (self._waiting and not self._failures):
                while self._waiting and not self._failures and len(self._turns) < self._pool.size:
                    self._begin(*self._waiting.popleft())
                self._collect()
        finally:
            for turn in self._turns.values():
                turn.worker.process.kill()  # all at once, then wait for each
            for turn in self._turns.values():
                self._pool.forget(turn.worker)
        if self._failures:
            raise self._failures[min(self._failures)]
        return [self._answers[position] for position in sorted(self._answers)]

    def _begin(self, position: int, call: Call) -> None:
        worker = self._pool.take(self._aborts)
        timeout_s = self._pool.timeout_s if call.timeout_s is None else call.timeout_s
        turn = _Turn(position, call, worker, timeout_s, time.monotonic() + timeout_s)
        self._turns[worker.connection] = turn
        self._pool.check_unbroken(self._aborts)  # a signal handler may have aborted meanwhile
        try:
            worker.send(self._pool.artifacts_url, call)
        except TransientFailure as failure:
            self._lost(turn, failure)

    def _collect(self) -> None:
        """Wait until something happens, and deal with all that has."""
        soonest = min((turn.deadline for turn in self._turns.values()), default=0.0)
        ready = wait(list(self._turns), max(0.0, soonest - time.monotonic()))
        self._pool.check_unbroken(self._aborts)
        for turn in [self._turns[connection] for connection in self._turns if connection in ready]:
            self._hear(turn)
        for turn in [turn for turn in self._turns.values() if turn.deadline <= time.monotonic()]:
            self._lost(turn, turn.timed_out())

    def _hear(self, turn: _Turn) -> None:
        try:
            answer = turn.worker.receive(turn.call)
        except Failure as failure:
            self._lost(turn, failure)
            return
        del self._turns[turn.worker.connection]
        self._pool.give_back(turn.worker)
        self._answers[turn.position] = answer
        self._heard(turn.position, answer)

    def _lost(self, turn: _Turn, failure: Failure) -> None:
        """The call failed; its worker goes on with others if it lives."""
        self._pool.check_unbroken(self._aborts)  # killed on purpose, which is no failure
        del self._turns[turn.worker.connection]
        self._failures[turn.position] = failure
        if turn.worker.is_alive:
            self._pool.give_back(turn.worker)
        else:
            self._pool.forget(turn.worker)
