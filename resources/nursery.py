"""Starting child processes that never outlive this one.

Linux can end a child at once when its parent dies, even in the middle of a C call, but counts as its parent the
*thread* that started it. So one thread, which lasts as long as the process, starts all of them.

Belongs here: that thread. Does not belong here: what the children do (worker) and who gives them work (workers).
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection

_LEFT_TO_THE_PARENT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C, a service manager and a closing terminal signal a whole process group: what becomes of the children is
the parent's decision. A child inherits what the thread that starts it blocks, so there is no gap while it starts."""

_starters: dict[int, ThreadPoolExecutor] = {}
_starting = threading.Lock()


def start_child(command: Sequence[str], descriptor: int, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start ``command`` with ``descriptor`` inherited. Raises OSError when there is no room for another process."""
    with _starting:
        starter = _starters.get(os.getpid())  # by process: a fork copies this table, but none of the threads
        if starter is None:
            starter = _starters[os.getpid()] = ThreadPoolExecutor(1, "nursery", _block_signals)
    return starter.submit(_start, command, descriptor, environment).result()


def start_connected(
    command: Sequence[str], environment: Mapping[str, str], options: Sequence[str] = ()
) -> tuple[subprocess.Popen[bytes], Connection]:
    """Start ``command DESCRIPTOR PARENT options`` with a socket to it, whose other end it finds under DESCRIPTOR.

    Raises OSError as start_child does; nothing stays open then.
    """
    ours, theirs = socket.socketpair()
    descriptor = theirs.fileno()
    try:
        process = start_child([*command, str(descriptor), str(os.getpid()), *options], descriptor, environment)
    except BaseException:  # whatever it was, our end has nobody to talk to
        ours.close()
        raise
    finally:
        theirs.close()
    return process, Connection(ours.detach())


def _start(command: Sequence[str], descriptor: int, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603  # a command of our own
        command, pass_fds=[descriptor], env=environment, stdin=subprocess.DEVNULL
    )


def _block_signals() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, _LEFT_TO_THE_PARENT)
