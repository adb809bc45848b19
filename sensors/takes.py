"""Goes on with takes that somebody left to the deployment: siblings once the first is resolved, order once one is kept.

Belongs here: when to look, what to say. Does not belong here: takes and wishes (resources.takes, takes_wanted), runs of
what is asked for here (the sensor "requests" takes them up).
"""

# No postponed annotations here: Dagster inspects the annotation of a sensor's context argument itself.

import dagster as dg

from resources.registry import open_registry
from resources.settings import get_settings
from resources.studio import open_studio
from resources.takes import takes_of
from resources.takes_wanted import ask_for_siblings, kept_and_released, put_others_away, waiting_firsts

INTERVAL_S = 5
"""Dagster looks at a sensor no more often than this, whatever is asked for."""


@dg.sensor(
    name="takes",
    minimum_interval_seconds=INTERVAL_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Asks for the siblings of first takes that are resolved, and puts others away once one is released.",
)
def takes(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Look once; runs are never asked for here."""
    settings = get_settings()
    registry = open_registry(settings)
    said = []
    for first in waiting_firsts(registry):
        asked, problems = ask_for_siblings(registry, settings, first)
        said.append(f"{first}: {len(asked)} more takes asked for")
        said += [str(problem) for problem in problems]
    kept = kept_and_released(registry)
    if kept:
        with open_studio(settings) as studio:
            for partition in kept:
                done = put_others_away(studio, context.instance, takes_of(registry, partition), partition)
                said.append(f"{partition} is kept, put away: {', '.join(done['archived']) or 'none'}")
                said += [f"{name} is left: {rule}" for name, rule in done["left"].items()]
    return dg.SkipReason(". ".join(said) or "No takes are waiting.")
