"""Cancelling without waiting for it: what a server does at once, and the process that sees it through.

Belongs here: the wish, and running ``cancel`` apart from whoever wished, since it may load Dagster and take seconds.
Does not belong here: how a version is stopped (cancel).
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass

from musicgen_assets.context.failures import Failure
from resources.cancel import ASKED_S, cancel, state_to_cancel, withdraw
from resources.door_work import open_requests_of
from resources.leases import ask_to_cancel
from resources.registry.queries import get_version
from resources.settings import HOME_VARIABLE, Settings, get_settings
from resources.studio import Studio, open_studio

FINISH_S = 60.0
"""After so long the process that sees a cancellation through is ended; the reconciler does what it left."""

_POLL_S = 0.05


@dataclass(frozen=True)
class Wish:
    """What came of it so far: the version's state before and now, and whether a process has to see it through."""

    was: str
    state: str
    is_open: bool


def wish_cancel(studio: Studio, partition: str, who: str, patience_s: float = ASKED_S) -> Wish:
    """Ask whoever makes ``partition`` to stop, or withdraw it where nobody does; wait ``patience_s`` for an answer.

    Where ``is_open``, ``finish`` is to be called after. Raises BadInput for a version with nothing to cancel.
    """
    was = state_to_cancel(studio, partition)
    if not _is_launched(studio, partition) and withdraw(studio, partition, who) is not None:
        return Wish(was, _state(studio, partition), is_open=False)
    if not ask_to_cancel(studio.registry, partition, who):
        return Wish(was, _state(studio, partition), is_open=True)
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        time.sleep(_POLL_S)
        if (state := _state(studio, partition)) == "cancelled":
            return Wish(was, state, is_open=False)
    return Wish(was, _state(studio, partition), is_open=True)


def finish(settings: Settings, partition: str, who: str) -> int:
    """See a cancellation through in a process of its own; its exit code. It is killed after FINISH_S."""
    command = [sys.executable, "-m", "resources.cancel_wish", partition, who]
    environment = {**os.environ, HOME_VARIABLE: str(settings.home)}
    try:
        done = subprocess.run(  # noqa: S603  # ourselves, with the name of a version and of a user
            command, env=environment, stdin=subprocess.DEVNULL, timeout=FINISH_S, check=False, start_new_session=True
        )
    except subprocess.TimeoutExpired:
        return 1
    return done.returncode


def main(partition: str, who: str) -> int:
    """What that process does. Returns 0 when nothing of the version runs any more."""
    try:
        with open_studio(get_settings()) as studio:
            return 0 if cancel(studio, partition, who).is_stopped else 1
    except Failure:
        return 1  # it was cancelled, released or deleted meanwhile: there is nothing left to do


def _is_launched(studio: Studio, partition: str) -> bool:
    """Whether a run that makes ``partition`` waits in Dagster, which then has to be told."""
    with studio.registry.reading() as session:
        rows = open_requests_of(session, get_version(session, partition))
        return any((row.claimed_by or "").startswith(("launch:", "run:")) for row in rows)


def _state(studio: Studio, partition: str) -> str:
    with studio.registry.reading() as session:
        return get_version(session, partition).state


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
