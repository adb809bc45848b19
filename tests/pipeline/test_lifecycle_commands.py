"""rename, archive, delete and failed as a person calls them: what they say, what they refuse, what they leave."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from musicgen_assets.cli import lifecycle, main
from musicgen_assets.cli.failed import report_lines, trouble_lines
from musicgen_assets.context.request import CompositionRequest
from resources.door import claim, finish_request, submit
from resources.registry import Registry, queries
from resources.settings import get_settings
from resources.state_machine import fail, transition

ASK = ("compose", "happy folk song with guitar", "--seed", "4", "--until", "ideation", "--json")


def call(*arguments: str, **options: Any) -> Result:
    return CliRunner().invoke(main, list(arguments), **options)


def answer(*arguments: str, code: int = 0) -> Any:
    result = call(*arguments, "--json")
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MUSICGEN_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def registry(home: Path) -> Iterator[Registry]:
    opened = Registry(get_settings(home).registry_url)
    yield opened
    opened.close()


def ask(registry: Registry, home: Path) -> str:
    """A version that waits after ideation, without the run that would bring it there."""
    submission = submit(registry, CompositionRequest(prompt="a slow waltz", until="ideation"), get_settings(home))
    claim(registry, submission.request_id, "launch:token")
    finish_request(registry, submission.request_id, "waiting")
    with registry.session() as session:
        transition(session, queries.get_version(session, submission.partition), "waiting_for_approval", "as asked")
    return submission.partition


def break_down(registry: Registry, partition: str, reason: str = "no chords fit. Choose another key.") -> None:
    with registry.session() as session:
        version = queries.get_version(session, partition)
        transition(session, version, "ideation", run_id="run-1")
        fail(session, version, "ideation", reason, "run-1")


def test_a_song_gets_another_name_in_lists(home: Path, registry: Registry) -> None:
    partition = ask(registry, home)
    composition = partition.partition("@")[0]
    said = call("rename", composition, "Down by the river")
    assert said.exit_code == 0, said.output
    assert f"musicgen revise {composition} --title 'Down by the river'" in said.stdout
    told = answer("rename", composition, "Dusk")
    assert (told["title"], told["before"]) == ("Dusk", "Down by the river")
    assert "was “Dusk”" in call("rename", composition, "Dawn").stdout
    assert "Dawn" in call("status").stdout
    assert call("rename", composition, " ").exit_code == 2
    assert answer("rename", "no-song-xxxxx", "Dusk", code=2)["status"] == "rejected"


def test_a_version_is_put_away_and_never_run_again(home: Path, registry: Registry) -> None:
    partition = ask(registry, home)
    told = answer("archive", partition)
    assert (told["versions"], told["status"], told["is_whole"]) == ([partition], "archived", False)
    said = call("archive", partition.partition("@")[0])
    assert f"Archived: {partition}" in said.stdout
    assert answer("retry", partition, code=2)["error"]["rule"] == "it is archived"
    assert call("archive", "no-song-xxxxx").exit_code == 2


def test_deleting_needs_a_yes(home: Path, registry: Registry) -> None:
    partition = ask(registry, home)
    composition = partition.partition("@")[0]
    refused = answer("delete", composition, code=2)
    assert refused["error"]["field"] == "--yes"
    assert f"musicgen delete {composition} --yes" in call("delete", composition).stderr
    assert call("delete", partition, "--yes").exit_code == 2, "the only version goes with its composition"
    assert composition in call("status").stdout
    told = answer("delete", composition, "--yes")
    assert (told["versions"], told["left_behind"], told["status"]) == ([partition], [], "deleted")
    assert "shared" in told["note"]
    assert answer("delete", composition, "--yes", code=2)["status"] == "rejected"
    assert composition not in call("status").stdout


def test_on_a_terminal_it_asks_and_takes_no_for_an_answer(
    home: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ask(registry, home)
    with registry.session() as session:
        parent = queries.get_version(session, first)
        second = queries.add_version(session, parent.composition_id, parent.request_id, 1, parent).partition
        transition(session, queries.get_version(session, second), "cancelled")
    composition = first.partition("@")[0]
    monkeypatch.setattr(lifecycle, "is_terminal", lambda: True)
    said = call("delete", composition, input="n\n")
    assert said.exit_code == 0
    assert f"Delete {composition} with its 2 versions for good?" in said.stdout
    assert "Nothing was deleted." in said.stdout
    assert call("delete", first, input="y\n").exit_code == 2, "others were made from it: it does not even ask"
    said = call("delete", second, input="y\n")
    assert f"Delete {second} for good?" in said.stdout
    assert f"Deleted: {second}." in said.stdout
    assert first in call("status").stdout


def test_a_folder_that_stays_is_told(home: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    partition = ask(registry, home)
    (home / "releases" / partition).mkdir(parents=True)
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)
    said = call("delete", partition.partition("@")[0], "--yes")
    assert said.exit_code == 0
    assert str(home / "releases") in said.stderr


def test_nothing_wrong_is_one_line(home: Path, registry: Registry) -> None:
    assert call("failed").stdout == "Nothing failed and nothing is stuck.\n"
    assert answer("failed") == {"troubles": [], "waiting": []}
    partition = ask(registry, home)
    said = call("failed", partition)
    assert (said.exit_code, "nothing is wrong" in said.stdout, said.stdout.count("\n")) == (0, True, 1)


def test_what_failed_is_listed_explained_and_given_up(home: Path, registry: Registry) -> None:
    partition = ask(registry, home)
    break_down(registry, partition)
    listed = call("failed").stdout
    assert partition in listed
    assert "no chords fit. Choose another key." in listed
    assert f"Next: musicgen retry {partition}" in listed
    (row,) = answer("failed")["troubles"]
    assert (row["kind"], row["attempts"], row["run_id"]) == ("failed", 1, "run-1")
    explained = call("failed", partition).stdout
    for expected in ("run-1", "To make: ideation/brief", "Last events:", f"musicgen failed {partition} --abandon"):
        assert expected in explained
    assert answer("failed", partition)["trouble"]["reason"] == row["reason"]
    assert "given up" in call("failed", partition, "--abandon", "--why", "wrong words").stdout
    assert call("failed").stdout == "Nothing failed and nothing is stuck.\n"
    with registry.reading() as session:
        version = queries.get_version(session, partition)
        last = queries.events_of(session, version.composition_id)[-1]
    assert version.state == "cancelled"
    assert last.payload["reason"].endswith(": wrong words")
    assert answer("failed", partition, "--abandon", code=2)["status"] == "rejected"


def test_what_stopped_at_a_check_waits_for_somebody(home: Path, registry: Registry) -> None:
    partition = ask(registry, home)
    with registry.session() as session:
        version = queries.get_version(session, partition)
        transition(session, version, "ideation")
        transition(session, version, "waiting_for_approval", "checks failed: loudness")
    listed = call("failed").stdout
    assert listed.startswith("Nothing failed and nothing is stuck.\nWaiting for you:\n")
    assert f"musicgen waive {partition} CHECK --why TEXT" in listed
    explained = call("failed", partition).stdout
    assert "checks failed: loudness" in explained
    assert answer("failed", partition, "--abandon")["status"] == "cancelled"


@pytest.mark.parametrize(
    "arguments",
    [("--retry",), ("--abandon",), ("a-b-c@v1", "--retry", "--abandon"), ("a-b-c@v1", "--why", "x"), ("a-b-c@v1",)],
)
def test_what_makes_no_sense_is_refused(home: Path, arguments: tuple[str, ...]) -> None:
    assert answer("failed", *arguments, code=2)["status"] == "rejected"


def test_a_failed_version_is_retried_and_carries_what_was_made(home: Path, registry: Registry) -> None:
    song = json.loads(call(*ASK).stdout)
    partition = song["partition"]
    break_down(registry, partition)
    assert "Made, and carried by a retry: ideation/brief" in call("failed", partition).stdout
    again = answer("failed", partition, "--retry", code=3)
    assert (again["partition"], again["status"]) == (partition, "waiting")
    assert again["context"] == song["context"]
    assert call("failed").stdout == "Nothing failed and nothing is stuck.\n"


def test_every_kind_of_trouble_reads_well() -> None:
    row = {
        "partition": "a@v1", "kind": "silent", "stage": "mixing", "since": "2026-11-21T05:00:00+00:00", "attempts": 2,
        "reason": "", "can_retry_help": None, "next_steps": ["musicgen cancel a@v1"],
    }  # fmt: skip
    told = "\n".join(trouble_lines(row))
    assert "gives no sign of life in mixing since 2026-11-21 05:00:00 UTC, after 2 runs" in told
    assert "No reason was recorded." in told
    report = {
        "partition": "a@v1", "trouble": row, "waiting": None, "events": [], "made": [], "missing": [],
        "failed_checks": [{"name": "key", "measured": "C", "expected": "D"}],
        "calls": [{"task": "song", "provider": "suno", "status": "failed", "cost_usd": None, "error": "refused"}],
        "attempts": [{"from": "05:00", "run_id": "run-1", "came_to": "failed", "dagster_status": "FAILURE",
                      "broken": [{"asset": "mixing/mix", "failure": ""}]}],
    }  # fmt: skip
    told = "\n".join(report_lines(report))
    assert "broke: mixing/mix (a defect); Dagster: FAILURE" in told
    assert "song by suno: failed, ? USD refused" in told
    assert "FAILED  key: measured C, expected D" in told
