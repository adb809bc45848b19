"""A version stops where it is told to, however it is told, and goes on from there without making anything twice."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from resources.layout import open_instance
from resources.registry import Registry, queries
from resources.registry.models import Lease
from resources.settings import get_settings
from support.cli import MUSICGEN, PROMPT, musicgen

COMPOSITION = ("composition/chord_progression", "composition/melody", "composition/bass_line")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / "home"


def registry_of(home: Path) -> Registry:
    return Registry(get_settings(home).registry_url)


def statuses(summary: dict[str, Any]) -> dict[str, str]:
    return {row["asset"]: row["status"] for row in summary["stages"]}


def runs_of(home: Path, partition: str) -> list[dg.DagsterRun]:
    instance = open_instance(get_settings(home))
    return list(instance.get_runs(dg.RunsFilter(tags={"version": partition})))


def started(home: Path, *arguments: str) -> subprocess.Popen[str]:
    env = {**os.environ, "MUSICGEN_HOME": str(home)}
    return subprocess.Popen(
        [str(MUSICGEN), *arguments], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_for(condition: Callable[[], bool], seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.05)


def made_assets(home: Path) -> set[str]:
    if not (home / "registry.db").exists():
        return set()
    with registry_of(home).reading() as session:
        rows = queries.list_compositions(session).items
        return set(queries.materializations_of(session, f"{rows[0].id}@v1")) if rows else set()


def leases_in(home: Path) -> int:
    with registry_of(home).reading() as session:
        return session.query(Lease).count()


def test_until_advance_and_retry_each_make_only_what_is_missing(own: Path) -> None:
    first = musicgen(own, "compose", PROMPT, "--duration", "30", "--seed", "5", "--until", "ideation", "--json")
    assert first.code == 3, first.err
    assert first.json["status"] == "waiting"
    partition = first.json["partition"]
    second = musicgen(own, "advance", partition, "--json")
    assert second.code == 3, second.err
    assert statuses(second.json)["composition/melody"] == "made"
    assert statuses(second.json)["arrangement/arrangement"] == "pending"
    again = musicgen(own, "retry", partition, "--json")
    assert again.code == 3, again.err
    assert statuses(again.json) == statuses(second.json)
    with registry_of(own).reading() as session:
        history = queries.materialization_history(session, partition, "composition/melody")
        states = [
            event.payload["to"] for event in queries.events_of(session, first.json["composition"])
            if event.kind == "version.state"
        ]  # fmt: skip
    assert [row.seconds > 0 for row in history] == [True, False]
    again_and_on = ["ideation", "composition", "waiting_for_approval"]
    assert states == ["waiting_for_approval", *again_and_on, *again_and_on]
    assert len(runs_of(own, partition)) == 3  # none of them was swallowed
    refused = musicgen(own, "advance", partition, "--until", "ideation", "--json")
    assert refused.code == 2
    assert "already come" in refused.json["error"]["rule"]


@pytest.mark.parametrize("how", ["ctrl-c", "cancel", "dagster"])
def test_what_is_interrupted_is_cancelled_at_once_and_goes_on_where_it_was(own: Path, how: str) -> None:
    process = started(own, "compose", PROMPT, "--duration", "60", "--seed", "5", "--json")
    wait_for(lambda: "arrangement/arrangement" in made_assets(own))
    if how == "ctrl-c":
        process.send_signal(signal.SIGINT)
    elif how == "dagster":  # what its UI does to a run that no launcher of its own can reach
        instance = open_instance(get_settings(own))
        (run,) = instance.get_runs()
        instance.report_run_canceling(run)
    else:
        with registry_of(own).reading() as session:
            composition = queries.list_compositions(session).items[0].id
        assert musicgen(own, "cancel", composition).code == 0
    out, err = process.communicate(timeout=120)
    assert process.returncode == 3, err
    assert '"status": "cancelled"' in out
    assert "Traceback" not in err
    with registry_of(own).reading() as session:
        partition = f"{queries.list_compositions(session).items[0].id}@v1"
        assert queries.get_version(session, partition).state == "cancelled"
    assert leases_in(own) == 0
    (run,) = runs_of(own, partition)
    assert run.status == dg.DagsterRunStatus.CANCELED
    gone_on = musicgen(own, "retry", partition, "--until", "arrangement", "--json")
    assert gone_on.code == 3, gone_on.err
    with registry_of(own).reading() as session:
        for asset in COMPOSITION:
            history = queries.materialization_history(session, partition, asset)
            assert [row.seconds > 0 for row in history] == [True, False]


def test_a_killed_command_is_noticed_by_the_next_one_and_resumed(own: Path) -> None:
    process = started(own, "compose", PROMPT, "--duration", "60", "--seed", "5")
    wait_for(lambda: "composition/melody" in made_assets(own))
    process.kill()
    process.communicate()
    listed = musicgen(own, "status", "--json").json["compositions"]
    assert listed[0]["status"] == "failed"
    partition = listed[0]["partition"]
    told = musicgen(own, "failed", partition)
    assert f"musicgen retry {partition}" in told.out
    assert leases_in(own) == 0
    assert all(run.is_finished for run in runs_of(own, partition))
    gone_on = musicgen(own, "retry", partition, "--until", "composition", "--json")
    assert gone_on.code == 3, gone_on.err
    with registry_of(own).reading() as session:
        history = queries.materialization_history(session, partition, "composition/melody")
    assert [row.seconds > 0 for row in history] == [True, False]


def test_a_song_that_is_being_made_cannot_be_made_twice_at_once(own: Path) -> None:
    process = started(own, "compose", PROMPT, "--duration", "60", "--seed", "5", "--json")
    wait_for(lambda: "composition/melody" in made_assets(own))
    with registry_of(own).reading() as session:
        composition = queries.list_compositions(session).items[0].id
    second = musicgen(own, "retry", composition, "--json")
    shown = musicgen(own, "status", composition)
    musicgen(own, "cancel", composition)
    process.communicate(timeout=120)
    assert second.code == 2
    assert "being made" in second.json["error"]["rule"]
    assert "being made" in shown.out
