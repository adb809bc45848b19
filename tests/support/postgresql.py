"""A PostgreSQL server of one's own: real, on 127.0.0.1, without care for power cuts, gone with the tests.

PostgreSQL refuses to run as root: then it runs as its own user, or as nobody.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

USER = "musicgen"
PLACES = "/usr/lib/postgresql"
"""Where Debian keeps each release's programs, out of PATH."""
_QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=32MB", "max_connections=60")


@dataclass
class PostgreSQL:
    """A running server. ``process`` may be killed and started again by a test: see ``start``."""

    programs: Path
    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    def url(self, database: str) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start it and wait until it answers; again where a killed one's children still hold its memory."""
        deadline = time.monotonic() + 30
        while True:
            if self.process is None or self.process.poll() is not None:
                if time.monotonic() > deadline:
                    raise RuntimeError((self.folder / "log").read_text())
                self._begin()
            if self._answers():
                return
            time.sleep(0.05)

    def _begin(self) -> None:
        options = [word for option in _QUICK for word in ("-c", option)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.programs / "postgres", "-D", self.folder / "data", "-p", str(self.port), "-h", "127.0.0.1",
                 "-k", self.folder, *options],
                stdout=subprocess.DEVNULL, stderr=log, env=homeless(),
                preexec_fn=_end_with_parent,  # noqa: PLW1509  # only after the change of user, which would undo it
                **as_other(),
            )  # fmt: skip

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(3)  # SIGQUIT: at once, its children with it
            self.process.wait(20)

    def run(self, statement: str) -> None:
        """A statement that no transaction may surround, such as CREATE DATABASE."""
        import psycopg2

        connection = psycopg2.connect(self.url("postgres"))
        connection.autocommit = True
        try:
            connection.cursor().execute(statement)
        finally:
            connection.close()

    def _answers(self) -> bool:
        import psycopg2

        try:
            psycopg2.connect(self.url("postgres")).close()
        except psycopg2.OperationalError:
            return False
        return True


def why_not() -> str | None:
    """Why no server can be started here; None where one can."""
    if programs() is None:
        return f"not run: no PostgreSQL server is installed (no initdb in {PLACES} or PATH; apt-get install postgresql)"
    return None


def programs() -> Path | None:
    """The folder with initdb and postgres, the newest release's."""
    found = sorted(Path(PLACES).glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    place = found[-1] if found else shutil.which("initdb")
    return None if place is None else Path(place).parent


def homeless() -> dict[str, str]:
    """An environment that names no home: who ends a home's processes must not end the servers it stands on."""
    return {name: value for name, value in os.environ.items() if name not in ("MUSICGEN_HOME", "DAGSTER_HOME")}


def as_other() -> dict[str, Any]:
    """Options of a subprocess that must not run as root."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    entry = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


@contextmanager
def server() -> Iterator[PostgreSQL]:
    """A new, empty server, started; removed on leaving."""
    folder = Path(tempfile.mkdtemp(prefix="musicgen-postgresql-"))
    place = programs()
    assert place is not None, why_not()
    try:
        other = as_other()
        if other:
            os.chown(folder, other["user"], other["group"])
        subprocess.run(
            [place / "initdb", "-D", folder / "data", "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync",
             "--no-locale"],
            check=True, capture_output=True, cwd=folder, **other,
        )  # fmt: skip
        found = PostgreSQL(place, folder, _free_port())
        found.start()
        try:
            yield found
        finally:
            found.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _end_with_parent() -> None:
    """A server must not outlive tests that were killed: prctl(PR_SET_PDEATHSIG, SIGQUIT)."""
    ctypes.CDLL(None).prctl(1, 3)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
