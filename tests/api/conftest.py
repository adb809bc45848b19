"""One server a module: tests bring songs of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.api_world import World, world


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("api") / "home") as made:
        yield made
