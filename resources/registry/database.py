"""Opening the registry: engine, transactions, migrations, and what database errors mean to a person.

Belongs here: the connection. Does not belong here: tables (models) and queries.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError
from sqlalchemy.orm import Session

from musicgen_assets.context.failures import BadInput, Failure, PermanentFailure, TransientFailure
from resources.disk import make_folder
from resources.settings import Settings

HEAD = "0008"
"""The newest migration. Kept here so that opening a current registry need not load Alembic."""

BUSY_TIMEOUT_S = 30.0
"""How long a writer waits for another one before it gives up."""

VALUES_AT_ONCE = 500
"""Values in one query: older SQLite takes 999."""

T = TypeVar("T")

_MIGRATIONS = Path(__file__).parent / "migrations"
_ADVISORY_LOCK = 7_310_551
"""Any number, the same for all: serialises migrations in PostgreSQL."""

_WAY_OUT = "Or point MUSICGEN_HOME at another folder."


def in_batches(values: Iterable[T], size: int = VALUES_AT_ONCE) -> Iterator[list[T]]:
    """``values`` in their order, at most ``size`` at a time."""
    listed = list(values)
    for start in range(0, len(listed), size):
        yield listed[start : start + size]


class Registry:
    """The registry at ``url`` ("sqlite:///path" or "postgresql://..."), migrated to the newest revision.

    Any number of processes may open it at once. Raises BadInput for a malformed address, PermanentFailure or
    TransientFailure when it cannot be opened.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _engine(url)
        self._reading = _reading_engine(self.engine)
        self._turn = threading.Lock() if self.engine.dialect.name == "sqlite" else None
        self._view = threading.local()
        try:
            self.migrate()
        except Failure:
            self.engine.dispose()
            raise

    @contextmanager
    def session(self) -> Iterator[Session]:
        """One write transaction: committed at the end, rolled back on any exception.

        On SQLite its first statement, a read too, takes the write lock (BEGIN IMMEDIATE): a transaction that
        reads first and writes later could otherwise fail for good when another writer came between.
        """
        with self._explained(), Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Surrounds a ``session`` that many threads of this process may want at once.

        SQLite has one writer, and whoever finds another one there sleeps for milliseconds before looking again; who
        waits here goes on at once.
        """
        with self._turn or nullcontext():
            yield

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A consistent view of the registry that waits for nobody and keeps nobody waiting."""
        shared: Session | None = getattr(self._view, "session", None)
        if shared is not None:
            yield shared
            return
        with self._explained(), Session(self._reading, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def one_view(self) -> Iterator[None]:
        """Within, all that this thread reads it reads in one transaction, as of one moment."""
        with self.reading() as session:
            self._view.session = session
            try:
                yield
            finally:
                self._view.session = None

    def revision(self) -> str | None:
        """The migration the database stands at; None for an empty one."""
        with self._explained(), self._reading.connect() as connection:
            return _revision(connection)

    def migrate(self) -> None:
        """Bring the schema to the newest revision; quick when it is there, safe when several try at once."""
        with self._explained():
            if self.engine.dialect.name == "sqlite":
                _use_wal(self.engine)
            with self.engine.execution_options(is_writing=False).connect() as connection:
                if _revision(connection) == HEAD:
                    return
            with self.engine.begin() as connection:
                if connection.dialect.name == "postgresql":
                    connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _ADVISORY_LOCK})
                if _revision(connection) != HEAD:
                    _upgrade(connection, self.url)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise
        except DBAPIError as error:
            raise self._failure(str(error.orig)) from error
        except sqlite3.Error as error:  # while connecting, before SQLAlchemy has it in hand
            raise self._failure(str(error)) from error

    def _failure(self, said: str) -> Failure:
        if self.engine.dialect.name == "postgresql":
            return database_failure(said, self.url, "The registry")
        return _sqlite_failure(said, self.url)


_opened: dict[tuple[str, int], Registry] = {}
_opening = threading.Lock()


def open_registry(settings: Settings) -> Registry:
    """The registry of ``settings``, opened once per process and address, and again if its file went away."""
    place = (settings.registry_url, os.getpid())
    with _opening:
        known = _opened.get(place)
        path = None if known is None else _sqlite_path(settings.registry_url)
        if known is None or (path is not None and not path.exists()):
            known = _opened[place] = Registry(settings.registry_url)
        return known


def safe_url(url: str) -> str:
    """``url`` without its password, for messages."""
    return make_url(url).render_as_string(hide_password=True)


