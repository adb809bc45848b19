"""Nothing is released that the gate did not let through: stale, failed and unanswered alike."""

from __future__ import annotations

from typing import Any

import pytest

from musicgen_assets.context.failures import PermanentFailure
from musicgen_assets.finalization.permission import failed_checks, permit_release
from musicgen_assets.graph.declarations import declaration_of

MASTER = "a" * 64
NAMES = declaration_of("mastering/analysis").checks


def verdict(**failed: Any) -> dict[str, Any]:
    checks = [
        {"name": name, "passed": name not in failed, "measured": failed.get(name, 1.0), "expected": "x"}
        for name in NAMES
    ]
    return {"master_sha256": MASTER, "passed": not failed, "checks": checks}


def waiver(check: str) -> dict[str, str]:
    return {"check": check, "who": "ada", "why": "because"}


def test_all_passed_needs_no_waiver() -> None:
    assert permit_release(verdict(), MASTER, [waiver("tempo")], "c@v1") == ()


def test_another_masters_verdict_is_none() -> None:
    with pytest.raises(PermanentFailure, match="another master"):
        permit_release(verdict(), "b" * 64, [], "c@v1")
    with pytest.raises(PermanentFailure, match="another master"):
        permit_release({}, MASTER, [], "c@v1")


def test_failures_are_named_with_the_way_out() -> None:
    with pytest.raises(PermanentFailure) as caught:
        permit_release(verdict(tempo=97.0, loudness=-12.2), MASTER, [waiver("tempo")], "c@v1")
    assert "loudness: measured -12.2" in caught.value.message
    assert "tempo" not in caught.value.message
    assert "musicgen waive c@v1 loudness --why TEXT" in caught.value.way_out


def test_waived_failures_are_handed_on() -> None:
    used = permit_release(verdict(tempo=97.0), MASTER, [waiver("key"), waiver("tempo")], "c@v1")
    assert used == (waiver("tempo"),)


def test_a_check_without_an_answer_is_a_failure() -> None:
    partial = verdict()
    partial["checks"] = [check for check in partial["checks"] if check["name"] != "clipping"]
    assert [check["name"] for check in failed_checks(partial)] == ["clipping"]
    with pytest.raises(PermanentFailure, match="clipping"):
        permit_release(partial, MASTER, [], "c@v1")


def test_passed_means_true_and_nothing_like_it() -> None:
    odd = verdict()
    odd["checks"][0]["passed"] = "yes"
    assert [check["name"] for check in failed_checks(odd)] == [NAMES[0]]
