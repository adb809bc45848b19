"""Leases: who is executing a version right now, whether they still live, and asking them to stop.

Belongs here: the rows and what their holder is. Does not belong here: the heartbeat and what happens at the end of a
run (executing), what becomes of the dead (reconciler).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import bindparam, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from musicgen_assets.context.failures import PermanentFailure, TransientFailure
from resources.processes import process_started, this_host
from resources.registry import Lease, Registry, Request, Version, utc_now
from resources.registry.compositions import get_version

SILENT_AFTER_S = 30.0
"""A holder on another machine that was not heard of for so long is dead. Heartbeats come every two seconds."""

LAUNCH_GRACE_S = 60.0
"""How long a request that was put to Dagster may take until its run begins before it counts as lost."""

_LEASE = select(Lease).where(Lease.version_id == bindparam("version"))
_SAME_START_S = 2.0
"""Start times of one process as told by the system differ by less than this."""


@dataclass(frozen=True)
class Holding:
    """A lease as its holder knows it."""

    version_id: int
    partition: str
    run_id: str
    request_id: str | None


def begin(
    registry: Registry,
    partition: str,
    run_id: str,
    *,
    request_id: str | None = None,
    token: str | None = None,
    parents: Sequence[str] = (),
) -> Holding:
    """Take the lease of ``partition`` for this process, and its request over from whoever launched it.

    ``token`` is what the request was claimed with; ``parents`` are runs that this one continues. Raises BadInput for
    a version that the registry does not know, TransientFailure while another process executes it, PermanentFailure
    when the request was taken by somebody else, or cancelled.
    """
    try:
        with registry.session() as session:
            return _begin(session, partition, run_id, request_id, token, parents)
    except IntegrityError as error:  # two began at the same moment, and the other one was first
        raise TransientFailure(
            f"{partition} was just begun by another process.", way_out=f"Wait for it: musicgen status {partition}"
        ) from error


def beat(registry: Registry, holding: Holding, asset: str, fraction: float, left_s: float | None) -> None:
    """Say that the holder lives, and how far it is."""
    with registry.session() as session:
        session.execute(
            update(Lease)
            .where(Lease.version_id == holding.version_id, Lease.run_id == holding.run_id)
            .values(heartbeat_at=utc_now(), asset=asset, fraction=fraction, left_s=left_s)
        )


def is_to_stop(registry: Registry, holding: Holding) -> bool:
    """Whether somebody asked the holder to stop, or the lease is no longer its own."""
    with registry.reading() as session:
        row = session.get(Lease, holding.version_id)
        return row is None or row.run_id != holding.run_id or row.cancel_requested_at is not None


def require(session: Session, version: Version, run_id: str) -> None:
    """Raise PermanentFailure if another run than ``run_id`` executes ``version``: this one was taken for dead."""
    lease = lease_of(session, version)
    if run_id and lease is not None and lease.run_id != run_id:
        raise PermanentFailure(
            f"{version.partition} is being made by run {lease.run_id} now; this run was taken for dead.",
            way_out="There is nothing to do: the other run makes the version.",
        )


def ask_to_cancel(registry: Registry, partition: str, who: str) -> bool:
    """Ask whoever executes ``partition`` to stop; False if nobody does."""
    with registry.session() as session:
        lease = lease_of(session, get_version(session, partition))
        if lease is None:
            return False
        lease.cancel_requested_at, lease.cancelled_by = lease.cancel_requested_at or utc_now(), who
        return True


def lease_of(session: Session, version: Version) -> Lease | None:
    """The lease of ``version``, alive or dead."""
    return session.scalar(_LEASE, {"version": version.id})


def all_leases(session: Session) -> list[Lease]:
    """Every lease there is."""
    return list(session.scalars(select(Lease)))


def is_alive(lease: Lease) -> bool:
    """Whether the holder lives: by its process where that is here, by its heartbeat elsewhere."""
    if lease.host != this_host():
        return utc_now() - lease.heartbeat_at < timedelta(seconds=SILENT_AFTER_S)
    started = process_started(lease.pid)
    return started is not None and abs(started - lease.process_started) < _SAME_START_S


def claimer_name() -> str:
    """What this process signs a claim with."""
    return f"cli:{this_host()}:{os.getpid()}:{process_started(os.getpid()) or 0.0:.2f}"


def claimer_is_alive(request: Request) -> bool:
    """Whether somebody who claimed ``request`` and holds no lease may still begin: a live process, a fresh launch."""
    kind, _, rest = (request.claimed_by or "").partition(":")
    if kind == "cli":
        host, pid, started_text = rest.rsplit(":", 2)
        if host != this_host():
            return _is_younger(request, SILENT_AFTER_S)
        started = process_started(int(pid))
        return started is not None and abs(started - float(started_text)) < _SAME_START_S
    return kind == "launch" and _is_younger(request, LAUNCH_GRACE_S)


def _is_younger(request: Request, seconds: float) -> bool:
    return request.claimed_at is not None and utc_now() - request.claimed_at < timedelta(seconds=seconds)


def _begin(
    session: Session,
    partition: str,
    run_id: str,
    request_id: str | None,
    token: str | None,
    parents: Sequence[str],
) -> Holding:
    version = get_version(session, partition)
    standing = lease_of(session, version)
    if standing is not None and is_alive(standing):
        raise TransientFailure(
            f"{partition} is being made by process {standing.pid} on {standing.host} (run {standing.run_id}).",
            way_out=f"Wait for it, or end it: musicgen cancel {partition}",
        )
    served = _take_over(session, request_id, run_id, token, parents)
    if standing is not None:
        session.delete(standing)
        session.flush()
    session.add(
        Lease(
            version_id=version.id, partition=partition, request_id=served, run_id=run_id, host=this_host(),
            pid=os.getpid(), process_started=process_started(os.getpid()) or 0.0,
        )
    )  # fmt: skip
    return Holding(version.id, partition, run_id, served)


def _take_over(
    session: Session, request_id: str | None, run_id: str, token: str | None, parents: Sequence[str]
) -> str | None:
    """Make an open request this run's own; None where there is none to serve (launched by hand, or again)."""
    request = session.get(Request, request_id, with_for_update=True) if request_id else None
    if request is not None and request.status == "cancelled" and not parents:
        raise PermanentFailure(
            f"The request {request.id} was cancelled before its run began.",
            way_out="To make the version all the same: musicgen retry.",
        )
    if request is None or request.status not in ("submitted", "claimed"):
        return None
    known = {token, *(f"run:{parent}" for parent in parents), f"run:{run_id}"}
    if request.status == "claimed" and request.claimed_by not in known:
        raise PermanentFailure(
            f"The request {request.id} was taken by {request.claimed_by}.",
            way_out="There is nothing to do: whoever took it makes the version.",
        )
    request.status, request.claimed_by, request.claimed_at = "claimed", f"run:{run_id}", utc_now()
    return request.id
