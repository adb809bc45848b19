"""Schedules: what Dagster does by the clock.

Belongs here: jobs and when they run. Does not belong here: what watches for events (sensors), what a job does.
"""

from __future__ import annotations

import logging

import dagster as dg

from musicgen_assets.batch_forms import START_OP, start_batch
from musicgen_assets.housekeeping import HOUSEKEEPING_JOB
from musicgen_assets.standing_checks import STANDING
from resources.batches.schedules import Looked, look_at
from resources.logging_setup import LOGGER
from resources.settings import Settings

LOOK_AT_ALL = dg.ScheduleDefinition(
    name="look_at_all_versions",
    job=STANDING,
    cron_schedule="*/5 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every five minutes: is any version failed and left so, or stuck?",
)

KEEP_HOUSE = dg.ScheduleDefinition(
    name="keep_house",
    job=HOUSEKEEPING_JOB,
    cron_schedule="40 3 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every night: partitions, old runs, objects that no version needs, what each user takes.",
)

SCHEDULES = [LOOK_AT_ALL, KEEP_HOUSE]

PREFIX = "batch_"
"""What the schedule of a batch is called before the batch's name."""


def batch_schedules(settings: Settings) -> list[dg.ScheduleDefinition]:
    """A schedule for each definition file of the home that names a time, as the folder is now.

    The file is read again at each tick, so that its songs may change meanwhile; its time, or another file, is seen when
    the code location is loaded again. A file that cannot be read has no schedule: the sensor "batches" says why.
    """
    found = []
    for looked in look_at(settings):
        if looked.problem:
            logging.getLogger(f"{LOGGER}.schedules").warning("%s is not scheduled: %s", looked.path, looked.problem)
        elif looked.definition is not None and looked.definition.schedule is not None:
            found.append(_schedule(looked))
    return found


def schedule_name(batch: str) -> str:
    """What the schedule of ``batch`` is called: Dagster's names have no hyphens."""
    return PREFIX + batch.replace("-", "_")


def _schedule(looked: Looked) -> dg.ScheduleDefinition:
    definition, file = looked.definition, looked.path.name
    if definition is None or definition.schedule is None:
        raise ValueError(f"{looked.path} names no time")

    def tick(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        moment = context.scheduled_execution_time.isoformat(timespec="seconds")
        config = {"ops": {START_OP: {"config": {"file": file, "occasion": moment}}}}
        return dg.RunRequest(run_key=f"{file} {moment}", run_config=config, tags={"batch": definition.name})

    return dg.ScheduleDefinition(
        name=schedule_name(definition.name),
        job=start_batch,
        cron_schedule=definition.schedule.cron,
        execution_timezone=definition.schedule.timezone,
        execution_fn=tick,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"Starts the batch {definition.name} from {looked.path}.",
    )
