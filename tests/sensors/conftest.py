"""A home with a registry, a Dagster instance of its own, and requests in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from musicgen_assets.context.request import CompositionRequest
from resources.door import Submission, submit
from resources.registry import Registry, Request, open_registry, utc_now
from resources.settings import Settings, get_settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Of a home that sensors find too, as they would in a deployment."""
    monkeypatch.setenv("MUSICGEN_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MUSICGEN_DAGSTER_URL", raising=False)
    return get_settings()


@pytest.fixture
def registry(settings: Settings) -> Registry:
    return open_registry(settings)


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp(str(tmp_path), overrides={"telemetry": {"enabled": False}}) as opened:
        yield opened


@pytest.fixture
def ask(registry: Registry, settings: Settings) -> Callable[..., Submission]:
    """Submit a request that was made ``age_s`` seconds ago."""

    def submitted(age_s: float = 60.0, **fields: Any) -> Submission:
        request = CompositionRequest(**{"prompt": "upbeat pop song with piano", **fields})
        submission = submit(registry, request, settings)
        with registry.session() as session:
            session.get_one(Request, submission.request_id).created_at = utc_now() - timedelta(seconds=age_s)
        return submission

    return submitted


@pytest.fixture
def row(registry: Registry) -> Callable[[Submission], Request]:
    """What the registry says of a request."""

    def of(submission: Submission) -> Request:
        with registry.reading() as session:
            return session.get_one(Request, submission.request_id)

    return of
