"""Executing a version: the lease while it lasts, the heartbeat, stopping when asked to, and what the end means.

Belongs here: what surrounds a Dagster run of one version, in the CLI's own process and in a deployment's run worker
alike. Does not belong here: what the run does (stage assets), what becomes of runs whose process died (reconciler).
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from musicgen_assets.context.failures import Failure
from musicgen_assets.context.request import STAGES, Stage
from musicgen_assets.graph.declarations import until
from musicgen_assets.graph.estimates import expected_s
from musicgen_assets.graph.pace import Pace
from resources import leases
from resources.door import Outcome, close_request
from resources.open_files import kept_open
from resources.registry import Lease, Request, Version, queries
from resources.runner import Listener
from resources.state_machine import transition

if TYPE_CHECKING:
    import dagster as dg

    from resources.studio import Studio

REQUEST_TAG, CLAIM_TAG = "musicgen/request", "musicgen/claim"
POLL_S = 0.25
"""How often the holder looks whether it is to stop."""
DAGSTER_POLL_S = 1.0
"""How often it looks whether somebody ended its run in the Dagster UI, which cannot signal every process."""
BEAT_S = 2.0

OUTCOMES: Mapping[str, Outcome] = {
    "released": "done", "waiting_for_approval": "waiting", "failed": "failed", "cancelled": "cancelled",
}  # fmt: skip
"""Where a version came to rest, and how that ends its request."""

_log = logging.getLogger(__name__)


class Execution(threading.Thread):
    """The heartbeat of one run. Knows how far the run is, and ends it when somebody asks.

    Ending is one path for everybody: workers are killed, Dagster's run is marked as being cancelled, and the main
    thread gets the signal that Ctrl-C and the Dagster UI send as well.
    """

    def __init__(self, studio: Studio, instance: dg.DagsterInstance, holding: leases.Holding, pace: Pace) -> None:
        super().__init__(name="heartbeat", daemon=True)
        self.studio = studio
        self.instance = instance
        self.holding = holding
        self.is_cancelled = False
        self.pace = pace
        self._over = threading.Event()
        self._signalling = threading.Lock()

    def run(self) -> None:
        """Until the run is over: look for a wish to cancel, and say now and then that we live."""
        beaten = looked = time.monotonic()
        while not self._over.wait(POLL_S):
            try:
                is_to_stop = leases.is_to_stop(self.studio.registry, self.holding)
                if not is_to_stop and time.monotonic() - looked >= DAGSTER_POLL_S:
                    is_to_stop, looked = self.is_ended_in_dagster(), time.monotonic()
                if is_to_stop:
                    self.cancel()
                    return
                if time.monotonic() - beaten >= BEAT_S:
                    beaten = time.monotonic()
                    leases.beat(self.studio.registry, self.holding, self.pace.asset, self.pace.share, self.pace.left_s)
            except Failure as failure:  # a busy registry is no reason to end a run
                _log.warning("heartbeat of %s: %s", self.holding.partition, failure)

    def cancel(self) -> None:
        """End the run now. Does nothing once it is over."""
        with self._signalling:
            if self._over.is_set():
                return
            self.is_cancelled = True
            self.mark_canceling()  # first, so that Dagster knows before the interruption comes
            self.studio.pool.abort()
            if (main := threading.main_thread().ident) is not None:
                signal.pthread_kill(main, signal.SIGINT)

    def mark_canceling(self) -> None:
        """Tell Dagster that the interruption to come was wanted."""
        import dagster as dg

        self.is_cancelled = True
        run = self.instance.get_run_by_id(self.holding.run_id)
        if run is not None and not run.is_finished and run.status != dg.DagsterRunStatus.CANCELING:
            self.instance.report_run_canceling(run)

    def is_ended_in_dagster(self) -> bool:
        """Whether somebody terminated the run in the Dagster UI."""
        run = self.instance.get_run_by_id(self.holding.run_id)
        return run is not None and run.status.value in ("CANCELING", "CANCELED")

    def stop(self) -> None:
        """No more heartbeats, and no signal after this returns."""
        with self._signalling:
            self._over.set()
        self.join()


@contextmanager
def executing(
    studio: Studio,
    instance: dg.DagsterInstance,
    partition: str,
    run_id: str,
    tags: Mapping[str, str],
    *,
    parents: Sequence[str] = (),
    stage: Stage | None = None,
) -> Iterator[Execution]:
    """Hold the lease of ``partition`` for the run ``run_id`` and settle version and request when it ends.

    ``stage`` is how far to go for what no request asked. Raises as ``leases.begin``.
    """
    from resources.summary import history_s

    holding = leases.begin(
        studio.registry, partition, run_id,
        request_id=tags.get(REQUEST_TAG), token=tags.get(CLAIM_TAG), parents=parents,
    )  # fmt: skip
    history = history_s(studio)
    pace = Pace({item.key: expected_s(item, history) for item in until(stage or STAGES[-1])})
    execution = Execution(studio, instance, holding, pace)
    listener = studio.runner.listener
    studio.runner.listener, studio.execution = _both(listener, pace), execution
    execution.start()
    try:
        with kept_open(instance):
            yield execution
    finally:
        with _signals_held():
            execution.stop()
            studio.runner.listener, studio.execution = listener, None
            settle(studio, execution, stage)
            _clear_away(studio)


def _clear_away(studio: Studio) -> None:
    """What killed workers had been writing. Where that can't be done now, the reconciler will."""
    try:
        studio.store.sweep()
    except Failure as failure:
        _log.warning("half-written files of a run: %s", failure)


