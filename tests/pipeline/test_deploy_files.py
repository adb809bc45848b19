"""What deploy/ holds works: its databases are created, its Dagster configuration opens, its settings are settings."""

from __future__ import annotations

import configparser
import subprocess
from pathlib import Path

import click
import dagster as dg
import pytest
import yaml

from musicgen_assets.cli import main
from resources.registry import Registry
from resources.settings import Settings, get_settings
from support.teams import Team

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
UNITS = ("musicgen.service", "musicgen-api.service")


def variables() -> dict[str, str]:
    lines = (DEPLOY / "musicgen.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_the_settings_are_settings_and_no_secret_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables().items():
        monkeypatch.setenv(name, value)
    settings = get_settings()
    assert settings.registry_url == variables()["MUSICGEN_REGISTRY_URL"]
    assert settings.inbox_url == "s3://BUCKET/inbox"
    assert settings.secret_values() == ("PASSWORD", "PASSWORD")
    assert "PASSWORD" not in repr(settings)
    ours = {name for name in variables() if name.startswith("MUSICGEN_")}
    assert ours <= {f"MUSICGEN_{name.upper()}" for name in Settings.model_fields}


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_runs_a_command_there_is(name: str) -> None:
    unit = configparser.ConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read(DEPLOY / name)
    program, *asked = unit["Service"]["ExecStart"].split()
    assert Path(program).name == "musicgen"
    command = main.get_command(click.Context(main), asked[0])
    assert command is not None
    assert set(asked[1:]) <= {text for option in command.params for text in option.opts}


def test_the_dagster_file_is_the_projects_with_another_storage() -> None:
    own, project = (yaml.safe_load(path.read_text()) for path in (DEPLOY / "dagster.yaml", ROOT / "dagster.yaml"))
    assert own.pop("storage") == {"postgres": {"postgres_url": {"env": "MUSICGEN_DAGSTER_STORAGE_URL"}}}
    assert own == project


@pytest.mark.xdist_group("team")
def test_the_databases_serve_registry_and_dagster(team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = (DEPLOY / "postgresql.sql").read_text()
    for statement in script.split(";"):
        lines = [line for line in statement.splitlines() if line and not line.startswith("--")]
        if lines and "CREATE ROLE" not in statement:  # that role runs the server of the tests
            team.database.run("\n".join(lines))
    Registry(team.database.url("musicgen")).close()
    (tmp_path / "dagster.yaml").write_text((DEPLOY / "dagster.yaml").read_text())
    monkeypatch.setenv("MUSICGEN_DAGSTER_STORAGE_URL", team.database.url("musicgen_dagster"))
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        instance.add_dynamic_partitions("versions", ["a-song-aaaaa@v1"])
        assert instance.has_dynamic_partition("versions", "a-song-aaaaa@v1")
    for name in ("musicgen", "musicgen_dagster"):
        team.database.run(f"DROP DATABASE {name} WITH (FORCE)")


def test_every_file_of_the_folder_is_told_of() -> None:
    readme = (DEPLOY / "README.md").read_text()
    for path in DEPLOY.iterdir():
        assert path.name == "README.md" or f"`{path.name}`" in readme, path.name


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_is_one_that_systemd_reads(name: str) -> None:
    try:
        told = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", str(DEPLOY / name)],
            capture_output=True, text=True, timeout=30,
        )  # fmt: skip
    except FileNotFoundError:
        pytest.skip("not run: systemd-analyze is not installed")
    wrong = [line for line in told.stderr.splitlines() if "Unknown" in line or "Invalid" in line]
    assert wrong == []
