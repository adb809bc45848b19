"""Ends what batches did not begin by their deadline, and says what is wrong with definition files of the home.

Belongs here: when to look, what to say. Does not belong here: deadlines and files (resources.batches), starting batches
by the clock (musicgen_assets.schedules).
"""

# No postponed annotations here: Dagster inspects the annotation of a sensor's context argument itself.

import dagster as dg

from resources.batches.schedules import look_at
from resources.batches.starting import end_overdue
from resources.registry import open_registry
from resources.settings import get_settings

INTERVAL_S = 30


@dg.sensor(
    name="batches",
    minimum_interval_seconds=INTERVAL_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Gives up songs that their batch wanted begun by now, and looks for definition files that are wrong.",
)
def batches(_context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Look once; runs are never asked for here."""
    settings = get_settings()
    ended = end_overdue(open_registry(settings))
    said = [f"{batch} is over: {count} of its songs were not begun" for batch, count in ended.items()]
    said += [f"not scheduled: {looked.problem}" for looked in look_at(settings) if looked.problem]
    return dg.SkipReason(". ".join(said) or "No batch is overdue, and every definition file can be read.")
