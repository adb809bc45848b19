"""What a version is and how far it got, as plain data: the one JSON object that CLI and API answer with.

Belongs here: gathering from registry and store. Does not belong here: drawing it for people (cli).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Protocol

from musicgen_assets.graph.declarations import DECLARATIONS
from musicgen_assets.graph.gate import GATE
from musicgen_assets.graph.manifest import Manifest
from resources.registry import queries
from resources.registry.results import KnownMaterialization
from resources.runner import CONTEXT_ASSET
from resources.studio import RELEASE_ASSET, Studio


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
    """The summary of one version. ``report`` adds what its latest run did; ``directory`` its release folder."""
    with studio.registry.reading() as session:
        version = queries.get_version(session, partition)
        known = queries.materializations_of(session, partition)
        costs = [attempt.cost_usd for attempt in queries.attempts_of(session, partition)]
        waived = {row.check for row in queries.waivers_of(session, partition)}
    checks = [
        {"name": check.name, "asset": asset, "passed": check.passed, "measured": check.measured,
         "expected": check.expected, "waived": not check.passed and check.name in waived}
        for asset, row in known.items() for check in row.manifest.checks
    ]  # fmt: skip
    summary: dict[str, Any] = {
        "composition": version.composition_id,
        "version": version.number,
        "partition": partition,
        "status": status_of(known, checks, version.state, report),
        "stages": [_stage(declaration.stage, declaration.key, known, report) for declaration in DECLARATIONS],
        "checks": checks,
        "context": _context(studio, known),
        "seed": version.seed,
        "cost_usd": f"{sum(float(cost or 0) for cost in costs):.2f}",
        "release": None if directory is None else _release(directory, known[RELEASE_ASSET].manifest),
    }
    if report is not None:
        summary |= {"run_id": report.run_id, "run_seconds": round(report.seconds, 3)}
    return summary


def status_of(
    known: dict[str, KnownMaterialization], checks: list[dict[str, Any]], state: str, report: Report | None
) -> str:
    """released, stopped (a check says no), failed, waiting (a stage was the end), or the version's own state."""
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
    """Versions depth first, each with its depth in the tree. Raises BadInput for an unknown composition."""
    with studio.registry.reading() as session:
        versions = queries.list_versions(session, composition)
    partitions = {version.id: version.partition for version in versions}
    rows: list[dict[str, Any]] = []

    def walk(parent_id: int | None, depth: int) -> None:
        for version in versions:
            if version.parent_id != parent_id:
                continue
            rows.append(
                {"partition": version.partition, "number": version.number, "parent": partitions.get(parent_id or 0),
                 "depth": depth, "status": version.state, "seed": version.seed,
                 "created_at": version.created_at.isoformat(timespec="seconds")}
            )  # fmt: skip
            walk(version.id, depth + 1)

    walk(None, 0)
    return rows


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
