"""Around every run: the lease while it lasts, and at the end a version, a request and a lease that agree."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from musicgen_assets import stage_assets
from musicgen_assets.context.failures import PermanentFailure, TransientFailure
from musicgen_assets.context.request import CompositionRequest, Stage
from musicgen_assets.definitions import build_defs
from musicgen_assets.execution import run_version
from musicgen_assets.ideation import brief
from resources import executing as executing_module
from resources import leases
from resources.door import Submission, claim, submit
from resources.executing import CLAIM_TAG, REQUEST_TAG, executing
from resources.layout import open_instance
from resources.registry import queries
from resources.settings import get_settings
from resources.studio import Studio

IDEATION = [dg.AssetKey(["ideation", name]) for name in ("brief", "enhanced_prompt", "context")]


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Studio]:
    monkeypatch.setenv("MUSICGEN_HOME", str(tmp_path / "home"))
    studio = Studio.open(get_settings())
    yield studio
    studio.close()


@pytest.fixture
def instance(studio: Studio) -> dg.DagsterInstance:
    return open_instance(studio.settings)


def ask(studio: Studio, stage: Stage = "ideation") -> Submission:
    return submit(studio.registry, CompositionRequest(prompt="solo piano", until=stage, seed=1), studio.settings)


def standing(studio: Studio, submission: Submission) -> tuple[str, str, int]:
    """(state of the version, status of the request, leases)."""
    with studio.registry.reading() as session:
        version = queries.get_version(session, submission.partition)
        request = queries.get_request(session, submission.request_id)
        return version.state, request.status, len(leases.all_leases(session))


def last_step(studio: Studio, submission: Submission) -> dict[str, Any]:
    with studio.registry.reading() as session:
        events = queries.events_of(session, submission.composition)
    return [dict(event.payload) for event in events if event.kind == "version.state"][-1]


def test_a_run_that_comes_as_far_as_asked_waits_there(studio: Studio, instance: dg.DagsterInstance) -> None:
    submission = ask(studio)
    assert claim(studio.registry, submission.request_id, "me")
    report = run_version(
        studio, instance, submission.partition, stage="ideation", request_id=submission.request_id, token="me"
    )
    assert report.is_success
    assert standing(studio, submission) == ("waiting_for_approval", "waiting", 0)
    assert last_step(studio, submission)["reason"] == "stopped after ideation, as asked"


def test_what_is_launched_by_hand_leaves_the_request_open(studio: Studio, instance: dg.DagsterInstance) -> None:
    submission = ask(studio)
    report = run_version(studio, instance, submission.partition, assets=["ideation/brief"])
    assert report.is_success
    assert standing(studio, submission) == ("waiting_for_approval", "submitted", 0)
    assert "by hand" in last_step(studio, submission)["reason"]


def launched(
    studio: Studio, instance: dg.DagsterInstance, submission: Submission, token: str
) -> dg.ExecuteInProcessResult:
    """As a deployment's worker runs it: the studio and the lease come from the resource."""
    instance.add_dynamic_partitions("versions", [submission.partition])
    return build_defs().resolve_job_def("compose").execute_in_process(
        instance=instance, partition_key=submission.partition, asset_selection=IDEATION, raise_on_error=False,
        tags={REQUEST_TAG: submission.request_id, CLAIM_TAG: token},
    )  # fmt: skip


def test_a_deployments_run_serves_the_request_it_was_launched_for(studio: Studio, instance: dg.DagsterInstance) -> None:
    submission = ask(studio)
    assert claim(studio.registry, submission.request_id, "launch:t")
    assert launched(studio, instance, submission, "launch:t").success
    assert standing(studio, submission) == ("waiting_for_approval", "waiting", 0)


def test_a_run_that_was_given_up_and_comes_late_makes_nothing(studio: Studio, instance: dg.DagsterInstance) -> None:
    submission = ask(studio)
    assert claim(studio.registry, submission.request_id, "launch:second")
    late = launched(studio, instance, submission, "launch:first")
    assert not late.success
    assert late.get_asset_materialization_events() == []
    assert standing(studio, submission) == ("ideation", "claimed", 0)


def test_a_transient_failure_is_retried_and_then_told_as_one(
    studio: Studio, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[float] = []

    def busy(_job: object) -> None:
        tries.append(time.monotonic())
        raise TransientFailure("The disk is busy.")

    monkeypatch.setattr(brief, "make_brief", busy)
    monkeypatch.setattr(stage_assets, "MAX_STEP_RETRIES", 1)
    submission = ask(studio)
    claim(studio.registry, submission.request_id, "me")
    report = run_version(studio, instance, submission.partition, request_id=submission.request_id, token="me")
    assert len(tries) == 2
    assert tries[1] - tries[0] >= 0.5
    assert not report.is_success
    assert standing(studio, submission) == ("failed", "failed", 0)
    assert last_step(studio, submission)["failure"] == "transient"


@pytest.mark.parametrize("error", [PermanentFailure("There is no such thing."), ValueError("a defect")])
def test_a_failure_that_lasts_is_not_retried_and_is_on_record(
    studio: Studio, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    tries: list[int] = []

    def broken(_job: object) -> None:
        tries.append(1)
        raise error

    monkeypatch.setattr(brief, "make_brief", broken)
    submission = ask(studio)
    claim(studio.registry, submission.request_id, "me")
    report = run_version(studio, instance, submission.partition, request_id=submission.request_id, token="me")
    assert tries == [1]
    assert str(error) in report.failures[0]
    assert standing(studio, submission) == ("failed", "failed", 0)
    step = last_step(studio, submission)
    assert str(error) in step["reason"]
    assert step["failure"] == "permanent"


def test_waits_between_retries_grow_and_are_uneven() -> None:
    waits = [
        [stage_assets._in_dagsters_words(TransientFailure("busy"), retry).seconds_to_wait for _ in range(40)]
        for retry in range(stage_assets.MAX_STEP_RETRIES)
    ]
    for retry, drawn in enumerate(waits):
        assert len(set(drawn)) > 30
        assert 0.5 * 2**retry <= min(drawn) <= max(drawn) <= 1.5 * 2**retry


def test_the_holder_says_how_far_it_is(
    studio: Studio, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executing_module, "BEAT_S", 0.05)
    submission = ask(studio)
    with executing(studio, instance, submission.partition, "run-1", {}, stage="ideation"):
        studio.runner.listener("ideation/brief", 1.0, "")
        deadline = time.monotonic() + 10.0
        lease = None
        while time.monotonic() < deadline and (lease is None or not lease.asset):
            time.sleep(0.05)
            with studio.registry.reading() as session:
                lease = leases.all_leases(session)[0]
        assert lease is not None
        assert lease.asset == "ideation/brief"
        assert 0.0 < lease.fraction < 1.0
        assert lease.left_s is not None
        assert lease.heartbeat_at > lease.taken_at


def test_a_holder_whose_lease_was_taken_stops(studio: Studio, instance: dg.DagsterInstance) -> None:
    submission = ask(studio)

    def go_on_although_it_was_taken() -> None:
        with executing(studio, instance, submission.partition, "run-1", {}, stage="ideation"):
            with studio.registry.session() as session:
                leases.all_leases(session)[0].run_id = "run-2"
            time.sleep(10.0)

    with pytest.raises(KeyboardInterrupt):
        go_on_although_it_was_taken()
    with studio.registry.reading() as session:
        assert [lease.run_id for lease in leases.all_leases(session)] == ["run-2"]  # not ours to give back
