"""A home with a registry and an inbox to put files into."""

from __future__ import annotations

from pathlib import Path

import pytest

from resources.inbox.folder import Inbox
from resources.registry import Registry, open_registry
from resources.settings import Settings, get_settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("MUSICGEN_HOME", str(tmp_path / "home"))
    return get_settings()


@pytest.fixture
def registry(settings: Settings) -> Registry:
    return open_registry(settings)


@pytest.fixture
def folder(settings: Settings) -> Path:
    path = settings.home / "inbox"
    path.mkdir(parents=True)
    return path


@pytest.fixture
def inbox(settings: Settings) -> Inbox:
    return Inbox(settings.inbox_url)
