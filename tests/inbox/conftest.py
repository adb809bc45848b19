"""A home with a registry and an inbox to put files into."""

from __future__ import annotations

from pathlib import Path

import pytest

from resources.inbox.folder import Inbox
from resources.registry import Registry, open_registry
from resources.settings import Settings, get_settings
from support.teams import BucketFile


@pytest.fixture
def settings(tmp_path: Path, place: None, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("MUSICGEN_HOME", str(tmp_path / "home"))
    return get_settings()


@pytest.fixture
def registry(settings: Settings) -> Registry:
    return open_registry(settings)


@pytest.fixture
def folder(settings: Settings, home_kind: str, request: pytest.FixtureRequest) -> Path | BucketFile:
    if home_kind == "team":
        return BucketFile(request.getfixturevalue("bucket"), settings.inbox_url.partition("://")[2].partition("/")[2])
    path = settings.home / "inbox"
    path.mkdir(parents=True)
    return path


@pytest.fixture
def inbox(settings: Settings) -> Inbox:
    return Inbox(settings.inbox_url)
