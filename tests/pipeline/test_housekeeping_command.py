"""musicgen housekeeping and restore as a person calls them: told first, then done, and said in numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from musicgen_assets.cli import main
from musicgen_assets.cli.housekeeping import NAMES
from musicgen_assets.context.request import CompositionRequest
from resources.door import submit
from resources.housekeeping.chores import ABOUT, CHORES
from resources.registry import Registry, open_registry, queries
from resources.settings import get_settings
from resources.store import ArtifactStore


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    monkeypatch.setenv("MUSICGEN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MUSICGEN_HOUSEKEEPING__GARBAGE_KEPT_HOURS", "0")
    return open_registry(get_settings())


def answer(*arguments: str) -> Any:
    result = CliRunner().invoke(main, [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_garbage_is_told_then_marked_then_freed(registry: Registry) -> None:
    store = ArtifactStore(get_settings().artifacts_url)
    store.put(b"nobody needs this")
    asked = ("housekeeping", "--only", "artifacts")
    told = [answer(*asked, "--dry-run"), answer(*asked), answer(*asked)]
    assert [one["is_dry_run"] for one in told] == [True, False, False]
    ((dry,), (first,), (second,)) = (one["chores"] for one in told)
    assert (dry["marked"], first["marked"], first["freed"], second["freed"]) == (1, 1, 0, 1)
    assert second["freed_bytes"] == len(b"nobody needs this")
    assert list(store.objects()) == []


def test_what_is_archived_is_restored_by_a_command(registry: Registry) -> None:
    partition = submit(registry, CompositionRequest(prompt="solo piano"), get_settings()).partition
    answer("archive", partition)
    assert answer("restore", partition)["versions"] == [partition]
    with registry.reading() as session:
        assert queries.get_version(session, partition).state == "cancelled", "as it was when it was put away"
    refused = CliRunner().invoke(main, ["restore", partition])
    assert refused.exit_code == 2
    assert "not archived" in refused.output


def test_every_chore_says_a_line(registry: Registry) -> None:
    assert list(NAMES) == list(CHORES) == list(ABOUT)
    said = CliRunner().invoke(main, ["housekeeping", "--dry-run"])
    assert said.exit_code == 0, said.output
    assert [line.split()[0] for line in said.output.splitlines() if not line.startswith(" ")] == list(NAMES)
