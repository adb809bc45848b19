"""Ends what batches did not begin by their deadline, and says what is wrong with definition files of the home.

Belongs here: when to look, what to say. Does not belong here: deadlines and files (resources.batches), starting batches
by the clock (musicgen_assets.schedules).
"""

# No postponed annotations here: Dagster inspects the annotation of a sensor's context argument itself.

import dagster as dg

from musicgen_assets.schedules import schedule_name
from resources.batches.schedules import Looked, look_at
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
def batches(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Look once; runs are never asked for here."""
    settings = get_settings()
    ended = end_overdue(open_registry(settings))
    files = look_at(settings)
    said = [f"{batch} is over: {count} of its songs were not begun" for batch, count in ended.items()]
    said += [f"not scheduled: {looked.problem}" for looked in files if looked.problem]
    said += [f"{name} starts at its time once the code location is loaded again" for name in not_seen(context, files)]
    return dg.SkipReason(". ".join(said) or "No batch is overdue, and every definition file can be read.")


def not_seen(context: dg.SensorEvaluationContext, files: list[Looked]) -> list[str]:
    """Files whose time this code location does not know: they came, or changed it, after it was loaded."""
    repository = context.repository_def
    if repository is None:
        return []
    served = {
        schedule.name: (schedule.cron_schedule, schedule.execution_timezone) for schedule in repository.schedule_defs
    }
    timed = [(looked, looked.definition) for looked in files if looked.definition and looked.definition.schedule]
    return [
        looked.path.name
        for looked, definition in timed
        if definition.schedule is not None
        and served.get(schedule_name(definition.name)) != (definition.schedule.cron, definition.schedule.timezone)
    ]
