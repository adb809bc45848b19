"""Looking into a home from outside: its registry, its store, its runs. Reads only, and none of the project's code.

Belongs here: what stands in a home. Does not belong here: judging it (the proofs).
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RESTING = frozenset({"waiting_for_approval", "failed", "cancelled", "archived", "released"})
BUSY_S = 30.0

_NEWEST = """
    SELECT m.asset, m.key, m.carried_from, m.seconds, coalesce(m.manifest, r.manifest) manifest
    FROM materializations m JOIN results r ON r.key = m.key
    WHERE m.id IN (SELECT max(id) FROM materializations WHERE partition = ? GROUP BY asset)
"""
_UNFINISHED = ("QUEUED", "NOT_STARTED", "MANAGED", "STARTING", "STARTED", "CANCELING")


@dataclass(frozen=True)
class Asset:
    """An asset of a version as it stands. ``roles`` is content by role: its sha256."""

    key: str
    carried_from: str | None
    seconds: float
    roles: dict[str, str]


@dataclass(frozen=True)
class Made:
    """What a home had finished at a moment: results by key with their time, materializations' highest number.

    ``time`` is that moment, seconds since 1970.
    """

    results: dict[str, str]
    last_row: int
    time: float


def rows(home: Path, query: str, *values: Any) -> list[dict[str, Any]]:
    """Rows of the registry as they stand now; none while there is no registry."""
    path = home / "registry.db"
    if not path.exists():
        return []
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=BUSY_S)) as connection:
        connection.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in connection.execute(query, values)]
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return []  # it is being set up
            raise


@contextmanager
def frozen(home: Path) -> Iterator[Path]:
    """A copy of the registry as a dead process left it, so that looking does not mend it first."""
    folder = Path(tempfile.mkdtemp(prefix="musicgen-look-"))
    try:
        for name in ("registry.db", "registry.db-wal"):
            if (home / name).exists():
                shutil.copyfile(home / name, folder / name)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def versions(home: Path) -> list[dict[str, Any]]:
    """Every version, oldest first."""
    return rows(home, "SELECT id, partition, state, current_stage, request_id FROM versions ORDER BY id")


def state_of(home: Path, partition: str) -> str:
    """The state of a version; empty if there is none."""
    found = rows(home, "SELECT state FROM versions WHERE partition = ?", partition)
    return str(found[0]["state"]) if found else ""


def reason_of(home: Path, partition: str) -> str:
    """Why a version is where it is: the reason of its last step."""
    query = """SELECT payload FROM events WHERE kind = 'version.state' AND version_id =
               (SELECT id FROM versions WHERE partition = ?) ORDER BY id DESC LIMIT 1"""
    found = rows(home, query, partition)
    return str(json.loads(found[0]["payload"]).get("reason", "")) if found else ""


def is_up_for_taking(home: Path, partition: str) -> bool:
    """Whether a request for a version is open and claimed by nobody."""
    query = """SELECT 1 FROM requests WHERE status = 'submitted' AND claimed_by IS NULL
               AND version_id = (SELECT id FROM versions WHERE partition = ?)"""
    return bool(rows(home, query, partition))


def lease_of(home: Path, partition: str) -> dict[str, Any] | None:
    """The lease on a version, if there is one."""
    found = rows(home, "SELECT * FROM leases WHERE partition = ?", partition)
    return found[0] if found else None


def assets_of(home: Path, partition: str) -> dict[str, Asset]:
    """Every asset of a version as it stands."""
    found = {}
    for row in rows(home, _NEWEST, partition):
        roles = {role["role"]: role["sha256"] for role in json.loads(row["manifest"])["content"]}
        found[row["asset"]] = Asset(row["key"], row["carried_from"], row["seconds"], roles)
    return found


def content(home: Path, sha256: str) -> Any:
    """A JSON object of the store."""
    return json.loads((home / "artifacts" / "objects" / sha256[:2] / sha256[2:4] / sha256).read_bytes())


def finished(home: Path) -> Made:
    """What has been made by now."""
    results = {row["key"]: row["created_at"] for row in rows(home, "SELECT key, created_at FROM results")}
    last = rows(home, "SELECT coalesce(max(id), 0) last FROM materializations")
    return Made(results, int(last[0]["last"]) if last else 0, time.time())


def made_twice(home: Path, before: Made) -> list[str]:
    """Names of what was finished ``before`` and was computed again since."""
    now = {
        row["key"]: (row["name"], row["created_at"]) for row in rows(home, "SELECT key, name, created_at FROM results")
    }
    again = {now[key][0] for key, made_at in before.results.items() if key in now and now[key][1] != made_at}
    query = """SELECT new.asset FROM materializations new JOIN materializations old
               ON old.partition = new.partition AND old.asset = new.asset AND old.key = new.key AND old.id <= ?
               WHERE new.id > ? AND new.carried_from IS NULL AND new.seconds > 0"""
    again |= {row["asset"] for row in rows(home, query, before.last_row, before.last_row)}
    return sorted(again)


def left_behind(home: Path) -> list[str]:
    """What a home at rest must not have: leases, open requests, unfinished versions and runs, half-written files."""
    told = [f"a lease on {row['partition']}" for row in rows(home, "SELECT partition FROM leases")]
    told += [
        f"request {row['id']} is {row['status']}"
        for row in rows(home, "SELECT id, status FROM requests WHERE status IN ('submitted', 'claimed')")
    ]
    told += [f"{row['partition']} is {row['state']}" for row in versions(home) if row["state"] not in RESTING]
    told += unfinished_runs(home)
    told += [f"the file {path.relative_to(home)}" for path in half_written(home)]
    return told


def half_written(home: Path) -> list[Path]:
    """Temporary files and folders, by the names they are given."""
    found = [*(home / "artifacts" / "tmp").glob("*"), *home.glob("releases/.*"), *home.glob(".*.tmp")]
    return sorted([*found, *home.glob("dagster/.*.tmp")])


def damaged(home: Path, since: float = 0.0) -> list[str]:
    """Objects of the store whose bytes are not what their name says, of those written ``since`` or a minute before."""
    written = [
        path
        for path in (home / "artifacts" / "objects").rglob("*")
        if path.is_file() and path.stat().st_mtime >= since - 60.0
    ]
    return [path.name for path in written if hashlib.sha256(path.read_bytes()).hexdigest() != path.name]


def unfinished_runs(home: Path) -> list[str]:
    """Every Dagster run that is neither ended nor given up, in words."""
    import dagster as dg

    if not (home / "dagster" / "dagster.yaml").exists():
        return []
    statuses = [dg.DagsterRunStatus(status) for status in _UNFINISHED]
    with dg.DagsterInstance.from_config(str(home / "dagster")) as instance:
        runs = instance.get_runs(filters=dg.RunsFilter(statuses=statuses))
        return [
            f"run {run.run_id} of {run.tags.get('version')} is {run.status.value}"
            + (f", a retry of {run.parent_run_id}" if run.parent_run_id else "")
            for run in runs
        ]
