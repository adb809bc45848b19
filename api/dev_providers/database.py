"""What the server remembers, in one SQLite file in its home.

Belongs here: the tables and how they are reached. Does not belong here: what the rows mean (accounts, jobs, journal).
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_TABLES = """
CREATE TABLE IF NOT EXISTS accounts (
  provider TEXT NOT NULL, key TEXT NOT NULL, name TEXT NOT NULL, balance_usd TEXT NOT NULL,
  PRIMARY KEY (provider, key));
CREATE TABLE IF NOT EXISTS bill (
  id INTEGER PRIMARY KEY, at_s REAL NOT NULL, provider TEXT NOT NULL, operation TEXT NOT NULL, account TEXT NOT NULL,
  request_id TEXT NOT NULL, job_id TEXT, usd TEXT NOT NULL, what TEXT NOT NULL, fingerprint TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS requests (
  id TEXT PRIMARY KEY, at_s REAL NOT NULL, provider TEXT NOT NULL, operation TEXT NOT NULL, method TEXT NOT NULL,
  path TEXT NOT NULL, account TEXT, body TEXT NOT NULL, fingerprint TEXT NOT NULL, faults TEXT NOT NULL,
  status INTEGER, seconds REAL);
CREATE TABLE IF NOT EXISTS jobs (
  id TEXT PRIMARY KEY, provider TEXT NOT NULL, kind TEXT NOT NULL, account TEXT NOT NULL, created_s REAL NOT NULL,
  wait_s REAL NOT NULL, request TEXT NOT NULL, songs TEXT NOT NULL, faults TEXT NOT NULL, callback TEXT,
  bill_id INTEGER, ended TEXT, ended_s REAL, told INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS jobs_untold ON jobs (told) WHERE callback IS NOT NULL;
CREATE TABLE IF NOT EXISTS deliveries (
  id INTEGER PRIMARY KEY, at_s REAL NOT NULL, job_id TEXT NOT NULL, event TEXT NOT NULL, url TEXT NOT NULL,
  status INTEGER, why TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS uploads (
  id TEXT PRIMARY KEY, provider TEXT NOT NULL, account TEXT NOT NULL, at_s REAL NOT NULL, life_s REAL NOT NULL,
  name TEXT NOT NULL, media_type TEXT NOT NULL, song TEXT);
"""


class Database:
    """One connection that threads take turns with."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(_TABLES)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of it or nothing; one thread at a time."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def rows(self, query: str, values: tuple[Any, ...] = ()) -> list[dict[str, Any]]:
        """The rows of a query."""
        with self._lock:
            return [dict(row) for row in self._connection.execute(query, values)]

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
