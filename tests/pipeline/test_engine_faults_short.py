"""The short form of the proof of engines under faults: a few of its cases, and that it can tell when one is broken."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.soak import engine_faults
from benchmarks.soak.engine_asker import Askers, askers
from benchmarks.soak.homes import BrokenPromiseError

pytestmark = pytest.mark.xdist_group("engines")

BILLED = {"usd": "0.06"}


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[engine_faults.Arena, Askers]]:
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        place = engine_faults.arena(stack, tmp_path_factory.mktemp("faults") / "arena")
        for name, value in place.environment().items():
            patch.setenv(name, value)
        yield place, stack.enter_context(askers(("kie", "elevenlabs", "replicate", "lyria", "openai", "suno")))


@pytest.mark.parametrize(
    ("engine", "fault", "is_killed", "outcomes"),
    [
        ("kie", "drop_after", False, {"unknown"}),
        ("elevenlabs", "none", True, {"succeeded", "unknown"}),
        ("replicate", "job_fails", False, {"failed"}),
        ("lyria", "rate_limited", False, {"succeeded"}),
        ("openai", "bad_json", False, {"failed"}),
        ("suno", "none", True, {"succeeded", "unknown"}),
    ],
)
def test_nothing_is_bought_twice_and_every_bill_is_known(
    arena: tuple[engine_faults.Arena, Askers], engine: str, fault: str, is_killed: bool, outcomes: set[str]
) -> None:
    number = 9000 + len(engine) + len(fault)
    facts = engine_faults.asked_until_it_rests(*arena, engine, fault, number, Random(number), is_killed=is_killed)
    assert facts["outcome"] in outcomes, facts
    assert facts["accepted"] <= 1


@pytest.mark.parametrize(
    ("rows", "ledger", "outcome", "told"),
    [
        ([BILLED, BILLED], [("succeeded", "", "0.12", "")], "succeeded", "accepted 2 times"),
        ([BILLED], [("succeeded", "", "0.05", "")], "succeeded", "billed"),
        ([BILLED], [("failed", "server error", "0", "")], "failed", "billed"),
        ([], [("calling", "", None, "")], "failed", "left as"),
        ([], [("failed", "server error", "0", "")], "transient", "ended as"),
        ([BILLED], [("succeeded", "", "0.06", "")], "failed", "with attempts"),
    ],
)
def test_a_broken_promise_is_found(
    rows: list[dict[str, str]], ledger: list[tuple[str, str, str | None, str]], outcome: str, told: str
) -> None:
    with pytest.raises(BrokenPromiseError, match=told):
        engine_faults.hold("kie", "none", rows, ledger, {"outcome": outcome, "why": "a reason"})


def test_a_failure_without_a_reason_is_a_broken_promise() -> None:
    with pytest.raises(BrokenPromiseError, match="without a reason"):
        engine_faults.hold("kie", "none", [], [("failed", "server error", "0", "")], {"outcome": "failed"})
    with pytest.raises(BrokenPromiseError, match="proves nothing"):
        engine_faults.hold("kie", "none", [], [], {"outcome": "failed", "why": "nothing is left to spend"})
