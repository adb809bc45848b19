"""Cancelling: within two seconds, whatever a version is doing, and nothing of it is left running or lying about."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import psutil
import pytest
from click.testing import CliRunner
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin

from musicgen_assets.cli import main
from musicgen_assets.context.failures import BadInput, PermanentFailure
from musicgen_assets.context.request import CompositionRequest, WorkRequest
from resources import cancel as module
from resources.asked_to_stop import ask_now
from resources.cancel import Cancelled, cancel
from resources.door import Submission, claim, submit
from resources.executing import CLAIM_TAG, REQUEST_TAG
from resources.leases import begin
from resources.processes import process_started, this_host
from resources.registry import Lease, Request, Version
from resources.registry.queries import get_version
from resources.settings import Settings
from resources.state_machine import transition
from resources.studio import Studio

TESTS = Path(__file__).resolve().parents[1]

HOLDER = """
import sys
from resources.executing import executing
from resources.layout import open_instance
from resources.settings import get_settings
from resources.studio import open_studio
from resources.workers import Call

partition, request_id = sys.argv[1:]
settings = get_settings()
instance = open_instance(settings)
with open_studio(settings) as studio:
    tags = {"musicgen/request": request_id, "musicgen/claim": "cli"}
    with executing(studio, instance, partition, "run-1", tags, stage="finalization"):
        studio.pool.run([Call("who", "support.tasks:whoami", {"wait_s": 0.2})] * 2)
        print(*studio.pool.pids, flush=True)
        long = Call("sleep", "support.tasks:sleep", {"seconds": 60})
        studio.pool.run([long, Call("churn", "support.tasks:churn", {})])
"""
"""A process that makes a version: it holds the lease, and its workers are deep in C calls."""


@pytest.fixture
def studio(settings: Settings) -> Iterator[Studio]:
    opened = Studio.open(settings)
    yield opened
    opened.close()


@pytest.fixture
def submission(studio: Studio) -> Submission:
    return submit(studio.registry, CompositionRequest(prompt="a song"), studio.settings)


def version_of(studio: Studio, submission: Submission) -> Version:
    with studio.registry.reading() as session:
        return get_version(session, submission.partition)


def move(studio: Studio, submission: Submission, *states: str) -> None:
    with studio.registry.session() as session:
        for state in states:
            transition(session, get_version(session, submission.partition), state)


def request_status(studio: Studio, request_id: str) -> str:
    with studio.registry.reading() as session:
        return session.get_one(Request, request_id).status


def leases(studio: Studio) -> int:
    with studio.registry.reading() as session:
        return session.query(Lease).count()


def temporary_files(studio: Studio) -> list[Path]:
    folder = studio.settings.home / "artifacts" / "tmp"
    return list(folder.iterdir()) if folder.is_dir() else []


@contextmanager
def holder_of(studio: Studio, submission: Submission) -> Iterator[tuple[subprocess.Popen[str], list[psutil.Process]]]:
    """A holder in the middle of its tasks, and its workers."""
    assert claim(studio.registry, submission.request_id, "cli")
    env = {**os.environ, "PYTHONPATH": str(TESTS), "MUSICGEN_HOME": str(studio.settings.home)}
    command = [sys.executable, "-c", HOLDER, submission.partition, submission.request_id]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=env) as process:
        try:
            assert process.stdout is not None
            workers = [psutil.Process(int(pid)) for pid in process.stdout.readline().split()]
            assert len(workers) == 2
            time.sleep(0.5)
            yield process, workers
        finally:
            process.kill()


def nothing_is_left_of(studio: Studio, submission: Submission, workers: list[psutil.Process]) -> bool:
    psutil.wait_procs(workers, timeout=1.0)
    return (
        not any(process_started(worker.pid) for worker in workers)
        and leases(studio) == 0
        and temporary_files(studio) == []
        and request_status(studio, submission.request_id) == "cancelled"
        and version_of(studio, submission).state == "cancelled"
    )


def test_a_run_in_the_middle_of_c_calls_is_stopped(studio: Studio, submission: Submission) -> None:
    """How fast is measured by benchmarks.soak.cancels; on a busy machine the holder may have to be killed."""
    with holder_of(studio, submission) as (process, workers):
        done = cancel(studio, submission.partition, "me")
        assert done.how in ("asked", "killed")
        assert (done.state, done.was) == ("cancelled", "ideation")
        assert done.holder == f"process {process.pid} on {this_host()}"
        assert nothing_is_left_of(studio, submission, workers)
        assert process.wait(10) != 0
    again = submit(studio.registry, WorkRequest(kind="retry", version=submission.partition), studio.settings)
    assert begin(studio.registry, submission.partition, "run-2", request_id=again.request_id)


def test_a_holder_that_was_asked_early_has_stopped_when_the_rest_begins(studio: Studio, submission: Submission) -> None:
    """As the command does, whose imports take as long as the holder takes to end its run."""
    assert ask_now(studio.settings, submission.partition, "me") is None  # nobody makes it yet
    with holder_of(studio, submission) as (process, workers):
        asked = ask_now(studio.settings, submission.composition, "me")
        assert asked is not None
        assert (asked.partition, asked.was) == (submission.partition, "ideation")
        assert process.wait(10) != 0
        done = cancel(studio, submission.partition, "me", asked=asked)
        assert (done.how, done.state, done.was) == ("asked", "cancelled", "ideation")
        assert done.seconds > 0.0
        assert nothing_is_left_of(studio, submission, workers)
    with pytest.raises(BadInput):
        ask_now(studio.settings, "no-such-song", "me")


def test_what_a_killed_worker_was_writing_goes_with_a_run_that_is_ended_by_a_signal(
    studio: Studio, submission: Submission
) -> None:
    """As Dagster's UI ends it: nobody else cleans up at once."""
    with holder_of(studio, submission) as (process, workers):
        dead = subprocess.Popen(["true"])
        dead.wait()
        folder = studio.settings.home / "artifacts" / "tmp"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{'0' * 16}.{this_host()}.{dead.pid}.{'0' * 12}").write_bytes(b"half")
        process.send_signal(signal.SIGINT)
        assert process.wait(10) != 0
        psutil.wait_procs(workers, timeout=1.0)
        assert temporary_files(studio) == []


