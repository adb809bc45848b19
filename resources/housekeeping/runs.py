"""Deleting old runs from Dagster, with their events: what stays is what shows how living versions were made.

Belongs here: which runs may go. Does not belong here: ticks, which Dagster's own retention deletes (dagster.yaml),
and the registry's events, which are history and stay.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from resources.launch import JOB
from resources.registry import Materialization, Registry, Version, utc_now
from resources.settings import Housekeeping

if TYPE_CHECKING:
    from dagster import DagsterInstance, DagsterRun

_AT_ONCE = 200
BUDGET_S = 300.0
"""What is left after so long is deleted by the next housekeeping."""


@dataclass(frozen=True)
class Deleted:
    """How many finished runs were deleted, or would be; how many old ones stay, and for what reason."""

    songs: int
    others: int
    kept: int
    """Runs of songs that are old, but made what a living version has."""
    is_complete: bool
    """Whether there was time for all of them."""


def delete_old_runs(
    registry: Registry,
    instance: DagsterInstance,
    kept: Housekeeping,
    *,
    is_dry: bool = False,
    budget_s: float = BUDGET_S,
) -> Deleted:
    """Delete finished runs that are older than ``kept`` says, unless a version that is not archived stands on them."""
    deadline = time.monotonic() + budget_s
    now = utc_now()
    before = {
        True: now - timedelta(days=kept.song_runs_kept_days), False: now - timedelta(days=kept.other_runs_kept_days)
    }  # fmt: skip
    deleted = {True: 0, False: 0}
    stay, cursor = 0, None
    while page := _finished(instance, max(before.values()), cursor):
        needed = _needed(registry, [run for run, _ in page if run.job_name == JOB])
        for run, ended in page:
            is_song = run.job_name == JOB
            is_old = ended < before[is_song]
            if is_old and run.run_id not in needed:
                if time.monotonic() >= deadline:
                    return Deleted(deleted[True], deleted[False], stay, is_complete=False)
                deleted[is_song] += 1
                if not is_dry:
                    _delete(instance, run.run_id)
                    continue
            stay += is_old and run.run_id in needed
            cursor = run.run_id  # Dagster goes on from a run that is still there
    return Deleted(deleted[True], deleted[False], stay, is_complete=True)


def _finished(instance: DagsterInstance, before: datetime, cursor: str | None) -> list[tuple[DagsterRun, datetime]]:
    """Some finished runs after ``cursor`` that were created before ``before``, with when they were last heard of."""
    import dagster as dg

    status = dg.DagsterRunStatus
    wanted = dg.RunsFilter(statuses=[status.SUCCESS, status.FAILURE, status.CANCELED], created_before=before)
    records = instance.get_run_records(wanted, limit=_AT_ONCE, cursor=cursor, ascending=True)
    return [(record.dagster_run, record.update_timestamp) for record in records]


def _needed(registry: Registry, runs: Sequence[DagsterRun]) -> set[str]:
    """Those of ``runs`` that made, or carried, what a version that is not archived has now."""
    partitions = sorted({run.tags["dagster/partition"] for run in runs if "dagster/partition" in run.tags})
    if not partitions:
        return set()
    newest = (
        select(func.max(Materialization.id))
        .join(Version, Version.partition == Materialization.partition)
        .where(Materialization.partition.in_(partitions), Version.state != "archived")
        .group_by(Materialization.partition, Materialization.asset)
    )
    with registry.reading() as session:
        return set(session.scalars(select(Materialization.run_id).where(Materialization.id.in_(newest)).distinct()))


def _delete(instance: DagsterInstance, run_id: str) -> None:
    """The run, its events and, over SQLite, the file they had for themselves."""
    instance.delete_run(run_id)
    place_of = getattr(instance.event_log_storage, "path_for_shard", None)
    if place_of is not None:
        for ending in ("", "-wal", "-shm"):
            with suppress(OSError):
                Path(f"{place_of(run_id)}{ending}").unlink(missing_ok=True)
