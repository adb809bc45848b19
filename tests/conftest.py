"""Shared fixtures. tests/ itself is importable, so that helpers live in tests/support."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from support.cli import ASK, Said, musicgen  # after tests/ is on the path
from support.postgresql import PostgreSQL, server, why_not
from support.teams import Bucket, Team, bucket_server, make_template, why_no_bucket

TOGETHER = {
    "finalization": "release", "mastering": "release", "production": "sound", "mixing": "sound", "twins": "twins",
    "critic": "twins", "composition_tonal": "tonal", "composition_rhythm": "rhythm",
}  # fmt: skip
"""Folders whose tests share songs that are made once a process: each such group stays on one worker."""


BOTH = (
    "test_registry", "test_door", "test_door_versions", "test_store", "test_collecting", "test_inbox",
    "test_files_that_rows_name", "test_carrying", "test_takes", "test_takes_left_to_a_deployment",
)  # fmt: skip
"""Modules whose promises hold over SQLite and a disk, and over PostgreSQL and a bucket."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        group = TOGETHER.get(item.path.parent.name)
        if group is not None and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(group))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests that ask for a home of any kind run on a person's and on a team's, where their module is one of BOTH."""
    if "home_kind" not in metafunc.fixturenames or metafunc.module.__name__.rpartition(".")[2] not in BOTH:
        return
    if metafunc.definition.get_closest_marker("on_disk") is None:
        team = pytest.param("team", marks=pytest.mark.xdist_group("team"))
        metafunc.parametrize("home_kind", [pytest.param("disk"), team], indirect=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-snapshots", action="store_true", help="Write snapshots instead of comparing them.")
    parser.addoption("--save-pictures", metavar="DIR", default=None, help="Keep what the browser tests see.")


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test touches the checkout's home or reads the person's environment."""
    monkeypatch.setenv("MUSICGEN_HOME", str(tmp_path_factory.getbasetemp() / "home"))
    monkeypatch.delenv("DAGSTER_HOME", raising=False)


@pytest.fixture
def home_kind(request: pytest.FixtureRequest) -> str:
    """ "disk": SQLite and a folder; "team": PostgreSQL and a bucket."""
    return str(getattr(request, "param", "disk"))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    if reason := why_not():
        pytest.skip(reason)
    with server() as database:
        make_template(database)
        yield database


@pytest.fixture(scope="session")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    if reason := why_no_bucket():
        pytest.skip(reason)
    with bucket_server(tmp_path_factory.mktemp("swift")) as found:
        yield found


@pytest.fixture(scope="session")
def team(postgresql: PostgreSQL, bucket: Bucket) -> Team:
    return Team(postgresql, bucket)


@pytest.fixture
def place(home_kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What of the environment says where things are kept, for a home of that kind."""
    if home_kind == "disk":
        yield
        return
    team: Team = request.getfixturevalue("team")
    with team.place() as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield


# One song for every test that looks at a song: such tests are in the xdist group "song", on one worker.


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("song") / "home"


@pytest.fixture(scope="session")
def first(home: Path) -> Said:
    with pytest.MonkeyPatch.context() as patched:  # a module's team home may be what the environment says just now
        for name in ("MUSICGEN_REGISTRY_URL", "MUSICGEN_ARTIFACTS_URL"):
            patched.delenv(name, raising=False)
        return musicgen(home, *ASK)


@pytest.fixture(scope="session")
def song(first: Said) -> dict[str, Any]:
    assert first.code == 0, first.err
    return first.json


@pytest.fixture(scope="session")
def release(song: dict[str, Any]) -> Path:
    return Path(song["release"]["directory"])
