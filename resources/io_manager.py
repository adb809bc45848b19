"""The IO manager: between Dagster's steps travel manifests, kept per version and asset in the registry.

Belongs here: publishing what a step made and handing it to the next, objects checked. Does not belong here:
bytes (store) and keys (runner).
"""

from __future__ import annotations

from collections.abc import Callable

import dagster as dg

from musicgen_assets.graph.manifest import Manifest
from resources.manifests import load_manifest
from resources.registry import Registry, queries
from resources.registry.progress import Progress
from resources.runner import Made
from resources.store import ArtifactStore


class ManifestIOManager(dg.IOManager):
    """Stores ``Made`` as the materialization of (partition, asset); loads ``Manifest``."""

    def __init__(
        self, registry: Registry, store: ArtifactStore, progress: Callable[[], Progress | None] = lambda: None
    ) -> None:
        self._registry = registry
        self._store = store
        self._progress = progress

    def handle_output(self, context: dg.OutputContext, obj: Made) -> None:
        """Make ``obj`` what this version has under this asset."""
        with self._registry.session() as session:
            queries.record_materialization(
                session,
                context.partition_key,
                "/".join(context.asset_key.path),
                key=obj.key,
                content_hash=obj.manifest.content_hash,
                carried_from=obj.carried_from,
                seconds=obj.seconds,
                run_id=context.run_id,
                inputs_key=obj.inputs_key or None,
                kept=obj.manifest if obj.is_kept else None,
                is_there=self._store.has,
                progress=self._progress(),
            )

    def load_input(self, context: dg.InputContext) -> Manifest:
        """The upstream's manifest. Raises MissingArtifact naming the asset or the object that is gone."""
        return load_manifest(self._registry, self._store, context.partition_key, "/".join(context.asset_key.path))
