"""A home of its own for every test in this room, and nothing of the machine's own settings."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from musicgen_assets.graph.job import Ref
from musicgen_assets.graph.manifest import Manifest, StoredRole
from resources.registry import Registry, Version
from resources.registry.queries import add_composition, add_version, ensure_user, record_materialization, record_result
from resources.settings import Settings, get_settings

VARIABLES = (
    "MUSICGEN_HOME", "DAGSTER_HOME", "MUSICGEN_REGISTRY_URL", "MUSICGEN_ARTIFACTS_URL", "MUSICGEN_SOUNDFONT",
    "MUSICGEN_MODEL_PATH", "SUNO_API_KEY", "UDIO_API_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "REDIS_URL",
    "CELERY_BROKER_URL", "S3_BUCKET", "MAX_WORKERS", "GENERATION_TIMEOUT", "ENABLE_CACHING",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def settings(tmp_path: Path, place: None) -> Settings:
    return get_settings(tmp_path / "home")


@pytest.fixture
def registry(settings: Settings) -> Iterator[Registry]:
    opened = Registry(settings.registry_url)
    yield opened
    opened.close()


@pytest.fixture
def version(registry: Registry) -> Version:
    """A first version, as the door would leave it."""
    with registry.session() as session:
        ensure_user(session, "local")
        add_composition(session, "sunny-river-k3f9a", "local", None)
        return add_version(session, "sunny-river-k3f9a", "r-1", 7)


def manifest_of(asset: str, *contents: bytes) -> Manifest:
    """A manifest whose roles hold ``contents``."""
    roles = [
        StoredRole.of(Ref(f"role{number}", "text/plain", hashlib.sha256(data).hexdigest(), len(data)))
        for number, data in enumerate(contents)
    ]
    return Manifest(asset=asset, content=tuple(roles))


@pytest.fixture
def materialize(registry: Registry) -> Callable[..., Manifest]:
    """Record an asset of a partition as made (or carried) with some content."""

    def record(
        partition: str, asset: str, text: str = "", *, carried_from: str | None = None, seconds: float = 1.0
    ) -> Manifest:
        manifest = manifest_of(asset, f"{asset}{text}".encode())
        key = hashlib.sha256(f"key of {asset}{text}".encode()).hexdigest()
        with registry.session() as session:
            record_result(session, key, asset, manifest, made_by=carried_from or partition, seconds=seconds)
            record_materialization(
                session, partition, asset, key=key, content_hash=manifest.content_hash, carried_from=carried_from,
                seconds=seconds,
            )  # fmt: skip
        return manifest

    return record
