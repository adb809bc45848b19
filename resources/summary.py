"""What a version is and how far it got, as plain data: the one JSON object that CLI and API answer with.

Belongs here: gathering from registry and store. Does not belong here: drawing it for people (cli).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.orm import Session

from musicgen_assets.context.difference import revision_in_words
from musicgen_assets.graph.declarations import DECLARATIONS
from musicgen_assets.graph.gate import GATE
from musicgen_assets.graph.manifest import Manifest
from resources.leases import is_alive, lease_of
from resources.registry import queries
from resources.registry.ledger import PROGRESS_KINDS
from resources.registry.models import Attempt, Event, Materialization, Version
from resources.registry.results import KnownMaterialization
from resources.registry.rows import read_rows
from resources.runner import CONTEXT_ASSET
from resources.studio import RELEASE_ASSET, Studio

_COSTS = select(Attempt.cost_usd).where(Attempt.version_id == bindparam("version"))


class Report(Protocol):
    """What a run that just ended knows beyond the registry."""

    @property
    def run_id(self) -> str:
        """Dagster's id of the run."""
        ...

    @property
    def seconds(self) -> float:
        """Its wall time."""
        ...

    @property
    def is_success(self) -> bool:
        """Whether every step succeeded."""
        ...

    @property
    def is_cancelled(self) -> bool:
        """Whether somebody ended it."""
        ...

    @property
    def is_stopped_by_gate(self) -> bool:
        """Whether a blocking check said no and nothing broke."""
        ...

    @property
    def failed_assets(self) -> tuple[str, ...]:
        """Assets whose step failed."""
        ...


def summarize(
    studio: Studio, partition: str, *, report: Report | None = None, directory: Path | None = None
) -> dict[str, Any]:
    """The summary of one version. ``report`` adds what its latest run did; ``directory`` its release folder.

    Raises BadInput for an unknown version.
    """
    with studio.registry.reading() as session:
        version = queries.get_version(session, partition)
        summary, known = _summary(session, version, report)
    summary |= {
        "context": _context(studio, known),
        "release": None if directory is None else _release(directory, known[RELEASE_ASSET].manifest),
    }
    if report is not None:
        summary |= {"run_id": report.run_id, "run_seconds": round(report.seconds, 3)}
    return summary


def summary_of(session: Session, version: Version) -> dict[str, Any]:
    """The summary of ``version`` as the registry tells it: without its context and its release folder."""
    return _summary(session, version, None)[0]


def _summary(
    session: Session, version: Version, report: Report | None
) -> tuple[dict[str, Any], dict[str, KnownMaterialization]]:
    known = queries.materializations_of(session, version.partition)
    costs = read_rows(session, _COSTS, version=version.id).scalars()
    checks = _checks(session, version, known)
    summary: dict[str, Any] = {
        "composition": version.composition_id,
        "version": version.number,
        "partition": version.partition,
        "status": status_of(known, checks, version.state, report),
        "stages": [_stage(declaration.stage, declaration.key, known, report) for declaration in DECLARATIONS],
        "checks": checks,
        "seed": version.seed,
        "cost_usd": _usd(sum((Decimal(cost) for cost in costs if cost), Decimal(0))),
    }
    return summary, known


def _usd(amount: Decimal) -> str:
    """Cents, and whatever was billed beneath them: 0.06, 0.115."""
    exponent = min(-2, int(amount.normalize().as_tuple().exponent))
    return f"{amount.quantize(Decimal(1).scaleb(exponent)):f}"


def _checks(session: Session, version: Version, known: Mapping[str, KnownMaterialization]) -> list[dict[str, Any]]:
    made = [(asset, check) for asset, row in known.items() for check in row.manifest.checks]
    has_failed = any(not check.passed for _, check in made)
    waived = {row.check for row in queries.waivers_of(session, version.partition)} if has_failed else set()
    return [
        {"name": check.name, "asset": asset, "passed": check.passed, "measured": check.measured,
         "expected": check.expected, "waived": not check.passed and check.name in waived}
        for asset, check in made
    ]  # fmt: skip


def status_of(
    known: dict[str, KnownMaterialization], checks: list[dict[str, Any]], state: str, report: Report | None
) -> str:
    """released, stopped (a check says no), failed, cancelled, waiting (a stage was the end), or the version's state."""
    if report is not None and report.is_cancelled:
        return "cancelled"
    if report is not None and not report.is_success:
        return "stopped" if report.is_stopped_by_gate else "failed"
    blocked = any(not check["passed"] and not check["waived"] for check in checks if check["asset"] == GATE)
    if RELEASE_ASSET in known and not blocked:
        return "released"
    if blocked:
        return "stopped"
    return "waiting" if report is not None else state


def overview(studio: Studio) -> list[dict[str, Any]]:
    """The newest version of every composition, newest composition first, up to 500."""
    with studio.registry.reading() as session:
        page = queries.list_compositions(session, limit=500)
        rows = [(item, queries.list_versions(session, item.id)[-1]) for item in page.items]
    return [
        {"composition": item.id, "partition": version.partition, "title": item.title or "", "status": version.state}
        for item, version in rows
    ]


