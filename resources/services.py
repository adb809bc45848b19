"""The processes of a deployment on this machine: code server, webserver, daemon, each kept alive by itself.

`dagster dev` would start the same, but goes down as a whole when its webserver or its daemon dies. Here each comes
back alone; songs in the making belong to the code server's workers, which outlive it.

Belongs here: commands, the files they share, the order. Does not belong here: keeping them alive (supervisor).
"""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from musicgen_assets.context.failures import BadInput
from resources.deployment import served_at
from resources.disk import make_folder, remove_quietly, write_atomically
from resources.layout import database_variable, open_instance
from resources.settings import HOME_VARIABLE, Settings
from resources.supervisor import Service, Supervisor

HOST = "127.0.0.1"
DEFINITIONS = "musicgen_assets.definitions"
DEPLOYMENT = "deployment"
"""Of those, what also looks into the home for batches that start by the clock."""

_LONGEST_SOCKET_PATH = 100
"""A Unix socket's address holds 108 bytes (man 7 unix)."""


def keep_up(settings: Settings, port: int, tell: Callable[[str], None]) -> None:
    """Serve the home at http://127.0.0.1:``port`` until a signal ends it.

    Raises BadInput for a port that is taken, PermanentFailure if a deployment of this home is running already.
    """
    open_instance(settings).dispose()  # before three services make its databases at once
    address = f"http://{HOST}:{port}"
    with served_at(settings, address), _socket_path(settings) as place:
        _check_port(port)
        workspace = _write_workspace(settings, place)
        tell(f"Dagster UI: {address}  (home: {settings.home}; Ctrl-C ends it)")
        try:
            Supervisor(_services(place, workspace, port), _environment(settings), tell).run()
        finally:
            remove_quietly(workspace)


def _services(place: Path, workspace: Path, port: int) -> list[Service]:
    level = ["--log-level", "warning"]
    code_server = [
        _program("dagster"), "api", "grpc", "-m", DEFINITIONS, "-a", DEPLOYMENT, "--socket", str(place),
        "--location-name", DEFINITIONS, *level,
    ]  # fmt: skip
    webserver = [
        _program("dagster-webserver"), "-w", str(workspace), "-h", HOST, "-p", str(port), "--dagster-log-level",
        "warning",
    ]  # fmt: skip
    daemon = [_program("dagster-daemon"), "run", "-w", str(workspace), *level]
    return [
        Service("code server", code_server, is_ready=lambda: _listens(place), before=lambda: remove_quietly(place)),
        Service("webserver", webserver),
        Service("daemon", daemon),
    ]


def _environment(settings: Settings) -> dict[str, str]:
    own = {"DAGSTER_HOME": str(settings.dagster_home), HOME_VARIABLE: str(settings.home)}
    return {**os.environ, **own, **database_variable(settings)}


def _program(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def _write_workspace(settings: Settings, place: Path) -> Path:
    import yaml

    server = {"grpc_server": {"socket": str(place), "location_name": DEFINITIONS}}
    path = settings.home / "dagster" / "up" / "workspace.yaml"
    write_atomically(path, yaml.safe_dump({"load_from": [server]}).encode())
    return path


@contextmanager
def _socket_path(settings: Settings) -> Iterator[Path]:
    """Where the code server listens: in the home, or in a folder of its own where the home's path is too long."""
    path = settings.home / "dagster" / "up" / "code.sock"
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
        make_folder(path.parent)
        try:
            yield path
        finally:
            remove_quietly(path)
    else:
        with tempfile.TemporaryDirectory(prefix="musicgen-", ignore_cleanup_errors=True) as folder:
            yield Path(folder) / "code.sock"


def _listens(place: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(place))
        except OSError:
            return False
        return True


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise BadInput("--port", port, f"it cannot be listened on: {error.strerror}",
                           way_out="Name a free port.") from error  # fmt: skip
