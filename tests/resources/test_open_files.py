"""While a run writes, the SQLite files that all runs share stay open: closing after a write folds no log back."""

from __future__ import annotations

import uuid
from pathlib import Path

import dagster as dg

from resources.layout import ensure_home, open_instance
from resources.open_files import kept_open
from resources.settings import get_settings


def logs(instance: dg.DagsterInstance, home: Path) -> list[bool]:
    """Ask something of each file, as Dagster does, and say whose write-ahead log is there when nobody asks any more.

    The files: all runs, what all runs made, and the events of one run.
    """
    run_id = str(uuid.uuid4())
    instance.get_runs(limit=1)
    instance.has_asset_key(dg.AssetKey("composition"))
    instance.all_logs(run_id)
    history = home / "dagster" / "storage" / "history"
    files = (history / "runs.db", history / "runs" / "index.db", history / "runs" / f"{run_id}.db")
    assert all(path.is_file() for path in files)
    return [path.with_name(f"{path.name}-wal").exists() for path in files]


def test_the_logs_of_shared_files_stay_while_a_run_writes_and_its_own_file_shows_every_event(tmp_path: Path) -> None:
    settings = get_settings(tmp_path)
    ensure_home(settings)
    with open_instance(settings) as instance:
        assert logs(instance, tmp_path) == [False] * 3
        with kept_open(instance) as held:
            assert held == 2
            assert logs(instance, tmp_path) == [True, True, False]
        assert logs(instance, tmp_path) == [False] * 3


def test_an_instance_without_such_files_holds_nothing() -> None:
    with dg.DagsterInstance.ephemeral() as instance, kept_open(instance) as held:
        assert held == 0
