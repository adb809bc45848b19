"""How far a batch is: read from its songs' versions and requests each time, kept nowhere.

Belongs here: finding batches, the state of each song. Does not belong here: measures of songs (report).
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.request import STAGES
from resources.door_work import OPEN
from resources.registry import Batch, BatchItem, Event, Registry, Request, Version, in_batches

STATES = (
    "not submitted", "in line", "being made", "released", "done", "stopped at a check", "failed", "cancelled",
    "archived", "deleted",
)  # fmt: skip
"""What a song of a batch may be; "done" is one that came as far as it was asked to, short of a release."""
OPEN_STATES = ("not submitted", "in line", "being made")


@dataclass(frozen=True)
class Item:
    """One song: its place in the batch, what it asks for, its version, where that is, and why."""

    position: int
    fields: Mapping[str, Any]
    partition: str | None
    request_id: str | None
    is_new: bool
    state: str
    reason: str = ""

    @property
    def prompt(self) -> str:
        """What was asked for, in words."""
        return str(self.fields.get("prompt", ""))


def find_batch(session: Session, text: str) -> Batch:
    """The batch "NAME@N", or the newest one of "NAME". Raises BadInput that names near ones."""
    query = select(Batch).where(Batch.id == text if "@" in text else Batch.name == text)
    found = session.scalars(query.order_by(Batch.number.desc())).first()
    if found is not None:
        return found
    names = list(session.scalars(select(Batch.id if "@" in text else Batch.name).distinct()))
    near = difflib.get_close_matches(text, names, n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else "List what there is with: musicgen batch list."
    raise BadInput("batch", text, "there is no such batch", way_out=hint)


def list_batches(session: Session, limit: int = 100) -> list[Batch]:
    """The newest ``limit`` batches, newest first."""
    return list(session.scalars(select(Batch).order_by(Batch.created_at.desc(), Batch.number.desc()).limit(limit)))


def items_of(session: Session, batch: str) -> list[Item]:
    """Every song of the batch of that id, in order."""
    rows = list(session.scalars(select(BatchItem).where(BatchItem.batch_id == batch).order_by(BatchItem.position)))
    partitions = [row.partition for row in rows if row.partition is not None]
    places = select(Version.partition, Version.id, Version.state)
    versions = {found.partition: found for found in _chunks(session, places, Version.partition, partitions)}
    ids = [version.id for version in versions.values()]
    opened = select(Request.version_id, Request.status).where(Request.status.in_(OPEN))
    open_requests = {found.version_id: found.status for found in _chunks(session, opened, Request.version_id, ids)}
    reasons = _reasons(session, [version.id for version in versions.values() if version.state in _TOLD])
    return [_item(row, versions.get(row.partition or ""), open_requests, reasons) for row in rows]


def counts_of(items: Iterable[Item]) -> dict[str, int]:
    """How many songs are in which state; states that no song is in are left out."""
    counted = Counter(item.state for item in items)
    return {state: counted[state] for state in STATES if counted[state]}


def overview(registry: Registry) -> list[dict[str, Any]]:
    """Every batch with its counts, newest first, up to 100."""
    with registry.reading() as session:
        return [batch_object(row, counts_of(items_of(session, row.id))) for row in list_batches(session)]


def batch_object(row: Batch, counts: Mapping[str, int]) -> dict[str, Any]:
    """A batch as plain data."""
    return {
        "batch": row.id,
        "user": row.user,
        "songs": sum(counts.values()),
        "counts": dict(counts),
        "is_open": any(counts.get(state) for state in OPEN_STATES),
        "source": row.source,
        "started_at": row.created_at.isoformat(timespec="seconds"),
        "deadline": row.deadline.isoformat(timespec="seconds") if row.deadline else None,
        "ended_at": row.ended_at.isoformat(timespec="seconds") if row.ended_at else None,
    }


_TOLD = ("failed", "cancelled", "waiting_for_approval")


def _item(
    row: BatchItem, version: Row[Any] | None, open_requests: Mapping[int, str], reasons: Mapping[int, str]
) -> Item:
    reason = "" if version is None else reasons.get(version.id, "")
    state = _state(row, version, open_requests, reason)
    return Item(row.position, row.fields, row.partition, row.request_id, row.is_new, state, reason)


def _state(row: BatchItem, version: Row[Any] | None, open_requests: Mapping[int, str], reason: str) -> str:
    if row.partition is None:
        return "not submitted"
    if version is None:
        return "deleted"
    if version.id in open_requests:
        return "in line" if open_requests[version.id] == "submitted" else "being made"
    if version.state in STAGES:
        return "being made"
    if version.state == "waiting_for_approval":
        return "stopped at a check" if reason.startswith("checks failed") else "done"
    return str(version.state)


def _reasons(session: Session, ids: list[int]) -> dict[int, str]:
    """By version: why it is where it rests."""
    steps = select(Event.id, Event.version_id, Event.payload).where(Event.kind == "version.state")
    found = sorted(_chunks(session, steps, Event.version_id, ids), key=lambda event: event.id)
    return {event.version_id: str(event.payload.get("reason", "")) for event in found}


def _chunks(session: Session, query: Select[Any], column: Any, values: list[Any]) -> list[Row[Any]]:
    """Rows of ``query`` whose ``column`` is one of ``values``, however many those are."""
    found: list[Row[Any]] = []
    for some in in_batches(values):
        found += session.execute(query.where(column.in_(some)))
    return found
