"""A home with a registry, a folder of definition files, and songs that are made by saying so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from resources.batches.definition import folder_of
from resources.door import claim, finish_request
from resources.registry import Registry, open_registry, queries
from resources.settings import Settings, get_settings
from resources.state_machine import transition


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("MUSICGEN_HOME", str(tmp_path / "home"))
    return get_settings()


@pytest.fixture
def registry(settings: Settings) -> Registry:
    return open_registry(settings)


@pytest.fixture
def write(settings: Settings) -> Callable[..., Path]:
    """Put a definition file into the home's folder."""

    def written(text: str, name: str = "evening.yaml") -> Path:
        path = folder_of(settings) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return written


@pytest.fixture
def end(registry: Registry) -> Callable[..., None]:
    """Bring a version to rest in some state, as its run would, and its request with it."""

    def ended(partition: str, state: str, reason: str = "") -> None:
        with registry.session() as session:
            version = queries.get_version(session, partition)
            request_id = version.request_id
            if state == "released":
                for stage in ("composition", "arrangement", "production", "mixing", "mastering", "finalization"):
                    transition(session, version, stage)
            transition(session, version, state, reason)
        claim(registry, request_id, "a test")
        outcome = {"released": "done", "waiting_for_approval": "waiting"}.get(state, state)
        finish_request(registry, request_id, outcome)  # type: ignore[arg-type]  # one of its outcomes

    return ended