def test_a_holder_that_does_not_answer_is_killed_with_its_workers(studio: Studio, submission: Submission) -> None:
    with holder_of(studio, submission) as (process, workers):
        process.send_signal(signal.SIGSTOP)
        done = cancel(studio, submission.partition, "me")
        assert (done.how, done.state) == ("killed", "cancelled")
        assert nothing_is_left_of(studio, submission, workers)
        assert process.wait(10) == -signal.SIGKILL


def test_what_a_dead_holder_left_is_cancelled_as_well(studio: Studio, submission: Submission) -> None:
    with holder_of(studio, submission) as (process, workers):
        process.kill()
        done = cancel(studio, submission.partition, "me")
        assert (done.how, done.state) == ("died", "cancelled")
        assert nothing_is_left_of(studio, submission, workers)


def held_by(studio: Studio, submission: Submission, **fields: Any) -> None:
    """A lease as somebody else would have taken it."""
    begin(studio.registry, submission.partition, "run-1")
    with studio.registry.session() as session:
        for name, value in fields.items():
            setattr(session.query(Lease).one(), name, value)


def test_a_silent_holder_on_another_machine_is_told_of_honestly(
    studio: Studio, submission: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    held_by(studio, submission, host="another", pid=1)
    monkeypatch.setattr(module, "ELSEWHERE_S", 0.1)
    done = cancel(studio, submission.partition, "me")
    assert (done.how, done.is_stopped, done.state) == ("unanswered", False, "ideation")
    with studio.registry.reading() as session:
        lease = session.query(Lease).one()
        assert (lease.cancelled_by, lease.cancel_requested_at is None) == ("me", False)


def test_nobody_kills_the_process_that_cancels(
    studio: Studio, submission: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    held_by(studio, submission)
    monkeypatch.setattr(module, "ELSEWHERE_S", 0.1)
    assert cancel(studio, submission.partition, "me").how == "unanswered"


@pytest.mark.parametrize("refusal", [PermissionError("not yours"), psutil.AccessDenied()])
def test_a_process_of_somebody_else_is_named(
    studio: Studio, submission: Submission, monkeypatch: pytest.MonkeyPatch, refusal: Exception
) -> None:
    def refuse(*_: object) -> None:
        raise refusal

    with subprocess.Popen(["sleep", "60"]) as other:
        try:
            held_by(studio, submission, pid=other.pid, process_started=process_started(other.pid))
            words = f"process {other.pid}, which belongs to somebody else"
            with monkeypatch.context() as patched:
                patched.setattr(module, "ASKED_S", 0.05)
                patched.setattr(module.os, "kill", refuse)
                with pytest.raises(PermanentFailure, match=words):
                    cancel(studio, submission.partition, "me")
        finally:
            other.kill()


def test_a_request_that_nobody_took_is_withdrawn_without_dagster(
    studio: Studio, submission: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "open_instance", None)
    done = cancel(studio, submission.partition, "me")
    assert (done.how, done.state, done.holder) == ("withdrawn", "cancelled", "")
    assert request_status(studio, submission.request_id) == "cancelled"
    assert not claim(studio.registry, submission.request_id, "cli")


def test_a_request_that_the_cli_just_took_cannot_begin_any_more(studio: Studio, submission: Submission) -> None:
    claim(studio.registry, submission.request_id, "cli:x")
    cancel(studio, submission.partition, "me")
    with pytest.raises(PermanentFailure, match="was cancelled before its run began"):
        begin(studio.registry, submission.partition, "run-1", request_id=submission.request_id, token="cli:x")


@dg.job
def nothing() -> None:
    """A job to have runs of."""


@pytest.mark.parametrize(
    "status", [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING]
)
def test_a_run_that_waits_in_dagster_never_begins(
    studio: Studio, submission: Submission, status: dg.DagsterRunStatus
) -> None:
    claim(studio.registry, submission.request_id, "launch:token")
    with dg.DagsterInstance.ephemeral() as instance:
        tags = {REQUEST_TAG: submission.request_id, CLAIM_TAG: "token"}
        place = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("songs"), "songs")
        origin = RemoteJobOrigin(place, "nothing")  # queued runs must say where they are from
        run = instance.create_run_for_job(nothing, tags=tags, status=status, remote_job_origin=origin)
        other = instance.create_run_for_job(nothing, status=status, remote_job_origin=origin)
        done = cancel(studio, submission.partition, "me", instance)
        assert (done.how, done.state) == ("withdrawn", "cancelled")
        found = {row.run_id: row.status for row in instance.get_runs()}
        assert found == {run.run_id: dg.DagsterRunStatus.CANCELED, other.run_id: status}
    with pytest.raises(PermanentFailure, match="was cancelled"):
        begin(studio.registry, submission.partition, run.run_id, request_id=submission.request_id, token="launch:token")


@pytest.mark.parametrize("state", ["waiting_for_approval", "failed"])
def test_a_version_at_rest_becomes_cancelled(studio: Studio, submission: Submission, state: str) -> None:
    cancel(studio, submission.partition, "me")  # its request is closed
    move(studio, submission, "ideation", state)
    assert cancel(studio, submission.partition, "me").state == "cancelled"


FAR = ("composition", "arrangement", "production", "mixing", "mastering", "finalization", "released")


@pytest.mark.parametrize(
    ("states", "words"),
    [((), "it is cancelled"), (("ideation", *FAR), "it is released"), (("archived",), "it is archived")],
)
def test_what_cannot_be_cancelled_says_what_it_is(
    studio: Studio, submission: Submission, states: tuple[str, ...], words: str
) -> None:
    cancel(studio, submission.partition, "me")
    move(studio, submission, *states)
    with pytest.raises(BadInput, match=words) as caught:
        cancel(studio, submission.partition, "me")
    assert caught.value.way_out


def test_cancelling_work_on_a_release_leaves_the_release(studio: Studio, submission: Submission) -> None:
    cancel(studio, submission.partition, "me")
    move(studio, submission, "ideation", *FAR)
    again = submit(studio.registry, WorkRequest(kind="retry", version=submission.partition), studio.settings)
    assert cancel(studio, submission.partition, "me").state == "released"
    assert request_status(studio, again.request_id) == "cancelled"


@pytest.fixture
def call(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    monkeypatch.setenv("MUSICGEN_HOME", str(settings.home))
    return lambda *arguments: CliRunner().invoke(main, ["cancel", *arguments])


def test_the_command_says_what_came_of_it(call: Callable[..., Any], studio: Studio, submission: Submission) -> None:
    said = call(submission.composition, "--json")
    assert said.exit_code == 0
    told = json.loads(said.output)
    assert told.pop("seconds") < 2.0
    assert told == {
        "composition": submission.composition, "version": 1, "partition": submission.partition,
        "status": "cancelled", "was": "ideation", "is_stopped": True, "how": "withdrawn", "holder": None,
    }  # fmt: skip
    assert call(submission.composition).exit_code == 2
    assert call("no-such-song").exit_code == 2


def test_the_command_is_read_by_people(call: Callable[..., Any], studio: Studio, submission: Submission) -> None:
    said = call(submission.partition)
    assert said.exit_code == 0
    assert f"{submission.partition}: cancelled" in said.output
    assert f"musicgen retry {submission.partition}" in said.output


def test_the_command_does_not_pretend(
    call: Callable[..., Any], studio: Studio, submission: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    unanswered = Cancelled(submission.partition, "mixing", "mixing", "unanswered", 30.0, "process 7 on another")
    monkeypatch.setattr(module, "cancel", lambda *_, **__: unanswered)
    said = call(submission.partition)
    assert said.exit_code == 3
    assert "process 7 on another was asked to stop and has not answered in 30 s" in said.output
    finished = Cancelled(submission.partition, "finalization", "released", "asked", 0.4, "process 7 on here")
    monkeypatch.setattr(module, "cancel", lambda *_, **__: finished)
    assert "The release stays." in call(submission.partition).output
