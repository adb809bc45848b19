"""A lead is held to being as loud as its mix meant it to be, and what begins clearly to beginning in time."""

from __future__ import annotations

import pytest

from musicgen_assets.graph.job import CheckResult
from musicgen_assets.mastering.bounds import MAX_LEAD_UNDER_PLAN_DB, MIN_LEAD_OVER_REST_DB
from musicgen_assets.mastering.gate_parts import Part, part_checks
from musicgen_assets.mastering.judging import _planned_lead_lu
from musicgen_assets.mastering.parts import Lag, PartMeasures


def part(name: str, role: str, level_db: float) -> Part:
    measures = PartMeasures(
        levels_db=(level_db,) * 50, bands_db=(), silent_notes=0.0, lags=(), offset_semitones=0.0, offset_clarity=0.0
    )
    return Part(name, role, measures)  # type: ignore[arg-type]


def judged(lead_db: float, planned_lu: float | None) -> CheckResult:
    checks = part_checks([part("melody", "lead", lead_db), part("piano", "chords", 0.0)], planned_lu)
    return next(check for check in checks if check.name == "lead_audibility")


@pytest.mark.parametrize(
    ("lead_db", "planned_lu", "is_passed"),
    [
        (3.0, 3.0, True), (0.0, 3.0, True), (-2.0, 3.0, False),  # louder than any other, and still not what was meant
        (-5.0, -3.0, True), (-6.4, -4.0, True), (-6.6, -4.0, False), (-5.0, None, True), (-7.0, None, False),
    ],
)  # fmt: skip
def test_a_lead_far_under_its_plan_or_under_the_rest_fails(
    lead_db: float, planned_lu: float | None, is_passed: bool
) -> None:
    check = judged(lead_db, planned_lu)
    assert check.passed == is_passed
    assert check.measured == pytest.approx(lead_db, abs=0.01)


def test_the_bound_that_counts_is_the_one_that_is_told() -> None:
    assert f"{3.0 - MAX_LEAD_UNDER_PLAN_DB:.1f} dB" in judged(0.0, 3.0).expected
    assert f"{MIN_LEAD_OVER_REST_DB:.1f} dB" in judged(0.0, None).expected


def test_a_fader_moved_by_hand_is_not_held_to_the_plan() -> None:
    strips = [{"track": "melody", "hand": None}, {"track": "piano", "hand": None}]
    assert _planned_lead_lu({"lead_over_rest_lu": -1.5, "strips": strips}) == -1.5
    assert _planned_lead_lu({"lead_over_rest_lu": None, "strips": strips}) is None
    moved = [*strips, {"track": "bass", "hand": {"gain_db": -3.0}}]
    assert _planned_lead_lu({"lead_over_rest_lu": -1.5, "strips": moved}) is None


@pytest.mark.parametrize(("role", "is_passed"), [("chords", False), ("lead", False), ("pad", True), ("vocal", True)])
def test_drift_is_judged_of_parts_that_begin_clearly(role: str, is_passed: bool) -> None:
    lags = tuple(Lag(from_s=10.0 * n, lag_ms=55.0 * (n > 0), score=30.0, lead=2.0) for n in range(3))
    late = part("late", role, -6.0)
    late = Part("late", late.role, late.measures.model_copy(update={"lags": lags}))
    found = next(check for check in part_checks([late, part("piano", "chords", 0.0)]) if check.name == "timing")
    assert found.passed == is_passed
