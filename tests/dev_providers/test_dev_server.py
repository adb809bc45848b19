"""The local server as a program: loopback only, one command, a clean end, and a home that keeps everything."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from api.dev_providers.options import Options
from api.dev_providers.server import DevServer
from musicgen_assets.context.failures import BadInput
from support.cli import MUSICGEN, musicgen
from support.dev_providers import Dev, running, until
from support.dev_requests import SUBMITS

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "example.com"])
def test_addresses_that_others_can_reach_are_refused_unless_told(tmp_path: Path, host: str) -> None:
    with pytest.raises(BadInput, match="loopback"):
        Options(home=tmp_path, host=host)
    assert Options(home=tmp_path, host=host, may_leave_loopback=True).host == host


def test_a_port_that_is_taken_is_said_to_be(tmp_path: Path, dev: Dev) -> None:
    port = int(dev.url.rpartition(":")[2])
    second = DevServer(Options(home=tmp_path / "second", port=port))
    with pytest.raises(OSError, match="in use"):
        second.start()
    second.stop()


def test_what_was_bought_is_there_after_a_restart(tmp_path: Path, songs: Path) -> None:
    with running(tmp_path, songs=songs, is_one_song=True) as dev:
        job = SUBMITS["suno"].send(dev).json()["id"]
        bill = dev.bill()
    with running(tmp_path, songs=songs, is_one_song=True) as dev:
        assert dev.bill() == bill
        until(lambda: dev.ask("jobs")[0]["phase"] == "done")
        assert dev.ask("jobs")[0]["id"] == job


def test_every_provider_is_where_the_documents_say(dev: Dev) -> None:
    text = (ROOT / "docs/providers-on-this-machine.md").read_text()
    for name, provider in dev.server.providers.items():
        assert f"`/{name}" in text
        for operation in provider.operations:
            if operation.sort != "download":
                last = re.sub(r"[<>]", "", operation.rule).split("/")[-1].partition(":")[0]
                assert last in text or last in ("record-info", "cancel", "job_id", "model"), operation.rule


def test_every_fault_is_in_the_document(dev: Dev) -> None:
    text = (ROOT / "docs/providers-on-this-machine.md").read_text()
    for kind in dev.ask("faults")["kinds"]:
        assert f"`{kind}`" in text, kind


@contextmanager
def command(home: Path, *more: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command, and where it says that it answers."""
    process = subprocess.Popen(
        [str(MUSICGEN), "dev-providers", "--port", "0", "--home", str(home), *more],
        stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
        env={**os.environ, "MUSICGEN_HOME": str(home)},
    )  # fmt: skip
    try:
        assert process.stderr is not None
        found = re.search(r"http://127.0.0.1:\d+", process.stderr.readline())
        assert found is not None
        yield process, found[0]
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_the_command_answers_until_it_is_told_to_end(tmp_path: Path, how: signal.Signals) -> None:
    with command(tmp_path) as (process, url):
        with urllib.request.urlopen(f"{url}/_dev/bill", timeout=10) as answer:
            assert b'"total_usd":"0.00"' in answer.read()
        process.send_signal(how)
        assert process.wait(10) == 0
        port = int(url.rpartition(":")[2])
        with socket.socket() as free:
            free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            free.bind(("127.0.0.1", port))


def test_the_process_that_writes_songs_ends_with_the_server(tmp_path: Path) -> None:
    import psutil

    with command(tmp_path) as (process, url):
        key = {"Authorization": "Bearer dev-key-udio", "Content-Type": "application/json"}
        body = b'{"prompt": "a long evening", "duration_s": 60}'
        urllib.request.urlopen(urllib.request.Request(f"{url}/udio/v1/generations", body, key), timeout=10).close()
        (writer,) = until(lambda: psutil.Process(process.pid).children())
        process.terminate()
        assert process.wait(10) == 0
        assert not writer.is_running() or writer.status() == psutil.STATUS_ZOMBIE


def test_the_command_refuses_an_open_address(tmp_path: Path) -> None:
    said = subprocess.run(
        [str(MUSICGEN), "dev-providers", "--host", "0.0.0.0", "--home", str(tmp_path)],
        capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip
    assert said.returncode == 2
    assert "loopback" in said.stderr


def test_the_command_says_that_a_port_is_taken(tmp_path: Path, dev: Dev) -> None:
    port = dev.url.rpartition(":")[2]
    said = musicgen(tmp_path, "dev-providers", "--port", port)
    assert said.code == 1
    assert "cannot be listened on" in said.err
