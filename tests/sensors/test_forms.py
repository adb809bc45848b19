"""The forms in the UI: their fields are the request's, they go through the one door, and they say where the song is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dagster as dg
import pytest
from pydantic import BaseModel
from sqlalchemy import func, select

from musicgen_assets import forms
from musicgen_assets.context.failures import TransientFailure
from musicgen_assets.context.request import CompositionRequest, RevisionRequest, parse_styles
from musicgen_assets.definitions import defs
from musicgen_assets.forms import NewSong, ReviseSong
from resources.door import Submission
from resources.executing import REQUEST_TAG
from resources.registry import Registry, Request

PROMPT = "upbeat pop song with piano"
SHORTCUTS = {"duration_s", "styles", "lyrics"}
"""Fields of the form that are overrides of the request, as on the command line."""

NEVER_FILLED_IN = {"kind", "understood"}
"""Which request it is, and what words were taken for: the first is the form, the second follows from what is said."""


def defaults(model: type[BaseModel]) -> dict[str, Any]:
    found = {}
    for name, field in model.model_fields.items():
        value = "required" if field.is_required() else field.get_default(call_default_factory=True)
        found[name] = list(value) if isinstance(value, tuple) else value
    return found


@pytest.mark.parametrize(
    ("form", "request_", "shortcuts"), [(NewSong, CompositionRequest, SHORTCUTS), (ReviseSong, RevisionRequest, set())]
)
def test_the_fields_are_those_of_the_request(
    form: type[BaseModel], request_: type[BaseModel], shortcuts: set[str]
) -> None:
    asked = {name: value for name, value in defaults(form).items() if name not in shortcuts}
    wanted = {name: value for name, value in defaults(request_).items() if name not in NEVER_FILLED_IN}
    assert asked == wanted
    assert all(field.description for field in form.model_fields.values())


def test_a_form_becomes_the_same_request_as_the_command_line() -> None:
    form = NewSong(
        prompt=PROMPT, duration_s=45.0, seed=7, styles=["house=3", "jazz_swing"], lyrics="la la", title="Song",
        until="mixing", overrides={"musical.key": "C", "technical.duration_s": 50}, user="ada", idempotency_key="k",
    )  # fmt: skip
    assert form.request() == CompositionRequest(
        prompt=PROMPT, seed=7, title="Song", until="mixing", user="ada", idempotency_key="k",
        overrides={
            "technical.duration_s": 50, "musical.genres": parse_styles(["house=3", "jazz_swing"]),
            "creative.lyrics": "la la", "musical.key": "C",
        },
    )  # fmt: skip


def test_a_change_becomes_a_revision() -> None:
    form = ReviseSong(version="a-song@v1", overrides={"musical.tempo_bpm": 90}, rerolls=["melody"], is_refresh=True)
    assert form.request() == RevisionRequest(
        version="a-song@v1", overrides={"musical.tempo_bpm": 90}, rerolls=("melody",), is_refresh=True
    )


def run(
    job: str, op: str, config: dict[str, Any], instance: dg.DagsterInstance
) -> tuple[dg.ExecuteInProcessResult, dict[str, Any]]:
    """The run of a form, and the metadata of what its op yielded."""
    result = defs.resolve_job_def(job).execute_in_process(
        run_config={"ops": {op: {"config": config}}, "loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        instance=instance,
        raise_on_error=False,
    )
    found: dict[str, Any] = {}
    for event in result.all_events:
        if event.event_type_value == "STEP_OUTPUT":
            found = {name: value.value for name, value in event.step_output_data.metadata.items()}
        elif event.event_type_value == "STEP_FAILURE":
            data = event.step_failure_data.user_failure_data
            assert data is not None
            found = {name: value.value for name, value in data.metadata.items()} | {"said": data.description}
    return result, found


def requests_in(registry: Registry) -> int:
    with registry.reading() as session:
        return session.execute(select(func.count()).select_from(Request)).scalar_one()


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """A deployment that takes every request as run "run-1"."""
    taken: list[tuple[str, str]] = []

    def launch(_settings: object, request_id: str, partition: str) -> str:
        taken.append((request_id, partition))
        return "run-1"

    monkeypatch.setattr(forms, "launch", launch)
    return taken


def test_a_form_ends_with_links_to_the_run_that_makes_the_song(
    registry: Registry, instance: dg.DagsterInstance, launched: list[tuple[str, str]]
) -> None:
    result, told = run("new_song", "submit_song", {"prompt": PROMPT, "seed": 5}, instance)
    assert result.success
    ((request_id, partition),) = launched
    assert told == {
        "partition": partition, "seed": 5, "request": request_id, "run": "/runs/run-1", "run that makes it": "run-1",
        "release": f"/assets/finalization/release?view=partitions&partition={partition}",
    }  # fmt: skip
    assert requests_in(registry) == 1


@pytest.mark.parametrize(
    ("config", "field", "rule"),
    [
        ({"prompt": "  "}, "prompt", "empty"),
        ({"prompt": PROMPT, "overrides": {"musical.tempo_bpm": 9000}}, "musical.tempo_bpm", "less than"),
        ({"prompt": PROMPT, "overrides": {"musical.temper": 1}}, "overrides", ""),
        ({"prompt": PROMPT, "styles": ["house=-1"]}, "styles", "weight above 0"),
        ({"prompt": PROMPT, "title": ""}, "title", "at least 1 character"),
        ({"prompt": PROMPT, "seed": -4}, "seed", "greater than or equal"),
    ],
)
def test_bad_input_is_a_failure_with_field_rule_and_way_out(
    registry: Registry, instance: dg.DagsterInstance, config: dict[str, Any], field: str, rule: str
) -> None:
    result, told = run("new_song", "submit_song", config, instance)
    assert not result.success
    assert told["field"] == field
    assert rule in told["rule"]
    assert told["way_out"]
    assert told["said"]
    assert requests_in(registry) == 0
    assert not [event for event in result.all_events if event.event_type_value == "STEP_UP_FOR_RETRY"]


def test_a_value_of_the_wrong_type_does_not_even_start(instance: dg.DagsterInstance) -> None:
    with pytest.raises(dg.DagsterInvalidConfigError, match="until"):
        run("new_song", "submit_song", {"prompt": PROMPT, "until": "encore"}, instance)


def test_where_no_run_begins_the_form_says_who_will_begin_it(
    registry: Registry, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forms, "launch", lambda *_: None)
    monkeypatch.setattr(forms, "PATIENCE_S", 0.3)
    result, told = run("new_song", "submit_song", {"prompt": PROMPT}, instance)
    assert result.success
    assert "the sensor requests does it within seconds" in told["run"]
    assert told["partition"].endswith("@v1")


def test_the_run_that_the_sensor_began_is_found(
    registry: Registry, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []

    def sensor_begins(_settings: object, request_id: str, _partition: str) -> None:
        run_ = instance.create_run_for_job(
            defs.resolve_job_def("standing_checks"), tags={REQUEST_TAG: request_id, "dagster/note": "by the sensor"}
        )
        begun.append(run_.run_id)

    monkeypatch.setattr(forms, "launch", sensor_begins)
    _, told = run("new_song", "submit_song", {"prompt": PROMPT}, instance)
    assert told["run that makes it"] == begun[0]


def test_the_same_key_is_the_same_song(
    registry: Registry, instance: dg.DagsterInstance, launched: list[tuple[str, str]]
) -> None:
    config = {"prompt": PROMPT, "idempotency_key": "once"}
    first, second = (run("new_song", "submit_song", config, instance)[1]["partition"] for _ in range(2))
    assert first == second
    assert requests_in(registry) == 1


def test_trouble_that_may_pass_is_told_without_blaming_a_field(
    registry: Registry, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> Submission:
        raise TransientFailure("The registry stayed busy.", way_out="Submit it again.")

    monkeypatch.setattr(forms, "submit", busy)
    result, told = run("new_song", "submit_song", {"prompt": PROMPT}, instance)
    assert not result.success
    assert "field" not in told
    assert told["way_out"] == "Submit it again."


def test_an_unknown_version_cannot_be_revised(registry: Registry, instance: dg.DagsterInstance) -> None:
    result, told = run("revise_song", "submit_revision", {"version": "no-such@v1"}, instance)
    assert not result.success
    assert "no-such" in told["said"]


def test_a_version_that_is_not_resolved_yet_cannot_be_revised_and_says_so(
    ask: Callable[..., Submission], instance: dg.DagsterInstance
) -> None:
    partition = ask().partition
    result, told = run("revise_song", "submit_revision", {"version": partition, "rerolls": ["melody"]}, instance)
    assert not result.success
    assert partition in told["said"]
