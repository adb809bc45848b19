"""Reading manifests back: what a version has under an asset.

Belongs here: that look-up, without Dagster, so that commands that only look need not wait for its import. Does not
belong here: publishing manifests (the IO manager).
"""

from __future__ import annotations

from musicgen_assets.context.failures import MissingArtifact
from musicgen_assets.graph.manifest import Manifest
from resources.registry import Registry, queries
from resources.store import ArtifactStore


def load_manifest(registry: Registry, store: ArtifactStore, partition: str, asset: str) -> Manifest:
    """What ``partition`` has under ``asset``, every object checked to exist. Raises MissingArtifact."""
    with registry.reading() as session:
        known = queries.latest_materialization(session, partition, asset)
    if known is None:
        raise MissingArtifact(
            f"{asset} of {partition} has not been made.",
            way_out=f"Run the whole version: musicgen retry {partition}",
        )
    for role in known.manifest.content:
        if not store.has(role.sha256):
            raise MissingArtifact(
                f"{asset} of {partition}: its {role.role} ({role.sha256}) is not in the store.",
                way_out=f"Make it again: musicgen retry {partition}",
            )
    return known.manifest
