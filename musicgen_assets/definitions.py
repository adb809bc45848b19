"""The Dagster code location: the assets of the seven stages, their checks, housekeeping, and what runs them."""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from musicgen_assets.arrangement.assets import ASSETS as ARRANGEMENT
from musicgen_assets.batch_forms import BATCH_FORMS
from musicgen_assets.composition.assets import ASSETS as COMPOSITION
from musicgen_assets.finalization.assets import ASSETS as FINALIZATION
from musicgen_assets.forms import FORMS
from musicgen_assets.housekeeping import HOUSEKEEPING, HOUSEKEEPING_JOB
from musicgen_assets.ideation.assets import ASSETS as IDEATION
from musicgen_assets.jobs import COMPOSE
from musicgen_assets.mastering.assets import ASSETS as MASTERING
from musicgen_assets.mixing.assets import ASSETS as MIXING
from musicgen_assets.production.assets import ASSETS as PRODUCTION
from musicgen_assets.schedules import SCHEDULES, batch_schedules
from musicgen_assets.standing_checks import CHECKS, STANDING
from musicgen_assets.take_forms import TAKE_FORMS
from resources.executing import executing
from resources.io_manager import ManifestIOManager
from resources.settings import get_settings
from resources.studio import Studio, open_studio
from sensors import SENSORS

ALL_ASSETS = [*IDEATION, *COMPOSITION, *ARRANGEMENT, *PRODUCTION, *MIXING, *MASTERING, *FINALIZATION]


@dg.resource(description="Registry, artifact store and workers, opened from settings for one run.")
def studio_resource(context: dg.InitResourceContext) -> object:
    """A Studio for the run, closed when the run ends.

    A run of a version holds its lease meanwhile, and leaves the release in the home's folder as the CLI does.
    """
    with open_studio(get_settings()) as studio:
        run = context.run
        partition = run.tags.get("dagster/partition") if run is not None else None
        if run is None or partition is None or context.instance is None:
            yield studio
            return
        parents = [parent for parent in (run.parent_run_id, run.root_run_id) if parent]
        with executing(studio, context.instance, partition, run.run_id, run.tags, parents=parents):
            yield studio
        if studio.was_released_by(partition, run.run_id):
            studio.export(partition)


@dg.io_manager(required_resource_keys={"studio"}, description="Manifests per version and asset, in the registry.")
def manifest_io_manager(context: dg.InitResourceContext) -> dg.IOManager:
    """The IO manager over the run's studio."""
    studio: Studio = context.resources.studio
    return ManifestIOManager(studio.registry, studio.store, studio.progress)


def build_defs(studio: Studio | None = None, schedules: Sequence[dg.ScheduleDefinition] = ()) -> dg.Definitions:
    """Definitions over ``studio``, or over one opened from settings by each run, with further ``schedules``."""
    resource = studio_resource if studio is None else dg.ResourceDefinition.hardcoded_resource(studio)
    return dg.Definitions(
        assets=[*ALL_ASSETS, *HOUSEKEEPING],
        asset_checks=CHECKS,
        jobs=[COMPOSE, *FORMS, *BATCH_FORMS, *TAKE_FORMS, STANDING, HOUSEKEEPING_JOB],
        sensors=SENSORS,
        schedules=[*SCHEDULES, *schedules],
        executor=dg.in_process_executor,  # also for what is materialized by hand in the UI: see jobs.py
        resources={"studio": resource, "manifests": manifest_io_manager},
    )


defs = build_defs()


def deployment() -> dg.Definitions:
    """What a deployment loads: the definitions, and a schedule for each batch of its home that starts by the clock."""
    return build_defs(schedules=batch_schedules(get_settings()))
