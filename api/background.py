"""What is done after an answer went out: launches that follow a commit, cancellations that take seconds.

Nothing here must not be lost: what is not launched is swept up by the deployment's sensor, and a wish to cancel stands
in the registry.

Belongs here: a few threads and their end. Does not belong here: what they do (resources).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from musicgen_assets.context.failures import Failure
from resources.logging_setup import LOGGER

_THREADS = 2


class Background:
    """A few threads that work off what is put to them, in order."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, "api-background")

    def put(self, what: str, work: Callable[[], Any]) -> None:
        """Do ``work`` soon; what it raises is logged as a failure of ``what``. After ``close`` nothing is taken."""

        def safely() -> None:
            try:
                work()
            except Failure as failure:
                logging.getLogger(f"{LOGGER}.api").warning("%s: %s", what, failure)
            except Exception:  # a defect here must not end the thread: others wait for it
                logging.getLogger(f"{LOGGER}.api").exception("%s", what)

        self._pool.submit(safely)

    def close(self) -> None:
        """Finish what was begun, drop what was not."""
        self._pool.shutdown(wait=True, cancel_futures=True)
