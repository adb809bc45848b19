"""A failed check blocks a release by every route; a waiver lets it through and is written inside it.

The failure is real: a target of -6 LUFS cannot be reached with the dynamics that the gate asks for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from musicgen_assets.context.failures import BadInput
from musicgen_assets.definitions import build_defs
from musicgen_assets.execution import run_version
from resources.layout import open_instance
from resources.settings import get_settings
from resources.studio import Studio, open_studio
from support.cli import musicgen

pytestmark = [pytest.mark.song, pytest.mark.xdist_group("gate")]

ASK = (
    "compose", "calm solo piano", "--duration", "30", "--seed", "3",
    "--set", "technical.true_peak_ceiling_dbtp=-9", "--set", "technical.loudness_target_lufs=-6", "--json",
)  # fmt: skip


@pytest.fixture(scope="module")
def blocked_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gate") / "home"


@pytest.fixture(scope="module")
def blocked(blocked_home: Path) -> dict[str, Any]:
    said = musicgen(blocked_home, *ASK)
    assert said.code == 3, said.err + said.out
    return said.json


@pytest.fixture
def studio(blocked_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Studio]:
    monkeypatch.setenv("MUSICGEN_HOME", str(blocked_home))
    with open_studio(get_settings()) as studio:
        yield studio


def failed_checks(song: dict[str, Any]) -> list[str]:
    return [check["name"] for check in song["checks"] if not check["passed"]]


def test_a_run_stops_at_the_gate_and_says_which_check(blocked: dict[str, Any], blocked_home: Path) -> None:
    assert blocked["status"] == "stopped"
    assert failed_checks(blocked)
    assert blocked["release"] is None
    assert not (blocked_home / "releases" / blocked["partition"]).exists()
    release = next(row for row in blocked["stages"] if row["asset"] == "finalization/release")
    assert release["status"] == "pending"
    assert musicgen(blocked_home, "status", blocked["composition"], "--json").json["status"] == "stopped"


def test_launching_the_release_alone_is_refused(blocked: dict[str, Any], studio: Studio) -> None:
    """Dagster's blocking checks hold within a run only; the release reads the verdict itself."""
    instance = open_instance(studio.settings)
    report = run_version(studio, instance, blocked["partition"], assets=["finalization/release"])
    assert not report.is_success
    assert report.failed_assets == ("finalization/release",)
    assert failed_checks(blocked)[0] in report.failures[0]
    assert "musicgen waive" in report.failures[0]


def test_retrying_is_stopped_again(blocked: dict[str, Any], blocked_home: Path) -> None:
    assert musicgen(blocked_home, "retry", blocked["partition"], "--json").code == 3


def test_dagster_knows_the_failed_check_of_this_version(blocked: dict[str, Any], studio: Studio) -> None:
    instance = open_instance(studio.settings)
    key = dg.AssetCheckKey(dg.AssetKey(["mastering", "analysis"]), failed_checks(blocked)[0])
    record = instance.event_log_storage.get_asset_check_execution_history(key, limit=1)[0]
    assert record.event is not None
    evaluation = record.event.dagster_event.asset_check_evaluation_data
    assert not evaluation.passed
    assert evaluation.partition == blocked["partition"]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [(("no_such_check", "--why", "x"), "CHECK"), (("loudness", "--why", "  "), "--why")],
)
def test_a_waiver_needs_a_check_and_a_reason(
    blocked: dict[str, Any], blocked_home: Path, arguments: tuple[str, ...], field: str
) -> None:
    said = musicgen(blocked_home, "waive", blocked["partition"], *arguments)
    assert said.code == 2
    assert field in said.err


def test_with_a_waiver_it_is_released_and_says_so_inside(blocked: dict[str, Any], blocked_home: Path) -> None:
    for check in failed_checks(blocked):
        said = musicgen(
            blocked_home, "waive", blocked["partition"], check, "--why", "a study in loudness", "--who", "me"
        )
        assert said.code == 0, said.err
    released = musicgen(blocked_home, "retry", blocked["partition"], "--json")
    assert released.code == 0, released.err + released.out
    assert released.json["status"] == "released"
    directory = Path(released.json["release"]["directory"])
    metadata = json.loads((directory / "metadata.json").read_text())
    assert {waiver["check"] for waiver in metadata["waivers"]} == set(failed_checks(blocked))
    assert {waiver["why"] for waiver in metadata["waivers"]} == {"a study in loudness"}
    assert "a study in loudness" in (directory / "report.html").read_text()


def test_a_version_nobody_asked_for_is_refused(
    blocked_home: Path, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A partition made by hand in the UI bypasses the door: the registry does not know it, and nothing is made."""
    instance = open_instance(studio.settings)
    with pytest.raises(BadInput, match="hand-made"):
        run_version(studio, instance, "hand-made@v1", assets=["ideation/brief"])
    monkeypatch.setenv("MUSICGEN_HOME", str(blocked_home))
    instance.add_dynamic_partitions("versions", ["hand-made@v1"])
    job = build_defs().resolve_job_def("compose")
    launched = job.execute_in_process(instance=instance, partition_key="hand-made@v1", raise_on_error=False)
    assert not launched.success
    told = " ".join(str(event.event_specific_data) for event in launched.all_events)
    assert "there is no such composition" in told
    assert not launched.get_asset_materialization_events()