def _engine(url: str) -> Engine:
    try:
        address = make_url(url)
        path = _sqlite_path(url)
        if path is not None:
            make_folder(path.parent)
            engine = create_engine(address, connect_args={"timeout": BUSY_TIMEOUT_S})
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
            return engine
        return create_engine(address, pool_pre_ping=True)
    except (ArgumentError, NoSuchModuleError) as error:
        raise BadInput(
            "MUSICGEN_REGISTRY_URL", "***", f"it is no database address: {error}",
            way_out="Use sqlite:////PATH/registry.db or postgresql://USER:PASSWORD@HOST/DATABASE.",
        ) from error  # fmt: skip
    except ImportError as error:
        raise PermanentFailure(
            f"The registry {safe_url(url)} needs a driver that is not installed: {error}.",
            way_out="Install the extra that brings it: pip install 'musicgen-assets[postgres]'.",
        ) from error


def _reading_engine(engine: Engine) -> Engine:
    reading = engine.execution_options(is_writing=False)
    if reading.dialect.name == "postgresql":
        reading = reading.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return reading


def _sqlite_path(url: str) -> Path | None:
    address = make_url(url)
    if address.get_backend_name() == "postgresql":
        return None
    if address.get_backend_name() != "sqlite":
        raise ArgumentError("only sqlite and postgresql are supported")
    if not address.database or address.database == ":memory:":
        raise ArgumentError("the registry must outlive the process; name a file")
    return Path(address.database)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """Leave transactions to us, enforce foreign keys, survive a power cut (a paid call must not be forgotten)."""
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA synchronous=FULL")


def _begin_sqlite(connection: Connection) -> None:
    is_writing = connection.get_execution_options().get("is_writing", True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")


def _use_wal(engine: Engine) -> None:
    """Switch to write-ahead logging. SQLite does not wait for others here, so we do."""
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    raw = engine.raw_connection()
    try:
        while True:
            try:
                raw.cursor().execute("PRAGMA journal_mode=WAL")
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
            else:
                return
    finally:
        raw.close()


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def _upgrade(connection: Connection, url: str) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise PermanentFailure(
            f"The registry {safe_url(url)} cannot be brought up to date: {error}.",
            way_out="It was probably made by a newer release of this program: install that one, or use another "
            "MUSICGEN_HOME.",
        ) from error


def database_failure(said: str, url: str, what: str) -> PermanentFailure | TransientFailure:
    """What PostgreSQL ``said`` about the database at ``url``, which is ``what``, means to a person.

    A server that is away, restarts, or is too busy may be back; a wrong password or a missing database stays so.
    """
    said = " ".join(said.split())
    lowered = said.lower()
    text = f"{what} {safe_url(url)} did not answer: {said}."
    if "password authentication failed" in lowered or "permission denied" in lowered or "no pg_hba.conf" in lowered:
        return PermanentFailure(text, way_out="Check user, password and rights in its address.")
    if "does not exist" in lowered and ("database" in lowered or "role" in lowered):
        return PermanentFailure(text, way_out="Create it first: deploy/README.md says how.")
    if "no space left" in lowered or "disk full" in lowered:
        return PermanentFailure(text, way_out="Free some space on the database's machine.")
    if "could not translate host name" in lowered:
        return PermanentFailure(text, way_out="Check the host in its address.")
    if "relation" in lowered or "column" in lowered or "syntax" in lowered:
        return PermanentFailure(text, way_out="It has an unexpected shape: restore it from a backup.")
    return TransientFailure(text, way_out="Run it again; if it stays, check that the server is up.")


def _sqlite_failure(said: str, url: str) -> PermanentFailure | TransientFailure:
    """SQLite's messages are stable and its codes are not passed on by every driver, so the text decides."""
    where = safe_url(url)
    said = " ".join(said.split())
    lowered = said.lower()
    if "locked" in lowered or "busy" in lowered:
        return TransientFailure(
            f"The registry {where} stayed busy for {BUSY_TIMEOUT_S:.0f} s.", way_out="Run it again."
        )
    if "full" in lowered:
        return PermanentFailure(
            f"Could not write the registry {where}: the disk is full.", way_out=f"Free some space. {_WAY_OUT}"
        )
    if "readonly" in lowered or "read-only" in lowered or "unable to open" in lowered:
        return PermanentFailure(
            f"Could not write the registry {where}: {said}.", way_out=f"Make the folder writable. {_WAY_OUT}"
        )
    if "malformed" in lowered or "not a database" in lowered:
        return PermanentFailure(
            f"The registry {where} is damaged: {said}.", way_out=f"Restore it from a backup. {_WAY_OUT}"
        )
    if "no such table" in lowered or "no such column" in lowered or "syntax" in lowered:
        return PermanentFailure(
            f"The registry {where} has an unexpected shape: {said}.", way_out=f"Restore it from a backup. {_WAY_OUT}"
        )
    return TransientFailure(f"The registry {where} did not answer: {said}.", way_out="Run it again.")
