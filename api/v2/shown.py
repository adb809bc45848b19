"""Operations that tell of one composition: how far it is, its versions, how they differ, where their parts come from.

All of it is read from the registry; nobody asks Dagster.

Belongs here: these handlers. Does not belong here: gathering (resources.summary, resources.diff), lists (lists).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from api.operations import Call
from api.v2.hiding import without_others
from api.v2.making import links_of
from api.v2.told import Difference, Lineage, Status, Versions
from musicgen_assets.graph.declarations import BY_KEY
from resources.diff import compare, parent_of
from resources.door_work import last_reason, open_requests_of
from resources.registry import Version, queries
from resources.summary import executing_in, summary_of, version_tree


def status(call: Call) -> Status:
    """How far a version is."""
    with call.studio.registry.reading() as session:
        version = call.version(session, call.query.version)
        reason = last_reason(session, version)
        requests = [
            {"request": row.id, "kind": row.kind, "status": row.status} for row in open_requests_of(session, version)
        ]
        summary = summary_of(session, version)
        running = executing_in(session, version)
    title = None if call.found is None else call.found.title
    told = {name: summary[name] for name in ("composition", "version", "partition", "status", "seed", "cost_usd")}
    shown_stages, progress = _stages(version, summary["stages"], running)
    context = without_others(call, version.context) if call.query.context else None
    return Status.model_validate(
        {**told, "title": title, "state": version.state, "stage": version.current_stage, "reason": reason,
         "progress": progress, "time_left_s": None if running is None else running["left_s"], "running": running,
         "requests": requests, "stages": without_others(call, shown_stages), "checks": summary["checks"],
         "created_at": version.created_at, "updated_at": version.updated_at, "context": context,
         "links": links_of(version.composition_id, version.number)}
    )  # fmt: skip


def _stages(
    version: Version, rows: list[dict[str, Any]], running: dict[str, Any] | None
) -> tuple[list[dict[str, Any]], float]:
    """Assets with what became of them, and how much is done, 0-1."""
    failed = version.current_stage if version.state == "failed" else None
    shown = [
        {**row, "status": "failed"} if row["status"] == "pending" and row["stage"] == failed else row for row in rows
    ]
    if running is not None:
        return shown, min(1.0, max(0.0, running["fraction"]))
    return shown, round(sum(row["status"] in ("made", "carried") for row in rows) / len(rows), 4)


def versions(call: Call) -> Versions:
    """The tree of versions."""
    with call.studio.registry.reading() as session:
        composition = call.composition(session).id
    rows = [{**row, "version": row["number"], "state": row["status"]} for row in version_tree(call.studio, composition)]
    return Versions.model_validate({"composition": composition, "items": rows})


def diff(call: Call) -> Difference:
    """How two versions of one composition differ."""
    new = call.partition(call.query.new)
    old = parent_of(call.studio, new) if call.query.old is None else call.partition(call.query.old)
    return Difference.model_validate(without_others(call, compare(call.studio, old, new)))


def lineage(call: Call) -> Lineage:
    """Where every asset of a version comes from."""
    with call.studio.registry.reading() as session:
        partition = call.version(session, call.query.version).partition
        known = queries.materializations_of(session, partition)
    rows = [
        {"asset": asset, "stage": asset.partition("/")[0],
         "upstreams": [upstream.asset for upstream in BY_KEY[asset].upstreams] if asset in BY_KEY else [],
         "content_hash": row.content_hash, "carried_from": row.carried_from, "made_at": row.created_at,
         "seconds": round(row.seconds, 3), "run": row.run_id}
        for asset, row in known.items()
    ]  # fmt: skip
    return Lineage.model_validate({"partition": partition, "items": without_others(call, rows)})


def count_versions(session: Any, compositions: list[str]) -> dict[str, int]:
    """How many versions each of ``compositions`` has."""
    query = select(Version.composition_id, func.count()).where(Version.composition_id.in_(compositions))
    return dict(session.execute(query.group_by(Version.composition_id)).tuples().all())
