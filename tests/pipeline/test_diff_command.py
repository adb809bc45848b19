"""``musicgen diff``, ``versions`` and ``status --history`` over a real song and its revision."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Revised:
    """A copy of the song's home, in which others may have revised it before, with two children of its first version."""

    home: Path
    first: str
    louder: str
    """The louder child's partition."""
    rerolled: str
    """That of a child with another melody, which stopped after arranging."""


@pytest.fixture(scope="module")
def revised(home: Path, song: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Revised:
    copy = tmp_path_factory.mktemp("louder") / "home"
    shutil.copytree(home, copy, ignore=shutil.ignore_patterns("up", "up.lock", "address"))  # a deployment may run on it
    first = song["partition"]
    louder = musicgen(copy, "revise", first, "--set", "technical.loudness_target_lufs=-10", "--json")
    assert louder.code == 0, louder.err
    rerolled = musicgen(copy, "revise", first, "--reroll", "melody", "--until", "arrangement", "--json")
    assert rerolled.code == 3, rerolled.err
    return Revised(copy, first, louder.json["partition"], rerolled.json["partition"])


def look(home: Path, *arguments: str) -> Said:
    """A command that only looks, in this process."""
    said = CliRunner(env={**os.environ, "MUSICGEN_HOME": str(home)}).invoke(main, list(arguments))
    return Said(said.exit_code, said.stdout, said.stderr)


def test_a_louder_revision_differs_in_context_mastering_and_loudness_alone(revised: Revised) -> None:
    said = look(revised.home, "diff", revised.louder, "--json")
    assert said.code == 0, said.err
    found = said.json
    assert (found["old"]["partition"], found["new"]["partition"]) == (revised.first, revised.louder)
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
    told = look(revised.home, "diff", revised.louder).out
    assert "technical.loudness_target_lufs  -14 → -10" in told
    assert "mixing/mix" not in told
    assert "same: " in told


def test_a_rerolled_melody_differs_in_its_own_track_and_the_rest_plays_on(revised: Revised) -> None:
    found = look(revised.home, "diff", revised.first, revised.rerolled, "--json").json
    changed = [row["name"] for row in found["score"]["tracks"] if row["change"] != "same"]
    assert "melody" in changed
    assert "drums" not in changed
    only = [row["asset"] for row in found["artifacts"] if row["status"] == "only_old"]
    assert {"mixing/mix", "finalization/release"} <= set(only)
    assert found["measurements"] is None


def test_a_first_version_and_an_unknown_one_are_bad_input(revised: Revised) -> None:
    first = look(revised.home, "diff", revised.first, "--json")
    assert first.code == 2
    assert "parent" in first.json["error"]["message"]
    assert look(revised.home, "diff", revised.first, "no-such-song@v1").code == 2


def test_the_tree_and_the_history_tell_of_both_revisions(revised: Revised) -> None:
    name = revised.first.partition("@")[0]
    rows = {row["partition"]: row for row in look(revised.home, "versions", name, "--json").json["versions"]}
    assert (rows[revised.first]["parent"], rows[revised.first]["depth"]) == (None, 0)
    for child in (revised.louder, revised.rerolled):
        assert (rows[child]["parent"], rows[child]["depth"]) == (revised.first, 1)
    assert {"number", "parent", "depth", "status", "change", "seed", "created_at"} <= rows[revised.first].keys()
    assert rows[revised.louder]["loudness_lufs"] == pytest.approx(-10.0, abs=1.0)
    assert rows[revised.rerolled]["loudness_lufs"] is None
    told = look(revised.home, "versions", name).out.splitlines()
    assert told[0].startswith(name)
    assert "loudness_target_lufs -14 → -10" in told[-2]
    assert "re-rolled melody" in told[-1]
    assert told[-1].lstrip().startswith("└─")
    assert told[-1].endswith("← newest")
    history = look(revised.home, "status", revised.rerolled, "--history", "--json").json["history"]
    assert history[0]["what"].startswith("version created")
    assert "arrangement → waiting for approval" in [row["what"] for row in history]
    assert len(look(revised.home, "status", revised.rerolled, "--history").out.splitlines()) == len(history) + 1
    shown = look(revised.home, "status", revised.rerolled, "--json").json
    assert shown["running"] is None
    assert look(revised.home, "status", "--history").code == 2
    assert look(revised.home, "status", "--history", "--json").json["status"] == "rejected"
