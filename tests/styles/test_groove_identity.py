"""The deep styles are told apart by their groove alone: the short form of benchmarks.groove_identity."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.groove_identity import FAMILIES, GOAL, PIECES, asked, confusion, grooves_of, named, recall, templates
from musicgen_assets.styles.loader import DEEP_STYLES

KNOWN, ASKED = range(1, 9), range(1001, 1006)


@pytest.mark.parametrize("rows", [PIECES, FAMILIES], ids=["by piece", "by height only"])
def test_deep_styles_are_told_apart_by_their_grooves(rows: dict[str, str]) -> None:
    counts = confusion(templates(rows, KNOWN), asked(rows, ASKED))
    assert counts.trace() / counts.sum() >= GOAL
    assert min(recall(counts).values()) >= 0.5


def test_a_judge_of_shuffled_grooves_is_lost() -> None:
    known = templates(FAMILIES, KNOWN)
    rng = np.random.default_rng(1)
    right = []
    for style in DEEP_STYLES:
        for groove in grooves_of(style, 1001, None, FAMILIES):
            shuffled = rng.permuted(groove.grid.ravel()).reshape(groove.grid.shape)
            right.append(named(type(groove)(style, groove.level, shuffled), known) == style)
    assert np.mean(right) < 0.4
