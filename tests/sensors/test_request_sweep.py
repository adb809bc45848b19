"""The sensor "requests": what nobody claimed is launched once, by priority, users in turn; nothing else is touched."""

from __future__ import annotations

from collections.abc import Callable

import dagster as dg
import pytest

from musicgen_assets.context.failures import TransientFailure
from musicgen_assets.definitions import defs
from musicgen_assets.graph.declarations import until
from resources.door import Submission, claim, finish_request, release_claim
from resources.executing import CLAIM_TAG, REQUEST_TAG
from resources.launch import claim_launch
from resources.registry import Registry, Request
from sensors.requests import MOST_A_TICK, room_in_line, runs_in_line, sweep
from sensors.requests import requests as sensor

Ask = Callable[..., Submission]


def tick(instance: dg.DagsterInstance) -> tuple[list[dg.RunRequest], list[str], str]:
    """What the sensor asks for: runs, partitions to add, and why nothing was asked for."""
    said = sensor(dg.build_sensor_context(instance=instance, definitions=defs))
    if isinstance(said, dg.SkipReason):
        return [], [], said.skip_message or ""
    assert isinstance(said, dg.SensorResult)
    added = [key for request in said.dynamic_partitions_requests or [] for key in request.partition_keys]
    return list(said.run_requests or []), added, ""


def test_what_nobody_claimed_becomes_a_run_of_its_version(
    ask: Ask, instance: dg.DagsterInstance, row: Callable[[Submission], Request]
) -> None:
    submission = ask(user="ada")
    (run,), added, _ = tick(instance)
    assert run.run_key == submission.request_id
    assert run.job_name == "compose"
    assert run.partition_key == submission.partition
    assert added == [submission.partition]
    assert run.asset_selection is None
    claimed_by = row(submission).claimed_by
    assert claimed_by is not None
    assert claimed_by.startswith("launch:")
    assert run.tags[CLAIM_TAG] == claimed_by
    assert run.tags[REQUEST_TAG] == submission.request_id
    assert run.tags["composition"] == submission.composition
    assert run.tags["version"] == submission.partition
    assert run.tags["user"] == "ada"
    assert run.tags["dagster/retry_strategy"] == "ALL_STEPS"


def test_a_claimed_request_is_not_launched_twice(ask: Ask, instance: dg.DagsterInstance) -> None:
    ask()
    assert len(tick(instance)[0]) == 1
    runs, added, why = tick(instance)
    assert (runs, added) == ([], [])
    assert why == "1 open, nothing to do: 1 claimed: being made, or about to be."


@pytest.mark.parametrize("who", ["cli:here:1:2.0", "launch:0123", "run:abc"])
def test_whoever_claimed_first_keeps_it(ask: Ask, registry: Registry, instance: dg.DagsterInstance, who: str) -> None:
    submission = ask()
    assert claim(registry, submission.request_id, who)
    assert tick(instance)[0] == []


def test_one_that_was_put_back_is_launched_again_under_another_key(
    ask: Ask, registry: Registry, instance: dg.DagsterInstance
) -> None:
    """Dagster skips a run key it has seen, silently: the second launch needs one of its own."""
    submission = ask()
    keys = []
    for _ in range(3):
        (run,), _, _ = tick(instance)
        keys.append(run.run_key)
        release_claim(registry, submission.request_id)
    assert keys == [submission.request_id, f"{submission.request_id}/1", f"{submission.request_id}/2"]


def test_a_fresh_request_is_left_to_whoever_submitted_it(ask: Ask, instance: dg.DagsterInstance) -> None:
    ask(age_s=0.0)
    runs, _, why = tick(instance)
    assert runs == []
    assert "1 open" in why
    assert "submitted within the last 2 s" in why


def test_nothing_open_is_said_so(ask: Ask, registry: Registry, instance: dg.DagsterInstance) -> None:
    finish_request(registry, ask().request_id, "done")
    assert tick(instance) == ([], [], "No request is open.")


def test_the_oldest_come_first(ask: Ask, instance: dg.DagsterInstance) -> None:
    asked = {age: ask(age_s=age).partition for age in (10.0, 300.0, 60.0)}
    assert [run.partition_key for run in tick(instance)[0]] == [asked[300.0], asked[60.0], asked[10.0]]


