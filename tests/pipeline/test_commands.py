"""Commands that look: what they print for people and for programs, over a song stopped after composing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from musicgen_assets.cli import COMMANDS, main
from musicgen_assets.cli.output import lines
from musicgen_assets.cli.progress import ProgressLine
from musicgen_assets.graph.declarations import DECLARATIONS
from musicgen_assets.graph.estimates import EXPECTED_S, expected_s
from musicgen_assets.styles.loader import style_names

ASK = ("compose", "happy folk song with guitar", "--seed", "4", "--duration", "40", "--until", "composition")


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MUSICGEN_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_stopping_after_a_stage_prints_lines_for_people_and_waits(home: Path) -> None:
    result = call(*ASK)
    assert result.exit_code == 3, result.output
    assert "waiting" in result.stdout
    assert "folk" in result.stdout
    assert "seed 4" in result.stdout
    assert "100 %" in result.stderr
    assert "composition/melody" in result.stderr


def test_status_versions_and_json_agree(home: Path) -> None:
    song = json.loads(call(*ASK, "--json").stdout)
    assert song["status"] == "waiting"
    listed = json.loads(call("status", "--json").stdout)["compositions"]
    assert [row["partition"] for row in listed] == [song["partition"]]
    assert song["partition"] in call("status").stdout
    shown = json.loads(call("status", song["composition"], "--json").stdout)
    assert shown["context"] == song["context"]
    assert song["partition"] in call("status", song["partition"]).stdout
    tree = json.loads(call("versions", song["composition"], "--json").stdout)["versions"]
    assert [(row["number"], row["parent"], row["depth"]) for row in tree] == [(1, None, 0)]
    assert "seed 4" in call("versions", song["composition"]).stdout
    download = call("download", song["composition"], "--out", str(home.parent / "out"))
    assert download.exit_code == 1
    assert "has not been made" in download.stderr


def test_an_empty_home_says_how_to_begin(home: Path) -> None:
    assert "musicgen compose" in call("status").stdout


def test_words_from_a_file_are_sung(home: Path, tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("[Verse]\nThe river runs below the town\n[Chorus]\nCarry me down\n", encoding="utf-8")
    song = json.loads(call(*ASK, "--lyrics", str(words), "--json").stdout)
    assert song["context"]["creative"]["has_vocals"]
    assert "river" in song["context"]["creative"]["lyrics"]


def test_lyrics_that_are_too_long_are_refused(home: Path, tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("la la la\n" * 5000, encoding="utf-8")
    assert call(*ASK, "--lyrics", str(words)).exit_code == 2


def test_styles_are_listed(home: Path) -> None:
    listed = json.loads(call("styles", "--json").stdout)["styles"]
    assert [style["name"] for style in listed] == list(style_names())
    text = call("styles").stdout
    assert all(name in text for name in style_names())


def test_doctor_finds_this_installation_well(home: Path) -> None:
    rows = json.loads(call("doctor", "--json").stdout)["checks"]
    assert {"python", "registry", "soundfont"} <= {row["name"] for row in rows}
    assert not [row for row in rows if row["status"] == "error"]
    assert "registry" in call("doctor").stdout


def test_every_command_has_help() -> None:
    for command in COMMANDS:
        assert call(command, "--help").exit_code == 0


def test_progress_counts_to_a_hundred_by_expected_time(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressLine(DECLARATIONS, {}, is_quiet=False) as line:
        for declaration in DECLARATIONS:
            line(declaration.key, 0.0, "")
            line(declaration.key, 1.0, "made")
    told = capsys.readouterr().err.splitlines()
    assert len(told) == len(DECLARATIONS)
    shares = [int(row.split("%")[0]) for row in told]
    assert shares == sorted(shares)
    assert shares[-1] == 100


def test_every_asset_has_an_expectation_that_grows_with_length_and_yields_to_history() -> None:
    assert EXPECTED_S.keys() == {declaration.key for declaration in DECLARATIONS}
    take = next(declaration for declaration in DECLARATIONS if declaration.key == "production/take")
    assert expected_s(take, {}, 300.0) > expected_s(take, {}, 60.0)
    assert expected_s(take, {"production/take": 7.0}) == 7.0


def test_a_release_is_told_with_where_to_hear_it() -> None:
    summary = {
        "partition": "a@v1", "status": "released", "context": None, "stages": [], "release": {"directory": "/songs/a"},
        "checks": [{"name": "key", "passed": False, "waived": True, "measured": "C", "expected": "D"}],
    }  # fmt: skip
    told = "\n".join(lines(summary))
    assert "/songs/a/master.wav" in told
    assert "waived  key" in told
