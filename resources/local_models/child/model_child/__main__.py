"""``python -m model_child DESCRIPTOR PARENT IDLE_S``: answer on an inherited socket until the other side hangs up.

Belongs here: the loop, and which models are kept. One model of a kind is kept loaded until another is asked for, or
until nobody asked for IDLE_S seconds, when the process ends and its memory is free. Does not belong here: the models.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from .frames import Arrays, receive, send
from .trouble import ModelError

_PR_SET_PDEATHSIG = 1
"""prctl(2): the signal a process gets when its parent dies, also in the middle of computing."""

Told = Callable[[float, str], None]
Answer = tuple[dict[str, Any], Arrays]


class Models:
    """What is loaded, by kind."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Any, Any]] = {}

    def answer(self, message: dict[str, Any], arrays: Arrays, told: Told) -> Answer:
        """Do what ``message`` asks. Raises ModelError."""
        try:
            return self._answer(message, arrays, told)
        except ImportError as error:
            raise ModelError(
                f"The environment at {sys.prefix} lacks {error.name or error}.", "Set it up again: make models"
            ) from error

    def _answer(self, message: dict[str, Any], arrays: Arrays, told: Told) -> Answer:
        wish = message["do"]
        if wish == "hello":
            return _about(message), ()
        if wish not in ("musicgen", "demucs"):
            raise ModelError(f"There is no model {wish!r} here.", "This is a defect; report it.")
        model, load_s = self._loaded(wish, message, told)
        began, began_cpu = time.perf_counter(), time.process_time()
        found, sounds = model.make(message, arrays, told)
        return {**found, "load_s": round(load_s, 2), "compute_s": round(time.perf_counter() - began, 2),
                "cpu_s": round(time.process_time() - began_cpu, 2), "peak_bytes": _peak_bytes()}, sounds  # fmt: skip

    def _loaded(self, wish: str, message: dict[str, Any], told: Told) -> tuple[Any, float]:
        wanted = (message["backend"], message["folder"], message["title"], message["identity"], message["device"])
        kept = self._kept.get(wish)
        if kept is not None and kept[0] == wanted:
            return kept[1], 0.0
        self._kept.pop(wish, None)
        began = time.perf_counter()
        told(0.0, f"loading {message['title']}")
        model = _open(message)
        self._kept[wish] = (wanted, model)
        return model, time.perf_counter() - began


def _open(message: dict[str, Any]) -> Any:
    """The model, loaded. Each module needs its own library alone."""
    if message["backend"] == "transformers":
        from .musicgen_transformers import TransformersMusicGen

        return TransformersMusicGen(message["folder"], message["device"])
    if message["backend"] == "audiocraft":
        from .musicgen_audiocraft import AudiocraftMusicGen

        return AudiocraftMusicGen(message["folder"], message["device"])
    from .demucs_separation import DemucsSeparation

    return DemucsSeparation(message["folder"], message["title"], message["device"])


def _about(message: dict[str, Any]) -> dict[str, Any]:
    from .machine import about

    return about(str(message.get("device", "auto")))


def _peak_bytes() -> int:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def serve(connection: Connection, idle_s: float) -> None:
    """Answer until the other side hangs up, or asks nothing for ``idle_s``."""
    models = Models()

    def told(share: float, words: str) -> None:
        send(connection, {"progress": round(share, 4), "words": words})

    while connection.poll(idle_s):
        try:
            message, arrays = receive(connection)
        except EOFError:
            return
        try:
            found, sounds = models.answer(message, arrays, told)
        except ModelError as trouble:
            send(connection, {"failed": trouble.message, "way_out": trouble.way_out,
                              "is_transient": trouble.is_transient})  # fmt: skip
        except MemoryError:
            send(connection, {"failed": "There was not enough memory.", "way_out": "Use smaller weights, or wait "
                              "until other work is done.", "is_transient": True})  # fmt: skip
        except Exception as error:  # noqa: BLE001  # whatever it is must reach the other side, not die here
            send(connection, {"failed": f"{type(error).__name__}: {error}\n{traceback.format_exc()}",
                              "way_out": "Check the weights with musicgen doctor; else this is a defect.",
                              "is_transient": False})  # fmt: skip
        else:
            send(connection, {"done": found}, sounds)


def main() -> None:
    """See the module."""
    descriptor, parent, idle_s = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    if sys.platform == "linux" and ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL) == 0:
        if os.getppid() != parent:  # it died before the kernel knew of our wish
            os._exit(1)
    try:
        serve(Connection(descriptor), idle_s)
    except (BrokenPipeError, ConnectionResetError):
        return  # nobody is there any more to be told


if __name__ == "__main__":
    main()
