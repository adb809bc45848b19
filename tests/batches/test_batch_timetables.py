"""Definition files that name a time are started at it by Dagster; the form starts any; bad files are told, not run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from sqlalchemy import func, select, update

from musicgen_assets.batch_forms import START_OP
from musicgen_assets.definitions import deployment
from musicgen_assets.schedules import SCHEDULES, batch_schedules, schedule_name
from resources.batches.schedules import look_at_files
from resources.registry import Batch, Registry, Request, utc_now
from resources.settings import Settings
from sensors.batches import batches as sensor
from support.evening_batch import EVENING

NIGHTLY = EVENING + 'schedule: {cron: "0 3 * * *", timezone: Europe/Vienna}\n'
QUIET = {"console": {"config": {"log_level": "CRITICAL"}}}
Write = Callable[..., Path]


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    """One for all: what these tests ask is what the registry says."""
    place = tmp_path_factory.mktemp("dagster")
    with dg.DagsterInstance.local_temp(str(place), overrides={"telemetry": {"enabled": False}}) as opened:
        yield opened


def requests_in(registry: Registry) -> int:
    with registry.reading() as session:
        return session.execute(select(func.count()).select_from(Request)).scalar_one()


def run(instance: dg.DagsterInstance, config: dict[str, Any]) -> tuple[dg.ExecuteInProcessResult, dict[str, Any]]:
    """The run of the form, and what its op told."""
    job = deployment().resolve_job_def("start_batch")
    result = job.execute_in_process(
        run_config={"ops": {START_OP: {"config": config}}, "loggers": QUIET}, instance=instance, raise_on_error=False
    )
    found: dict[str, Any] = {}
    for event in result.all_events:
        if event.event_type_value == "STEP_OUTPUT":
            found = {name: value.value for name, value in event.step_output_data.metadata.items()}
        elif event.event_type_value == "STEP_FAILURE" and event.step_failure_data.user_failure_data is not None:
            data = event.step_failure_data.user_failure_data
            found = {name: value.value for name, value in data.metadata.items()} | {"said": data.description}
    return result, found


def test_each_file_that_names_a_time_is_a_schedule_of_the_deployment(settings: Settings, write: Write) -> None:
    write(NIGHTLY)
    write(EVENING.replace("evening", "by-hand"), "by-hand.yaml")
    write("prompts: [", "broken.yaml")
    write(NIGHTLY, "copy-of-evening.yaml")
    assert [schedule.name for schedule in batch_schedules(settings)] == ["batch_evening"]
    served = {schedule.name: schedule for schedule in deployment().get_repository_def().schedule_defs}
    assert served.keys() == {*(schedule.name for schedule in SCHEDULES), "batch_evening"}
    nightly = served["batch_evening"]
    assert (nightly.cron_schedule, nightly.execution_timezone) == ("0 3 * * *", "Europe/Vienna")
    assert nightly.default_status == dg.DefaultScheduleStatus.RUNNING
    assert schedule_name("late-evening") == "batch_late_evening"


def test_its_tick_starts_the_file_as_it_is_then(
    settings: Settings, registry: Registry, instance: dg.DagsterInstance, write: Write
) -> None:
    path = write(NIGHTLY)
    (schedule,) = batch_schedules(settings)
    write(NIGHTLY.replace("solo piano", "two pianos"))
    moment = datetime(2026, 12, 25, 2, tzinfo=UTC)
    context = dg.build_schedule_context(instance, scheduled_execution_time=moment)
    (asked,) = schedule.evaluate_tick(context).run_requests or []
    assert asked.run_key == f"{path.name} 2026-12-25T02:00:00+00:00"
    result, told = run(instance, asked.run_config["ops"][START_OP]["config"])
    assert result.success, told
    assert (told["batch"], told["songs"], told["new"], told["known"]) == ("evening@1", 6, 6, 0)
    assert "two pianos" in [row.data["prompt"] for row in told["list"].records]
    assert requests_in(registry) == 6
    _, again = run(instance, {"file": "evening"})
    assert (again["batch"], again["new"]) == ("evening@1", 0)


def test_the_form_takes_a_definition_too(registry: Registry, instance: dg.DagsterInstance) -> None:
    result, told = run(instance, {"definition": {"name": "typed", "prompts": ["solo piano"], "priority": 7}})
    assert result.success, told
    assert told["batch"] == "typed@1"
    with registry.reading() as session:
        assert session.scalars(select(Request)).one().priority == 7


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({}, "file"),
        ({"file": "evening", "definition": {"name": "x"}}, "file"),
        ({"file": "no-such-file"}, "FILE"),
        ({"file": "/etc/passwd"}, "FILE"),
        ({"file": "evening"}, "evening.yaml, prompts[2], musical.key"),
        ({"definition": {"name": "x", "prompts": [{"promt": "y"}]}}, "the form, prompts[1], promt"),
    ],
)
def test_what_is_wrong_fails_the_run_with_field_rule_and_way_out_and_starts_nothing(
    registry: Registry, instance: dg.DagsterInstance, write: Write, config: dict[str, Any], field: str
) -> None:
    write(NIGHTLY.replace("Eb", "H"))
    result, told = run(instance, config)
    assert not result.success
    assert told["field"] == field
    assert told["rule"]
    assert told["way_out"]
    assert requests_in(registry) == 0


def test_the_sensor_ends_what_is_overdue_and_says_what_is_wrong_with_files(
    settings: Settings, registry: Registry, instance: dg.DagsterInstance, write: Write
) -> None:
    write(NIGHTLY)
    served = deployment()

    def said() -> str:
        answer = sensor(dg.build_sensor_context(instance=instance, definitions=served))
        assert isinstance(answer, dg.SkipReason)
        return answer.skip_message or ""

    assert "No batch is overdue" in said()
    write(NIGHTLY + "deadline: 1h\n")
    run(instance, {"file": "evening"})
    with registry.session() as session:
        session.execute(update(Batch).values(deadline=utc_now() - timedelta(minutes=1)))
    write("prompts: [", "broken.yaml")
    told = said()
    assert "evening@1 is over: 6 of its songs were not begun" in told
    assert "broken.yaml" in told
    assert "evening.yaml" not in told
    write(NIGHTLY.replace("0 3 * * *", "0 4 * * *"))
    assert "evening.yaml starts at its time once the code location is loaded again" in said()
    files = {row["file"]: row for row in look_at_files(settings)}
    assert files["evening.yaml"]["starts"] == "starts at 0 4 * * * (Europe/Vienna)"
    assert "no YAML" in files["broken.yaml"]["problem"]
