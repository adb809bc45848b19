"""Shared fixtures. tests/ itself is importable, so that helpers live in tests/support."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from support.cli import ASK, Said, musicgen  # after tests/ is on the path

TOGETHER = {
    "finalization": "release", "mastering": "release", "production": "sound", "mixing": "sound", "twins": "twins",
    "critic": "twins", "composition_tonal": "tonal", "composition_rhythm": "rhythm",
}  # fmt: skip
"""Folders whose tests share songs that are made once a process: each such group stays on one worker."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        group = TOGETHER.get(item.path.parent.name)
        if group is not None and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(group))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-snapshots", action="store_true", help="Write snapshots instead of comparing them.")
    parser.addoption("--save-pictures", metavar="DIR", default=None, help="Keep what the browser tests see.")


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test touches the checkout's home or reads the person's environment."""
    monkeypatch.setenv("MUSICGEN_HOME", str(tmp_path_factory.getbasetemp() / "home"))
    monkeypatch.delenv("DAGSTER_HOME", raising=False)


# One song for every test that looks at a song: such tests are in the xdist group "song", on one worker.


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("song") / "home"


@pytest.fixture(scope="session")
def first(home: Path) -> Said:
    return musicgen(home, *ASK)


@pytest.fixture(scope="session")
def song(first: Said) -> dict[str, Any]:
    assert first.code == 0, first.err
    return first.json


@pytest.fixture(scope="session")
def release(song: dict[str, Any]) -> Path:
    return Path(song["release"]["directory"])
