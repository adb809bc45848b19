"""The sensor "reconciler": it puts right what the dead left, and says what it did."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import dagster as dg

from musicgen_assets.definitions import defs
from resources.door import Submission, claim
from resources.registry import Registry, Request, utc_now
from sensors.reconciler import reconciler


def tick(instance: dg.DagsterInstance) -> str:
    said = reconciler(dg.build_sensor_context(instance=instance, definitions=defs))
    assert isinstance(said, dg.SkipReason)
    return said.skip_message or ""


def test_where_nobody_died_nothing_is_done(instance: dg.DagsterInstance, registry: Registry) -> None:
    assert tick(instance) == "Nobody died: nothing to put right."


def test_a_launch_that_never_began_is_put_back_for_the_next_sweep(
    ask: Callable[..., Submission],
    registry: Registry,
    instance: dg.DagsterInstance,
    row: Callable[[Submission], Request],
) -> None:
    submission = ask()
    assert claim(registry, submission.request_id, "launch:gone")
    assert "Nobody died" in tick(instance)  # it may still begin
    with registry.session() as session:
        session.get_one(Request, submission.request_id).claimed_at = utc_now() - timedelta(seconds=90)
    said = tick(instance)
    assert submission.request_id in said
    assert (row(submission).status, row(submission).launches) == ("submitted", 1)


def test_it_watches_without_being_switched_on() -> None:
    assert reconciler.default_status is dg.DefaultSensorStatus.RUNNING
    assert reconciler.minimum_interval_seconds == 5
