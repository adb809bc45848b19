"""What failed or is stuck is listed with its reason and what to do, and what is well is never listed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import dagster as dg
import pytest
from sqlalchemy import update

from musicgen_assets.context.failures import BadInput, PermanentFailure, TransientFailure
from musicgen_assets.context.request import STAGES, CompositionRequest, WorkRequest
from musicgen_assets.graph.declarations import DECLARATIONS
from musicgen_assets.graph.manifest import Manifest, StoredCheck
from musicgen_assets.standing_checks import CHECKS, STANDING, result_of
from resources import leases, troubles
from resources.door import Submission, claim, finish_request, submit
from resources.leases import claimer_name
from resources.lifecycle import abandon
from resources.registry import Event, Lease, Registry, Request, Version, queries, utc_now
from resources.settings import Settings
from resources.state_machine import FailureKind, fail, transition
from resources.studio import Studio
from resources.trouble_report import explain
from resources.troubles import GRACE_S, QUEUED_GRACE_S, SILENT_S, Trouble, trouble_of, waiting_for_you

GONE = 2**22 + 1
"""No process has this number: Linux gives out none above 2**22."""


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp(str(tmp_path_factory.mktemp("dagster"))) as opened:
        yield opened


@pytest.fixture
def song(registry: Registry, settings: Settings) -> Submission:
    """A request that somebody finished with, its version left in ideation a moment ago."""
    submission = submit(registry, CompositionRequest(prompt="upbeat pop song"), settings)
    claim(registry, submission.request_id, "launch:token")
    finish_request(registry, submission.request_id, "failed")
    return submission


def seen(registry: Registry, settings: Settings, later_s: float = 0.0) -> list[Trouble]:
    return troubles.troubles(registry, settings, utc_now() + timedelta(seconds=later_s))


def move(registry: Registry, song: Submission, *states: str, reason: str = "", run_id: str = "") -> None:
    with registry.session() as session:
        for state in states:
            transition(session, queries.get_version(session, song.partition), state, reason, run_id)


def hold(registry: Registry, song: Submission, *, pid: int, heartbeat_at: datetime | None = None) -> None:
    with registry.session() as session:
        session.add(
            Lease(
                version_id=queries.get_version(session, song.partition).id, partition=song.partition, run_id="run-7",
                host=leases.this_host(), pid=pid, process_started=leases.process_started(pid) or 1.0,
                heartbeat_at=heartbeat_at or utc_now(),
            )
        )  # fmt: skip


def break_down(registry: Registry, song: Submission, reason: str = "no chords", run_id: str = "run-1") -> None:
    with registry.session() as session:
        fail(session, queries.get_version(session, song.partition), "ideation", reason, run_id)


# what is well


def test_an_empty_registry_has_no_trouble(registry: Registry, settings: Settings) -> None:
    assert seen(registry, settings, 1e6) == []
    assert waiting_for_you(registry) == []


@pytest.mark.parametrize(
    "states", [(*STAGES[1:], "released"), ("waiting_for_approval",), ("cancelled",), ("cancelled", "archived")]
)
def test_what_rests_is_no_trouble_however_long(
    registry: Registry, settings: Settings, song: Submission, states: tuple[str, ...]
) -> None:
    move(registry, song, *states)
    assert seen(registry, settings, 1e6) == []
    hold(registry, song, pid=GONE)
    assert seen(registry, settings, 1e6) == [], "its run had done its work"


def test_what_somebody_works_on_is_no_trouble(registry: Registry, settings: Settings, song: Submission) -> None:
    hold(registry, song, pid=os.getpid(), heartbeat_at=utc_now() + timedelta(hours=1))
    assert seen(registry, settings, 3600.0) == []
    break_down(registry, song)
    assert seen(registry, settings, 3600.0) == [], "it is being retried"


def test_what_was_just_asked_for_or_taken_is_no_trouble(registry: Registry, settings: Settings) -> None:
    submission = submit(registry, CompositionRequest(prompt="a slow waltz"), settings)
    assert seen(registry, settings, GRACE_S - 5) == []
    claim(registry, submission.request_id, claimer_name())
    assert seen(registry, settings, 1e6) == [], "whoever took it lives"


# what is not


def test_a_failed_version_is_listed_with_its_reason_and_the_way_out(
    registry: Registry, settings: Settings, song: Submission
) -> None:
    move(registry, song, "composition", run_id="run-1")
    with registry.session() as session:
        version = queries.get_version(session, song.partition)
        fail(session, version, "composition", "no chords. Choose another scale.", "run-1")
        transition(session, version, "composition", run_id="run-2")
        fail(session, version, "composition", "no chords again.", "run-2")
    (found,) = seen(registry, settings)
    assert (found.kind, found.is_stuck, found.stage) == ("failed", False, "composition")
    assert (found.partition, found.composition, found.version) == (song.partition, song.composition, 1)
    assert found.reason == "composition: no chords again."
    assert (found.attempts, found.run_id) == (2, "run-2")
    assert found.can_retry_help is False
    assert found.next_steps == (f"musicgen retry {song.partition}", f"musicgen failed {song.partition} --abandon")
    plain = found.as_json()
    assert plain["since"] == found.since.isoformat(timespec="seconds")
    assert plain["next_steps"] == list(found.next_steps)


@pytest.mark.parametrize(("failure", "can_help"), [("permanent", False), ("transient", True), ("odd", None)])
def test_the_class_of_a_failure_decides_what_comes_first(
    registry: Registry, settings: Settings, song: Submission, failure: str, can_help: bool | None
) -> None:
    with registry.session() as session:
        version = queries.get_version(session, song.partition)
        version.context = {"creative": {}}
        fail(session, version, "ideation", "no", "run-1")
        event = queries.events_of(session, song.composition)[-1]
        event.payload = {**event.payload, "failure": failure}
    (found,) = seen(registry, settings)
    assert found.can_retry_help is can_help
    assert ("revise" in found.next_steps[0]) == (failure == "permanent")


def test_a_version_that_nobody_works_on_is_stuck(registry: Registry, settings: Settings, song: Submission) -> None:
    assert seen(registry, settings, GRACE_S - 5) == []
    (found,) = seen(registry, settings, GRACE_S + 5)
    assert (found.kind, found.is_stuck, found.can_retry_help) == ("stuck", True, True)
    assert found.reason == "ideation: nobody works on it"
    assert found.next_steps[0] == f"musicgen retry {song.partition}"


def test_a_version_whose_process_died_is_stuck_since_its_last_sign_of_life(
    registry: Registry, settings: Settings, song: Submission
) -> None:
    last = utc_now() + timedelta(seconds=100)
    hold(registry, song, pid=GONE, heartbeat_at=last)
    assert seen(registry, settings, 100 + GRACE_S - 5) == []
    (found,) = seen(registry, settings, 100 + GRACE_S + 5)
    assert (found.kind, found.since, found.run_id) == ("stuck", last, "run-7")
    assert f"process {GONE}" in found.reason


def test_a_living_process_that_gives_no_sign_is_named(registry: Registry, settings: Settings, song: Submission) -> None:
    hold(registry, song, pid=os.getpid())
    assert seen(registry, settings, SILENT_S - 5) == []
    (found,) = seen(registry, settings, SILENT_S + 5)
    assert (found.kind, found.is_stuck) == ("silent", True)
    assert found.next_steps == (f"musicgen cancel {song.partition}", f"musicgen retry {song.partition}")


def test_a_request_that_nobody_took_is_listed(registry: Registry, settings: Settings) -> None:
    submission = submit(registry, CompositionRequest(prompt="a slow waltz"), settings)
    assert seen(registry, settings, GRACE_S - 5) == []
    (found,) = seen(registry, settings, GRACE_S + 5)
    assert (found.kind, found.attempts, found.run_id) == ("unclaimed", 0, "")
    assert found.next_steps[:2] == ("musicgen up", f"musicgen retry {submission.partition}")


def test_a_retry_that_nobody_took_is_listed_once(registry: Registry, settings: Settings, song: Submission) -> None:
    break_down(registry, song)
    submit(registry, WorkRequest(kind="retry", version=song.partition), settings)
    assert seen(registry, settings) == [], "it was just asked for"
    (found,) = seen(registry, settings, GRACE_S + 5)
    assert (found.kind, found.reason.startswith("the request to retry it")) == ("unclaimed", True)


@pytest.mark.parametrize(
    ("who", "grace_s", "says"),
    [(f"cli:{leases.this_host()}:{GONE}:1.00", GRACE_S, "is gone"), ("run:run-1", GRACE_S, "is gone"),
     ("launch:token", QUEUED_GRACE_S, "never began")],
)  # fmt: skip
def test_a_claim_of_somebody_who_is_gone_is_stuck(
    registry: Registry, settings: Settings, who: str, grace_s: float, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    submission = submit(registry, CompositionRequest(prompt="a slow waltz"), settings)
    claim(registry, submission.request_id, who)
    monkeypatch.setattr(leases, "LAUNCH_GRACE_S", -1.0)
    assert seen(registry, settings, grace_s - 5) == []
    (found,) = seen(registry, settings, grace_s + 5)
    assert (found.kind, says in found.reason) == ("stuck", True)
    hold(registry, submission, pid=GONE, heartbeat_at=utc_now() + timedelta(seconds=300))
    assert seen(registry, settings, grace_s + 295) == []
    assert len(seen(registry, settings, grace_s + 305)) == 1


def test_a_run_that_dagster_is_about_to_start_again_has_its_grace(registry: Registry, settings: Settings) -> None:
    submission = submit(registry, CompositionRequest(prompt="a slow waltz"), settings)
    claim(registry, submission.request_id, "run:run-1")
    with registry.session() as session:
        session.execute(update(Request).values(claimed_at=utc_now() - timedelta(hours=1)))
        version = queries.get_version(session, submission.partition)
        queries.record_event(
            session, "version.resuming", composition_id=version.composition_id, version_id=version.id,
            payload={"reason": "it died", "run_id": "run-1"},
        )  # fmt: skip
    assert seen(registry, settings, GRACE_S - 5) == []
    assert seen(registry, settings, GRACE_S + 5)[0].kind == "stuck"


def test_the_newest_comes_first(registry: Registry, settings: Settings, song: Submission) -> None:
    other = submit(registry, CompositionRequest(prompt="a slow waltz"), settings)
    break_down(registry, song)
    finish_request(registry, other.request_id, "failed")
    break_down(registry, other)
    assert [found.partition for found in seen(registry, settings)] == [other.partition, song.partition]


def test_given_up_is_listed_no_more(registry: Registry, settings: Settings, song: Submission) -> None:
    break_down(registry, song)
    abandon(registry, song.partition, "", "ada")
    assert seen(registry, settings, 1e6) == []
    assert trouble_of(registry, settings, song.partition) is None


def test_what_stopped_at_a_check_waits_and_is_no_trouble(
    registry: Registry, settings: Settings, song: Submission
) -> None:
    other = submit(registry, CompositionRequest(prompt="a slow waltz"), settings)
    finish_request(registry, other.request_id, "waiting")
    move(registry, other, "waiting_for_approval", reason="stopped after ideation, as asked")
    move(registry, song, "waiting_for_approval", reason="checks failed: loudness")
    assert seen(registry, settings, 1e6) == []
    (item,) = waiting_for_you(registry)
    assert (item.partition, item.reason) == (song.partition, "checks failed: loudness")
    assert any(f"musicgen waive {song.partition}" in step for step in item.next_steps)
    assert item.as_json()["partition"] == song.partition


# one explained


def run_that_breaks(instance: dg.DagsterInstance, error: Exception) -> str:
    """A run of Dagster whose asset composition/melody fails as the graph's assets fail."""
    from musicgen_assets.stage_assets import _in_dagsters_words

    @dg.asset(key=["composition", "melody"])
    def melody() -> None:
        raise _in_dagsters_words(error, 3) if not isinstance(error, ValueError) else error

    return dg.materialize([melody], instance=instance, raise_on_error=False).run_id


