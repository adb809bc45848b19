"""A version is executed by one process at a time, and the dead hold nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta

import pytest

from musicgen_assets.context.failures import BadInput, PermanentFailure, TransientFailure
from musicgen_assets.context.request import CompositionRequest
from resources import leases
from resources.door import Submission, claim, finish_request, submit
from resources.registry import Lease, Registry, Request, queries, utc_now
from resources.settings import Settings

PROMPT = "upbeat pop song about summer"


@pytest.fixture
def submission(registry: Registry, settings: Settings) -> Submission:
    return submit(registry, CompositionRequest(prompt=PROMPT), settings)


@pytest.fixture
def other_process() -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as child:
        yield child.pid
        child.kill()


def change(registry: Registry, **values: object) -> None:
    with registry.session() as session:
        lease = session.scalars(leases.select(Lease)).one()
        for name, value in values.items():
            setattr(lease, name, value)


def held_by(registry: Registry, pid: int) -> None:
    change(registry, pid=pid, process_started=leases.process_started(pid) or 0.0)


def test_a_second_run_is_refused_while_the_first_lives(
    registry: Registry, submission: Submission, other_process: int
) -> None:
    leases.begin(registry, submission.partition, "run-1")
    held_by(registry, other_process)
    with pytest.raises(TransientFailure, match=str(other_process)):
        leases.begin(registry, submission.partition, "run-2")


def test_the_lease_of_a_dead_process_is_free(registry: Registry, submission: Submission, other_process: int) -> None:
    leases.begin(registry, submission.partition, "run-1")
    held_by(registry, other_process)
    os.kill(other_process, 9)
    os.waitpid(other_process, 0)
    assert leases.begin(registry, submission.partition, "run-2").run_id == "run-2"


def test_another_process_under_the_same_number_is_another(registry: Registry, submission: Submission) -> None:
    leases.begin(registry, submission.partition, "run-1")
    change(registry, process_started=1.0)
    with registry.reading() as session:
        assert not leases.is_alive(leases.all_leases(session)[0])


@pytest.mark.parametrize(("age_s", "alive"), [(1.0, True), (leases.SILENT_AFTER_S + 5, False)])
def test_on_another_machine_the_heartbeat_decides(
    registry: Registry, submission: Submission, age_s: float, alive: bool
) -> None:
    leases.begin(registry, submission.partition, "run-1")
    change(registry, host="elsewhere", heartbeat_at=utc_now() - timedelta(seconds=age_s))
    with registry.reading() as session:
        assert leases.is_alive(leases.all_leases(session)[0]) is alive


def test_a_wish_to_cancel_reaches_the_holder(registry: Registry, submission: Submission) -> None:
    assert not leases.ask_to_cancel(registry, submission.partition, "me")
    holding = leases.begin(registry, submission.partition, "run-1")
    assert not leases.is_to_stop(registry, holding)
    assert leases.ask_to_cancel(registry, submission.partition, "me")
    assert leases.is_to_stop(registry, holding)


def test_who_lost_the_lease_stops_and_may_not_write(registry: Registry, submission: Submission) -> None:
    holding = leases.begin(registry, submission.partition, "run-1")
    change(registry, run_id="run-2")
    assert leases.is_to_stop(registry, holding)
    with registry.session() as session, pytest.raises(PermanentFailure, match="run-2"):
        leases.require(session, queries.get_version(session, submission.partition), "run-1")


def test_the_run_that_was_launched_with_a_claim_takes_the_request_over(
    registry: Registry, submission: Submission
) -> None:
    assert claim(registry, submission.request_id, "launch:abc")
    holding = leases.begin(
        registry, submission.partition, "run-1", request_id=submission.request_id, token="launch:abc"
    )
    assert holding.request_id == submission.request_id
    with registry.reading() as session:
        assert queries.get_request(session, submission.request_id).claimed_by == "run:run-1"


def test_a_run_with_another_token_is_refused(registry: Registry, submission: Submission) -> None:
    assert claim(registry, submission.request_id, "launch:abc")
    with pytest.raises(PermanentFailure, match="launch:abc"):
        leases.begin(registry, submission.partition, "run-1", request_id=submission.request_id, token="launch:xyz")
    with registry.reading() as session:
        assert leases.all_leases(session) == []


def test_a_run_that_continues_a_dead_one_takes_its_request(registry: Registry, submission: Submission) -> None:
    assert claim(registry, submission.request_id, "launch:abc")
    first = leases.begin(registry, submission.partition, "run-1", request_id=submission.request_id, token="launch:abc")
    change(registry, process_started=1.0)
    second = leases.begin(
        registry, submission.partition, "run-2", request_id=submission.request_id, token="launch:abc",
        parents=[first.run_id],
    )  # fmt: skip
    assert second.request_id == submission.request_id


def test_a_finished_request_is_not_served_again(registry: Registry, submission: Submission) -> None:
    finish_request(registry, submission.request_id, "done")
    holding = leases.begin(registry, submission.partition, "run-1", request_id=submission.request_id, token="x")
    assert holding.request_id is None


def test_an_unknown_version_is_refused(registry: Registry) -> None:
    with pytest.raises(BadInput, match="nobody"):
        leases.begin(registry, "nobody@v1", "run-1")


@pytest.mark.parametrize(
    ("claimed_by", "age_s", "alive"),
    [
        ("launch:abc", 1.0, True),
        ("launch:abc", leases.LAUNCH_GRACE_S + 1, False),
        ("run:abc", 1.0, False),
        ("cli:elsewhere:17:1.00", 1.0, True),
        ("cli:elsewhere:17:1.00", leases.SILENT_AFTER_S + 1, False),
    ],
)
def test_a_claim_without_a_lease_lasts_as_long_as_its_owner_may_still_begin(
    claimed_by: str, age_s: float, alive: bool
) -> None:
    request = Request(claimed_by=claimed_by, claimed_at=utc_now() - timedelta(seconds=age_s))
    assert leases.claimer_is_alive(request) is alive


def test_this_process_signs_claims_that_are_alive_until_it_ends(other_process: int) -> None:
    mine = Request(claimed_by=leases.claimer_name(), claimed_at=utc_now())
    assert leases.claimer_is_alive(mine)
    started = leases.process_started(other_process)
    theirs = Request(claimed_by=f"cli:{leases.this_host()}:{other_process}:{started:.2f}", claimed_at=utc_now())
    assert leases.claimer_is_alive(theirs)
    os.kill(other_process, 9)
    os.waitpid(other_process, 0)
    assert not leases.claimer_is_alive(theirs)
