"""The processes of a deployment on this machine: code server, webserver, daemon and API, each kept alive by itself.

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
from urllib.request import urlopen

from musicgen_assets.context.failures import BadInput
from resources.deployment import served_at
from resources.disk import make_folder, remove_quietly, write_atomically
from resources.layout import database_variable, open_instance
from resources.settings import HOME_VARIABLE, Settings
from resources.supervisor import Service, Supervisor
from resources.webserver import does_answer

HOST = "127.0.0.1"
DEFINITIONS = "musicgen_assets.definitions"
DEPLOYMENT = "deployment"
"""Of those, what also looks into the home for batches that start by the clock."""

_LONGEST_SOCKET_PATH = 100
"""A Unix socket's address holds 108 bytes (man 7 unix)."""


def keep_up(settings: Settings, port: int, tell: Callable[[str], None], api_port: int | None = None) -> None:
    """Serve the home until a signal ends it: the Dagster UI at http://127.0.0.1:``port``, the API with its page where
    its settings say, or at ``api_port``; 0 takes a free one. ``tell`` gets one list of addresses once they answer.

    Raises BadInput for a port that is taken, PermanentFailure if a deployment of this home is running already.
    """
    open_instance(settings).dispose()  # before the services make its databases at once
    address = f"http://{HOST}:{port}"
    with served_at(settings, address), _socket_path(settings) as place:
        _check_port("--port", HOST, port)
        api_port = _check_port("--api-port", settings.api.host, settings.api.port if api_port is None else api_port)
        api = _api_address(settings.api.host, api_port)
        workspace = _write_workspace(settings, place)
        tell(f"Starting, for the home {settings.home}; Ctrl-C ends it.")
        services = _services(place, workspace, port, api_port, lambda: _answers(api) and does_answer(address))
        try:
            Supervisor(services, _environment(settings), tell, lambda: tell(_told(api, address))).run()
        finally:
            remove_quietly(workspace)


def _services(
    place: Path, workspace: Path, port: int, api_port: int, do_all_answer: Callable[[], bool]
) -> list[Service]:
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
        Service("API", [_program("musicgen"), "api", "--port", str(api_port)], is_ready=do_all_answer),
    ]


def _told(api: str, address: str) -> str:
    """Where everything is, as one text."""
    return (
        f"Songs:       {api}/\nAPI:         {api}/api/v2/  (docs: {api}/api/v2/docs/)\nDagster UI:  {address}\n"
        "Everything answers; Ctrl-C ends all of it."
    )


def _api_address(host: str, port: int) -> str:
    """Where this machine reaches what listens on ``host``."""
    near = {"0.0.0.0": HOST, "::": "::1"}.get(host, host)  # noqa: S104  # what is listened on, and not listening
    return f"http://{f'[{near}]' if ':' in near else near}:{port}"


def _answers(api: str) -> bool:
    """Whether the API answers at all."""
    try:
        with urlopen(f"{api}/health/", timeout=1.0) as answer:  # noqa: S310  # our own address, made above
            return bool(answer.status == 200)
    except OSError:
        return False


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


def _check_port(option: str, host: str, port: int) -> int:
    """``port``, or a free one where it is 0. Raises BadInput for one that is taken."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise BadInput(option, port, f"it cannot be listened on: {error.strerror}",
                           way_out="Name a free port.") from error  # fmt: skip
        return int(probe.getsockname()[1])
