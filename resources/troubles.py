"""What went wrong and stayed so: versions that failed, that nobody works on any more, that nobody took up.

Belongs here: looking, and saying what to do. Does not belong here: mending (retry, lifecycle, the reconciler), and
what only waits for a person's decision is no trouble: see ``waiting_for_you``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from musicgen_assets.context.request import STAGES
from resources.door_work import OPEN
from resources.leases import all_leases, claimer_is_alive, is_alive
from resources.registry import Event, Lease, Registry, Request, Version, utc_now
from resources.settings import Settings

GRACE_S = 60.0
"""What nobody works on for so long is stuck: a launch takes seconds, a claim milliseconds."""

QUEUED_GRACE_S = 900.0
"""A run that was put to Dagster may wait in its queue behind others for so long."""

SILENT_S = 30.0
"""Heartbeats come every two seconds: a living process that gave none for so long hangs."""

CAN_RETRY_HELP = {"transient": True, "permanent": False}
"""By the class of a failure; one whose class was not recorded is in neither."""

Kind = Literal["failed", "stuck", "unclaimed", "silent"]

_STEPS = ("version.state", "version.resuming")
"""Events that say where a version stands: a step in the state machine, or Dagster is about to start it once more."""

_CHECKS_FAILED = "checks failed"
"""How the reason begins with which a version stops at a check."""


@dataclass(frozen=True)
class Trouble:
    """A version that will not get on by itself.

    ``kind``: "failed"; "stuck" (under way, but nobody works on it); "unclaimed" (asked for, and nobody took it);
    "silent" (its process lives and gives no sign). ``can_retry_help`` is None where the cause was not recorded.
    ``attempts`` counts the runs that worked on it. ``next_steps`` are commands.
    """

    partition: str
    composition: str
    version: int
    kind: Kind
    since: datetime
    stage: str
    reason: str
    can_retry_help: bool | None
    attempts: int
    run_id: str
    next_steps: tuple[str, ...]

    @property
    def is_stuck(self) -> bool:
        """Whether it is more than a failure that was written down."""
        return self.kind != "failed"

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return {**asdict(self), "since": self.since.isoformat(timespec="seconds"), "next_steps": list(self.next_steps)}


@dataclass(frozen=True)
class Waiting:
    """A version that stopped at a check: its songs are fine or not, a person says so."""

    partition: str
    since: datetime
    reason: str
    next_steps: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return {**asdict(self), "since": self.since.isoformat(timespec="seconds"), "next_steps": list(self.next_steps)}


@dataclass(frozen=True)
class _Seen:
    """What is known of one version that may be in trouble."""

    version: Version
    event: Event | None
    """Its last step in the state machine."""
    lease: Lease | None
    requests: Sequence[Request]
    """The open ones, oldest first."""


def troubles(registry: Registry, settings: Settings, now: datetime | None = None) -> list[Trouble]:
    """Everything that is wrong, newest first. Empty when all is well."""
    del settings  # the graces are the same for every installation
    moment = now or utc_now()
    with registry.reading() as session:
        seen = _suspects(session)
        found = [trouble for item in seen if (trouble := _judged(session, item, moment)) is not None]
    return sorted(found, key=lambda trouble: (trouble.since, trouble.partition), reverse=True)


def trouble_of(registry: Registry, settings: Settings, partition: str) -> Trouble | None:
    """What is wrong with one version, if anything."""
    return next((trouble for trouble in troubles(registry, settings) if trouble.partition == partition), None)


def waiting_for_you(registry: Registry) -> list[Waiting]:
    """Versions that stopped at a failed check, newest first."""
    with registry.reading() as session:
        is_waiting = Version.state == "waiting_for_approval"
        versions = list(session.scalars(select(Version).where(is_waiting)))
        events = _last_steps(session, is_waiting)
    found = [
        Waiting(version.partition, event.created_at, _text(event, "reason"), _decisions(version.partition))
        for version in versions
        if (event := events.get(version.id)) is not None and _text(event, "reason").startswith(_CHECKS_FAILED)
    ]
    return sorted(found, key=lambda item: (item.since, item.partition), reverse=True)


def _decisions(partition: str) -> tuple[str, ...]:
    return (
        f"musicgen revise {partition} --set PATH=VALUE",
        f"musicgen waive {partition} CHECK --why TEXT",
        f"musicgen failed {partition} --abandon",
    )


def _suspects(session: Session) -> list[_Seen]:
    """Versions that failed or are under way, and those somebody asked something of."""
    is_open = Request.status.in_(OPEN)
    is_suspect = or_(
        Version.state.in_(("failed", *STAGES)),
        Version.id.in_(select(Request.version_id).where(is_open)),
        Version.id.in_(select(Lease.version_id)),
    )
    requests: dict[int, list[Request]] = {}
    for row in session.scalars(select(Request).where(is_open).order_by(Request.created_at)):
        requests.setdefault(row.version_id, []).append(row)
    leases = {lease.version_id: lease for lease in all_leases(session)}
    events = _last_steps(session, is_suspect)
    return [
        _Seen(version, events.get(version.id), leases.get(version.id), requests.get(version.id, ()))
        for version in session.scalars(select(Version).where(is_suspect))
    ]


def _last_steps(session: Session, condition: ColumnElement[bool]) -> dict[int, Event]:
    """The newest step of each version that meets ``condition``, by the version's id."""
    newest = (
        select(func.max(Event.id))
        .join(Version, Version.id == Event.version_id)
        .where(Event.kind.in_(_STEPS), condition)
        .group_by(Event.version_id)
    )
    rows = session.scalars(select(Event).where(Event.id.in_(newest)))
    return {row.version_id: row for row in rows if row.version_id is not None}


