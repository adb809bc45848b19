"""A team's home, in PostgreSQL and a bucket, does what a person's does: songs, revisions, queues, garbage, export."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.soak.symbolic import composed, symbolic_studio
from musicgen_assets.cli import main
from musicgen_assets.context.failures import BadInput, PermanentFailure, TransientFailure
from musicgen_assets.context.request import CompositionRequest
from resources import layout
from resources.door import submit
from resources.layout import open_instance
from resources.registry import Registry
from resources.settings import get_settings
from support.teams import Team

pytestmark = pytest.mark.xdist_group("team")

ASK = CompositionRequest(prompt="solo piano", seed=3, until="arrangement", overrides={"technical.duration_s": 30.0})


@pytest.fixture
def home(team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home whose everything lies elsewhere."""
    with team.whole_place() as environment:
        for name, value in {**environment, "MUSICGEN_HOME": str(tmp_path / "home")}.items():
            monkeypatch.setenv(name, value)
        yield tmp_path / "home"


def call(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(main, list(arguments))
    assert result.exit_code == code, result.output
    return result


def test_a_song_is_made_and_revised_and_nothing_of_it_is_kept_on_this_disk(home: Path) -> None:
    made = json.loads(call("compose", "solo piano", "--seed", "3", "--until", "ideation", "--json", code=3).stdout)
    song = made["composition"]
    again = call("revise", song, "--reroll", "melody", "--until", "ideation", "--json", code=3)
    assert json.loads(again.stdout)["version"] == 2
    rows = json.loads(call("versions", song, "--json").stdout)["versions"]
    assert [row["partition"] for row in rows] == [f"{song}@v1", f"{song}@v2"]
    with open_instance(get_settings()) as instance:
        assert sorted(run.tags["version"] for run in instance.get_runs()) == [f"{song}@v1", f"{song}@v2"]
        assert "Postgres" in type(instance.run_storage).__name__
    call("archive", song)
    chores = json.loads(call("housekeeping", "--json").stdout)["chores"]
    assert {chore["chore"] for chore in chores} == {"partitions", "runs", "artifacts", "budgets"}
    left = {str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()}
    assert left == {"dagster.lock", "dagster/dagster.yaml"}
    assert "127.0.0.1" not in (home / "dagster" / "dagster.yaml").read_text(), "addresses hold passwords"


def test_the_same_request_gives_the_same_bytes_in_either_kind_of_home(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def made_in(place: Path) -> Any:
        with symbolic_studio(place) as studio:
            return composed(studio, ASK)[1:]

    there = made_in(home)
    for name in ("MUSICGEN_REGISTRY_URL", "MUSICGEN_ARTIFACTS_URL", "MUSICGEN_DAGSTER_STORAGE_URL"):
        monkeypatch.delenv(name)
    assert [role for roles in there[1].values() for role in roles]
    own, context = made_in(tmp_path / "own"), there[0]
    assert own[0] == context
    mine, theirs = ({k: v for k, v in one[1].items() if k != "ideation/brief"} for one in (own, there))
    assert mine == theirs


def test_a_composition_goes_from_a_team_to_a_person(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = json.loads(call("compose", "solo piano", "--until", "ideation", "--json", code=3).stdout)
    call("export-tree", made["composition"], str(tmp_path / "theirs.tar"))
    for name in ("MUSICGEN_REGISTRY_URL", "MUSICGEN_ARTIFACTS_URL", "MUSICGEN_DAGSTER_STORAGE_URL"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("MUSICGEN_HOME", str(tmp_path / "own"))
    call("import-tree", str(tmp_path / "theirs.tar"))
    call("export-tree", made["composition"], str(tmp_path / "mine.tar"))
    assert (tmp_path / "mine.tar").read_bytes() == (tmp_path / "theirs.tar").read_bytes()


def test_a_database_that_was_killed_is_a_reason_to_try_again(home: Path, team: Team) -> None:
    settings = get_settings()
    registry = Registry(settings.registry_url)
    assert submit(registry, ASK, settings).is_new
    team.database.kill()
    with pytest.raises(TransientFailure, match="did not answer"):
        submit(registry, ASK, settings)
    team.database.start()
    assert submit(registry, ASK, settings).is_new, "the pool notices that its connections are dead"
    registry.close()


def test_dagster_and_registry_do_not_share_a_database(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = get_settings().registry_url
    for wrong in (address, f"{address}?sslmode=disable", "mysql://host/db"):
        monkeypatch.setenv("MUSICGEN_DAGSTER_STORAGE_URL", wrong)
        with pytest.raises(BadInput, match="dagster_storage_url"):
            get_settings()


def test_a_package_or_a_server_that_is_missing_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(layout, "find_spec", lambda name: None)
        with pytest.raises(PermanentFailure, match="dagster-postgres") as caught:
            open_instance(get_settings())
        assert "musicgen-assets[team]" in caught.value.way_out
    monkeypatch.setenv("MUSICGEN_DAGSTER_STORAGE_URL", "postgresql://ada:secret@127.0.0.1:1/dagster")
    with pytest.raises(TransientFailure, match="Dagster's storage") as away:
        open_instance(get_settings())
    assert "secret" not in str(away.value)
