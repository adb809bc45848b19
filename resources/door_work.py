"""Going on with a version that rests: what may be advanced or retried, how far, and requests already open for it.

Belongs here: the rules, and putting a request back. Does not belong here: accepting (the door), executing.
"""

from __future__ import annotations

from typing import cast

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.request import STAGES, Stage, WorkRequest
from resources.leases import claimer_is_alive, is_alive, lease_of
from resources.registry import Event, Request, Version
from resources.registry.rows import read_rows

OPEN = ("submitted", "claimed")

_OPEN_REQUESTS = (
    select(Request)
    .where(Request.version_id == bindparam("version"), Request.status.in_(OPEN))
    .order_by(Request.created_at)
)
_LAST_STATE = (
    select(Event.payload)
    .where(Event.version_id == bindparam("version"), Event.kind == "version.state")
    .order_by(Event.id.desc())
    .limit(1)
)


def open_request_to_take(session: Session, version: Version, request: WorkRequest) -> Request | None:
    """The request that is open for ``version``, free to be claimed: nobody took it, or whoever did has died.

    Raises BadInput while somebody is executing it.
    """
    lease = lease_of(session, version)
    if lease is not None and is_alive(lease):
        raise BadInput(
            "version", version.partition, f"it is being made right now, by process {lease.pid} on {lease.host}",
            way_out=f"Wait for it, or end it: musicgen cancel {version.partition}",
        )  # fmt: skip
    rows = open_requests_of(session, version)
    if not rows:
        return None
    row = rows[-1]
    if request.kind == "advance":
        raise BadInput(
            "version", version.partition, f"a request to {row.kind} it is still open",
            way_out=f"Let it finish: musicgen retry {version.partition}",
        )  # fmt: skip
    if row.claimed_by is not None and claimer_is_alive(row):
        raise BadInput(
            "version", version.partition, "it is about to be made: its request was just taken",
            way_out=f"Wait for it, or end it: musicgen cancel {version.partition}",
        )  # fmt: skip
    put_back(row)
    return row


def open_requests_of(session: Session, version: Version) -> list[Request]:
    """Requests for ``version`` that are submitted or claimed, oldest first."""
    return list(session.scalars(_OPEN_REQUESTS, {"version": version.id}))


def put_back(request: Request) -> None:
    """Make a claimed request free to be claimed again."""
    if request.status == "claimed":
        request.status, request.claimed_by, request.claimed_at = "submitted", None, None
        request.launches += 1


def check_work(session: Session, version: Version, request: WorkRequest) -> Stage:
    """How far ``version`` is to go. Raises BadInput, saying what to do instead, where it cannot go on."""
    if version.state == "archived":
        raise BadInput("version", version.partition, "it is archived", way_out="Make a new version: musicgen revise.")
    if request.kind == "retry":
        return request.until or _asked_until(session, version)
    if version.state != "waiting_for_approval":
        raise BadInput(
            "version", version.partition, f"it is {version.state}, and only a version that waits can be advanced",
            way_out=f"See musicgen status {version.partition}",
        )  # fmt: skip
    reason = last_reason(session, version)
    if reason.startswith("checks failed"):
        raise BadInput(
            "version", version.partition, f"it waits because of its {reason}",
            way_out=f"Revise it, or: musicgen waive {version.partition} CHECK --why TEXT, then musicgen retry.",
        )  # fmt: skip
    reached = STAGES.index(cast("Stage", version.current_stage))
    until = request.until or STAGES[min(reached + 1, len(STAGES) - 1)]
    if STAGES.index(until) <= reached:
        raise BadInput(
            "--until", until, f"{version.partition} has already come to {version.current_stage}",
            way_out=f"Name a later stage: {', '.join(STAGES[reached + 1 :])}.",
        )  # fmt: skip
    return until


def _asked_until(session: Session, version: Version) -> Stage:
    """How far the newest request for ``version`` wanted it to go."""
    query = select(Request.payload).where(Request.version_id == version.id).order_by(Request.created_at.desc())
    for payload in session.scalars(query):
        if payload.get("until"):
            return cast("Stage", payload["until"])
    return STAGES[-1]


def last_reason(session: Session, version: Version) -> str:
    """Why ``version`` is in the state it is in, in words; "" where nothing was said."""
    payload = read_rows(session, _LAST_STATE, version=version.id).scalar() or {}
    return str(payload.get("reason", ""))
