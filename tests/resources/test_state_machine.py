"""The state machine: no illegal step can be taken, and every step that was is in the history."""

from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.request import STAGES, Stage
from resources.registry import Registry, Version, queries
from resources.state_machine import (
    RESTING,
    STATES,
    TRANSITIONS,
    can_transition,
    enter_stage,
    fail,
    transition,
    valid_transitions,
)


def state_of(registry: Registry, version: Version) -> tuple[str, str]:
    with registry.reading() as session:
        row = queries.get_version(session, version.partition)
        return row.state, row.current_stage


def steps_of(registry: Registry, version: Version) -> list[tuple[str, str]]:
    with registry.reading() as session:
        events = queries.events_of(session, version.composition_id)
    return [(row.payload["from"], row.payload["to"]) for row in events if row.kind == "version.state"]


def walk(registry: Registry, version: Version, *states: str) -> None:
    for state in states:
        with registry.session() as session:
            transition(session, version, state)


def test_the_table_covers_every_state_and_names_no_other() -> None:
    assert set(TRANSITIONS) == set(STATES)
    assert set().union(*TRANSITIONS.values()) <= set(STATES)
    assert (*STAGES, *RESTING) == STATES


@pytest.mark.parametrize("stage", STAGES)
def test_a_running_version_goes_on_by_one_stage_or_rests(stage: Stage) -> None:
    position = STAGES.index(stage)
    following = STAGES[position + 1] if position < 6 else "released"
    assert valid_transitions(stage, stage) == {following, "waiting_for_approval", "failed", "cancelled"}


@pytest.mark.parametrize("state", ["waiting_for_approval", "failed", "cancelled"])
@pytest.mark.parametrize("reached", STAGES)
def test_a_resting_version_resumes_where_it_has_been_or_next(state: str, reached: Stage) -> None:
    allowed = valid_transitions(state, reached) & set(STAGES)
    assert allowed == set(STAGES[: STAGES.index(reached) + 2])
    assert can_transition(state, "released", reached) == (state == "waiting_for_approval" and reached == "finalization")
    assert can_transition(state, "archived", reached)


def test_what_is_archived_is_final_and_what_is_released_can_only_be_archived() -> None:
    assert valid_transitions("archived", "mixing") == frozenset()
    assert valid_transitions("released", "finalization") == {"archived"}
    assert not can_transition("nonsense", "ideation", "ideation")
    assert not can_transition("ideation", "nonsense", "ideation")


