"""A worker process: receives tasks over a pipe, computes them, puts the results into the store.

Belongs here: the child's side of ``resources.workers``. It knows the store and music logic's entry points;
it sees no registry, no Dagster and no secrets.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection
from typing import Any

from musicgen_assets.context.failures import Failure
from musicgen_assets.graph.job import Blob, Payload, Ref
from resources.store import ArtifactStore

WARM_UP = ("scipy.signal", "scipy.fft", "soundfile", "musicgen_assets.production.render")
"""What nearly every task imports: loaded while the parent is still composing."""
PARENT_POLL_S = 0.2
"""How often a worker looks whether its parent still lives where the system does not end it with its parent."""

_PR_SET_PDEATHSIG = 1
"""prctl(2): the signal a process gets when its parent dies."""


def keep(store: ArtifactStore, payload: Payload | Ref) -> Ref:
    """Store a payload and return the Ref to it; a Ref passes through."""
    if isinstance(payload, Ref):
        return payload
    sha256, size_bytes = store.put(payload.data)
    return Ref(payload.role, payload.media_type, sha256, size_bytes, payload.suffix, dict(payload.meta))


def compute(store: ArtifactStore, entry: str, inputs: Mapping[str, Any], refs: Mapping[str, Ref]) -> tuple[Ref, ...]:
    """Call ``entry`` ("package.module:function") on ``inputs`` and the bytes behind ``refs``; store what it yields."""
    module, _, name = entry.partition(":")
    function: Callable[..., Sequence[Payload | Ref]] = getattr(importlib.import_module(module), name)
    blobs = {key: Blob(store.get(ref.sha256), ref.media_type, ref.meta) for key, ref in refs.items()}
    return tuple(keep(store, payload) for payload in function(dict(inputs), blobs))


def serve(connection: Connection) -> None:
    """Answer calls until the other side hangs up.

    A call is (artifacts_url, entry, inputs, refs); an answer ("done", refs, seconds) or ("failed", failure).
    """
    stores: dict[str, ArtifactStore] = {}
    while True:
        try:
            artifacts_url, entry, inputs, refs = connection.recv()
        except EOFError:
            return
        store = stores.setdefault(artifacts_url, ArtifactStore(artifacts_url))
        started = time.perf_counter()
        try:
            answer: tuple[Any, ...] = ("done", compute(store, entry, inputs, refs), time.perf_counter() - started)
        except Failure as failure:
            answer = ("failed", failure, traceback.format_exc())
        except Exception as error:  # noqa: BLE001  # whatever it is must reach the parent, not die in the child
            answer = ("broke", f"{type(error).__name__}: {error}", traceback.format_exc())
        connection.send(answer)


def leave_with_parent(parent: int) -> None:
    """See to it that this process ends when its parent is gone, also in the middle of a task.

    On Linux the kernel does that at once. Its notion of a parent is the thread that started this process, which is
    why ``resources.nursery`` starts workers. Elsewhere a thread looks, as often as the task lets it run.
    """
    if _is_ended_by_the_kernel():
        if os.getppid() != parent:  # it died before the kernel knew of our wish
            os._exit(1)
        return
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _is_ended_by_the_kernel() -> bool:
    if sys.platform != "linux":
        return False
    return int(ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)) == 0


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(PARENT_POLL_S)
    os._exit(1)


def main() -> None:
    """``python -m resources.worker DESCRIPTOR PARENT``: serve on an inherited socket.

    Signals to the process group (Ctrl-C, SIGTERM, SIGHUP) are blocked by whoever starts this: the parent decides.
    """
    descriptor, parent = int(sys.argv[1]), int(sys.argv[2])
    leave_with_parent(parent)
    for module in WARM_UP:
        importlib.import_module(module)
    serve(Connection(descriptor))


if __name__ == "__main__":
    main()
