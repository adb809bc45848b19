"""Keeping processes alive: starts them, starts them again when they die, ends them with everything below them.

Belongs here: processes, signals, waiting. Does not belong here: which processes make a deployment (services).
"""

from __future__ import annotations

import ctypes
import math
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

import psutil

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 30.0
STEADY_AFTER_S = 60.0
"""A process that lived so long starts again at the shortest wait when it dies."""

GRACE_S = 8.0
"""How long a process asked to end may take before it is killed."""

_LOOK_EVERY_S = 0.2
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# From linux/prctl.h.
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class Service:
    """A process to keep alive. ``is_ready`` is asked before the next one is first started; None does not wait.

    ``before`` runs before every start, to take away what a dead predecessor left.
    """

    name: str
    command: Sequence[str]
    is_ready: Callable[[], bool] | None = None
    before: Callable[[], None] | None = None


class _Kept:
    """A service with its process and when it is to be started again."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.process: subprocess.Popen[bytes] | None = None
        self.wait_s = FIRST_WAIT_S
        self.started_at = 0.0
        self.due_at = math.inf  # it has not been started a first time


class Supervisor:
    """Keeps services alive from ``run`` until ``stop``, or until a signal that ends programs arrives."""

    def __init__(
        self, services: Sequence[Service], environment: Mapping[str, str], tell: Callable[[str], None],
        when_ready: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        """``when_ready`` is called once, when all are started and the last of them is ready."""
        self._kept = [_Kept(service) for service in services]
        self._environment = dict(environment)
        self._tell = tell
        self._when_ready = when_ready
        self._stopping = threading.Event()
        self._strangers: set[int] = set()
        """Children of this process that were there before, and are none of our business."""

    def stop(self) -> None:
        """Make ``run`` end everything and return."""
        self._stopping.set()

    def run(self) -> None:
        """Start all, keep all alive; on leaving, nothing that was started here or below runs any more.

        Must be called from the main thread: it takes the signals that end programs.
        """
        self._strangers = {child.pid for child in psutil.Process().children()}
        with self._signals_stop(), _adopting_orphans():
            try:
                for kept in self._kept:
                    self._start(kept)
                    self._await(kept)
                if not self._stopping.is_set():
                    self._when_ready()
                while not self._stopping.wait(_LOOK_EVERY_S):
                    self._look()
            finally:
                self._end_all()

    def _look(self) -> None:
        for kept in self._kept:
            process = kept.process
            if process is None:
                if time.monotonic() >= kept.due_at:
                    self._start(kept)
            elif process.poll() is not None:
                self._plan_restart(kept, process.returncode)
        self._bury()

    def _start(self, kept: _Kept) -> None:
        if self._stopping.is_set():
            return
        if kept.service.before is not None:
            kept.service.before()
        # A group of its own, so that Ctrl-C in a terminal reaches us alone and we decide who ends in what order.
        kept.process = subprocess.Popen(  # noqa: S603  # our own programs with our own arguments
            list(kept.service.command), env=self._environment, stdin=subprocess.DEVNULL, start_new_session=True,
            preexec_fn=_end_with_parent,  # noqa: PLW1509  # one system call, before any thread of ours exists
        )  # fmt: skip
        kept.started_at = time.monotonic()

    def _await(self, kept: _Kept) -> None:
        is_ready = kept.service.is_ready
        while is_ready is not None and not is_ready() and not self._stopping.wait(_LOOK_EVERY_S):
            self._look()

    def _plan_restart(self, kept: _Kept, code: int) -> None:
        now = time.monotonic()
        if now - kept.started_at >= STEADY_AFTER_S:
            kept.wait_s = FIRST_WAIT_S
        self._tell(f"The {kept.service.name} ended ({_how(code)}); it starts again in {kept.wait_s:g} s.")
        kept.process, kept.due_at = None, now + kept.wait_s
        kept.wait_s = min(kept.wait_s * 2, LONGEST_WAIT_S)

    def _bury(self) -> None:
        """Take away the zombies of processes we were given when their parent died."""
        services = self._service_pids()
        for child in psutil.Process().children():
            if child.pid not in services and child.pid not in self._strangers and _is_zombie(child):
                _reap(child.pid)

    def _end_all(self) -> None:
        """Ask the services to end, last started first, and end what works below them; then kill what is left.

        Workers are killed rather than asked: asked, they would write down that their work failed, while work whose
        process died is taken up again by the next deployment.
        """
        workers = self._workers()
        for kept in reversed(self._kept):
            if kept.process is not None and kept.process.poll() is None:
                kept.process.terminate()
        for process in workers:
            _signal(process, signal.SIGKILL)
        deadline = time.monotonic() + GRACE_S
        while (alive := self._alive()) and time.monotonic() < deadline:
            time.sleep(_LOOK_EVERY_S)
        while alive:
            for process in alive:
                _signal(process, signal.SIGKILL)
            time.sleep(0.02)
            alive = self._alive()
        for kept in self._kept:
            if kept.process is not None:
                kept.process.wait()
        self._bury()

    def _workers(self) -> list[psutil.Process]:
        services = self._service_pids()
        return [process for process in self._alive() if process.pid not in services and not _is_tracker(process)]

    def _alive(self) -> list[psutil.Process]:
        """Everything that runs below us and was started since we run."""
        for kept in self._kept:
            if kept.process is not None:
                kept.process.poll()
        self._bury()
        ours = [child for child in psutil.Process().children() if child.pid not in self._strangers]
        everyone = [process for child in ours for process in (child, *_below(child))]
        return [process for process in everyone if not _is_zombie(process)]

    def _service_pids(self) -> set[int]:
        return {kept.process.pid for kept in self._kept if kept.process is not None}

    @contextmanager
    def _signals_stop(self) -> Iterator[None]:
        def on_signal(_number: int, _frame: FrameType | None) -> None:
            self._stopping.set()

        before = {number: signal.signal(number, on_signal) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@contextmanager
def _adopting_orphans() -> Iterator[None]:
    """Become the parent of whatever outlives its own parent below us, so that we can end it too."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    try:
        yield
    finally:
        _prctl(_PR_SET_CHILD_SUBREAPER, 0)


def _end_with_parent() -> None:
    """In a child: be asked to end when the supervisor dies, however it dies."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _prctl(option: int, value: int) -> None:
    """Linux only; elsewhere a supervisor that is killed leaves its services behind."""
    if _LIBC is not None:
        _LIBC.prctl(option, value, 0, 0, 0)


def _libc() -> ctypes.CDLL | None:
    library = ctypes.CDLL(None)
    return library if hasattr(library, "prctl") else None


_LIBC = _libc()
"""Found here, because a child between fork and exec must not load anything."""


def _how(code: int) -> str:
    if code < 0:
        return signal.Signals(-code).name
    return f"exit code {code}"


def _is_zombie(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def _is_tracker(process: psutil.Process) -> bool:
    """Whether it is Python's own book-keeper of semaphores: it ends with those it serves, and is missed before."""
    try:
        return any("resource_tracker" in argument for argument in process.cmdline())
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def _below(process: psutil.Process) -> list[psutil.Process]:
    try:
        return list(process.children(recursive=True))
    except psutil.NoSuchProcess:
        return []


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return