@settings(max_examples=25, deadline=None)
@given(targets=st.lists(st.sampled_from([*STATES, "nonsense"]), max_size=25))
def test_no_sequence_of_attempts_reaches_an_illegal_state(targets: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        registry = Registry(f"sqlite:///{Path(folder)}/registry.db")
        with registry.session() as session:
            queries.ensure_user(session, "local")
            queries.add_composition(session, "a-b-c", "local", None)
            version = queries.add_version(session, "a-b-c", "r", 1)
        expected = ("ideation", "ideation")
        taken: list[tuple[str, str]] = []
        for target in targets:
            if can_transition(expected[0], target, expected[1]):
                walk(registry, version, target)
                taken.append((expected[0], target))
                expected = (target, target if target in STAGES else expected[1])
            else:
                with pytest.raises(BadInput):
                    walk(registry, version, target)
            assert state_of(registry, version) == expected
        assert steps_of(registry, version) == taken
        for (_, reached), (left, _) in pairwise(taken):
            assert reached == left, "the history has no gaps"
        registry.close()


def test_a_refused_step_says_what_may_follow_and_writes_nothing(registry: Registry, version: Version) -> None:
    with pytest.raises(
        BadInput, match=r"sunny-river-k3f9a@v1 is ideation .* It may become cancelled, composition"
    ) as caught:
        walk(registry, version, "mastering")
    assert caught.value.value == "mastering"
    walk(registry, version, "cancelled", "archived")
    with pytest.raises(BadInput, match="It is final"):
        walk(registry, version, "ideation")
    assert steps_of(registry, version) == [("ideation", "cancelled"), ("cancelled", "archived")]


def test_the_composition_follows_its_newest_version_only(registry: Registry, version: Version) -> None:
    walk(registry, version, "composition")
    with registry.session() as session:
        second = queries.add_version(session, version.composition_id, "r-2", 8, parent=version)
        assert queries.get_composition(session, version.composition_id).state == "ideation"
    walk(registry, version, "failed")
    with registry.reading() as session:
        assert queries.get_composition(session, version.composition_id).state == "ideation"
    walk(registry, second, "composition", "arrangement")
    with registry.reading() as session:
        found = queries.get_composition(session, version.composition_id)
        assert (found.state, found.current_stage) == ("arrangement", "arrangement")


def test_a_version_of_an_earlier_session_is_brought_up_to_date(registry: Registry, version: Version) -> None:
    with registry.session() as session:
        transition(session, queries.get_version(session, version.partition), "composition")
    assert version.state == "ideation"
    walk(registry, version, "arrangement")
    assert (version.state, version.current_stage) == ("arrangement", "arrangement")


def enter(registry: Registry, version: Version, stage: str, run_id: str = "") -> tuple[str, str]:
    with registry.session() as session:
        enter_stage(session, version, cast("Stage", stage), run_id)
    return state_of(registry, version)


def test_assets_may_begin_in_any_order_the_graph_allows(registry: Registry, version: Version) -> None:
    for stage in ("ideation", "composition", "arrangement", "production", "mixing"):
        assert enter(registry, version, stage)[0] == stage
    assert enter(registry, version, "production") == ("mixing", "mixing"), "a late preview does not turn it back"
    assert len(steps_of(registry, version)) == 4
    with pytest.raises(BadInput):
        enter(registry, version, "finalization")


def test_a_failed_version_starts_again_from_any_stage_it_has_reached(registry: Registry, version: Version) -> None:
    walk(registry, version, "composition", "arrangement")
    with registry.session() as session:
        fail(session, version, "arrangement", "no chords", run_id="run-1")
    assert state_of(registry, version) == ("failed", "arrangement")
    with registry.reading() as session:
        assert queries.stage_states_of(session, version.partition)["arrangement"].state == "failed"
        event = queries.events_of(session, version.composition_id)[-1]
        assert event.payload["reason"] == "arrangement: no chords"
    assert enter(registry, version, "ideation", "run-2") == ("ideation", "ideation")
    with registry.reading() as session:
        states = queries.stage_states_of(session, version.partition)
        assert "failed" not in {row.state for row in states.values()}


@pytest.mark.parametrize("rest", ["failed", "waiting_for_approval", "cancelled"])
def test_the_run_that_stopped_a_version_does_not_resume_it(registry: Registry, version: Version, rest: str) -> None:
    walk(registry, version, "composition")
    with registry.session() as session:
        transition(session, version, rest, "because", "run-1")
    assert enter(registry, version, "composition", "run-1") == (rest, "composition")
    assert enter(registry, version, "composition", "run-2") == ("composition", "composition")


def test_a_released_version_stays_released_whatever_is_run_again(registry: Registry, version: Version) -> None:
    walk(registry, version, *STAGES[1:], "released")
    assert enter(registry, version, "ideation") == ("released", "finalization")
    with registry.session() as session:
        fail(session, version, "mixing", "broke while re-recording", "run-9")
    assert state_of(registry, version) == ("released", "finalization")
    with registry.reading() as session:
        last = queries.events_of(session, version.composition_id)[-1]
    assert (last.kind, last.payload["run_id"]) == ("run.failed", "run-9")


def test_an_archived_version_is_not_run(registry: Registry, version: Version) -> None:
    walk(registry, version, "cancelled", "archived")
    with pytest.raises(BadInput, match="revise it instead"):
        enter(registry, version, "ideation")
