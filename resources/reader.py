"""Understanding requests in processes of their own, so that a server goes on answering while words are read.

Reading a prompt computes for milliseconds, and every thread of a process waits for who computes. What is asked is
pure: where such a process is not there, is away or takes too long, the same is worked out here.

Belongs here: those processes, their end and what is done without them. Does not belong here: understanding
(ideation), what may be accepted (door_checks).
"""

from __future__ import annotations

import logging
import os
import queue
import subprocess
import sys
import threading
from multiprocessing.connection import Connection

from musicgen_assets.context.failures import Failure
from musicgen_assets.context.request import CompositionRequest
from musicgen_assets.context.schema import CompositionContext
from resources.door_checks import resolved
from resources.logging_setup import LOGGER
from resources.nursery import start_connected

LONGEST_S = 20.0
"""A request that is not understood by then is worked out here, and the process is replaced."""
_FIRST_S = 120.0
"""How long loading the words of five languages may take at the most; until then everything is worked out here."""
_LOG = logging.getLogger(f"{LOGGER}.reader")


class Reader:
    """Resolves requests, in another process once ``start`` has one. Safe for threads; ``close`` ends it."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._child: tuple[subprocess.Popen[bytes], Connection] | None = None
        self._is_closed = False

    @property
    def is_apart(self) -> bool:
        """Whether there is a process that understands."""
        return self._child is not None

    def start(self) -> None:
        """Begin to have a process; returns at once."""
        threading.Thread(target=self._begin, name="reader", daemon=True).start()

    def resolve(self, request: CompositionRequest) -> CompositionContext:
        """What ``request`` resolves to; see door_checks.resolved. Raises BadInput."""
        with self._turn:
            answer = self._asked(request)
        if answer is None:
            return resolved(request)
        if isinstance(answer, Failure):
            raise answer
        return answer

    def close(self) -> None:
        """End the process; what is asked from now on is worked out here."""
        self._is_closed = True
        with self._turn:
            self._drop()

    def _asked(self, request: CompositionRequest) -> CompositionContext | Failure | None:
        """What the process says; None where it says nothing, or broke over this request."""
        if self._child is None:
            return None
        connection = self._child[1]
        try:
            connection.send(request)
            if not connection.poll(LONGEST_S):
                raise TimeoutError(f"no answer within {LONGEST_S:.0f} s")
            answer: CompositionContext | Failure | None = connection.recv()
        except (EOFError, OSError) as error:  # TimeoutError is an OSError
            _LOG.warning("requests are understood in the server's own process for now: %s", error or "it ended")
            self._drop()
            self.start()
            return None
        return answer

    def _begin(self) -> None:
        try:
            child = start_connected([sys.executable, "-m", "resources.reader_child"], dict(os.environ))
        except (OSError, RuntimeError) as error:  # RuntimeError: this process is about to end
            _LOG.warning("requests are understood in the server's own process: %s", error)
            return
        try:
            is_ready = child[1].poll(_FIRST_S) and child[1].recv() == "ready"
        except (EOFError, OSError):
            is_ready = False
        with self._turn:
            if is_ready and not self._is_closed:
                self._child = child
                return
        _end(child)
        if not self._is_closed:
            _LOG.warning("requests are understood in the server's own process: the other one did not begin")

    def _drop(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            _end(child)


class Readers:
    """A few readers, so that requests that come together are understood side by side; as ``Reader`` to who asks.

    Who was free last is asked first: it still has in the processor's memory what it needs, and what it was asked a
    moment ago in its own.
    """

    def __init__(self, count: int = 0) -> None:
        """``count`` processes, each of some 70 MB; 0: two, or one where there is one processor."""
        self._all = [Reader() for _ in range(count or min(2, os.cpu_count() or 1))]
        self._free: queue.LifoQueue[Reader] = queue.LifoQueue()
        for reader in self._all:
            self._free.put(reader)

    @property
    def are_apart(self) -> bool:
        """Whether each has a process that understands."""
        return all(reader.is_apart for reader in self._all)

    def start(self) -> None:
        """Begin to have the processes; returns at once."""
        for reader in self._all:
            reader.start()

    def resolve(self, request: CompositionRequest) -> CompositionContext:
        """What ``request`` resolves to; see door_checks.resolved. Raises BadInput."""
        reader = self._free.get()
        try:
            return reader.resolve(request)
        finally:
            self._free.put(reader)

    def close(self) -> None:
        """End the processes; what is asked from now on is worked out here."""
        for reader in self._all:
            reader.close()


def _end(child: tuple[subprocess.Popen[bytes], Connection]) -> None:
    process, connection = child
    process.kill()
    process.wait()
    connection.close()