def settle(studio: Studio, execution: Execution, stage: Stage | None) -> None:
    """Bring version and request to where the run left them, and give the lease back, in one transaction."""
    execution.is_cancelled = execution.is_cancelled or execution.is_ended_in_dagster()
    with studio.registry.session() as session:
        holding = execution.holding
        lease = session.get(Lease, holding.version_id)
        if lease is None or lease.run_id != holding.run_id:
            return  # it was taken from us: whoever did has settled it
        version = session.get_one(Version, holding.version_id)
        request = session.get(Request, holding.request_id) if holding.request_id else None
        if version.state in STAGES:
            asked = stage if request is None else request.payload.get("until", STAGES[-1])
            _lay_to_rest(session, version, execution, asked, lease.cancelled_by)
        if request is not None:
            close_request(session, request, OUTCOMES.get(version.state, "failed"))
        session.delete(lease)


def _lay_to_rest(
    session: Session, version: Version, execution: Execution, stage: Stage | None, cancelled_by: str | None
) -> None:
    """A version whose run ended between stages: cancelled, as far as it was to go, or broken off."""
    run_id = execution.holding.run_id
    if execution.is_cancelled:
        reason = f"cancelled by {cancelled_by}" if cancelled_by else "cancelled while it ran"
        transition(session, version, "cancelled", reason, run_id)
    elif stage is not None and _has_come_to(session, version.partition, stage, run_id):
        transition(session, version, "waiting_for_approval", f"stopped after {stage}, as asked", run_id)
    elif stage is None:
        transition(session, version, "waiting_for_approval", "launched by hand, as far as it went", run_id)
    else:
        transition(session, version, "failed", f"{version.current_stage}: the run ended before it was finished", run_id)


def _has_come_to(session: Session, partition: str, stage: Stage, run_id: str) -> bool:
    made = queries.materializations_of(session, partition)
    return all(key in made and made[key].run_id == run_id for key in (item.key for item in until(stage)))


def _both(listener: Listener, pace: Pace) -> Listener:
    def tell(asset: str, fraction: float, message: str) -> None:
        listener(asset, fraction, message)
        pace.heard(asset, fraction)

    return tell


@contextmanager
def _signals_held() -> Iterator[None]:
    """Ctrl-C waits: what a run leaves must be written down whole."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