def version_tree(studio: Studio, composition: str) -> list[dict[str, Any]]:
    """Versions depth first, each with its depth in the tree, what it changed, and its loudness once released.

    Siblings come oldest first. Raises BadInput for an unknown composition.
    """
    with studio.registry.reading() as session:
        versions = queries.list_versions(session, composition)
        loudness = {version.id: _loudness(session, version) for version in versions}
    by_id = {version.id: version for version in versions}
    children: dict[int | None, list[Version]] = defaultdict(list)
    for version in versions:
        children[version.parent_id if version.parent_id in by_id else None].append(version)
    rows: list[dict[str, Any]] = []
    stack = [(version, 0) for version in reversed(children[None])]
    while stack:
        version, depth = stack.pop()
        stack += [(child, depth + 1) for child in reversed(children[version.id])]
        parent = by_id.get(version.parent_id or 0)
        rows.append(
            {"partition": version.partition, "number": version.number, "parent": version.parent_partition,
             "depth": depth, "status": version.state, "change": version.change,
             "words": _words(version, parent),
             "loudness_lufs": loudness[version.id], "seed": version.seed, "is_newest": version is versions[-1],
             "created_at": version.created_at.isoformat(timespec="seconds")}
        )  # fmt: skip
    return rows


def _words(version: Version, parent: Version | None) -> str:
    if version.parent_id is None:
        return f"first, seed {version.seed}"
    return revision_in_words(version.change, parent.context if parent is not None else None)


def _loudness(session: Session, version: Version) -> float | None:
    """Integrated loudness of a version's release in LUFS."""
    if version.state not in ("released", "archived"):
        return None
    found = queries.latest_materialization(session, version.partition, GATE)
    value = found.manifest.facts.get("integrated_lufs") if found is not None else None
    return None if value is None else round(float(value), 2)


def history(studio: Studio, partition: str) -> list[dict[str, Any]]:
    """What happened to a version, oldest first, with what happened to its composition as a whole.

    Rows {"at", "kind", "what", "reason", "run_id", "payload"}. Raises BadInput for an unknown version.
    """
    with studio.registry.reading() as session:
        version = queries.get_version(session, partition)
        query = select(Event).where(
            Event.composition_id == version.composition_id,
            Event.kind.not_in(PROGRESS_KINDS),
            or_(Event.version_id == version.id, Event.version_id.is_(None)),
        )
        events = list(session.scalars(query.order_by(Event.id)))
    return [
        {"at": event.created_at.isoformat(timespec="milliseconds"), "kind": event.kind,
         "what": _happened(event.kind, event.payload),
         "reason": str(event.payload.get("reason") or event.payload.get("why") or ""),
         "run_id": str(event.payload.get("run_id") or ""), "payload": event.payload}
        for event in events
    ]  # fmt: skip


_TOLD_APART = ("reason", "why", "run_id", "request", "stage", "kind")
"""Of an event's payload: what has a column of its own, or says little."""


def _happened(kind: str, payload: Mapping[str, Any]) -> str:
    """An event in words. Kinds without words of their own are told by their name and payload."""
    if kind == "version.state":
        return f"{payload.get('from')} → {payload.get('to')}".replace("_", " ")
    if kind == "version.take":
        return f"take {payload.get('number')} of {payload.get('first')} (they differ in {payload.get('stream')})"
    if kind == "version.waived":
        return f"{payload.get('check')} waived by {payload.get('who')}"
    if kind == "request.finished":
        return f"request {payload.get('status')}"
    if kind == "run.failed":
        return f"run failed in {payload.get('stage')}"
    user = f" by {payload['user']}" if payload.get("user") else ""
    rest = [
        f"{name} {value}"
        for name, value in payload.items()
        if name not in (*_TOLD_APART, "user") and isinstance(value, (str, int, float)) and value != ""
    ]
    return f"{kind.replace('.', ' ').replace('_', ' ')}{user}" + (f" ({', '.join(rest)})" if rest else "")


def executing_now(studio: Studio, partition: str) -> dict[str, Any] | None:
    """Who makes a version right now and how far that is; None if nobody does (a dead holder counts as nobody)."""
    with studio.registry.reading() as session:
        return executing_in(session, queries.get_version(session, partition))


def executing_in(session: Session, version: Version) -> dict[str, Any] | None:
    """The same of ``version``, in a transaction that is open."""
    lease = lease_of(session, version)
    if lease is None or not is_alive(lease):
        return None
    return {
        "asset": lease.asset, "fraction": round(lease.fraction, 4), "left_s": lease.left_s, "run_id": lease.run_id,
        "host": lease.host, "pid": lease.pid, "since": lease.taken_at.isoformat(timespec="seconds"),
        "is_cancelling": lease.cancel_requested_at is not None,
    }  # fmt: skip


def computed_s(session: Session, partition: str) -> float:
    """Seconds spent computing a version's assets, those made again counted again, carried ones not at all."""
    query = select(func.sum(Materialization.seconds)).where(
        Materialization.partition == partition, Materialization.carried_from.is_(None)
    )
    return float(session.scalar(query) or 0.0)


def history_s(studio: Studio) -> dict[str, float]:
    """Seconds that assets usually took on this machine; assets never computed are left out."""
    with studio.registry.reading() as session:
        found = {declaration.key: queries.typical_seconds(session, declaration.key) for declaration in DECLARATIONS}
    return {asset: seconds for asset, seconds in found.items() if seconds is not None}


def _stage(stage: str, asset: str, known: dict[str, KnownMaterialization], report: Report | None) -> dict[str, Any]:
    row = known.get(asset)
    status = "pending" if row is None else "carried" if row.carried_from else "made"
    if report is not None and asset in report.failed_assets:
        status = "failed"
    return {
        "stage": stage,
        "asset": asset,
        "status": status,
        "seconds": 0.0 if row is None else round(row.seconds, 3),
        "carried_from": None if row is None else row.carried_from,
    }


def _context(studio: Studio, known: dict[str, KnownMaterialization]) -> Any:
    row = known.get(CONTEXT_ASSET)
    role = row.manifest.role("main") if row is not None else None
    return None if role is None or not studio.store.has(role.sha256) else json.loads(studio.store.get(role.sha256))


def _release(directory: Path, manifest: Manifest) -> dict[str, Any]:
    return {"directory": str(directory), "files": sorted(role.role for role in manifest.content)}
