"""One song from prompt to release: complete, checked, repeatable to the byte, and never computed twice."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from musicgen_assets.graph.declarations import DECLARATIONS
from support.cli import ASK, PROMPT, Said, musicgen

pytestmark = [pytest.mark.song, pytest.mark.xdist_group("song")]

MADE_AFRESH = {"finalization/release"}
"""It holds the composition's id, so each composition has its own."""


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_json_is_one_object_and_nothing_else(first: Said) -> None:
    keys = {"composition", "version", "partition", "status", "stages", "checks", "context", "cost_usd", "release"}
    assert keys <= first.json.keys()
    assert first.out.count("\n") == 1


def test_every_asset_was_made(song: dict[str, Any]) -> None:
    assert song["status"] == "released"
    assert [row["asset"] for row in song["stages"]] == [declaration.key for declaration in DECLARATIONS]
    assert {row["status"] for row in song["stages"]} == {"made"}


def test_every_declared_check_was_measured_and_passed(song: dict[str, Any]) -> None:
    passed = {(row["asset"], row["name"]) for row in song["checks"] if row["passed"]}
    assert passed == {(declaration.key, name) for declaration in DECLARATIONS for name in declaration.checks}


def test_the_release_is_what_its_manifest_says(release: Path) -> None:
    manifest = json.loads((release / "manifest.json").read_text())
    listed = {row["path"]: row for row in manifest["files"]}
    on_disk = {str(path.relative_to(release)) for path in release.rglob("*") if path.is_file()}
    assert on_disk == listed.keys() | {"manifest.json"}
    for name, row in listed.items():
        assert sha256(release / name) == row["sha256"], name
    assert {"master.wav", "master.flac", "master.mp3", "score.mid", "metadata.json", "report.html"} <= on_disk


def test_stems_sum_to_the_mix_that_was_mastered(release: Path) -> None:
    import numpy as np
    import soundfile

    stems = [soundfile.read(path, dtype="float64")[0] for path in sorted((release / "stems").glob("*.flac"))]
    assert len(stems) >= 3
    master, rate = soundfile.read(release / "master.wav", dtype="float64")
    total = np.sum(stems, axis=0)
    assert len(total) == len(master) == 30 * rate
    likeness = np.corrcoef(total.ravel(), master.ravel())[0, 1]
    assert likeness > 0.9


def test_the_same_request_again_computes_nothing_before_finalization(home: Path, song: dict[str, Any]) -> None:
    again = musicgen(home, *ASK).json
    assert again["composition"] != song["composition"]
    computed = {row["asset"] for row in again["stages"] if not row["carried_from"]}
    assert computed == MADE_AFRESH
    assert {row["carried_from"] for row in again["stages"]} == {song["partition"], None}


def test_a_missing_object_is_made_again_and_nothing_else(home: Path, song: dict[str, Any]) -> None:
    stored = next((home / "artifacts").rglob(_content(home, song["partition"], "mixing/mix", "plan")))
    stored.unlink()
    again = musicgen(home, "retry", song["partition"], "--json")
    assert again.code == 0, again.err
    assert stored.exists()
    computed = {row["asset"] for row in again.json["stages"] if row["seconds"] > 0 and row["status"] == "made"}
    assert "production/take" not in computed


def test_a_corrupt_object_is_named_and_can_be_made_again(home: Path, song: dict[str, Any], tmp_path: Path) -> None:
    sha256 = _content(home, song["partition"], "finalization/release", "licence.txt")
    stored = next((home / "artifacts").rglob(sha256))
    whole = stored.read_bytes()
    stored.chmod(0o644)
    stored.unlink()
    stored.write_bytes(whole[:-1] + b"?")
    said = musicgen(home, "download", song["composition"], "--out", str(tmp_path / "mine"))
    assert said.code == 1
    assert "corrupt" in said.err
    assert sha256 in said.err
    assert not (tmp_path / "mine").exists()
    stored.unlink()
    assert musicgen(home, "retry", song["partition"], "--json").code == 0
    assert stored.read_bytes() == whole


def test_a_release_is_downloaded_whole(home: Path, song: dict[str, Any], release: Path, tmp_path: Path) -> None:
    target = tmp_path / "mine"
    said = musicgen(home, "download", song["composition"], "--out", str(target), "--json")
    assert said.code == 0, said.err
    assert {str(path.relative_to(target)) for path in target.rglob("*") if path.is_file()} == set(
        song["release"]["files"]
    )


def test_status_and_versions_tell_what_is_there(home: Path, song: dict[str, Any]) -> None:
    status = musicgen(home, "status", song["partition"], "--json").json
    assert status["partition"] == song["partition"]
    assert status["status"] == "released"
    tree = musicgen(home, "versions", song["composition"], "--json").json
    assert (tree["versions"][0]["number"], tree["versions"][0]["parent"]) == (1, None)  # others may have revised it
    assert PROMPT.split(maxsplit=1)[0]
    assert song["composition"] in musicgen(home, "status").out


def test_stopping_after_a_stage_waits_and_retry_goes_on(tmp_path: Path) -> None:
    home = tmp_path / "home"
    stopped = musicgen(home, "compose", PROMPT, "--duration", "30", "--seed", "5", "--until", "arrangement", "--json")
    assert stopped.code == 3, stopped.err
    assert stopped.json["status"] == "waiting"
    made = {row["stage"] for row in stopped.json["stages"] if row["status"] != "pending"}
    assert made == {"ideation", "composition", "arrangement"}
    shutil.rmtree(home)


def _content(home: Path, partition: str, asset: str, role: str) -> str:
    from resources.registry import Registry, queries

    registry = Registry(f"sqlite:///{home / 'registry.db'}")
    try:
        with registry.reading() as session:
            known = queries.latest_materialization(session, partition, asset)
    finally:
        registry.close()
    assert known is not None
    found = known.manifest.role(role)
    assert found is not None
    return found.sha256
