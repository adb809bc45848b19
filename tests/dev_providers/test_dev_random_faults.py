"""Under many callers and random faults the server stays up, and its bill names what was accepted and nothing else."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import httpx2
import pytest

from support.dev_providers import Dev
from support.dev_requests import SUBMITS

KINDS = (
    "drop_before", "drop_after", "rate_limited", "server_error", "server_error_after", "malformed_json",
    "truncated_json", "wrong_type", "cut_transfer", "no_credit", "moderation", "job_fails",
)  # fmt: skip
HIDING = {"drop_after", "server_error_after", "malformed_json", "truncated_json", "wrong_type", "cut_transfer"}
"""After which the caller does not know that what it asked for was accepted."""
REFUSING = {"drop_before", "rate_limited", "server_error", "no_credit"}
CALLS = 240


def send(dev: Dev, number: int) -> None:
    submit = list(SUBMITS.values())[number % len(SUBMITS)]
    with suppress(httpx2.TransportError):
        submit.send(dev, words=f"evening {number % 7}")


@pytest.mark.parametrize("seed", [1, 2])
def test_the_bill_is_what_was_accepted(dev: Dev, seed: int) -> None:
    draws = random.Random(seed)
    dev.faults(*({"kind": kind, "probability": 0.06, "seed": draws.randrange(1_000)} for kind in KINDS))
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda number: send(dev, number), range(CALLS)))
    dev.faults()
    requests = dev.requests()
    billed = {row["request_id"] for row in dev.bill()["rows"]}
    assert len(requests) == CALLS
    for row in requests:
        assert (row["id"] in billed) == is_accepted(row), row


def is_accepted(row: dict[str, Any]) -> bool:
    kinds = set(row["faults"])
    if kinds & REFUSING:
        return False
    is_refused_at_once = "moderation" in kinds and row["provider"] in (
        "elevenlabs",
        "stability",
        "minimax",
        "suno",
        "udio",
    )
    return not is_refused_at_once and (bool(kinds & HIDING) or row["status"] in (200, 201, 202))
