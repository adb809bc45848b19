"""A song that is arranged, but does not sound yet, can be written out for musicians, in any key."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from musicgen_assets.cli import main
from musicgen_assets.finalization.exports import NAMES
from musicgen_assets.score.midi import read_midi

ASK = ("compose", "happy folk song with guitar in D major", "--seed", "4", "--duration", "30", "--json")


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def test_sheets_are_written_in_the_asked_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUSICGEN_HOME", str(tmp_path / "home"))
    song = json.loads(call(*ASK, "--until", "arrangement").stdout)["composition"]
    plain, moved = tmp_path / "plain", tmp_path / "moved"
    assert call("export", song, "--out", str(plain)).exit_code == 0
    told = json.loads(call("export", song, "--transpose", "-2", "--capo", "0", "--out", str(moved), "--json").stdout)
    assert told["key"] == "C"
    assert {path.name for path in moved.iterdir()} == set(NAMES)
    assert "{key: C}" in (moved / "song.cho").read_text()
    assert "Key: D major" in (plain / "chords.txt").read_text()
    before, after = (read_midi((folder / "score_quantized.mid").read_bytes()) for folder in (plain, moved))
    pitched = [name for name in before if name != "drums"]
    assert pitched
    assert all((before[name][:, 2] - after[name][:, 2] == 2).all() for name in pitched)
    refused = call("export", song, "--transpose", "40", "--out", str(tmp_path / "no"))
    assert refused.exit_code == 2
    assert "two octaves" in refused.stderr
    assert not (tmp_path / "no").exists()


def test_a_song_that_is_not_arranged_yet_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUSICGEN_HOME", str(tmp_path / "home"))
    song = json.loads(call(*ASK, "--until", "composition").stdout)["composition"]
    result = call("export", song, "--out", str(tmp_path / "out"))
    assert result.exit_code == 1
    assert "arrangement" in result.stderr
