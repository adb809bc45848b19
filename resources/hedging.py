"""A second engine asked while the first takes unusually long: the first good song wins, the other is given up.

Off unless the settings ask for it ([routing] is_hedging). Both calls are rows of the ledger, and the second is made
only where the budget allows it.

Belongs here: when to begin, the second call beside the first, and giving one of them up. Does not belong here: who is
second (routing), the calls themselves (attempts).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

_log = logging.getLogger(__name__)


class Overtaken(BaseException):
    """Stop waiting, as on Ctrl-C: another engine was faster. Its job is cancelled where that can be."""


@dataclass
class Hedge:
    """``ask_second`` asks the other engine to its end, sleeping by what it is given, in a thread that this starts
    ``after_s`` from now.
    """

    after_s: float
    ask_second: Callable[[Callable[[float], None]], None]
    began: float = field(default_factory=time.monotonic)
    is_won: bool = False
    _thread: threading.Thread | None = None
    _over: threading.Event = field(default_factory=threading.Event)

    def heard(self) -> None:
        """Called now and then while the first engine is waited for. Raises Overtaken once the second has delivered."""
        if self._thread is None and time.monotonic() - self.began >= self.after_s:
            self._thread = threading.Thread(target=self._ask, name="hedge", daemon=True)
            self._thread.start()
        if self.is_won:
            raise Overtaken

    def end(self) -> None:
        """Give the second up, if it is still at it, and see it gone: what it was sent is in the ledger."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def _ask(self) -> None:
        try:
            self.ask_second(self._sleep)
            self.is_won = not self._over.is_set()
        except Overtaken:
            _log.info("the first engine was faster after all")
        except Exception as failure:  # noqa: BLE001  # the first is still at it: whatever fails here costs no song
            _log.warning("the second engine failed: %s", failure)

    def _sleep(self, seconds: float) -> None:
        if self._over.wait(seconds):
            raise Overtaken
