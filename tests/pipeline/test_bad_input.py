"""Bad input gets one clear message naming field, value, rule and way out, exit code 2, before anything is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from musicgen_assets.cli import main

SONG = "a calm piano piece"

CASES = {
    "empty prompt": ([""], "prompt"),
    "blank prompt": (["   \n"], "prompt"),
    "over-long prompt": (["la " * 1700], "prompt"),
    "binary prompt": (["\x00\x01\x02"], "prompt"),
    "control character": (["a song\x07"], "prompt"),
    "no words": (["!!! ???"], "prompt"),
    "too short": ([SONG, "--duration", "29"], "technical.duration_s"),
    "too long": ([SONG, "--duration", "601"], "technical.duration_s"),
    "duration is no number": ([SONG, "--duration", "nan"], "technical.duration_s"),
    "too slow": ([SONG, "--set", "musical.tempo_bpm=39"], "musical.tempo_bpm"),
    "too fast": ([SONG, "--set", "musical.tempo_bpm=241"], "musical.tempo_bpm"),
    "too fast in words": (["a song at 300 bpm"], "musical.tempo_bpm"),
    "too long in words": (["a 20 minute song"], "technical.duration_s"),
    "unknown key": ([SONG, "--set", "musical.key=H#"], "musical.key"),
    "unknown style": ([SONG, "--style", "polkacore"], "musical.genres"),
    "style without weight": ([SONG, "--style", "pop=heavy"], "--style"),
    "style with zero weight": ([SONG, "--style", "pop=0"], "--style"),
    "unknown format": ([SONG, "--set", 'technical.formats=["aiff"]'], "technical.formats"),
    "unknown package": ([SONG, "--package", "films"], "--package"),
    "unknown package by path": ([SONG, "--set", 'technical.packages=["films"]'], "technical.packages"),
    "unknown path": ([SONG, "--set", "musical.keyy=C"], "--set"),
    "set without value": ([SONG, "--set", "musical.key"], "--set"),
    "contradictory meters": (["a song in 3/4 and 4/4"], "musical.time_signature"),
    "negative seed": ([SONG, "--seed", "-1"], "seed"),
    "lyrics without a voice": (
        ["an instrumental piece", "--set", "creative.lyrics=words to sing", "--set", "creative.has_vocals=false"],
        "creative.lyrics",
    ),
    "an instrument that was left out": (
        [SONG, "--set", 'musical.excluded_roles=["bass"]', "--set",
         'musical.instruments=[{"role": "bass", "name": "upright", "program": 32}]'],
        "musical.instruments",
    ),
    "release too large": (
        [SONG, "--duration", "600", "--set", "technical.sample_rate_hz=96000", "--set", "technical.bit_depth=32"],
        "technical",
    ),
}  # fmt: skip


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MUSICGEN_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def compositions(home: Path) -> int:
    return len(json.loads(call("status", "--json").stdout)["compositions"]) if home.exists() else 0


@pytest.mark.parametrize("case", CASES)
def test_it_is_refused_before_anything_is_written(case: str, home: Path) -> None:
    arguments, field = CASES[case]
    result = call("compose", "--json", "--", arguments[0]) if len(arguments) == 1 else call(
        "compose", *arguments, "--json"
    )  # fmt: skip
    assert result.exit_code == 2, result.output
    answer = json.loads(result.stdout)
    assert answer["status"] == "rejected"
    assert answer["error"]["field"].startswith(field)
    assert answer["error"]["rule"]
    assert answer["error"]["way_out"]
    assert "value" in answer["error"]
    assert compositions(home) == 0


def test_an_unknown_stage_is_refused_by_name(home: Path) -> None:
    result = call("compose", SONG, "--until", "polishing")
    assert result.exit_code == 2
    assert "polishing" in result.stderr
    assert "mastering" in result.stderr


@pytest.mark.parametrize("command", ["status", "versions", "download", "retry"])
def test_an_unknown_composition_is_refused(command: str, home: Path) -> None:
    result = call(command, "never-was-x1")
    assert result.exit_code == 2
    assert "never-was-x1" in result.stderr


def test_lyrics_that_are_no_text_are_refused(home: Path, tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_bytes(b"\xff\xfe\x00words")
    result = call("compose", SONG, "--lyrics", str(words), "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["error"]["field"] == "--lyrics"


def test_lyrics_that_are_missing_are_a_failure_of_the_environment(home: Path, tmp_path: Path) -> None:
    result = call("compose", SONG, "--lyrics", str(tmp_path / "none.txt"))
    assert result.exit_code == 1
    assert "none.txt" in result.stderr


def test_a_release_folder_that_is_not_empty_is_refused(home: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "precious.txt").write_text("mine")
    result = call("compose", SONG, "--out", str(tmp_path / "out"))
    assert result.exit_code == 2
    assert "not empty" in result.stderr
    assert (tmp_path / "out" / "precious.txt").read_text() == "mine"


def test_a_home_that_cannot_be_written_is_a_clear_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MUSICGEN_HOME", str(tmp_path / "file" / "home"))
    result = call("compose", SONG)
    assert result.exit_code == 1
    assert str(tmp_path / "file") in result.stderr