@pytest.mark.parametrize(
    ("error", "failure", "can_help"),
    [(PermanentFailure("no such chord"), "permanent", False), (TransientFailure("busy"), "transient", True),
     (ValueError("a defect"), "", False)],
)  # fmt: skip
def test_a_failure_is_explained_from_registry_and_dagster(
    registry: Registry, settings: Settings, instance: dg.DagsterInstance, song: Submission,
    materialize: Callable[..., Manifest], error: Exception, failure: str, can_help: bool | None,
) -> None:  # fmt: skip
    materialize(song.partition, "ideation/brief", carried_from="other-song@v1")
    run_id = run_that_breaks(instance, error)
    move(registry, song, "composition", run_id=run_id)
    with registry.session() as session:
        version = queries.get_version(session, song.partition)
        kind: FailureKind = "transient" if isinstance(error, TransientFailure) else "permanent"
        fail(session, version, "composition", str(error), run_id, kind)
        attempt = queries.plan_attempt(session, song.partition, "full_song", "suno", key="k", estimate_usd="1")
        queries.attempt_finished(session, attempt.id, "failed", "0.2", "refused")
    told = explain(registry, settings, song.partition, instance)
    assert (told["failure"], told["state"], told["stage"]) == (failure, "failed", "composition")
    assert told["trouble"]["can_retry_help"] is can_help
    (attempt_told,) = told["attempts"]
    assert attempt_told["broken"] == [{"asset": "composition/melody", "failure": failure}]
    assert (attempt_told["dagster_status"], attempt_told["came_to"]) == ("FAILURE", "failed")
    assert told["made"] == [{"asset": "ideation/brief", "carried_from": "other-song@v1"}]
    assert len(told["missing"]) == len(DECLARATIONS) - 1
    assert told["calls"][0]["error"] == "refused"
    assert told["events"][-1]["reason"] == f"composition: {error}"
    assert "kind" in told["events"][-1]


