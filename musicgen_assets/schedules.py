"""Schedules: what Dagster does by the clock.

Belongs here: jobs and when they run. Does not belong here: what watches for events (sensors), what a job does.
"""

from __future__ import annotations

import dagster as dg

from musicgen_assets.housekeeping import HOUSEKEEPING_JOB
from musicgen_assets.standing_checks import STANDING

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
