"""The home's folders and Dagster's configuration in it.

Belongs here: creating what must be there before anything runs. Does not belong here: what is kept in it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from musicgen_assets.context.failures import PermanentFailure
from resources.disk import disk_failure, make_folder, write_atomically
from resources.registry.database import database_failure
from resources.settings import Settings, checkout_root

if TYPE_CHECKING:
    import dagster as dg

DAGSTER_FILE = "dagster.yaml"
STORAGE_VARIABLE = "MUSICGEN_DAGSTER_STORAGE_URL"
BEGUN_FILE = "storage.begun"
"""Stands beside Dagster's storage while its databases are being made, and is left behind where that was cut short."""

_HEADER = (
    "# Made from the project's dagster.yaml; edits are overwritten. For a deployment of your own, set DAGSTER_HOME.\n"
)


def ensure_home(settings: Settings) -> None:
    """Create the home's folders, prove that it can be written, and configure Dagster in it.

    Quick when all is there. An explicit DAGSTER_HOME is the user's own: it is not touched. Raises PermanentFailure
    naming path and way out for a read-only or full disk.
    """
    for folder in (settings.home, settings.releases, settings.cache, settings.logs):
        make_folder(folder)
    if settings.is_dagster_home_explicit:
        return
    home = settings.home / "dagster"
    make_folder(home)
    text = dagster_configuration(home, has_database=bool(settings.dagster_storage_url))
    place = home / DAGSTER_FILE
    try:
        is_current = place.is_file() and place.read_text(encoding="utf-8") == text
    except OSError as error:
        raise disk_failure(error, place, "read") from error
    if not is_current:
        write_atomically(place, text.encode())


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """The Dagster instance of the home; an explicit DAGSTER_HOME wins.

    One process at a time: two that make Dagster's databases at once leave them with two versions, for good.
    """
    import dagster as dg

    ensure_home(settings)
    _prepare_database(settings)
    with _alone(settings.home / "dagster.lock"):
        home = settings.dagster_home
        if settings.is_dagster_home_explicit:
            return dg.DagsterInstance.from_config(str(home))
        if settings.dagster_storage_url:
            return dg.DagsterInstance.from_config(str(home))
        with _storage_made_whole(home):
            return dg.DagsterInstance.from_config(str(home))


def database_variable(settings: Settings) -> dict[str, str]:
    """What every process of Dagster needs in its environment: its file names the variable, never the password."""
    return {STORAGE_VARIABLE: settings.dagster_storage_url} if settings.dagster_storage_url else {}


def _prepare_database(settings: Settings) -> None:
    """Raise a Failure where PostgreSQL is asked for and cannot be spoken with: Dagster itself would try for long."""
    if not settings.dagster_storage_url:
        return
    if find_spec("dagster_postgres") is None:
        raise PermanentFailure(
            "Dagster's storage is to be PostgreSQL, which needs a package that is not installed: dagster-postgres.",
            way_out="Install the extra that brings it: pip install 'musicgen-assets[team]'.",
        )
    from sqlalchemy import create_engine
    from sqlalchemy.exc import OperationalError
    from sqlalchemy.pool import NullPool

    os.environ.update(database_variable(settings))
    try:
        create_engine(settings.dagster_storage_url, poolclass=NullPool).connect().close()
    except OperationalError as error:
        raise database_failure(str(error.orig), settings.dagster_storage_url, "Dagster's storage") from error


@contextmanager
def _storage_made_whole(home: Path) -> Iterator[None]:
    """Make Dagster's databases anew where a kill left them half made: Dagster takes any file for a whole one.

    Nobody has used what was never finished, so nothing is lost.
    """
    begun, storage = home / BEGUN_FILE, home / "storage"
    if begun.exists():
        shutil.rmtree(storage, ignore_errors=True)
    if storage.exists():
        yield
        return
    begun.touch()
    yield
    begun.unlink()


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Hold the lock ``place``; the system frees it when a process dies."""
    try:
        lock = os.open(place, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise disk_failure(error, place, "write") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def dagster_configuration(home: Path, *, has_database: bool = False) -> str:
    """The project's dagster.yaml with all storage under ``home``, or in the database that STORAGE_VARIABLE names."""
    import yaml

    configuration: dict[str, Any] = yaml.safe_load(_source()) or {}
    if has_database:
        configuration["storage"] = {"postgres": {"postgres_url": {"env": STORAGE_VARIABLE}}}
    storage = configuration.setdefault("storage", {"sqlite": {}})
    if "sqlite" in storage:
        storage["sqlite"] = {"base_dir": str(home / "storage")}
    place = {"base_dir": str(home / "artifacts")}
    configuration.setdefault(
        "local_artifact_storage",
        {"module": "dagster.core.storage.root", "class": "LocalArtifactStorage", "config": place},
    )
    return _HEADER + yaml.safe_dump(configuration, sort_keys=True)


def _source() -> str:
    """dagster.yaml of the checkout, or the copy that the installed package carries."""
    root = checkout_root()
    places = [Path(__file__).with_name(DAGSTER_FILE)]
    if root is not None:
        places.insert(0, root / DAGSTER_FILE)
    for place in places:
        if place.is_file():
            return place.read_text(encoding="utf-8")
    raise PermanentFailure(
        f"{DAGSTER_FILE} is missing from this installation (looked at {', '.join(map(str, places))}).",
        way_out="Install the package again.",
    )
