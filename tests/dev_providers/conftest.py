"""A server for each test, and songs that they share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from support.dev_providers import Dev, running


@pytest.fixture(scope="session")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("songs")


@pytest.fixture
def dev(tmp_path: Path, songs: Path) -> Iterator[Dev]:
    """Answers every request with the same song, so that tests wait for it once."""
    with running(tmp_path / "providers", songs=songs, is_one_song=True) as found:
        yield found


@pytest.fixture
def composing(tmp_path: Path, songs: Path) -> Iterator[Dev]:
    """Writes each song as it is asked for."""
    with running(tmp_path / "composing", songs=songs) as found:
        yield found


Ask = Callable[..., httpx2.Response]


@pytest.fixture
def client() -> Iterator[httpx2.Client]:
    with httpx2.Client(timeout=120) as found:
        yield found


def bearer(dev: Dev, provider: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {dev.key(provider)}"}


@pytest.fixture
def at(dev: Dev, client: httpx2.Client) -> Callable[..., Ask]:
    """``at("kie")`` gives a function that sends a request of that provider with its key."""

    def of(provider: str, headers: dict[str, str] | None = None) -> Ask:
        def ask(method: str, path: str, **more: Any) -> httpx2.Response:
            sent = {**bearer(dev, provider), **(headers or {}), **more.pop("headers", {})}
            return client.request(method, f"{dev.base(provider)}{path}", headers=sent, **more)

        return ask

    return of