def test_a_run_that_dagster_does_not_know_is_told_all_the_same(
    registry: Registry, settings: Settings, instance: dg.DagsterInstance, song: Submission
) -> None:
    move(registry, song, *STAGES[1:], "released", run_id="run-1")
    with registry.session() as session:
        fail(session, queries.get_version(session, song.partition), "mixing", "broke", "run-gone")
    told = explain(registry, settings, song.partition, instance)
    assert (told["trouble"], told["waiting"]) == (None, None)
    last = told["attempts"][-1]
    assert (last["run_id"], last["came_to"], last["dagster_status"], last["broken"]) == ("run-gone", "failed", None, [])


def test_failed_checks_are_explained_unless_waived(
    registry: Registry, settings: Settings, instance: dg.DagsterInstance, song: Submission
) -> None:
    checks = [StoredCheck(name=name, passed=False, measured=-20.0, expected="-14 ± 1") for name in ("loudness", "key")]
    manifest = Manifest(asset="mastering/analysis", content=(), checks=tuple(checks))
    with registry.session() as session:
        queries.record_result(session, "k" * 64, manifest.asset, manifest, made_by=song.partition, seconds=1.0)
        queries.record_materialization(
            session, song.partition, manifest.asset, key="k" * 64, content_hash=manifest.content_hash,
            carried_from=None, seconds=1.0,
        )  # fmt: skip
        queries.add_waiver(session, song.partition, "key", "ada", "it is modal")
    move(registry, song, "waiting_for_approval", reason="checks failed: loudness")
    told = explain(registry, settings, song.partition, instance)
    assert [check["name"] for check in told["failed_checks"]] == ["loudness"]
    assert told["waiting"]["reason"] == "checks failed: loudness"
    with pytest.raises(BadInput):
        explain(registry, settings, "no-song-xxxxx@v1", instance)


