"""Keeping processes alive: what dies comes back alone, with growing waits, and nothing is left when it is over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from resources import supervisor
from resources.supervisor import Service, Supervisor

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
PATIENCE_S = 20.0


def wait_until(is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)


def script(folder: Path, name: str, code: str) -> list[str]:
    """A program that appends its pid to NAME.pids and then does ``code``."""
    path = folder / f"{name}.py"
    path.write_text(
        "import os, pathlib, signal, subprocess, sys, time\n"
        f"with open({str(folder / name)!r} + '.pids', 'a') as file: file.write(f'{{os.getpid()}}\\n')\n{code}\n"
    )
    return [sys.executable, str(path)]


def pids(folder: Path, name: str) -> list[int]:
    path = folder / f"{name}.pids"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


@contextmanager
def acting(act: Callable[[], None]) -> Iterator[list[BaseException]]:
    """Do ``act`` beside the supervisor, which needs the main thread; then stop it by the signal of Ctrl-C."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            act()
        except BaseException as error:  # noqa: BLE001  # it is raised again in the main thread
            failures.append(error)
        finally:
            os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=run)
    thread.start()
    yield failures
    thread.join()
    assert not failures, failures


def keep(services: list[Service], act: Callable[[], None], told: list[str] | None = None) -> None:
    with acting(act):
        Supervisor(services, os.environ, (told if told is not None else []).append).run()


def test_what_is_killed_comes_back_and_the_others_are_left_alone(tmp_path: Path) -> None:
    services = [Service(name, script(tmp_path, name, "time.sleep(600)")) for name in ("one", "two")]
    told: list[str] = []

    def act() -> None:
        wait_until(lambda: pids(tmp_path, "one") and pids(tmp_path, "two"))
        os.kill(pids(tmp_path, "one")[0], signal.SIGKILL)
        wait_until(lambda: len(pids(tmp_path, "one")) == 2)

    keep(services, act, told)
    assert told == ["The one ended (SIGKILL); it starts again in 0.5 s."]
    assert len(pids(tmp_path, "two")) == 1
    assert all(is_gone(pid) for name in ("one", "two") for pid in pids(tmp_path, name))


def test_what_keeps_dying_starts_again_after_growing_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "FIRST_WAIT_S", 0.05)
    monkeypatch.setattr(supervisor, "LONGEST_WAIT_S", 0.15)
    told: list[str] = []
    keep(
        [Service("broken", script(tmp_path, "broken", "sys.exit(3)"))],
        lambda: wait_until(lambda: len(told) >= 4),
        told,
    )
    waits = [line.split()[-2] for line in told]
    assert waits[:4] == ["0.05", "0.1", "0.15", "0.15"]
    assert all("(exit code 3)" in line for line in told)


def test_what_lived_long_starts_again_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "FIRST_WAIT_S", 0.05)
    monkeypatch.setattr(supervisor, "STEADY_AFTER_S", 0.0)
    told: list[str] = []
    keep([Service("old", script(tmp_path, "old", "sys.exit(0)"))], lambda: wait_until(lambda: len(told) >= 3), told)
    assert {line.split()[-2] for line in told} == {"0.05"}


def test_the_next_service_starts_when_the_one_before_is_ready(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    first = Service(
        "first", script(tmp_path, "first", f"time.sleep(1); pathlib.Path({str(ready)!r}).touch(); time.sleep(600)"),
        is_ready=ready.exists,
    )  # fmt: skip
    second = Service(
        "second", script(tmp_path, "second", f"assert pathlib.Path({str(ready)!r}).exists(); time.sleep(600)")
    )
    told: list[str] = []
    keep([first, second], lambda: wait_until(lambda: pids(tmp_path, "second")), told)
    assert told == []


def test_it_can_be_stopped_while_something_is_not_ready_yet(tmp_path: Path) -> None:
    services = [Service("never", SLEEP, is_ready=lambda: False), Service("next", script(tmp_path, "next", ""))]
    keep(services, lambda: time.sleep(0.5))
    assert pids(tmp_path, "next") == []


def test_what_a_predecessor_left_is_taken_away_before_each_start(tmp_path: Path) -> None:
    calls: list[int] = []
    service = Service("one", script(tmp_path, "one", "time.sleep(600)"), before=lambda: calls.append(1))

    def act() -> None:
        wait_until(lambda: pids(tmp_path, "one"))
        os.kill(pids(tmp_path, "one")[0], signal.SIGKILL)
        wait_until(lambda: len(pids(tmp_path, "one")) == 2)

    keep([service], act)
    assert len(calls) == 2


def test_workers_below_end_too_even_those_whose_parent_died(tmp_path: Path) -> None:
    """A song's worker outlives the code server it came from; it must not outlive the deployment."""
    worker = script(tmp_path, "worker", "signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)")
    parent = Service("parent", script(tmp_path, "parent", f"subprocess.Popen({worker!r}); time.sleep(600)"))

    def act() -> None:
        wait_until(lambda: pids(tmp_path, "worker"))
        os.kill(pids(tmp_path, "parent")[0], signal.SIGKILL)
        wait_until(lambda: len(pids(tmp_path, "worker")) == 2)
        assert not is_gone(pids(tmp_path, "worker")[0])

    keep([parent], act)
    assert all(is_gone(pid) for pid in pids(tmp_path, "worker"))


def test_a_service_that_will_not_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "GRACE_S", 0.5)
    code = "signal.signal(signal.SIGTERM, signal.SIG_IGN); open(sys.argv[0] + '.on', 'w'); time.sleep(600)"
    keep(
        [Service("deaf", script(tmp_path, "deaf", code))],
        lambda: wait_until((tmp_path / "deaf.py.on").exists),
    )
    assert is_gone(pids(tmp_path, "deaf")[0])


def test_children_that_were_there_before_are_none_of_its_business(tmp_path: Path) -> None:
    stranger = subprocess.Popen(SLEEP)
    try:
        keep(
            [Service("one", script(tmp_path, "one", "time.sleep(600)"))],
            lambda: wait_until(lambda: pids(tmp_path, "one")),
        )
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_signals_are_given_back(tmp_path: Path) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    keep([Service("one", SLEEP)], lambda: time.sleep(0.3))
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before


def test_services_end_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    services = script(tmp_path, "one", "time.sleep(600)")
    code = (
        "import os\nfrom resources.supervisor import Service, Supervisor\n"
        f"Supervisor([Service('one', {services!r})], os.environ, print).run()"
    )
    root = Path(__file__).resolve().parents[2]
    above = subprocess.Popen([sys.executable, "-c", code], cwd=root)
    try:
        wait_until(lambda: pids(tmp_path, "one"))
        above.kill()
        above.wait()
        wait_until(lambda: is_gone(pids(tmp_path, "one")[0]))
    finally:
        above.kill()
        above.wait()


def test_stop_ends_it_from_another_thread(tmp_path: Path) -> None:
    kept = Supervisor([Service("one", SLEEP)], os.environ, print)
    threading.Timer(0.5, kept.stop).start()
    kept.run()
