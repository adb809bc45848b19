"""The deep styles are told apart by their groove alone: the short form of benchmarks.groove_identity."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.groove_identity import (
    FAMILIES,
    GOAL,
    PIECES,
    asked,
    confusion,
    grooves_of,
    known_grooves,
    named,
    recall,
)
from musicgen_assets.styles.loader import DEEP_STYLES

KNOWN, ASKED = range(1, 9), range(1001, 1006)


@pytest.mark.parametrize("rows", [PIECES, FAMILIES], ids=["by piece", "by height only"])
def test_deep_styles_are_told_apart_by_their_grooves(rows: dict[str, str]) -> None:
    counts = confusion(known_grooves(rows, KNOWN), asked(rows, ASKED))
    assert counts.trace() / counts.sum() >= GOAL
    assert min(recall(counts).values()) >= GOAL


def test_a_judge_of_shuffled_grooves_is_lost() -> None:
    known = known_grooves(FAMILIES, KNOWN)
    rng = np.random.default_rng(1)
    right = []
    for style in DEEP_STYLES:
        for groove in grooves_of(style, 1001, None, FAMILIES):
            shuffled = rng.permuted(groove.grid.ravel()).reshape(groove.grid.shape)
            right.append(named(type(groove)(style, groove.level, shuffled), known) == style)
    assert np.mean(right) < 0.4


def test_jazz_is_known_by_its_swing_on_the_ride_and_on_the_hats() -> None:
    """Time on the hats, as in Kansas City, is jazz as much as time on the ride."""
    known, questions = known_grooves(PIECES, KNOWN), [q for q in asked(PIECES, ASKED) if q.style == "jazz_swing"]
    names = list(dict.fromkeys(PIECES.values()))
    on_hats = [q for q in questions if q.grid[names.index("hat")].any()]
    on_ride = [q for q in questions if q.grid[names.index("ride")].any()]
    assert on_hats
    assert on_ride
    for ways in (on_hats, on_ride):
        assert all(named(groove, known) == "jazz_swing" for groove in ways)
