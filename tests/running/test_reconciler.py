"""What the dead left is put right within one command: nothing is held, nothing is lost, nothing is left running."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from musicgen_assets.context.request import CompositionRequest, Stage
from musicgen_assets.graph.declarations import until
from musicgen_assets.graph.manifest import Manifest
from resources import leases
from resources.door import Submission, claim, submit
from resources.executing import REQUEST_TAG
from resources.layout import open_instance
from resources.reconciler import MAX_LAUNCHES, reconcile
from resources.registry import Lease, Registry, Request, queries, utc_now
from resources.settings import get_settings
from resources.state_machine import enter_stage
from resources.studio import Studio


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    studio = Studio.open(get_settings(tmp_path / "home"))
    yield studio
    studio.close()


@pytest.fixture
def instance(studio: Studio) -> dg.DagsterInstance:
    return open_instance(studio.settings)


@pytest.fixture
def dead_pid() -> int:
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    return child.pid


def ask(studio: Studio, stage: Stage = "finalization") -> Submission:
    return submit(studio.registry, CompositionRequest(prompt="solo piano", until=stage), studio.settings)


def state_of(studio: Studio, submission: Submission) -> tuple[str, str]:
    """(version's state, request's status)."""
    with studio.registry.reading() as session:
        version = queries.get_version(session, submission.partition)
        return version.state, queries.get_request(session, submission.request_id).status


def reason_of(studio: Studio, submission: Submission) -> str:
    with studio.registry.reading() as session:
        events = queries.events_of(session, submission.composition)
    return str([event.payload.get("reason") for event in events if event.kind == "version.state"][-1])


def leases_of(studio: Studio) -> list[Lease]:
    with studio.registry.reading() as session:
        return leases.all_leases(session)


def died(
    studio: Studio, instance: dg.DagsterInstance, submission: Submission, pid: int, stage: Stage = "production"
) -> str:
    """A run of ``submission`` whose process is gone; its id."""
    token = "launch:t"
    claim(studio.registry, submission.request_id, token)
    run_id = str(uuid.uuid4())
    leases.begin(studio.registry, submission.partition, run_id, request_id=submission.request_id, token=token)
    with studio.registry.session() as session:
        version = queries.get_version(session, submission.partition)
        for declaration in until(stage):
            enter_stage(session, version, declaration.stage, run_id)
        lease = session.get_one(Lease, version.id)
        lease.pid, lease.process_started = pid, 1.0

    @dg.job(name="compose")
    def compose() -> None:
        """A run of that name, as Dagster would have it in its storage."""

    tags = {REQUEST_TAG: submission.request_id, "dagster/max_retries": "0"}
    instance.create_run_for_job(compose, run_id=run_id, status=dg.DagsterRunStatus.STARTED, tags=tags)
    return run_id


def materialize(registry: Registry, partition: str, run_id: str, stage: Stage) -> None:
    with registry.session() as session:
        for declaration in until(stage):
            key = uuid.uuid4().hex * 2
            manifest = Manifest(asset=declaration.key, content=())
            queries.record_result(session, key, declaration.key, manifest, made_by=partition, seconds=1.0)
            queries.record_materialization(
                session, partition, declaration.key, key=key, content_hash=manifest.content_hash, carried_from=None,
                seconds=1.0, run_id=run_id,
            )  # fmt: skip


def test_nothing_to_do_is_said_in_no_words(studio: Studio) -> None:
    ask(studio)
    assert reconcile(studio).in_words == ""


def test_a_version_whose_process_died_fails_with_the_way_on(
    studio: Studio, instance: dg.DagsterInstance, dead_pid: int
) -> None:
    submission = ask(studio)
    run_id = died(studio, instance, submission, dead_pid)
    done = reconcile(studio)
    assert done.failed == [submission.partition]
    assert submission.partition in done.in_words
    assert state_of(studio, submission) == ("failed", "failed")
    assert str(dead_pid) in reason_of(studio, submission)
    assert f"musicgen retry {submission.partition}" in reason_of(studio, submission)
    assert leases_of(studio) == []
    run = instance.get_run_by_id(run_id)
    assert run is not None
    assert run.status == dg.DagsterRunStatus.FAILURE


def test_a_living_holder_is_left_alone(studio: Studio, instance: dg.DagsterInstance) -> None:
    submission = ask(studio)
    died(studio, instance, submission, os.getpid())
    with studio.registry.session() as session:
        lease = session.scalars(leases.select(Lease)).one()
        lease.process_started = leases.process_started(os.getpid()) or 0.0
    assert reconcile(studio).in_words == ""
    assert len(leases_of(studio)) == 1


def test_a_release_that_was_made_before_the_death_is_a_release(
    studio: Studio, instance: dg.DagsterInstance, dead_pid: int
) -> None:
    submission = ask(studio)
    run_id = died(studio, instance, submission, dead_pid, "finalization")
    materialize(studio.registry, submission.partition, run_id, "finalization")
    assert reconcile(studio).released == [submission.partition]
    assert state_of(studio, submission) == ("released", "done")


def test_a_stage_that_was_reached_before_the_death_waits(
    studio: Studio, instance: dg.DagsterInstance, dead_pid: int
) -> None:
    submission = ask(studio, "composition")
    run_id = died(studio, instance, submission, dead_pid, "composition")
    materialize(studio.registry, submission.partition, run_id, "composition")
    assert reconcile(studio).waiting == [submission.partition]
    assert state_of(studio, submission) == ("waiting_for_approval", "waiting")


def test_what_was_to_be_cancelled_is_cancelled(studio: Studio, instance: dg.DagsterInstance, dead_pid: int) -> None:
    submission = ask(studio)
    run_id = died(studio, instance, submission, dead_pid)
    leases.ask_to_cancel(studio.registry, submission.partition, "me")
    assert reconcile(studio).cancelled == [submission.partition]
    assert state_of(studio, submission) == ("cancelled", "cancelled")
    run = instance.get_run_by_id(run_id)
    assert run is not None
    assert run.status == dg.DagsterRunStatus.CANCELED


def test_a_run_that_dagster_starts_once_more_is_waited_for(
    studio: Studio, instance: dg.DagsterInstance, dead_pid: int
) -> None:
    submission = ask(studio)
    run_id = died(studio, instance, submission, dead_pid)
    run = instance.get_run_by_id(run_id)
    assert run is not None
    instance.report_run_failed(run)
    instance.add_run_tags(run_id, {"dagster/will_retry": "true"})
    assert reconcile(studio).resuming == [submission.partition]
    assert state_of(studio, submission) == ("production", "claimed")
    assert leases_of(studio) == []
    assert reconcile(studio).in_words == ""  # and still waited for at the next look


def test_a_resumption_that_never_comes_is_given_up(studio: Studio, instance: dg.DagsterInstance, dead_pid: int) -> None:
    submission = ask(studio)
    run_id = died(studio, instance, submission, dead_pid)
    run = instance.get_run_by_id(run_id)
    assert run is not None
    instance.report_run_failed(run)
    instance.add_run_tags(run_id, {"dagster/will_retry": "true"})
    reconcile(studio)
    age(studio, submission, leases.LAUNCH_GRACE_S + 1)
    assert reconcile(studio).failed == [submission.partition]
    assert state_of(studio, submission) == ("failed", "failed")


def age(studio: Studio, submission: Submission, seconds: float) -> None:
    with studio.registry.session() as session:
        request = queries.get_request(session, submission.request_id)
        request.claimed_at = utc_now() - timedelta(seconds=seconds)


def test_a_launch_that_never_began_is_put_back_a_few_times(studio: Studio) -> None:
    submission = ask(studio)
    for attempt in range(MAX_LAUNCHES):
        assert claim(studio.registry, submission.request_id, f"launch:{attempt}")
        age(studio, submission, leases.LAUNCH_GRACE_S + 1)
        assert reconcile(studio).put_back == [submission.request_id]
    assert claim(studio.registry, submission.request_id, "launch:last")
    age(studio, submission, leases.LAUNCH_GRACE_S + 1)
    assert reconcile(studio).failed == [submission.partition]


def test_a_launch_that_waits_in_dagsters_queue_is_waited_for(studio: Studio, instance: dg.DagsterInstance) -> None:
    submission = ask(studio)
    claim(studio.registry, submission.request_id, "launch:t")
    age(studio, submission, leases.LAUNCH_GRACE_S + 1)

    @dg.job(name="compose")
    def compose() -> None:
        """A run of that name."""

    tags = {REQUEST_TAG: submission.request_id}
    instance.create_run_for_job(compose, status=dg.DagsterRunStatus.NOT_STARTED, tags=tags)
    assert reconcile(studio).in_words == ""
    assert state_of(studio, submission) == ("ideation", "claimed")


def test_a_command_that_died_before_it_began_leaves_a_failed_version(studio: Studio, dead_pid: int) -> None:
    submission = ask(studio)
    claim(studio.registry, submission.request_id, f"cli:{leases.this_host()}:{dead_pid}:1.00")
    assert reconcile(studio).failed == [submission.partition]
    assert state_of(studio, submission) == ("failed", "failed")


def test_a_version_that_nobody_makes_and_nobody_asked_for_is_failed(studio: Studio) -> None:
    submission = ask(studio)
    with studio.registry.session() as session:
        session.get_one(Request, submission.request_id).status = "failed"
    assert reconcile(studio).failed == [submission.partition]


def test_temporary_files_of_the_dead_are_removed(studio: Studio, dead_pid: int) -> None:
    folder = studio.settings.home / "artifacts" / "tmp"
    folder.mkdir(parents=True)
    left = folder / f"0123456789abcdef.{leases.this_host()}.{dead_pid}.0123456789ab"
    kept = folder / f"0123456789abcdef.{leases.this_host()}.{os.getpid()}.0123456789ab"
    for path in (left, kept):
        path.write_bytes(b"half")
    exported = studio.settings.releases / f".a-song@v1.new.{leases.this_host()}.{dead_pid}.0123456789ab"
    exported.mkdir()
    assert reconcile(studio).files_swept == 2
    assert not exported.exists()
    assert kept.exists()
    assert not left.exists()


def test_two_reconcilers_put_right_once(studio: Studio, instance: dg.DagsterInstance, dead_pid: int) -> None:
    submission = ask(studio)
    died(studio, instance, submission, dead_pid)
    script = (
        "import sys; from resources.settings import get_settings; from resources.reconciler import reconciled\n"
        "with reconciled(get_settings(sys.argv[1])): pass"
    )
    both = [
        subprocess.Popen([sys.executable, "-c", script, str(studio.settings.home)], stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    for process in both:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
    with studio.registry.reading() as session:
        events = queries.events_of(session, submission.composition)
    failures = [event for event in events if event.payload.get("to") == "failed"]
    assert len(failures) == 1
