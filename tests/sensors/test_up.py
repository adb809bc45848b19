"""``musicgen up``: one deployment a home, each of its processes kept alive by itself, and nothing left at the end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import yaml

from musicgen_assets.context.failures import BadInput
from resources import services
from resources.deployment import address_file, deployment_address
from resources.services import keep_up
from resources.settings import Settings, get_settings
from resources.webserver import does_answer, find_job
from support.browser import free_port
from support.cli import MUSICGEN

PATIENCE_S = 60.0


def wait_until(is_so: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, f"it did not come to this: {what}"
        time.sleep(0.1)


@contextmanager
def up(home: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, "MUSICGEN_HOME": str(home)}
    with (home.parent / "up.log").open("ab") as log:
        process = subprocess.Popen(
            [str(MUSICGEN), "up", "--port", str(port), "--api-port", "0"], env=environment, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)


def processes_of(process: subprocess.Popen[bytes]) -> dict[str, psutil.Process]:
    """The services below ``process``, by their programs' names."""
    found: dict[str, psutil.Process] = {}
    for child in psutil.Process(process.pid).children():
        with suppress(psutil.NoSuchProcess):  # it died since we looked
            command = child.cmdline()  # empty for one that died and was not buried yet
            found |= {Path(word).name: child for word in command[1:2]}
    return found


def test_what_is_killed_comes_back_alone_and_everything_ends_together(tmp_path: Path) -> None:
    home, port = tmp_path / "home", free_port()
    settings = get_settings(home)
    address = f"http://127.0.0.1:{port}"
    with up(home, port) as process:
        wait_until(lambda: "Everything answers" in (home.parent / "up.log").read_text(), "everything answers")
        assert deployment_address(settings) == address
        assert find_job(address, "compose").location == "musicgen_assets.definitions"
        before = processes_of(process)
        assert set(before) == {"dagster", "dagster-webserver", "dagster-daemon", "musicgen"}
        urls = listed(home.parent / "up.log")
        assert urls["Dagster UI"] == address
        ready = httpx.get(f"{urls['Songs']}ready/").json()
        assert ready == {"ready": True, "registry": "ok", "store": "ok", "deployment": "ok"}
        assert httpx.get(urls["API"]).json()["mode"] == "single-user"

        before["dagster-webserver"].kill()
        before["dagster-webserver"].wait(10)
        wait_until(lambda: does_answer(address), "it answers again")
        wait_until(lambda: set(processes_of(process)) == set(before), "all are there")
        after = processes_of(process)
        assert after["dagster-webserver"].pid != before["dagster-webserver"].pid
        assert after["dagster"].pid == before["dagster"].pid
        assert after["dagster-daemon"].pid == before["dagster-daemon"].pid

        after["dagster"].kill()
        wait_until(
            lambda: processes_of(process).get("dagster", after["dagster"]).pid != after["dagster"].pid, "new code"
        )
        wait_until(lambda: serves(address), "the webserver found the new code server")

        everything = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        assert not [child for child in everything if child.is_running()]
        with pytest.raises(httpx.ConnectError):
            httpx.get(urls["API"])
    assert not address_file(settings).exists()
    assert deployment_address(settings) is None
    assert list((home / "dagster" / "up").iterdir()) == []


def listed(log: Path) -> dict[str, str]:
    """The list of addresses, by what is there."""
    rows = (line.partition(": ") for line in log.read_text().splitlines())
    return {name: rest.split()[0] for name, _, rest in rows if "http" in rest}


def serves(address: str) -> bool:
    from musicgen_assets.context.failures import TransientFailure

    try:
        return bool(find_job(address, "new_song"))
    except TransientFailure:
        return False


@pytest.fixture
def no_processes(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Everything but the processes: remembers what would be kept alive."""
    kept: list[dict[str, Any]] = []

    class Kept:
        def __init__(self, wanted: Any, environment: Any, tell: Any, when_ready: Callable[[], None]) -> None:
            self.when_ready = when_ready
            self.wanted = {service.name: list(service.command) for service in wanted}
            self.ready = next(service.is_ready for service in wanted if service.is_ready)
            self.environment = environment

        def run(self) -> None:
            command = self.wanted["daemon"]
            workspace = yaml.safe_load(Path(command[command.index("-w") + 1]).read_text())
            place = Path(workspace["load_from"][0]["grpc_server"]["socket"])
            assert not self.ready()
            with socket.socket(socket.AF_UNIX) as server:
                server.bind(str(place))
                server.listen()
                assert self.ready()
            self.when_ready()
            kept.append({"services": self.wanted, "environment": self.environment, "socket": place})

    monkeypatch.setattr(services, "Supervisor", Kept)
    return kept


@pytest.mark.parametrize("folder", ["home", "h" * 120])
def test_a_code_server_listens_where_its_address_fits(
    tmp_path: Path, no_processes: list[dict[str, Any]], folder: str
) -> None:
    settings = get_settings(tmp_path / folder)
    told: list[str] = []
    port = free_port()
    keep_up(settings, port, told.append, 0)
    (kept,) = no_processes
    assert len(os.fsencode(kept["socket"])) <= 100
    assert not kept["socket"].exists()
    assert set(kept["services"]) == {"code server", "webserver", "daemon", "API"}
    assert kept["environment"]["MUSICGEN_HOME"] == str(settings.home)
    assert kept["environment"]["DAGSTER_HOME"] == str(settings.dagster_home)
    assert str(port) in kept["services"]["webserver"]
    assert f"http://127.0.0.1:{port}" in told[1]
    assert f":{kept['services']['API'][-1]}/api/v2/" in told[1]
    assert not address_file(settings).exists()


def test_a_port_that_is_taken_is_refused_before_anything_starts(
    settings: Settings, no_processes: list[dict[str, Any]]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(BadInput, match="--port"):
            keep_up(settings, taken.getsockname()[1], lambda _: None, 0)
        with pytest.raises(BadInput, match="--api-port"):
            keep_up(settings, free_port(), lambda _: None, taken.getsockname()[1])
    assert no_processes == []


def test_a_second_deployment_of_a_home_is_refused(settings: Settings, tmp_path: Path) -> None:
    from resources.deployment import served_at

    with served_at(settings, "http://127.0.0.1:3000"):
        said = subprocess.run(
            [str(MUSICGEN), "up", "--port", str(free_port()), "--api-port", "0"],
            env={**os.environ, "MUSICGEN_HOME": str(settings.home)}, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
    assert said.returncode == 1
    assert "running already, at http://127.0.0.1:3000" in said.stderr
