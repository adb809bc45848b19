"""The safety net under the door: puts to Dagster what was submitted and claimed by nobody.

Belongs here: sweeping, within a tick's limits. Does not belong here: claims, tags and selection of a run
(resources.launch), what became of those who died with a claim (reconciler).
"""

# No postponed annotations here: Dagster inspects the annotation of a sensor's context argument itself.

import time
from datetime import timedelta

import dagster as dg
from sqlalchemy import func, select

from musicgen_assets.context.failures import TransientFailure
from musicgen_assets.jobs import COMPOSE
from musicgen_assets.partitions import VERSIONS
from resources.launch import Launch, claim_launch
from resources.registry import Registry, Request, open_registry, utc_now
from resources.registry.queries import open_requests
from resources.settings import get_settings

INTERVAL_S = 5
"""Dagster looks at a sensor no more often than this, whatever is asked for."""

GRACE_S = 2.0
"""A command line claims its own request within milliseconds, a launch within this: the sweep keeps out of their way."""

MOST_A_TICK = 100
IN_LINE_PER_RUN = 2
"""Runs that may wait in Dagster's own queue for each that may run at once: enough to keep its workers busy, few enough
that who comes late with a higher priority, or has had no song yet, does not stand behind a hundred others. The rest
waits in the registry."""
_RUNS_AT_ONCE = 4
"""Where the instance sets no limit."""
BUDGET_S = 20.0
"""A tick that takes longer than a minute is given up by Dagster with all it asked for."""


@dg.sensor(
    name="requests",
    job=COMPOSE,
    minimum_interval_seconds=INTERVAL_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Requests that were accepted and that nobody has begun: each becomes one run, by priority, users in "
    "turn, oldest first.",
)
def requests(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Claim what is open, as far as there is room in the queue, and ask for its runs."""
    registry = open_registry(get_settings())
    in_line, room = runs_in_line(context.instance), room_in_line(context.instance)
    launches = sweep(registry, most=min(MOST_A_TICK, room - in_line))
    if not launches:
        return dg.SkipReason(why_nothing(registry, in_line, room))
    return dg.SensorResult(
        run_requests=[run_request(launch) for launch in launches],
        dynamic_partitions_requests=[VERSIONS.build_add_request([launch.partition for launch in launches])],
    )


def runs_in_line(instance: dg.DagsterInstance) -> int:
    """How many runs of songs wait in Dagster's queue, or were asked for and have not reached it yet."""
    statuses = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED]
    return instance.get_runs_count(dg.RunsFilter(job_name=COMPOSE.name, statuses=statuses))


def room_in_line(instance: dg.DagsterInstance) -> int:
    """How many runs of songs may wait in Dagster's queue."""
    queue = instance.get_concurrency_config().run_queue_config
    at_once = queue.max_concurrent_runs if queue is not None else _RUNS_AT_ONCE
    return IN_LINE_PER_RUN * (at_once if at_once > 0 else MOST_A_TICK)


def sweep(
    registry: Registry, grace_s: float = GRACE_S, budget_s: float = BUDGET_S, most: int = MOST_A_TICK
) -> list[Launch]:
    """Claim requests that are open for longer than ``grace_s``, in their order, at most ``most``."""
    deadline = time.monotonic() + budget_s
    if most <= 0:
        return []
    with registry.reading() as session:
        waiting = [row.id for row in open_requests(session, utc_now() - timedelta(seconds=grace_s), most)]
    launches: list[Launch] = []
    for request_id in waiting:
        if time.monotonic() >= deadline:
            break
        try:
            launch = claim_launch(registry, request_id)
        except TransientFailure:
            if launches:  # what is claimed must be launched now; the rest can wait for the next tick
                break
            raise
        if launch is not None:  # else somebody took it since we looked
            launches.append(launch)
    return launches


def run_request(launch: Launch) -> dg.RunRequest:
    """The run that ``launch`` asks for."""
    selected = None if launch.assets is None else [dg.AssetKey(asset.split("/")) for asset in launch.assets]
    return dg.RunRequest(
        run_key=launch.run_key,
        job_name=COMPOSE.name,
        partition_key=launch.partition,
        tags=dict(launch.tags),
        asset_selection=selected,
    )


def why_nothing(registry: Registry, in_line: int = 0, room: int = MOST_A_TICK) -> str:
    """How many requests are open, and why none was put to Dagster now, whose queue holds ``in_line`` of ``room``."""
    with registry.reading() as session:
        counted = select(Request.status, func.count()).where(Request.status.in_(("submitted", "claimed")))
        counts = dict(session.execute(counted.group_by(Request.status)).tuples().all())
    claimed, submitted = counts.get("claimed", 0), counts.get("submitted", 0)
    if not claimed and not submitted:
        return "No request is open."
    parts = [f"{claimed} claimed: being made, or about to be"] if claimed else []
    if submitted and in_line >= room:
        parts.append(f"{submitted} waiting their turn behind the {in_line} runs in Dagster's queue")
    elif submitted:
        parts.append(f"{submitted} submitted within the last {GRACE_S:g} s: whoever submitted may still begin")
    return f"{claimed + submitted} open, nothing to do: {'; '.join(parts)}."
