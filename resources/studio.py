"""The studio: one object that holds what every entry point needs, opened from settings.

Belongs here: wiring registry, store, workers and runner together, and closing them. Does not belong here:
any rule of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from musicgen_assets.graph.declarations import Declaration
from musicgen_assets.graph.manifest import Manifest
from resources.layout import ensure_home
from resources.registry import Registry
from resources.runner import Listener, Made, Runner
from resources.settings import Settings
from resources.store import ArtifactStore
from resources.workers import WorkerPool


@dataclass
class Studio:
    """Open connections to everything outside. Safe to share within one process."""

    settings: Settings
    registry: Registry
    store: ArtifactStore
    pool: WorkerPool
    runner: Runner

    @classmethod
    def open(cls, settings: Settings, listener: Listener | None = None) -> Studio:
        """Create the home where it is missing, bring the registry to head, and open all."""
        ensure_home(settings)
        registry = Registry(settings.registry_url)
        store = ArtifactStore(settings.artifacts_url)
        pool = WorkerPool(settings.max_workers, settings.artifacts_url, settings.limits.timeout_per_task_s)
        soundfont = str(settings.soundfont) if settings.soundfont else None
        runner = Runner(registry, store, pool, soundfont)
        if listener is not None:
            runner.listener = listener
        return cls(settings, registry, store, pool, runner)

    def make(self, declaration: Declaration, partition: str, upstreams: Mapping[str, Manifest]) -> Made:
        """See Runner.make; also moves the version to the asset's stage."""
        return self.runner.make(declaration, partition, upstreams)

    def waivers(self, partition: str) -> dict[str, str]:
        """Waived checks of a version: check to "who: why"."""
        return {waiver.check: f"{waiver.who}: {waiver.why}" for waiver in self.registry.waivers_of(partition)}

    def close(self) -> None:
        """End the workers and close the registry."""
        self.pool.close()
        self.registry.close()


@contextmanager
def open_studio(settings: Settings, listener: Listener | None = None) -> Iterator[Studio]:
    """A Studio that is closed on leaving."""
    studio = Studio.open(settings, listener)
    try:
        yield studio
    finally:
        studio.close()
