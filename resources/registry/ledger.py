"""What happened and what it cost: events, waivers, attempts at paid calls, usage. Rows are added, hardly changed.

Belongs here: history. Does not belong here: deciding what to do about it.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from musicgen_assets.context.failures import BadInput
from musicgen_assets.graph.declarations import DECLARATIONS
from resources.registry import outbox
from resources.registry.compositions import ensure_user, get_version
from resources.registry.models import Attempt, Event, Usage, Waiver, utc_now
from resources.registry.rows import insert_row

EVENTS_CHANNEL = "musicgen_events"
PROGRESS_KINDS = ("asset.made", "audio.ready", "stage.completed")
"""Steps of making a version: dozens a run, told live, and no part of the history that people read."""


def record_event(
    session: Session,
    kind: str,
    *,
    composition_id: str | None = None,
    version_id: int | None = None,
    payload: dict[str, Any] | None = None,
) -> Event:
    """Add to the history. ``kind`` reads "composition.created", "version.state".

    What webhooks are to tell of it is put down with it, in the same transaction.
    """
    values: dict[str, Any] = {
        "kind": kind, "composition_id": composition_id, "version_id": version_id, "payload": payload or {},
        "created_at": utc_now(),
    }  # fmt: skip
    row = Event(id=insert_row(session, Event, **values), **values)
    outbox.put(session, row)
    announce(session)
    return row


def announce(session: Session) -> None:
    """Have whoever watches the events of a PostgreSQL registry woken when this is committed. SQLite needs no call."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"NOTIFY {EVENTS_CHANNEL}"))


def events_of(session: Session, composition_id: str, after: int = 0, limit: int = 1000) -> list[Event]:
    """Events of a composition in their order, those with an id above ``after``."""
    query = (
        select(Event).where(Event.composition_id == composition_id, Event.id > after).order_by(Event.id).limit(limit)
    )
    return list(session.scalars(query))


def add_waiver(session: Session, partition: str, check: str, who: str, why: str) -> Waiver:
    """Let ``partition`` pass ``check`` although it failed. Raises BadInput without a reason or a known check."""
    version = get_version(session, partition)
    known = [name for declaration in DECLARATIONS for name in declaration.checks]
    if check not in known:
        raise BadInput("check", check, "there is no such check", way_out=f"Known: {', '.join(known)}.")
    if not why.strip() or not who.strip():
        raise BadInput("--why", why, "a waiver needs somebody and a reason", way_out="Say why it may pass.")
    row = Waiver(version_id=version.id, check=check, who=who.strip(), why=why.strip())
    session.add(row)
    session.flush()
    record_event(
        session, "version.waived", composition_id=version.composition_id, version_id=version.id,
        payload={"check": check, "who": row.who, "why": row.why},
    )  # fmt: skip
    return row


def waivers_of(session: Session, partition: str) -> list[Waiver]:
    """The waivers in force, the newest per check, in the order they were first given."""
    version = get_version(session, partition)
    rows = session.scalars(select(Waiver).where(Waiver.version_id == version.id).order_by(Waiver.id))
    return list({row.check: row for row in rows}.values())


_LEDGER_LOCK = 4_172_303_951
"""Any number that nothing else locks."""
UNSETTLED = ("planned", "calling", "submitted", "unknown")
"""What may still come to something, or to a bill."""


def plan_attempt(session: Session, partition: str, task: str, provider: str, *, key: str, estimate_usd: str) -> Attempt:
    """The row that must be committed before an external call is made. ``estimate_usd`` is a decimal string."""
    version = get_version(session, partition)
    row = Attempt(
        version_id=version.id, task=task, provider=provider, key=key, status="planned", estimate_usd=_usd(estimate_usd)
    )
    session.add(row)
    session.flush()
    return row


def lock_ledger(session: Session) -> None:
    """Let one transaction at a time plan attempts. SQLite has one writer anyway; PostgreSQL takes an advisory lock."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LEDGER_LOCK})


def attempt_called(session: Session, attempt_id: int) -> Attempt:
    """From now on the provider may have heard of it."""
    row = _attempt(session, attempt_id)
    row.status = "calling"
    return row


def attempt_submitted(session: Session, attempt_id: int, provider_job_id: str) -> Attempt:
    """The provider took it: from now on it is polled, never submitted again."""
    row = _attempt(session, attempt_id)
    row.status, row.provider_job_id, row.submitted_at = "submitted", provider_job_id, utc_now()
    return row


def attempt_finished(
    session: Session,
    attempt_id: int,
    outcome: Literal["succeeded", "failed", "unknown", "cancelled"],
    cost_usd: str | None = None,
    error: str = "",
    reason: str = "",
    model: str = "",
) -> Attempt:
    """What came of it, and what it cost. "unknown" stays open until somebody finds out."""
    row = _attempt(session, attempt_id)
    row.status, row.error, row.reason = outcome, error, reason
    row.model = model or row.model
    row.finished_at = None if outcome == "unknown" else utc_now()
    row.cost_usd = None if cost_usd is None else _usd(cost_usd)
    return row


def open_attempt(session: Session, key: str) -> Attempt | None:
    """The attempt for ``key`` whose outcome is unknown: while there is one, nothing may be submitted again."""
    query = select(Attempt).where(Attempt.key == key, Attempt.status.in_(UNSETTLED))
    return session.scalar(query.order_by(Attempt.id.desc()).limit(1))


def attempts_of(session: Session, partition: str) -> list[Attempt]:
    """Every attempt a version made, oldest first."""
    version = get_version(session, partition)
    return list(session.scalars(select(Attempt).where(Attempt.version_id == version.id).order_by(Attempt.id)))


def record_usage(
    session: Session, user: str, kind: str, quantity: float, *, version_id: int | None = None, cost_usd: str = "0"
) -> None:
    """Note what ``user`` used up."""
    ensure_user(session, user)
    insert_row(
        session, Usage, user=user, kind=kind, quantity=quantity, version_id=version_id, cost_usd=_usd(cost_usd),
        created_at=utc_now(),
    )  # fmt: skip


def _attempt(session: Session, attempt_id: int) -> Attempt:
    row = session.get(Attempt, attempt_id)
    if row is None:
        raise BadInput("attempt", attempt_id, "there is no such attempt")
    return row


def _usd(amount: str) -> str:
    try:
        value = Decimal(amount)
    except InvalidOperation as error:
        raise BadInput("cost_usd", amount, "an amount of money is a decimal number") from error
    if not value.is_finite() or value < 0:
        raise BadInput("cost_usd", amount, "an amount of money is finite and not negative")
    return format(value, "f")
