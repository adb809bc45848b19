"""The reconciler: finds what the dead left behind and puts it right, from what was made and written down.

Run at the start of every command and by a sensor of a deployment. Quick when nobody died: three look-ups.

Belongs here: dead leases, claims nobody will serve, versions that nobody makes. Does not belong here: living runs
(executing), resuming (Dagster's run retries, the sensor, ``musicgen retry``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from musicgen_assets.context.request import STAGES
from musicgen_assets.graph.declarations import until
from resources.door import close_request
from resources.door_work import OPEN, put_back
from resources.executing import OUTCOMES, REQUEST_TAG
from resources.layout import open_instance
from resources.leases import LAUNCH_GRACE_S, all_leases, claimer_is_alive, is_alive
from resources.registry import Lease, Request, Version, queries, utc_now
from resources.registry.stages import rebuild_stage_states
from resources.release_export import sweep_exports
from resources.settings import Settings
from resources.state_machine import transition
from resources.studio import RELEASE_ASSET, Studio, open_studio

if TYPE_CHECKING:
    import dagster as dg

MAX_LAUNCHES = 3
"""A request that was put to Dagster so often and never began is given up."""


@dataclass
class Reconciled:
    """What was put right: partitions of versions, ids of requests, and files removed."""

    released: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    resuming: list[str] = field(default_factory=list)
    """Versions whose worker died and whose run Dagster starts once more."""
    put_back: list[str] = field(default_factory=list)
    """Requests that are free to be claimed again."""
    files_swept: int = 0

    @property
    def in_words(self) -> str:
        """One line; empty if there was nothing to do."""
        names = ("released", "waiting", "failed", "cancelled", "resuming", "put_back")
        parts = [f"{name.replace('_', ' ')}: {', '.join(getattr(self, name))}" for name in names if getattr(self, name)]
        if self.files_swept:
            parts.append(f"{self.files_swept} temporary files removed")
        return "; ".join(parts)


@dataclass(frozen=True)
class _Death:
    """Why nobody makes a version any more. ``run_id`` is the run that did."""

    run_id: str
    reason: str
    is_cancelled: bool = False
    will_retry: bool = False


@contextmanager
def reconciled(settings: Settings) -> Iterator[Studio]:
    """An open studio in which nothing is held by the dead."""
    with open_studio(settings) as studio:
        reconcile(studio)
        yield studio


def reconcile(studio: Studio, instance: dg.DagsterInstance | None = None) -> Reconciled:
    """Put right what dead processes left: their runs, leases, claims, versions and temporary files.

    ``instance`` is opened only if somebody died. Any number of reconcilers may run at once: each thing is put right
    once.
    """
    done = Reconciled(files_swept=studio.store.sweep() + sweep_exports(studio.settings.releases))
    with studio.registry.reading() as session:
        dead = [lease for lease in all_leases(session) if not is_alive(lease)]
        lost = [request for request in _claimed_without_lease(session) if not claimer_is_alive(request)]
        orphaned = _orphaned(session)
    if not (dead or lost or orphaned):
        return done
    instance = instance or open_instance(studio.settings)
    for lease in dead:
        _bury(studio, instance, lease, done)
    for request in lost:
        _recover(studio, instance, request, done)
    for version in orphaned:
        _adopt(studio, version, done)
    return done


def _claimed_without_lease(session: Session) -> list[Request]:
    query = select(Request).outerjoin(Lease, Lease.version_id == Request.version_id)
    return list(session.scalars(query.where(Request.status == "claimed", Lease.version_id.is_(None))))


def _orphaned(session: Session) -> list[Version]:
    """Versions between stages that nobody executes and nobody asks for."""
    served = select(Request.version_id).where(Request.status.in_(OPEN))
    query = select(Version).where(
        Version.state.in_(STAGES), Version.id.not_in(served), Version.id.not_in(select(Lease.version_id))
    )
    return list(session.scalars(query))


def _bury(studio: Studio, instance: dg.DagsterInstance, dead: Lease, done: Reconciled) -> None:
    """End the run of a dead holder in Dagster, then settle its version and free the lease in one transaction."""
    is_cancelled = dead.cancel_requested_at is not None
    will_retry = _end_run(instance, dead, is_cancelled=is_cancelled) and not is_cancelled
    with studio.registry.session() as session:
        lease = session.get(Lease, dead.version_id)
        if lease is None or lease.run_id != dead.run_id:
            return  # another reconciler was quicker
        version = session.get_one(Version, lease.version_id)
        rebuild_stage_states(session, version.partition)
        request = session.get(Request, lease.request_id) if lease.request_id else None
        reason = f"the process that made it ({lease.pid} on {lease.host}) died"
        if version.state in STAGES:
            death = _Death(lease.run_id, reason, is_cancelled, will_retry)
            _roll_forward(session, version, request, death, done)
        if request is not None and request.status in OPEN and version.state not in STAGES:
            close_request(session, request, OUTCOMES.get(version.state, "failed"))
        session.delete(lease)


def _roll_forward(session: Session, version: Version, request: Request | None, death: _Death, done: Reconciled) -> None:
    """Where a version stands by what was made: finished after all, cancelled, about to be resumed, or failed."""
    made = queries.materializations_of(session, version.partition)
    stage = STAGES[-1] if request is None else request.payload.get("until", STAGES[-1])
    has_come_to_stage = all(item.key in made and made[item.key].run_id == death.run_id for item in until(stage))
    if RELEASE_ASSET in made and made[RELEASE_ASSET].run_id == death.run_id:
        transition(session, version, "released", "", death.run_id)
        done.released.append(version.partition)
    elif stage != STAGES[-1] and has_come_to_stage:
        transition(session, version, "waiting_for_approval", f"stopped after {stage}, as asked", death.run_id)
        done.waiting.append(version.partition)
    elif death.is_cancelled:
        transition(session, version, "cancelled", "cancelled; its process had to be ended", death.run_id)
        done.cancelled.append(version.partition)
    elif death.will_retry:
        queries.record_event(
            session, "version.resuming", composition_id=version.composition_id, version_id=version.id,
            payload={"reason": death.reason, "run_id": death.run_id},
        )  # fmt: skip
        done.resuming.append(version.partition)
    else:
        way_out = f"musicgen retry {version.partition} goes on where it stopped"
        reason = f"{version.current_stage}: {death.reason}; {way_out}"
        transition(session, version, "failed", reason, death.run_id, failure="transient")
        done.failed.append(version.partition)


def _end_run(instance: dg.DagsterInstance, lease: Lease, *, is_cancelled: bool) -> bool:
    """Finish the run of a dead process in Dagster; whether Dagster will start it once more by itself."""
    run = instance.get_run_by_id(lease.run_id)
    if run is None:
        return False
    if not run.is_finished:
        said = f"Process {lease.pid} on {lease.host}, which executed this run, is gone."
        if is_cancelled or run.status.value == "CANCELING":
            instance.report_run_canceled(run, message=said)
        else:
            instance.report_run_failed(run, message=said)
    run = instance.get_run_by_id(lease.run_id)
    return run is not None and run.tags.get("dagster/will_retry") == "true"


def _recover(studio: Studio, instance: dg.DagsterInstance, lost: Request, done: Reconciled) -> None:
    """A request that was claimed and that nobody serves: wait for Dagster, put it back, or give it up."""
    if _is_in_dagster(instance, lost):
        return
    with studio.registry.session() as session:
        request = session.get_one(Request, lost.id)
        version = session.get_one(Version, request.version_id)
        if (
            request.status != "claimed"
            or request.claimed_by != lost.claimed_by
            or session.get(Lease, version.id) is not None
        ):
            return
        is_launch = (request.claimed_by or "").startswith("launch:")
        if version.state in STAGES and not is_launch:
            reason = f"whoever had its request ({request.claimed_by}) is gone"
            run_id = (request.claimed_by or "").removeprefix("run:") if not is_launch else ""
            _roll_forward(session, version, request, _Death(run_id, reason), done)
        elif is_launch and request.launches < MAX_LAUNCHES:
            put_back(request)
            done.put_back.append(request.id)
            return
        elif version.state in STAGES:
            transition(session, version, "failed", f"it was put to Dagster {MAX_LAUNCHES} times and never began")
            done.failed.append(version.partition)
        close_request(session, request, OUTCOMES.get(version.state, "failed"))


def _is_in_dagster(instance: dg.DagsterInstance, request: Request) -> bool:
    """Whether a run for ``request`` waits in Dagster or runs, or Dagster is about to start one."""
    import dagster as dg

    runs = instance.get_runs(dg.RunsFilter(tags={REQUEST_TAG: request.id}), limit=10)
    if any(not run.is_finished for run in runs):
        return True
    is_fresh = request.claimed_at is not None and utc_now() - request.claimed_at < timedelta(seconds=LAUNCH_GRACE_S)
    newest = runs[0] if runs else None
    return is_fresh and newest is not None and newest.tags.get("dagster/will_retry") == "true"


def _adopt(studio: Studio, orphan: Version, done: Reconciled) -> None:
    """A version that nobody makes and nobody asked for: released if it is complete, else failed."""
    with studio.registry.session() as session:
        version = session.get_one(Version, orphan.id)
        if version.state not in STAGES or session.get(Lease, version.id) is not None:
            return
        made = queries.materializations_of(session, version.partition)
        run_id = made[RELEASE_ASSET].run_id if RELEASE_ASSET in made else ""
        rebuild_stage_states(session, version.partition)
        _roll_forward(session, version, None, _Death(run_id, "nobody is making it"), done)
