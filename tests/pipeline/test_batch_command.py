"""``musicgen batch`` as a person calls it: checked, made here, gone on with, shown, reported, packed."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select

from musicgen_assets.cli import main
from resources.layout import open_instance
from resources.registry import Request, open_registry
from resources.settings import get_settings

pytestmark = pytest.mark.xdist_group("batch")

TEXT = "name: evening\nseeds: 3\nuntil: ideation\nprompts: [solo piano, 'folk, with guitar']\n"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("batch")


@pytest.fixture(autouse=True)
def _home(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUSICGEN_HOME", str(place / "home"))


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["batch", *arguments], catch_exceptions=False)


def answer(*arguments: str, code: int = 0) -> Any:
    result = call(*arguments, "--json")
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def file(place: Path) -> Path:
    path = place / "evening.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def made(place: Path, file: Path) -> Any:
    """The batch, started and made in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MUSICGEN_HOME", str(place / "home"))
        return answer("start", str(file))


def runs() -> int:
    return open_instance(get_settings()).get_runs_count()


def requests() -> int:
    with open_registry(get_settings()).reading() as session:
        return session.execute(select(func.count()).select_from(Request)).scalar_one()


def test_what_is_wrong_is_told_and_nothing_is_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUSICGEN_HOME", str(tmp_path / "untouched"))
    bad = tmp_path / "bad.yaml"
    bad.write_text("prompts: [solo piano, {prompt: x y, musical.key: H}]", encoding="utf-8")
    error = answer("start", str(bad), code=2)["error"]
    assert error["field"] == "bad.yaml, prompts[2], musical.key"
    assert error["way_out"]
    assert answer("start", "no-such-file", code=2)["error"]["field"] == "FILE"
    told = call("start", str(bad), "--check")
    assert told.exit_code == 2
    with open_registry(get_settings()).reading() as session:
        assert session.execute(select(func.count()).select_from(Request)).scalar_one() == 0


def test_it_is_made_here_song_by_song(made: Any) -> None:
    assert (made["batch"], made["songs"], made["new"], made["is_new"]) == ("evening@1", 2, 2, True)
    assert (made["counts"], made["is_open"]) == ({"done": 2}, False)
    assert runs() == 2


def test_the_same_again_runs_nothing(made: Any, file: Path) -> None:
    before = runs()
    again = answer("start", str(file))
    assert (again["batch"], again["new"], again["known"], again["again"]) == ("evening@1", 0, 2, 0)
    assert answer("resume", "evening")["counts"] == {"done": 2}
    assert runs() == before


def test_a_changed_song_alone_is_made(made: Any, place: Path) -> None:
    before = runs()
    changed = place / "changed.yaml"
    changed.write_text(TEXT.replace("solo piano", "two pianos"), encoding="utf-8")
    told = answer("start", str(changed))
    assert (told["batch"], told["new"], told["known"], told["counts"]) == ("evening@2", 1, 1, {"done": 2})
    assert runs() == before + 1


def test_check_lists_the_songs_and_submits_none(made: Any, file: Path) -> None:
    before = requests()
    told = answer("start", str(file), "--check")
    assert [song["prompt"] for song in told["songs"]] == ["solo piano", "folk, with guitar"]
    assert "prompts[2]" in call("start", str(file), "--check").stdout
    assert requests() == before


def test_left_to_a_deployment_nothing_is_made_here_and_resume_makes_it(made: Any, place: Path) -> None:
    before = runs()
    path = place / "later.yaml"
    path.write_text(TEXT.replace("evening", "later") + "each_start: new\ncount: 1\n", encoding="utf-8")
    assert answer("start", str(path), "--detach", code=3)["counts"] == {"in line": 1}
    assert runs() == before
    assert answer("resume", "later")["counts"] == {"done": 1}
    assert runs() == before + 1


def test_it_is_shown_listed_and_reported(made: Any, tmp_path: Path) -> None:
    shown = answer("show", "evening@1")
    assert Counter(item["state"] for item in shown["items"]) == {"done": 2}
    assert "folk, with guitar" in call("show", "evening@1").stdout
    assert "evening@1" in [row["batch"] for row in answer("list")["batches"]]
    told = answer("report", "evening@1", "--out", str(tmp_path / "out"))
    assert [Path(name).name for name in told["files"]] == ["report.csv", "report.html"]
    assert all(Path(name).is_file() for name in told["files"])
    assert "2 songs: 2 done" in call("report", "evening@1").stdout
    assert "computed_s" in call("report", "evening@1").stdout
    assert answer("package", "evening@1", "--out", str(tmp_path), code=2)["error"]["rule"].startswith("none of its")
    assert answer("show", "evenin", code=2)["error"]["way_out"] == "Did you mean evening?"
