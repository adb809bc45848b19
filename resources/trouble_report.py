"""One version explained in full, for somebody who wants to know why it did not become a song.

Belongs here: gathering what registry and Dagster kept about its runs. Does not belong here: which versions are in
trouble (troubles), drawing (cli).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from musicgen_assets.graph.declarations import DECLARATIONS
from resources.registry import Event, Registry, Version, queries
from resources.registry.ledger import PROGRESS_KINDS
from resources.settings import Settings
from resources.troubles import CAN_RETRY_HELP, next_steps, runs_of, trouble_of, waiting_for_you

if TYPE_CHECKING:
    from dagster import DagsterInstance

_LAST_EVENTS = 12


def explain(registry: Registry, settings: Settings, partition: str, instance: DagsterInstance) -> dict[str, Any]:
    """Everything known about why ``partition`` is where it is, as plain data. Raises BadInput for an unknown one.

    ``attempts`` are its runs, oldest first, each with how Dagster saw it end and the assets that broke; ``made`` is
    what a retry carries, ``missing`` what it has to make; ``failure`` "transient", "permanent" or "" if unknown.
    """
    trouble = trouble_of(registry, settings, partition)
    waiting = next((item for item in waiting_for_you(registry) if item.partition == partition), None)
    with registry.reading() as session:
        version = queries.get_version(session, partition)
        made = queries.materializations_of(session, partition)
        waived = {row.check for row in queries.waivers_of(session, partition)}
        events = _events(session, version)
        runs = runs_of(session, version)
        paid = queries.attempts_of(session, partition)
    attempts = [_attempt(run_id, events, instance) for run_id in runs]
    failure = "" if trouble is None else "transient" if trouble.is_stuck else _class_of(attempts, trouble.run_id)
    if trouble is not None and trouble.can_retry_help is None:
        can_help = CAN_RETRY_HELP.get(failure)
        steps = next_steps(version, trouble.kind, can_help)
        trouble = replace(trouble, can_retry_help=can_help, next_steps=steps)
    return {
        "partition": partition, "state": version.state, "stage": version.current_stage, "failure": failure,
        "trouble": None if trouble is None else trouble.as_json(),
        "waiting": None if waiting is None else waiting.as_json(),
        "attempts": attempts,
        "events": [_event(row) for row in events[-_LAST_EVENTS:]],
        "made": [{"asset": asset, "carried_from": row.carried_from} for asset, row in made.items()],
        "missing": [item.key for item in DECLARATIONS if item.key not in made],
        "failed_checks": [
            {"name": check.name, "asset": asset, "measured": check.measured, "expected": check.expected}
            for asset, row in made.items() for check in row.manifest.checks
            if not check.passed and check.is_blocking and check.name not in waived
        ],
        "calls": [
            {"task": row.task, "provider": row.provider, "status": row.status, "cost_usd": row.cost_usd,
             "error": row.error} for row in paid
        ],
    }  # fmt: skip


def _events(session: Session, version: Version) -> list[Event]:
    query = select(Event).where(Event.version_id == version.id, Event.kind.not_in(PROGRESS_KINDS))
    return list(session.scalars(query.order_by(Event.id)))


def _event(row: Event) -> dict[str, Any]:
    return {"at": row.created_at.isoformat(timespec="seconds"), "kind": row.kind, **_told(row.payload)}


def _told(payload: dict[str, Any]) -> dict[str, Any]:
    """An event's payload without what is empty or says the event's own name or time again."""
    return {name: value for name, value in payload.items() if value not in ("", None) and name not in ("at", "kind")}


def _attempt(run_id: str, events: Sequence[Event], instance: DagsterInstance) -> dict[str, Any]:
    """One run: from its first step to its last, what came of it, and how Dagster saw it."""
    own = [row for row in events if row.payload.get("run_id") == run_id]
    last = own[-1]
    run = instance.get_run_by_id(run_id)
    return {
        "run_id": run_id,
        "from": own[0].created_at.isoformat(timespec="seconds"),
        "to": last.created_at.isoformat(timespec="seconds"),
        "came_to": "failed" if last.kind == "run.failed" else str(last.payload.get("to", "")),
        "reason": str(last.payload.get("reason") or ""),
        "dagster_status": None if run is None else run.status.value,
        "broken": _broken(run_id, instance),
    }


def _broken(run_id: str, instance: DagsterInstance) -> list[dict[str, str]]:
    """Assets of a run whose step failed, each with the class of the failure where one was recorded."""
    from dagster import DagsterEventType

    found: list[dict[str, str]] = []
    for entry in instance.all_logs(run_id, of_type=DagsterEventType.STEP_FAILURE):
        event = entry.dagster_event
        if event is None:
            continue
        own = event.step_failure_data.user_failure_data
        metadata = {} if own is None else own.metadata
        failure = str(metadata["failure"].value) if "failure" in metadata else ""
        found.append({"asset": (event.step_key or "").replace("__", "/"), "failure": failure})
    return found


def _class_of(attempts: Sequence[dict[str, Any]], run_id: str) -> str:
    """Permanent if anything of that run was; else what was recorded."""
    classes = {item["failure"] for attempt in attempts if attempt["run_id"] == run_id for item in attempt["broken"]}
    return next((name for name in ("permanent", "transient") if name in classes), "")
