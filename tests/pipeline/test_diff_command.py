"""``musicgen diff``, ``versions`` and ``status --history`` over a real song and its revision."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from musicgen_assets.cli import main
from support.cli import Said, musicgen

pytestmark = pytest.mark.xdist_group("song")

BEFORE_MASTERING = (
    "composition/chord_progression", "composition/rhythm_pattern", "composition/lyrics", "composition/melody",
    "composition/bass_line", "arrangement/arrangement", "arrangement/vocal_line", "production/instrumentation",
    "production/preview", "production/take", "production/stems", "mixing/mix",
)  # fmt: skip


@pytest.fixture(scope="module")
def louder_home(home: Path, song: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The song's home, copied, with a louder second version, and a third that stopped after arranging."""
    copy = tmp_path_factory.mktemp("louder") / "home"
    shutil.copytree(home, copy)
    name = song["composition"]
    louder = musicgen(copy, "revise", f"{name}@v1", "--set", "technical.loudness_target_lufs=-10", "--json")
    assert louder.code == 0, louder.err
    rerolled = musicgen(copy, "revise", f"{name}@v1", "--reroll", "melody", "--until", "arrangement", "--json")
    assert rerolled.code == 3, rerolled.err
    return copy


def look(home: Path, *arguments: str) -> Said:
    """A command that only looks, in this process."""
    said = CliRunner(env={**os.environ, "MUSICGEN_HOME": str(home)}).invoke(main, list(arguments))
    return Said(said.exit_code, said.stdout, said.stderr)


def test_a_louder_revision_differs_in_context_mastering_and_loudness_alone(
    louder_home: Path, song: dict[str, Any]
) -> None:
    name = song["composition"]
    said = look(louder_home, "diff", f"{name}@v2", "--json")
    assert said.code == 0, said.err
    found = said.json
    assert (found["old"]["partition"], found["new"]["partition"]) == (f"{name}@v1", f"{name}@v2")
    assert [(row["path"], row["old"], row["new"]) for row in found["context"]] == [
        ("technical.loudness_target_lufs", -14.0, -10.0)
    ]
    status = {row["asset"]: row["status"] for row in found["artifacts"]}
    assert {status[asset] for asset in BEFORE_MASTERING} == {"same"}
    assert {status[asset] for asset in ("mastering/master", "mastering/analysis", "finalization/release")} == {
        "changed"
    }
    assert found["score"]["is_same"]
    assert found["lyrics"] == []
    loudness = next(row for row in found["measurements"] if row["name"] == "integrated_lufs")
    assert loudness["old"] == pytest.approx(-14.0, abs=1.0)
    assert loudness["new"] == pytest.approx(-10.0, abs=1.0)
    same = {row["name"] for row in found["measurements"] if row["is_same"]}
    assert {"duration_s", "melodic_score", "structural_score"} <= same
    release = next(row for row in found["artifacts"] if row["asset"] == "finalization/release")
    assert {role for role in release["same_roles"] if role.startswith("stems/")}
    assert not [row["role"] for row in release["roles"] if row["role"].startswith("stems/")]
    told = look(louder_home, "diff", f"{name}@v2").out
    assert "technical.loudness_target_lufs  -14 → -10" in told
    assert "mixing/mix" not in told
    assert "same: " in told


def test_a_rerolled_melody_differs_in_its_own_track_and_the_rest_plays_on(
    louder_home: Path, song: dict[str, Any]
) -> None:
    name = song["composition"]
    found = look(louder_home, "diff", f"{name}@v1", f"{name}@v3", "--json").json
    changed = [row["name"] for row in found["score"]["tracks"] if row["change"] != "same"]
    assert "melody" in changed
    assert "drums" not in changed
    only = [row["asset"] for row in found["artifacts"] if row["status"] == "only_old"]
    assert {"mixing/mix", "finalization/release"} <= set(only)
    assert found["measurements"] is None


def test_a_first_version_and_an_unknown_one_are_bad_input(louder_home: Path, song: dict[str, Any]) -> None:
    first = look(louder_home, "diff", f"{song['composition']}@v1", "--json")
    assert first.code == 2
    assert "parent" in first.json["error"]["message"]
    assert look(louder_home, "diff", f"{song['composition']}@v1", "no-such-song@v1").code == 2


def test_the_tree_and_the_history_tell_of_both_revisions(louder_home: Path, song: dict[str, Any]) -> None:
    name = song["composition"]
    rows = look(louder_home, "versions", name, "--json").json["versions"]
    assert [(row["number"], row["parent"], row["depth"]) for row in rows] == [
        (1, None, 0), (2, f"{name}@v1", 1), (3, f"{name}@v1", 1),
    ]  # fmt: skip
    assert {"number", "parent", "depth", "status", "change", "seed", "created_at"} <= rows[0].keys()
    assert rows[1]["loudness_lufs"] == pytest.approx(-10.0, abs=1.0)
    assert rows[2]["loudness_lufs"] is None
    told = look(louder_home, "versions", name).out.splitlines()
    assert [line.split()[0] for line in told] == [f"{name}@v1", "├─", "└─"]
    assert "loudness_target_lufs -14 → -10" in told[1]
    assert "re-rolled melody" in told[2]
    assert told[2].endswith("← newest")
    history = look(louder_home, "status", f"{name}@v3", "--history", "--json").json["history"]
    assert history[0]["what"].startswith("version created")
    assert "arrangement → waiting for approval" in [row["what"] for row in history]
    assert len(look(louder_home, "status", f"{name}@v3", "--history").out.splitlines()) == len(history) + 1
    shown = look(louder_home, "status", f"{name}@v3", "--json").json
    assert shown["running"] is None
    assert look(louder_home, "status", "--history").code == 2
    assert look(louder_home, "status", "--history", "--json").json["status"] == "rejected"
