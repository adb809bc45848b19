"""Takes left to a deployment: siblings are asked for once the first is resolved, each run previews its take, and others
are put away once one is released. Whoever asked may be gone.
"""

from __future__ import annotations

from typing import Any

import dagster as dg
import pytest

from musicgen_assets import take_forms
from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.request import CompositionRequest
from musicgen_assets.definitions import defs
from musicgen_assets.ideation.brief import accept, brief_of
from musicgen_assets.take_forms import MakeTakes
from resources.door import finish_request, submit
from resources.launch import claim_launch
from resources.registry import Registry, queries
from resources.settings import Settings
from resources.state_machine import transition
from resources.takes import assets_of_take, takes_of
from resources.takes_wanted import Asked, ask_for_siblings, ask_for_takes, keep_take, kept_and_released, waiting_firsts
from sensors.takes import takes as sensor

SONG = CompositionRequest(prompt="upbeat pop song with piano, sung", seed=5, user="ada", priority=7)


def resolve(registry: Registry, partition: str) -> None:
    """What a run of the first take does that its siblings wait for."""
    with registry.session() as session:
        version = queries.get_version(session, partition)
        request = queries.request_of(session, version)
        queries.record_context(session, partition, accept(brief_of(request.payload)).model_dump(mode="json"))


def tick(instance: dg.DagsterInstance) -> str:
    found = sensor(dg.build_sensor_context(instance=instance))
    assert isinstance(found, dg.SkipReason)
    return str(found.skip_message)


@pytest.fixture
def asked(registry: Registry, settings: Settings) -> Asked:
    return ask_for_takes(registry, settings, SONG, 3, "melody")


def test_a_new_songs_first_take_goes_ahead_and_its_siblings_wait_for_its_context(
    registry: Registry, instance: dg.DagsterInstance, asked: Asked
) -> None:
    assert [one.partition for one in asked.submissions] == [asked.first]
    assert waiting_firsts(registry) == ()
    assert tick(instance) == "No takes are waiting."
    resolve(registry, asked.first)
    assert waiting_firsts(registry) == (asked.first,)
    assert tick(instance) == f"{asked.first}: 2 more takes asked for"
    assert tick(instance) == "No takes are waiting."
    found = takes_of(registry, asked.first)
    assert [take.number for take in found.takes] == [1, 2, 3]
    with registry.reading() as session:
        requests = [queries.request_of(session, queries.get_version(session, take.partition)) for take in found.takes]
        assert {(one.user, one.priority) for one in requests} == {("ada", 7)}
        rerolls = [one.payload["overrides"] for one in requests[1:]]
    assert len(rerolls) == 2


def test_every_run_of_a_take_covers_the_preview_and_no_other_run_does(
    registry: Registry, settings: Settings, asked: Asked
) -> None:
    resolve(registry, asked.first)
    others, problems = ask_for_siblings(registry, settings, asked.first)
    assert problems == ()
    for submission in (*asked.submissions, *others):
        launch = claim_launch(registry, submission.request_id)
        assert launch is not None
        assert launch.assets == assets_of_take()
    plain = submit(registry, CompositionRequest(prompt="solo piano", seed=1, until="arrangement"), settings)
    launch = claim_launch(registry, plain.request_id)
    assert launch is not None
    assert launch.assets is not None
    assert "production/preview" not in launch.assets


def test_asking_again_or_for_more_makes_only_what_is_missing(
    registry: Registry, settings: Settings, asked: Asked
) -> None:
    resolve(registry, asked.first)
    ask_for_siblings(registry, settings, asked.first)
    again = ask_for_takes(registry, settings, asked.first, 3, "melody")
    more = ask_for_takes(registry, settings, asked.first, 5, "melody")
    numbers = [take.number for take in takes_of(registry, asked.first).takes]
    assert numbers == [1, 2, 3, 4, 5]
    assert len({one.partition for one in again.submissions}) == 3
    assert len({one.request_id for one in (*again.submissions, *more.submissions)}) == 5


def test_a_section_that_the_song_has_not_ends_the_wish_and_is_told(registry: Registry, settings: Settings) -> None:
    first = submit(registry, SONG, settings).partition
    resolve(registry, first)
    with pytest.raises(BadInput):
        ask_for_takes(registry, settings, first, 3, "no such thing")
    assert waiting_firsts(registry) == ()


