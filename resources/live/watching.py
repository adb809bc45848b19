"""Seeing new events as soon as they are committed, by whatever process: one watcher, whoever many follow.

SQLite counts commits of others for each connection (PRAGMA data_version), which costs some ten microseconds to ask:
it is asked forty times a second. PostgreSQL tells by itself (NOTIFY, in the transaction of each event).

Belongs here: waking up, and reading what is new without leaving anything out. Does not belong here: what rows are
told as (messages).
"""

from __future__ import annotations

import select as waiting
import threading
import time
from typing import Any

from sqlalchemy import bindparam, select, text
from sqlalchemy.orm import Session

from resources.live.messages import newest_id
from resources.registry import Event, Registry
from resources.registry.ledger import EVENTS_CHANNEL

LOOK_S = 0.025
"""How often SQLite is asked whether anything was committed."""
_QUIET_LOOK_S = 0.25
"""The same where nobody follows anything."""
_LISTEN_S = 0.5
"""A listener on PostgreSQL looks by itself so often: heartbeats tell nobody, and poolers keep notifications back."""
_AT_ONCE = 1000
_GAP_HELD_S = 0.1
"""A number that is missing is waited for at least so long: its row may be about to be committed."""

_NEW = select(Event).where(Event.id > bindparam("last")).order_by(Event.id).limit(_AT_ONCE)


class Waker:
    """Waits until something may have been committed. ``close`` when done; use it from one thread."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._is_postgresql = registry.engine.dialect.name == "postgresql"
        self._connection: Any = None
        self._seen: Any = None

    def wait(self, ended: threading.Event, *, is_followed: bool) -> bool:
        """Whether anything may be new; False when ``ended`` is set or a while has passed. Raises a Failure or
        DBAPIError of a database that is away: then call it again later.
        """
        if self._connection is None:
            self._connection = self._opened()
        return self._wait_postgresql(ended) if self._is_postgresql else self._wait_sqlite(ended, is_followed)

    def forget(self) -> None:
        """Open a new connection the next time: this one is broken."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    close = forget

    def _opened(self) -> Any:
        raw: Any = self._registry.engine.raw_connection()
        raw.detach()  # it is ours for good, and no longer one of those that requests share
        if self._is_postgresql:
            raw.driver_connection.autocommit = True
            raw.cursor().execute(f"LISTEN {EVENTS_CHANNEL}")
        return raw

    def _wait_sqlite(self, ended: threading.Event, is_followed: bool) -> bool:
        ended.wait(LOOK_S if is_followed else _QUIET_LOOK_S)
        version = self._connection.cursor().execute("PRAGMA data_version").fetchone()[0]
        before, self._seen = self._seen, version
        return bool(version != before) and not ended.is_set()

    def _wait_postgresql(self, ended: threading.Event) -> bool:
        driver = self._connection.driver_connection
        waiting.select([driver], [], [], _LISTEN_S)
        driver.poll()
        driver.notifies.clear()
        return not ended.is_set()


class NewRows:
    """Reads events in the order of their numbers, each once, from the newest there is on.

    PostgreSQL gives numbers out before it commits, so that a lower one may come to be seen later than a higher: what
    lies above a gap is held back until every transaction that may fill it has ended.
    """

    def __init__(self, session: Session) -> None:
        self.last_id = newest_id(session)
        self._is_postgresql = session.get_bind().dialect.name == "postgresql"
        self._gap: tuple[int, int, float] | None = None
        """The missing number, the first transaction that cannot fill it, and when it was missed first."""

    def read(self, session: Session) -> list[Event]:
        """What is new."""
        rows = list(session.scalars(_NEW, {"last": self.last_id}))
        if self._is_postgresql:
            rows = self._up_to_gap(session, rows)
        if rows:
            self.last_id = rows[-1].id
        return rows

    def _up_to_gap(self, session: Session, rows: list[Event]) -> list[Event]:
        expected = self.last_id + 1
        for position, row in enumerate(rows):
            if row.id != expected and not self._is_settled(session, expected):
                return rows[:position]
            expected = row.id + 1
        return rows

    def _is_settled(self, session: Session, missing: int) -> bool:
        """Whether nobody can come to write the number ``missing`` any more."""
        oldest, following = session.execute(
            text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text, pg_snapshot_xmax(pg_current_snapshot())::text")
        ).one()
        if self._gap is None or self._gap[0] != missing:
            self._gap = (missing, int(following), time.monotonic())
            return False
        return int(oldest) >= self._gap[1] and time.monotonic() - self._gap[2] >= _GAP_HELD_S
