"""The process that understands requests: gets one over a socket, says what it resolves to, gets the next.

Belongs here: the child's side of ``resources.reader``. It opens no registry and no store.
"""

from __future__ import annotations

import gc
import sys
import traceback
from multiprocessing.connection import Connection

from musicgen_assets.context.failures import Failure
from musicgen_assets.context.request import CompositionRequest
from musicgen_assets.context.schema import CompositionContext
from resources.door_checks import load_words, resolved
from resources.worker import leave_with_parent


def serve(connection: Connection) -> None:
    """Say "ready", then answer requests until the other side hangs up: a context, a Failure, or None where this broke
    over it, so that it is tried, and told, by whoever asked.
    """
    load_words()
    gc.freeze()  # the words stay: nobody has to look through them for what may go
    connection.send("ready")
    while True:
        try:
            request = connection.recv()
        except (EOFError, OSError):
            return
        connection.send(_answer(request))


def _answer(request: CompositionRequest) -> CompositionContext | Failure | None:
    try:
        return resolved(request)
    except Failure as failure:
        return failure
    except Exception:  # noqa: BLE001  # a defect: whoever asked meets it too, where it is logged and told
        sys.stderr.write(traceback.format_exc())
        return None


def main() -> None:
    """``python -m resources.reader_child DESCRIPTOR PARENT``: serve on an inherited socket."""
    descriptor, parent = int(sys.argv[1]), int(sys.argv[2])
    leave_with_parent(parent)
    serve(Connection(descriptor))


if __name__ == "__main__":
    main()
