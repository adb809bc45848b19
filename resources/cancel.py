"""Cancelling a version, whatever it is doing: being made, waiting for its turn, or at rest.

Whoever makes it is asked first, and ends its run the way Ctrl-C does. One that does not answer is killed; what it
leaves is put right by the reconciler, as after any death.

Belongs here: asking, waiting, killing, withdrawing requests. Does not belong here: how a holder ends its own run
(executing), what is left of the dead (reconciler).
"""

from __future__ import annotations

import importlib
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import psutil

from musicgen_assets.context.failures import BadInput, PermanentFailure
from resources.asked_to_stop import Asked
from resources.door import close_request
from resources.door_work import open_requests_of
from resources.executing import REQUEST_TAG
from resources.layout import open_instance
from resources.leases import ask_to_cancel, is_alive, lease_of
from resources.processes import process_started, this_host
from resources.reconciler import reconcile
from resources.registry import Lease, Request
from resources.registry.queries import get_version
from resources.release_export import sweep_exports
from resources.state_machine import can_transition, transition
from resources.studio import Studio

if TYPE_CHECKING:
    import dagster as dg

How = Literal["asked", "killed", "died", "withdrawn", "unanswered"]
"""What ended it: its holder, asked to; we, by killing the holder; the holder had died before; nothing ran; nothing
yet: the holder, on another machine, does not answer."""

ASKED_S = 1.2
"""How long a holder on this machine may take to end its run. It looks every quarter of a second, kills its workers
and writes down what happened: half a second when the machine is free."""
ELSEWHERE_S = 30.0
"""The same for one that cannot be killed from here, by when it would have been heard of if it lived."""
_DEATH_S = 1.0
_POLL_S = 0.02
_PRELOAD_AFTER_S = 0.5
"""Dagster takes a second to import and is needed to bury a holder: begun while that one still has time."""
_ROUNDS = 3


@dataclass(frozen=True)
class Cancelled:
    """What was cancelled: the state it was in and is in now, what ended it, and where.

    ``seconds`` passed until nothing of it ran any more. ``state`` may be "released": it was finished before it could
    be stopped, or had been, and only the work on it was cancelled.
    """

    partition: str
    was: str
    state: str
    how: How
    seconds: float
    holder: str = ""

    @property
    def is_stopped(self) -> bool:
        """Whether nothing of it runs any more."""
        return self.how != "unanswered"


def cancel(
    studio: Studio, partition: str, who: str, instance: dg.DagsterInstance | None = None, asked: Asked | None = None
) -> Cancelled:
    """Stop the work on ``partition`` and mark it cancelled; ``musicgen retry`` goes on from there.

    ``instance`` is opened only where Dagster has to be told; ``asked`` is who was asked to stop just now. Raises
    BadInput for a version that is unknown or that cannot be cancelled (released, archived, cancelled already),
    PermanentFailure where its process belongs to somebody else.
    """
    began = time.monotonic() if asked is None else asked.at
    was = state_to_cancel(studio, partition) if asked is None else asked.was
    how: How = "withdrawn"
    holder, seconds = "", 0.0
    for _ in range(_ROUNDS):  # somebody may begin it while we withdraw what nobody had begun
        lease, asked = _lease(studio, partition) if asked is None else asked.lease, None
        if lease is not None:
            how, holder = _stop(studio, lease, who, instance), f"process {lease.pid} on {lease.host}"
            seconds = time.monotonic() - began
            if how in ("killed", "died"):
                reconcile(studio, instance)
            elif how == "unanswered":
                break
        withdrawn = withdraw(studio, partition, who)
        if withdrawn is not None:
            _tell_dagster(studio, withdrawn, instance)
            break
    seconds = seconds or time.monotonic() - began
    studio.store.sweep()
    sweep_exports(studio.settings.releases)
    with studio.registry.reading() as session:
        return Cancelled(partition, was, get_version(session, partition).state, how, round(seconds, 3), holder)


def state_to_cancel(studio: Studio, partition: str) -> str:
    """The state of a version that has something to cancel. Raises BadInput for one that has not."""
    with studio.registry.reading() as session:
        version = get_version(session, partition)
        is_worked_on = lease_of(session, version) is not None or bool(open_requests_of(session, version))
        if is_worked_on or can_transition(version.state, "cancelled", version.current_stage):
            return version.state
    way_out = {
        "cancelled": f"Go on with it: musicgen retry {partition}.",
        "released": f"To put it out of sight: musicgen archive {partition}.",
    }
    raise BadInput(
        "version", partition, f"it is {version.state}, and nobody is making it",
        way_out=way_out.get(version.state, "There is nothing to do."),
    )  # fmt: skip