def _judged(session: Session, seen: _Seen, now: datetime) -> Trouble | None:
    """What is wrong with one suspect: the holder of its lease, its open request, its own state, in that order."""
    lease, version = seen.lease, seen.version
    if lease is not None and is_alive(lease):
        if now - lease.heartbeat_at <= timedelta(seconds=SILENT_S):
            return None
        text = f"process {lease.pid} on {lease.host} gave no sign of life since {_clock(lease.heartbeat_at)}"
        return _trouble(session, seen, "silent", lease.heartbeat_at, text)
    if seen.requests:
        return _left_lying(session, seen, seen.requests[-1], now)
    since = version.created_at if seen.event is None else seen.event.created_at
    if version.state == "failed":
        return _trouble(session, seen, "failed", since, _text(seen.event, "reason"))
    if version.state not in STAGES:
        return None
    if lease is not None:
        since = max(since, lease.heartbeat_at)
    if now - since <= timedelta(seconds=GRACE_S):
        return None
    holder = "nobody works on it" if lease is None else f"process {lease.pid} on {lease.host} has ended"
    return _trouble(session, seen, "stuck", since, f"{version.state}: {holder}")


def _left_lying(session: Session, seen: _Seen, request: Request, now: datetime) -> Trouble | None:
    """An open request that nobody works on: never taken up, or by somebody who is gone."""
    if request.status == "submitted":
        if now - request.created_at <= timedelta(seconds=GRACE_S):
            return None
        text = f"the request to {request.kind} it was never taken up; no deployment seems to be running"
        return _trouble(session, seen, "unclaimed", request.created_at, text)
    signs = [request.created_at]
    signs += [request.claimed_at] if request.claimed_at is not None else []
    signs += [seen.event.created_at] if seen.event is not None else []
    signs += [seen.lease.heartbeat_at] if seen.lease is not None else []
    since = max(signs)
    claimer, _, _ = (request.claimed_by or "").partition(":")
    grace_s = QUEUED_GRACE_S if claimer == "launch" else GRACE_S
    if claimer_is_alive(request) or now - since <= timedelta(seconds=grace_s):
        return None
    text = "its run never began" if claimer == "launch" else f"whoever took it ({request.claimed_by}) is gone"
    return _trouble(session, seen, "stuck", since, f"{seen.version.state}: {text}")


def _trouble(session: Session, seen: _Seen, kind: Kind, since: datetime, reason: str) -> Trouble:
    version = seen.version
    recorded = _text(seen.event, "failure") if kind == "failed" else "transient"
    can_help = CAN_RETRY_HELP.get(recorded)
    return Trouble(
        partition=version.partition, composition=version.composition_id, version=version.number, kind=kind,
        since=since, stage=version.current_stage, reason=reason, can_retry_help=can_help,
        attempts=len(runs_of(session, version)),
        run_id=seen.lease.run_id if seen.lease is not None else _text(seen.event, "run_id"),
        next_steps=next_steps(version, kind, can_help),
    )  # fmt: skip


def runs_of(session: Session, version: Version) -> list[str]:
    """Ids of the runs that worked on ``version``, oldest first."""
    query = select(Event.payload).where(Event.version_id == version.id, Event.kind.in_(("version.state", "run.failed")))
    payloads = session.scalars(query.order_by(Event.id))
    return list(dict.fromkeys(str(payload["run_id"]) for payload in payloads if payload.get("run_id")))


def next_steps(version: Version, kind: Kind, can_help: bool | None) -> tuple[str, ...]:
    """Commands that get ``version`` out of it, the likeliest first."""
    partition = version.partition
    retry, give_up = f"musicgen retry {partition}", f"musicgen failed {partition} --abandon"
    if kind == "silent":
        return f"musicgen cancel {partition}", retry
    if kind == "unclaimed":
        return "musicgen up", retry, give_up
    if can_help is False and version.context is not None:
        return f"musicgen revise {partition} --set PATH=VALUE", retry, give_up
    return retry, give_up


def _text(event: Event | None, name: str) -> str:
    return "" if event is None else str(event.payload.get(name) or "")


def _clock(moment: datetime) -> str:
    return moment.isoformat(sep=" ", timespec="seconds")
