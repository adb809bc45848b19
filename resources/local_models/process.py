"""The process that a model lives in, as this side sees it: started when first asked, kept for the next song.

Belongs here: starting it, one question at a time, ending it at once. Does not belong here: what is asked (musicgen,
demucs), jobs that outlive this process (jobs), the other side (model_child).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from subprocess import Popen
from typing import Any

from resources.local_models.child.model_child import frames
from resources.nursery import start_connected

Told = Callable[[float, str], None]
"""Hears how far the model is, 0-1, and what it does."""

_CHILD = Path(__file__).parent / "child"
_OWN_VARIABLES = ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV")
"""Of this environment, and none of the other's business."""


class ModelCallError(Exception):
    """The model could not do it. ``is_transient``: the same may succeed later."""

    def __init__(self, message: str, way_out: str, *, is_transient: bool) -> None:
        super().__init__(message)
        self.message, self.way_out, self.is_transient = message, way_out, is_transient


@dataclass(frozen=True)
class ModelAnswer:
    """What the model said, and its sounds as float32 (channels, samples)."""

    told: dict[str, Any]
    sounds: list[Any]


class ModelProcess:
    """One child with its model. One question at a time; the model stays loaded between them."""

    def __init__(self, python: Path, idle_s: float) -> None:
        self._python, self._idle_s = python, idle_s
        self._asking = threading.Lock()
        self._child: tuple[Popen[bytes], Connection] | None = None
        self._is_at_it = False

    def ask(self, message: Mapping[str, Any], sounds: frames.Arrays, told: Told) -> ModelAnswer:
        """What the model answers to ``message``. Raises ModelCallError, also where the process ended meanwhile."""
        with self._asking:
            while True:
                was_idle, self._is_at_it = self._child is not None, False
                process, connection = self._living()
                try:
                    frames.send(connection, message, sounds)
                    return self._heard(connection, frames.receive(connection), told)
                except (EOFError, OSError) as error:
                    is_idle_end = was_idle and not self._is_at_it
                    self._end(process, connection)
                    if is_idle_end:  # it had just ended by itself: nobody had asked for so long
                        continue
                    raise ModelCallError(
                        f"The process of the model ended without a result (exit {process.returncode}).",
                        "Try again; if it repeats, the machine may have too little memory: use smaller weights.",
                        is_transient=True,
                    ) from error

    def kill(self) -> None:
        """End it now, whatever it does, from any thread. The next question starts another."""
        child = self._child
        if child is not None:
            child[0].kill()

    def close(self) -> None:
        """End it and free what it held."""
        self.kill()
        with self._asking:
            if self._child is not None:
                self._end(*self._child)

    @property
    def pid(self) -> int | None:
        """Of the process, while it lives."""
        child = self._child
        return child[0].pid if child is not None and child[0].poll() is None else None

    def _heard(self, connection: Connection, first: tuple[dict[str, Any], list[Any]], told: Told) -> ModelAnswer:
        answer, sounds = first
        while True:
            self._is_at_it = True
            if "progress" in answer:
                told(float(answer["progress"]), str(answer["words"]))
                answer, sounds = frames.receive(connection)
            elif "failed" in answer:
                raise ModelCallError(answer["failed"], answer["way_out"], is_transient=bool(answer["is_transient"]))
            else:
                return ModelAnswer(answer["done"], sounds)

    def _living(self) -> tuple[Popen[bytes], Connection]:
        """The child, started anew where it ended by itself or was killed."""
        if self._child is not None:
            if self._child[0].poll() is None:
                return self._child
            self._end(*self._child)
        self._child = self._started()
        return self._child

    def _started(self) -> tuple[Popen[bytes], Connection]:
        kept = {name: value for name, value in os.environ.items() if name not in _OWN_VARIABLES}
        offline = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
        environment = {**kept, **offline, "PYTHONPATH": str(_CHILD), "PYTHONSAFEPATH": "1"}
        try:
            return start_connected([str(self._python), "-m", "model_child"], environment, [str(self._idle_s)])
        except OSError as error:
            raise ModelCallError(
                f"{self._python} could not be started: {error}.", "Set it up again: make models", is_transient=False
            ) from error

    def _end(self, process: Popen[bytes], connection: Connection) -> None:
        process.kill()
        process.wait()
        connection.close()
        self._child = None


_kept: dict[tuple[int, str, str], ModelProcess] = {}
_keeping = threading.Lock()


def model_process(kind: str, python: Path, idle_s: float) -> ModelProcess:
    """The one process of this process for models of ``kind``: whoever asks next finds the model loaded."""
    with _keeping:
        key = (os.getpid(), kind, str(python))  # by process: a fork inherits the table, but no child
        if key not in _kept:
            _kept[key] = ModelProcess(python, idle_s)
        return _kept[key]


def close_all() -> None:
    """End every model's process that this one started."""
    with _keeping:
        own = [key for key in _kept if key[0] == os.getpid()]
        ended = [_kept.pop(key) for key in own]
    for process in ended:
        process.close()
