"""The rules of an arrangement, measured from finished songs: growth, boundaries, endings, instruments."""

from __future__ import annotations

import pytest

from benchmarks.arrangement_novelty import novelty
from benchmarks.arrangement_rules import RULES, novelty_peaks
from benchmarks.written import WrittenSong, write_song

STYLES = ("pop", "folk", "jazz_swing", "synthwave")
EXACT = (
    "chorus denser than its verse", "chorus has more layers", "two devices a boundary", "ends on the tonic",
    "sensible tail", "duration exact", "in range", "polyphony", "guitar voicings",
)  # fmt: skip


@pytest.fixture(scope="module", params=STYLES)
def song(request: pytest.FixtureRequest) -> WrittenSong:
    return write_song(
        f"{request.param.replace('_', ' ')} instrumental", 2,
        {"musical.genres": [{"name": request.param, "weight": 1.0}], "technical.duration_s": 90.0},
    )  # fmt: skip


@pytest.mark.parametrize("rule", EXACT)
def test_songs_keep_the_rule(song: WrittenSong, rule: str) -> None:
    found = RULES[rule](song)
    assert found.kept == found.tried, found.note


def test_most_boundaries_are_peaks_of_novelty(song: WrittenSong) -> None:
    found = novelty_peaks(song)
    assert found.kept >= 0.6 * found.tried, found.note


def test_novelty_peaks_where_something_changes_and_nowhere_in_a_loop() -> None:
    import numpy as np

    one, other = np.tile([1.0, 0.0], (32, 1)), np.tile([0.0, 1.0], (32, 1))
    values = novelty(np.concatenate([one, other]))
    assert int(np.argmax(values)) == 32
    assert np.allclose(novelty(np.tile([1.0, 0.0], (64, 1))), 0.0, atol=1e-9)