def test_others_are_put_away_once_the_kept_one_is_released_and_not_before(
    registry: Registry, settings: Settings, instance: dg.DagsterInstance, asked: Asked
) -> None:
    resolve(registry, asked.first)
    others, _ = ask_for_siblings(registry, settings, asked.first)
    for submission in (*asked.submissions, *others):
        with registry.session() as session:
            version = queries.get_version(session, submission.partition)
            transition(session, version, "waiting_for_approval", "as far as was asked for")
        finish_request(registry, submission.request_id, "waiting")
    kept = others[0].partition
    submission = keep_take(registry, settings, kept, user="ada")
    assert submission is not None
    assert kept_and_released(registry) == ()
    assert tick(instance) == "No takes are waiting."
    _release(registry, kept)
    finish_request(registry, submission.request_id, "done")
    assert tick(instance).startswith(f"{kept} is kept, put away: {asked.first}, {others[1].partition}")
    assert tick(instance) == "No takes are waiting."
    states = {take.partition: take.state for take in takes_of(registry, asked.first).takes}
    assert states == {kept: "released", asked.first: "archived", others[1].partition: "archived"}


def _release(registry: Registry, partition: str) -> None:
    with registry.session() as session:
        # As its run leaves it; the states between are the state machine's own tests' business.
        queries.get_version(session, partition).state = "released"


def test_only_a_take_can_be_kept(registry: Registry, settings: Settings) -> None:
    first = submit(registry, SONG, settings).partition
    with pytest.raises(BadInput, match="no take"):
        keep_take(registry, settings, first)


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    taken: list[str] = []

    def launch(_settings: object, _request_id: str, partition: str) -> str:
        taken.append(partition)
        return f"run-{len(taken)}"

    monkeypatch.setattr(take_forms, "launch", launch)
    return taken


def run(job: str, op: str, config: dict[str, Any], instance: dg.DagsterInstance) -> tuple[bool, dict[str, Any]]:
    result = defs.resolve_job_def(job).execute_in_process(
        run_config={"ops": {op: {"config": config}}, "loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        instance=instance,
        raise_on_error=False,
    )
    found: dict[str, Any] = {}
    for event in result.all_events:
        if event.event_type_value == "STEP_OUTPUT":
            found = {name: value.value for name, value in event.step_output_data.metadata.items()}
        elif event.event_type_value == "STEP_FAILURE" and event.step_failure_data.user_failure_data is not None:
            data = event.step_failure_data.user_failure_data
            found = {name: value.value for name, value in data.metadata.items()}
    return result.success, found


def test_the_form_of_takes_asks_for_them_and_says_where_to_hear_them(
    registry: Registry, instance: dg.DagsterInstance, launched: list[str]
) -> None:
    is_made, told = run("make_takes", "submit_takes", {"prompt": SONG.prompt, "seed": 5, "takes": 3}, instance)
    assert is_made
    assert launched == [told["first"]]
    assert told["preview"] == f"/assets/production/preview?view=partitions&partition={told['first']}"
    resolve(registry, told["first"])
    tick(instance)
    is_made, told = run("make_takes", "submit_takes", {"version": told["first"], "takes": 4}, instance)
    assert is_made
    assert len(takes_of(registry, told["first"]).takes) == 4


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({}, "prompt"),
        ({"prompt": "a song", "version": "a-song@v1"}, "prompt"),
        ({"version": "a-song@v1", "seed": 4}, "seed"),
        ({"prompt": "a song", "takes": 13}, "takes"),
        ({"prompt": "a song", "vary": "the weather"}, "vary"),
        ({"version": "no-song-there@v1"}, "composition"),
    ],
)
def test_what_the_form_refuses_is_told_by_its_field(
    registry: Registry, instance: dg.DagsterInstance, launched: list[str], config: dict[str, Any], field: str
) -> None:
    is_made, told = run("make_takes", "submit_takes", config, instance)
    assert not is_made
    assert told["field"] == field
    assert launched == []


def test_the_form_of_keeping_launches_the_release_of_that_take(
    registry: Registry, settings: Settings, instance: dg.DagsterInstance, launched: list[str], asked: Asked
) -> None:
    with registry.session() as session:
        version = queries.get_version(session, asked.first)
        transition(session, version, "waiting_for_approval", "as far as was asked for")
    finish_request(registry, asked.submissions[0].request_id, "waiting")
    is_made, told = run("keep_take", "submit_keeping", {"version": asked.first}, instance)
    assert is_made
    assert launched == [asked.first]
    assert told["partition"] == asked.first


def test_every_field_of_the_forms_says_what_it_is() -> None:
    assert all(field.description for form in (MakeTakes, take_forms.KeepTake) for field in form.model_fields.values())