def _lease(studio: Studio, partition: str) -> Lease | None:
    with studio.registry.reading() as session:
        return lease_of(session, get_version(session, partition))


def _stop(studio: Studio, lease: Lease, who: str, instance: dg.DagsterInstance | None) -> How:
    """Ask whoever holds ``lease`` to end its run, and kill it if it is here and does not."""
    if _lease_is_free(studio, lease):
        return "asked"  # it was asked before, and has stopped meanwhile
    ask_to_cancel(studio.registry, lease.partition, who)
    if not is_alive(lease):
        return "died"
    is_ours_to_kill = lease.host == this_host() and lease.pid != os.getpid()
    if is_ours_to_kill and instance is None:
        _preload_dagster(lambda: not _is_held(studio, lease))
    if _waited(lambda: not _is_held(studio, lease), ASKED_S if is_ours_to_kill else ELSEWHERE_S):
        return "asked" if _lease_is_free(studio, lease) else "died"
    if not is_ours_to_kill:
        return "unanswered"
    _kill(lease)
    return "killed"


def _is_held(studio: Studio, lease: Lease) -> bool:
    return is_alive(lease) and not _lease_is_free(studio, lease)


def _lease_is_free(studio: Studio, lease: Lease) -> bool:
    """Whether the run that had ``lease`` has given it back."""
    with studio.registry.reading() as session:
        row = session.get(Lease, lease.version_id)
        return row is None or row.run_id != lease.run_id


def _preload_dagster(is_needless: Callable[[], bool]) -> None:
    def preload() -> None:
        time.sleep(_PRELOAD_AFTER_S)
        if not is_needless():
            importlib.import_module("dagster")

    threading.Thread(target=preload, name="preload", daemon=True).start()


def _waited(is_so: Callable[[], bool], limit_s: float) -> bool:
    """Wait until ``is_so``, at most ``limit_s``; whether it is."""
    deadline = time.monotonic() + limit_s
    while not is_so():
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_S)
    return True


def _kill(lease: Lease) -> None:
    """End the holder's process and its workers, which would follow by themselves, and see them gone.

    Raises PermanentFailure if it is not ours to kill, or does not die.
    """
    try:
        process = psutil.Process(lease.pid)
        family = [process, *process.children(recursive=True)]
        if not is_alive(lease):
            return  # it died just now, and another process may get its number
        os.kill(lease.pid, signal.SIGKILL)
    except (psutil.NoSuchProcess, ProcessLookupError):
        return
    except (psutil.AccessDenied, PermissionError) as error:
        raise PermanentFailure(
            f"{lease.partition} is made by process {lease.pid}, which belongs to somebody else.",
            way_out="It was asked to stop and does when it can; or ask its owner to end it.",
        ) from error
    for worker in family[1:]:
        with suppress(psutil.NoSuchProcess):
            worker.kill()  # psutil compares start times: never another process of the same number
    if not _waited(lambda: all(process_started(member.pid) is None for member in family), _DEATH_S):
        raise PermanentFailure(
            f"Process {lease.pid}, which makes {lease.partition}, was killed and is still there.",
            way_out="It hangs in the system, probably at a disk; cancel again when it is gone.",
        )


def withdraw(studio: Studio, partition: str, who: str) -> list[Request] | None:
    """Close every open request for a version that nobody makes, and lay it to rest; None if somebody makes it."""
    with studio.registry.session() as session:
        version = get_version(session, partition)
        if lease_of(session, version) is not None:
            return None
        requests = open_requests_of(session, version)
        for request in requests:
            close_request(session, request, "cancelled")
        if can_transition(version.state, "cancelled", version.current_stage):
            transition(session, version, "cancelled", f"cancelled by {who}")
        return requests


def _tell_dagster(studio: Studio, withdrawn: list[Request], instance: dg.DagsterInstance | None) -> None:
    """Take back the runs that requests were put to Dagster as."""
    launched = [request for request in withdrawn if (request.claimed_by or "").startswith(("launch:", "run:"))]
    if not launched:
        return
    import dagster as dg

    instance = instance or open_instance(studio.settings)
    for request in launched:
        for run in instance.get_runs(dg.RunsFilter(tags={REQUEST_TAG: request.id})):
            if not run.is_finished:  # the queue passes it over; a worker that was started for it finds it over
                instance.report_run_canceled(run, message="Cancelled before it began.")
