"""What people see of the ledger of attempts, and how they settle a call whose outcome nobody knows.

Belongs here: listing, and that one rule. Does not belong here: making calls (attempts).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from musicgen_assets.context.failures import BadInput
from resources.budgets import counted_usd
from resources.registry import Attempt, Version, open_registry, queries
from resources.registry.ledger import UNSETTLED
from resources.settings import Settings

_SHOWN = 200


def attempt_rows(
    settings: Settings, version: str | None = None, *, is_open: bool = False
) -> tuple[list[dict[str, Any]], str]:
    """Rows of the ledger, newest first, at most 200, and what they cost together. Raises BadInput."""
    registry = open_registry(settings)
    with registry.reading() as session:
        query = select(Attempt, Version.partition).join(Version, Version.id == Attempt.version_id)
        if version is not None:
            query = query.where(Version.id == queries.resolve_version(session, version).id)
        if is_open:
            query = query.where(Attempt.status.in_(UNSETTLED))
        found = session.execute(query.order_by(Attempt.id.desc()).limit(_SHOWN)).all()
        rows = [_row(attempt, partition) for attempt, partition in found]
        total = counted_usd(attempt for attempt, _ in found)
    return rows, format(total, "f")


def settle_attempt(
    settings: Settings, attempt_id: int, *, is_lost: bool, job_id: str | None, cost_usd: str | None = None
) -> str:
    """Settle an attempt whose outcome is unknown, as lost or as a job. Returns its version's partition.

    Raises BadInput for an attempt that is settled already, or where it is not said which of the two.
    """
    if is_lost == (job_id is not None):
        raise BadInput("--lost", is_lost, "say either --lost or --job ID", way_out="Look at the provider's own list.")
    registry = open_registry(settings)
    with registry.session() as session:
        row = session.get(Attempt, attempt_id)
        if row is None:
            raise BadInput("attempt", attempt_id, "there is no such attempt", way_out="musicgen attempts list --open")
        if row.status not in ("calling", "unknown"):
            raise BadInput("attempt", attempt_id, f"it is {row.status}", way_out="There is nothing to settle.")
        if job_id is not None:
            queries.attempt_submitted(session, attempt_id, job_id)
        else:
            queries.attempt_finished(session, attempt_id, "failed", cost_usd or "0", f"settled as lost. {row.error}")
        version = session.get_one(Version, row.version_id)
        queries.record_event(
            session, "attempt.settled", composition_id=version.composition_id, version_id=version.id,
            payload={"attempt": attempt_id, "as": "lost" if is_lost else f"job {job_id}"},
        )  # fmt: skip
        return version.partition


def _row(attempt: Attempt, partition: str) -> dict[str, Any]:
    return {
        "id": attempt.id, "partition": partition, "task": attempt.task, "provider": attempt.provider,
        "model": attempt.model, "status": attempt.status, "estimate_usd": attempt.estimate_usd,
        "cost_usd": attempt.cost_usd, "provider_job_id": attempt.provider_job_id, "reason": attempt.reason,
        "error": attempt.error, "created_at": attempt.created_at.isoformat(),
    }  # fmt: skip