# the standing check


def look(studio: Studio, instance: dg.DagsterInstance) -> Any:
    """Run the job as a deployment does, over the assets there are. Returns what the check said."""
    from musicgen_assets.definitions import ALL_ASSETS, manifest_io_manager

    definitions = dg.Definitions(
        assets=ALL_ASSETS, asset_checks=CHECKS, jobs=[STANDING],
        resources={"studio": studio, "manifests": manifest_io_manager},
    )  # fmt: skip
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    result = definitions.resolve_job_def("standing_checks").execute_in_process(instance=instance, run_config=quiet)
    assert result.success
    assert {event.step_key for event in result.all_events if event.is_step_event} == {
        "finalization__release_no_version_is_failed_or_stuck"
    }, "it makes nothing"
    (evaluation,) = result.get_asset_check_evaluations()
    return evaluation


def test_the_standing_check_shows_a_failed_version_and_passes_when_it_is_given_up(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    studio = Studio.open(settings)
    song = submit(studio.registry, CompositionRequest(prompt="upbeat pop song"), settings)
    assert look(studio, instance).passed
    claim(studio.registry, song.request_id, "launch:token")
    finish_request(studio.registry, song.request_id, "failed")
    break_down(studio.registry, song, "no chords", "run-1")
    said = look(studio, instance)
    assert (said.passed, said.severity) == (False, dg.AssetCheckSeverity.WARN)
    (row,) = said.metadata["versions"].value.records
    assert row.data["version"] == song.partition
    assert row.data["reason"] == "ideation: no chords"
    assert f"musicgen retry {song.partition}" in row.data["what to do"]
    assert said.metadata["failed"].value == 1
    with studio.registry.reading() as session:
        assert session.get(Lease, 1) is None, "looking takes no lease"
    abandon(studio.registry, song.partition, "not worth it", "ada")
    assert look(studio, instance).passed
    studio.close()
    studio.registry.close()


def test_a_stuck_version_is_an_error(registry: Registry, settings: Settings, song: Submission) -> None:
    with registry.session() as session:
        long_ago = utc_now() - timedelta(hours=1)
        session.execute(update(Version).values(created_at=long_ago))
        session.execute(update(Event).values(created_at=long_ago))
    found = troubles.troubles(registry, settings)
    said = result_of(found, 0)
    assert (said.passed, said.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert said.metadata["stuck"].value == 1


def test_the_check_stands_apart_from_making_and_blocks_nothing() -> None:
    (spec,) = (spec for check in CHECKS for spec in check.check_specs)
    assert (spec.name, spec.blocking, spec.partitions_def) == ("no_version_is_failed_or_stuck", False, None)
    assert spec.asset_key == dg.AssetKey(["finalization", "release"])
    assert STANDING.partitions_def is None
