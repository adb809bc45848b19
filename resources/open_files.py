"""Dagster's SQLite files kept open while a run writes to them.

Dagster connects anew for every event. Whoever closes the last connection to an SQLite file in WAL mode also folds the
log back into it, synced to the disk (https://www.sqlite.org/wal.html): with nobody else connected, that is done for
each of a run's hundreds of writes to the files that all runs share. A connection that only stays open ends that. The
run's own file is left alone: its page in the UI learns of events by that file being modified.

Belongs here: which files, and holding them. Does not belong here: reading or writing them, which is Dagster's.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import dagster as dg


@contextlib.contextmanager
def kept_open(instance: dg.DagsterInstance) -> Iterator[int]:
    """How many files that all runs share are held; none over PostgreSQL."""
    path_of = getattr(instance.event_log_storage, "path_for_shard", None)
    if path_of is None:
        yield 0
        return
    index = Path(path_of("index"))
    files = [path for path in (index.parent.parent / "runs.db", index) if path.is_file()]
    with contextlib.ExitStack() as held:
        for path in files:
            connection = held.enter_context(contextlib.closing(sqlite3.connect(path)))
            with contextlib.suppress(sqlite3.Error):  # a file that cannot be read now is Dagster's to tell of
                connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # nothing is opened until asked
        yield len(files)
