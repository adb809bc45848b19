"""Calls drawn from the OpenAPI document find no 5xx and no answer that is not in it (the long form: make soak)."""

from __future__ import annotations

from benchmarks.soak.api_fuzz import fuzz


def test_whatever_is_sent_is_answered_as_documented() -> None:
    found = fuzz(2, ("fuzzing",))
    assert found.cases > 30
    assert not found.failures, found.said[-6000:]
