"""Making the songs of a batch in this process, one after another, as ``compose`` makes one.

Belongs here: order, stopping, a line a song. Does not belong here: what is in the batch (resources.batches).
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import click

from musicgen_assets.cli import EXIT_FAILED, EXIT_WAITING
from musicgen_assets.context.request import STAGES, Stage

if TYPE_CHECKING:
    from dagster import DagsterInstance

    from resources.batches.status import Item
    from resources.studio import Studio


def make_songs(studio: Studio, batch: str, *, is_quiet: bool) -> int:
    """Make what is in line of ``batch``, until its deadline or Ctrl-C. Returns the exit code.

    Songs that somebody else has taken meanwhile are left to whoever did.
    """
    from resources.batches.starting import end_overdue
    from resources.batches.status import counts_of, items_of
    from resources.layout import open_instance

    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)  # a connection that Ctrl-C cut is nothing to tell
    instance = open_instance(studio.settings)
    with studio.registry.reading() as session:
        items = items_of(session, batch)
    waiting = [item for item in items if item.state == "in line"]
    for number, item in enumerate(waiting, 1):
        if end_overdue(studio.registry).get(batch):
            break
        began = time.monotonic()
        outcome = _make_one(studio, instance, item)
        if not is_quiet:
            took_s = time.monotonic() - began
            click.echo(f"  {number}/{len(waiting)}  {item.partition}  {outcome}  {took_s:.1f} s", err=True)
        if outcome == "cancelled":
            break
    with studio.registry.reading() as session:
        counts = counts_of(items_of(session, batch))
    if counts.get("failed"):
        return EXIT_FAILED
    return 0 if counts.keys() <= {"released", "done"} else EXIT_WAITING


def _make_one(studio: Studio, instance: DagsterInstance, item: Item) -> str:
    """Make one song; how it ended, in a word."""
    from musicgen_assets.context.failures import Failure
    from musicgen_assets.execution import run_version
    from resources.door import claim
    from resources.leases import claimer_name
    from resources.registry.queries import get_request

    token, partition = claimer_name(), str(item.partition)
    request_id = _open_request(studio, partition)
    if request_id is None or not claim(studio.registry, request_id, token):
        return "taken by somebody else"
    with studio.registry.reading() as session:
        until: Stage = get_request(session, request_id).payload.get("until") or STAGES[-1]
    try:
        report = run_version(studio, instance, partition, stage=until, request_id=request_id, token=token)
        if report.is_success and until == STAGES[-1]:
            studio.export(partition)
    except Failure as failure:  # of one song; the others go on
        return f"failed: {failure}"
    if report.is_cancelled:
        return "cancelled"
    if report.is_success:
        return "released" if until == STAGES[-1] else "done"
    return "stopped at a check" if report.is_stopped_by_gate else f"failed: {'; '.join(report.failures)}"


def _open_request(studio: Studio, partition: str) -> str | None:
    """The request that is open for a version, the oldest first."""
    from resources.door_work import open_requests_of
    from resources.registry.queries import get_version

    with studio.registry.reading() as session:
        rows = open_requests_of(session, get_version(session, partition))
        return rows[0].id if rows else None
