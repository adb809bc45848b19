"""The processes of a home, told by the environment they were started with.

Belongs here: finding, waiting for, ending them. Does not belong here: starting them (homes, deployments).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import psutil

POLL_S = 0.02


def of_home(home: Path) -> list[psutil.Process]:
    """Every living process that was started with ``home`` as its MUSICGEN_HOME, this one left out."""
    found = []
    for process in psutil.process_iter():
        if process.pid == os.getpid():
            continue
        try:
            if process.environ().get("MUSICGEN_HOME") == str(home) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue  # it ended, or is not ours to look at
    return found


def tell(process: psutil.Process) -> str:
    """Its number and command line, for messages."""
    try:
        return f"{process.pid} {' '.join(process.cmdline())[:120]}"
    except psutil.Error:
        return str(process.pid)


def wait_until_gone(home: Path, limit_s: float, spared: Iterable[int] = ()) -> tuple[float, list[str]]:
    """(seconds waited, those still there after ``limit_s``) for all processes of ``home`` but ``spared``."""
    keep = set(spared)
    started = time.monotonic()
    while True:
        left = [process for process in of_home(home) if process.pid not in keep]
        waited_s = time.monotonic() - started
        if not left or waited_s > limit_s:
            return waited_s, [tell(process) for process in left]
        time.sleep(POLL_S)


def all_gone(watched: Iterable[psutil.Process]) -> bool:
    """Whether none of ``watched`` runs any more."""
    for process in watched:
        try:
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                return False
        except psutil.Error:
            continue
    return True


def is_alive(pid: int) -> bool:
    """Whether there is such a process; one that ended and was not collected is none."""
    return not all_gone(with_children(pid)[:1])


def with_children(pid: int) -> list[psutil.Process]:
    """``pid`` and all its descendants; empty if it is gone."""
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.Error:
        return []


def end(found: Iterable[psutil.Process]) -> None:
    """Kill ``found`` and wait until they are gone."""
    killed = []
    for process in found:
        try:
            process.kill()
            killed.append(process)
        except psutil.Error:
            continue
    psutil.wait_procs(killed, timeout=5)


def wait_for(condition: Callable[[], Any], limit_s: float, poll_s: float = POLL_S) -> Any:
    """What ``condition`` returns as soon as that counts as true; else its last answer, after ``limit_s``."""
    deadline = time.monotonic() + limit_s
    while True:
        answer = condition()
        if answer or time.monotonic() > deadline:
            return answer
        time.sleep(poll_s)
