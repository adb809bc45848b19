"""The studio: one object that holds what every entry point needs, opened from settings.

Belongs here: wiring registry, store, workers and runner together, and closing them. Does not belong here:
any rule of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from musicgen_assets.context.failures import Failure
from musicgen_assets.graph.declarations import Declaration
from musicgen_assets.graph.manifest import Manifest
from resources import leases
from resources.asking import EngineDesk
from resources.attempts import Attempts
from resources.layout import ensure_home
from resources.manifests import load_manifest
from resources.providers.adapters import ConfiguredAdapters
from resources.registry import Registry, open_registry, queries
from resources.registry.progress import Progress
from resources.release_export import export_release
from resources.routing import Routing
from resources.runner import CONTEXT_ASSET, Listener, Made, Runner
from resources.settings import Settings
from resources.state_machine import FailureKind, enter_stage, fail, transition
from resources.store import ArtifactStore
from resources.workers import WorkerPool

if TYPE_CHECKING:
    from resources.executing import Execution

RELEASE_ASSET = "finalization/release"


def routing_of(settings: Settings, registry: Registry) -> Routing:
    """The router's memory, over the engines that ``settings`` configure."""
    return Routing(
        registry, ConfiguredAdapters(settings), settings.routing, settings.budgets,
        settings.features.multi_provider_routing,
    )  # fmt: skip


@dataclass
class Studio:
    """Open connections to everything outside. Safe to share within one process."""

    settings: Settings
    registry: Registry
    store: ArtifactStore
    pool: WorkerPool
    runner: Runner
    execution: Execution | None = None
    """The run that this process is in the middle of."""

    @classmethod
    def open(cls, settings: Settings, listener: Listener | None = None) -> Studio:
        """Create the home where it is missing, bring the registry to head, and open all."""
        ensure_home(settings)
        registry = open_registry(settings)
        store = ArtifactStore(settings.artifacts_url)
        pool = WorkerPool(settings.max_workers, settings.artifacts_url, settings.limits.task_timeout_s)
        soundfont = str(settings.soundfont) if settings.soundfont else None
        routing = routing_of(settings, registry)
        attempts = Attempts(registry, routing, settings.generation_timeout_s, settings.limits.max_retries)
        desk = EngineDesk(registry, store, attempts)
        runner = Runner(registry, store, pool, soundfont, sampler=settings.sampler, routing=routing, desk=desk)
        if listener is not None:
            runner.listener = listener
        return cls(settings, registry, store, pool, runner)

    def make(
        self, declaration: Declaration, partition: str, upstreams: Mapping[str, Manifest], run_id: str = ""
    ) -> Made:
        """See Runner.make. The version enters the asset's stage, and fails there with it.

        Raises BadInput for a partition that the registry does not know: nobody asked for it; PermanentFailure when
        another run has the version by now.
        """
        with self.registry.session() as session:
            version = queries.get_version(session, partition)
            leases.require(session, version, run_id)
            enter_stage(session, version, declaration.stage, run_id)
        try:
            return self.runner.make(declaration, partition, upstreams)
        except Failure as failure:
            if not failure.is_retryable:
                self.failed(declaration, partition, str(failure), run_id)
            raise
        except Exception as error:
            # A defect: whatever it is, the version must say that it failed, and where.
            self.failed(declaration, partition, f"{type(error).__name__}: {error}", run_id)
            raise

    def failed(
        self,
        declaration: Declaration,
        partition: str,
        reason: str,
        run_id: str = "",
        failure: FailureKind = "permanent",
    ) -> None:
        """Write down that making an asset of ``partition`` failed, after all retries where those may help."""
        with self.registry.session() as session:
            fail(session, queries.get_version(session, partition), declaration.stage, reason, run_id, failure)

    def conclude(self, declaration: Declaration, partition: str, made: Made, run_id: str = "") -> None:
        """What an asset that was made means for its version: it waits at a failed check, it is released, or neither."""
        if declaration.key == CONTEXT_ASSET:
            self._keep_context(partition, made.manifest)
        waived = self.waivers(partition)
        stopped = [
            check.name
            for check in made.manifest.checks
            if not check.passed and check.is_blocking and check.name not in waived
        ]
        if stopped:
            self.move(partition, "waiting_for_approval", f"checks failed: {', '.join(stopped)}", run_id)
        elif declaration.key == RELEASE_ASSET:
            self.move(partition, "released", "", run_id)

    def move(self, partition: str, state: str, reason: str, run_id: str = "") -> None:
        """Move a version to ``state`` if it is not there."""
        with self.registry.session() as session:
            version = queries.get_version(session, partition)
            if version.state not in (state, "released"):
                transition(session, version, state, reason, run_id)

    def _keep_context(self, partition: str, manifest: Manifest) -> None:
        context = self.runner.load_context(manifest).model_dump(mode="json")
        with self.registry.session() as session:
            queries.record_context(session, partition, context)

    def waivers(self, partition: str) -> dict[str, str]:
        """Waived checks of a version: check to "who: why"."""
        with self.registry.reading() as session:
            return {row.check: f"{row.who}: {row.why}" for row in queries.waivers_of(session, partition)}

    def partition(self, text: str) -> str:
        """The partition of "COMPOSITION@vN", or of the newest version of "COMPOSITION". Raises BadInput."""
        with self.registry.reading() as session:
            return queries.resolve_version(session, text).partition

    def manifest(self, partition: str, asset: str) -> Manifest:
        """What a version has under an asset, objects checked. Raises MissingArtifact."""
        return load_manifest(self.registry, self.store, partition, asset)

    def release_directory(self, partition: str) -> Path | None:
        """Where the release of a version was put in this home, if it was."""
        directory = self.settings.releases / partition
        return directory if directory.is_dir() else None

    def was_released_by(self, partition: str, run_id: str) -> bool:
        """Whether ``partition`` is released and the run ``run_id`` made, or recorded again, what its release holds."""
        with self.registry.reading() as session:
            version = queries.get_version(session, partition)
            known = queries.latest_materialization(session, partition, RELEASE_ASSET)
        return version.state == "released" and known is not None and known.run_id == run_id

    def export(self, partition: str, directory: Path | None = None) -> Path:
        """Write the release into ``directory`` (default: the home's releases). Raises MissingArtifact, Failure."""
        target = directory if directory is not None else self.settings.releases / partition
        export_release(self.store, self.manifest(partition, "finalization/release"), target)
        return target.resolve()

    def export_zip(self, partition: str, target: Path) -> Path:
        """Write the release into the new ZIP file ``target``. Raises MissingArtifact, Failure."""
        from resources.release_zip import zip_release

        return zip_release(self.store, self.manifest(partition, "finalization/release"), target, partition)

    def progress(self) -> Progress | None:
        """How far the run is that this process is in the middle of; None where there is none."""
        if self.execution is None:
            return None
        return Progress(self.execution.pace.share, self.execution.pace.left_s)

    def close(self) -> None:
        """End the workers."""
        self.pool.close()


@contextmanager
def open_studio(settings: Settings, listener: Listener | None = None) -> Iterator[Studio]:
    """A Studio that is closed on leaving."""
    studio = Studio.open(settings, listener)
    try:
        yield studio
    finally:
        studio.close()
