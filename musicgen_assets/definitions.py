"""The Dagster code location: assets of the seven stages, their checks, jobs and resources."""

from __future__ import annotations

import dagster as dg

from musicgen_assets.arrangement.assets import ASSETS as ARRANGEMENT
from musicgen_assets.composition.assets import ASSETS as COMPOSITION
from musicgen_assets.finalization.assets import ASSETS as FINALIZATION
from musicgen_assets.ideation.assets import ASSETS as IDEATION
from musicgen_assets.jobs import COMPOSE
from musicgen_assets.mastering.assets import ASSETS as MASTERING
from musicgen_assets.mixing.assets import ASSETS as MIXING
from musicgen_assets.production.assets import ASSETS as PRODUCTION
from resources.io_manager import ManifestIOManager
from resources.settings import get_settings
from resources.studio import Studio

ALL_ASSETS = [*IDEATION, *COMPOSITION, *ARRANGEMENT, *PRODUCTION, *MIXING, *MASTERING, *FINALIZATION]


@dg.resource(description="Registry, artifact store and workers, opened from settings for one run.")
def studio_resource(_context: dg.InitResourceContext) -> object:
    """A Studio for the run, closed when the run ends."""
    studio = Studio.open(get_settings())
    try:
        yield studio
    finally:
        studio.close()


@dg.io_manager(required_resource_keys={"studio"}, description="Manifests per version and asset, in the registry.")
def manifest_io_manager(context: dg.InitResourceContext) -> dg.IOManager:
    """The IO manager over the run's studio."""
    studio: Studio = context.resources.studio
    return ManifestIOManager(studio.registry, studio.store)


def build_defs(studio: Studio | None = None) -> dg.Definitions:
    """Definitions over ``studio``, or over one opened from settings by each run."""
    resource = studio_resource if studio is None else dg.ResourceDefinition.hardcoded_resource(studio)
    return dg.Definitions(
        assets=ALL_ASSETS,
        jobs=[COMPOSE],
        executor=dg.in_process_executor,  # also for what is materialized by hand in the UI: see jobs.py
        resources={"studio": resource, "manifests": manifest_io_manager},
    )


defs = build_defs()