def test_a_higher_priority_goes_first_and_says_so_to_dagster(ask: Ask, instance: dg.DagsterInstance) -> None:
    asked = {priority: ask(age_s=100.0 - priority, priority=priority).partition for priority in (0, -5, 50)}
    runs = tick(instance)[0]
    assert [run.partition_key for run in runs] == [asked[50], asked[0], asked[-5]]
    assert [run.tags["dagster/priority"] for run in runs] == ["50", "0", "-5"]


def test_users_take_turns_and_who_is_served_already_waits(ask: Ask, registry: Registry) -> None:
    """A hundred songs of one user must not keep the one song of another waiting."""
    served = ask(age_s=900.0, user="ada")
    assert claim(registry, served.request_id, "run:1")
    many = [ask(age_s=500.0 - number, user="ada").partition for number in range(3)]
    bob, eve = ask(age_s=20.0, user="bob").partition, ask(age_s=10.0, user="eve").partition
    assert [launch.partition for launch in sweep(registry)] == [bob, eve, *many]


def test_the_queue_is_kept_short_so_that_the_registry_decides_who_is_next(
    ask: Ask, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sensors.requests.room_in_line", lambda _instance: 3)
    monkeypatch.setattr("sensors.requests.runs_in_line", lambda _instance: 2)
    first, late = ask(age_s=90.0).partition, ask(age_s=50.0, priority=9).partition
    assert [run.partition_key for run in tick(instance)[0]] == [late]
    monkeypatch.setattr("sensors.requests.runs_in_line", lambda _instance: 3)
    runs, _, why = tick(instance)
    assert runs == []
    assert "1 waiting their turn behind the 3 runs in Dagster's queue" in why
    monkeypatch.setattr("sensors.requests.runs_in_line", lambda _instance: 0)
    assert [run.partition_key for run in tick(instance)[0]] == [first]


def test_runs_in_dagsters_queue_are_counted(instance: dg.DagsterInstance) -> None:
    assert (runs_in_line(instance), room_in_line(instance) > 0) == (0, True)
    statuses = dg.DagsterRunStatus
    for status in (statuses.NOT_STARTED, statuses.NOT_STARTED, statuses.STARTED, statuses.SUCCESS):
        instance.create_run_for_job(defs.resolve_job_def("compose"), status=status)
    instance.create_run_for_job(defs.resolve_job_def("standing_checks"), status=statuses.NOT_STARTED)
    assert runs_in_line(instance) == 2


def test_a_stage_limited_request_covers_the_assets_up_to_it(ask: Ask, instance: dg.DagsterInstance) -> None:
    ask(until="composition")
    (run,), _, _ = tick(instance)
    selected = {"/".join(key.path) for key in run.asset_selection or ()}
    assert selected == {declaration.key for declaration in until("composition")}
    assert "arrangement/arrangement" not in selected


def test_a_tick_takes_no_more_than_it_can_ask_for(
    ask: Ask, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST_A_TICK == 100
    monkeypatch.setattr("sensors.requests.MOST_A_TICK", 2)
    partitions = [ask(age_s=100.0 - number).partition for number in range(5)]
    taken = [[run.partition_key for run in tick(instance)[0]] for _ in range(4)]
    assert taken == [partitions[:2], partitions[2:4], partitions[4:], []]


def test_a_slow_sweep_stops_claiming_when_its_time_is_over(ask: Ask, registry: Registry) -> None:
    ask()
    assert sweep(registry, budget_s=0.0) == []
    assert len(sweep(registry)) == 1


def test_a_registry_that_gets_busy_does_not_lose_what_was_claimed(
    ask: Ask, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = ask(age_s=100.0), ask(age_s=50.0)
    real = claim_launch
    calls: list[str] = []

    def busy_later(registry: Registry, request_id: str) -> object:
        calls.append(request_id)
        if len(calls) > 1:
            raise TransientFailure("busy")
        return real(registry, request_id)

    monkeypatch.setattr("sensors.requests.claim_launch", busy_later)
    assert [launch.partition for launch in sweep(registry)] == [first.partition]
    with pytest.raises(TransientFailure):
        sweep(registry)


def test_it_watches_without_being_switched_on() -> None:
    assert sensor.default_status is dg.DefaultSensorStatus.RUNNING
    assert sensor.minimum_interval_seconds == 5
