"""A splice is one recording inside its windows and the other outside, bit for bit, without a step between."""

from __future__ import annotations

import numpy as np
import pytest

from dsp.errors import AudioError
from dsp.splicing import merged, spliced

RATE = 1_000


def tone(hz: float, seconds: float = 4.0, channels: int = 2) -> np.ndarray:
    wave = np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)
    return np.repeat(wave[None].astype(np.float32), channels, axis=0)


def test_outside_its_windows_the_splice_is_the_one_and_inside_the_other() -> None:
    outside, inside = tone(5.0), tone(7.0)
    out = spliced(outside, inside, RATE, ((1.0, 2.0), (3.0, 9.0)), edge_s=0.1)
    assert out.dtype == np.float32
    for first, last in ((0, 1_000), (2_000, 3_000)):
        assert np.array_equal(out[:, first:last], outside[:, first:last])
    for first, last in ((1_100, 1_900), (3_100, 4_000)):
        assert np.array_equal(out[:, first:last], inside[:, first:last])


def test_between_them_there_is_no_step() -> None:
    out = spliced(np.zeros((1, 4_000), np.float32), np.ones((1, 4_000), np.float32), RATE, ((1.0, 3.0),), edge_s=0.2)
    assert float(np.abs(np.diff(out)).max()) < 0.01
    assert out.max() == 1.0


def test_a_window_that_reaches_the_beginning_or_the_end_is_not_faded_there() -> None:
    inside = tone(7.0)
    assert np.array_equal(spliced(tone(5.0), inside, RATE, ((0.0, 9.0),)), inside)
    assert np.array_equal(spliced(tone(5.0), inside, RATE, ()), tone(5.0))


def test_windows_that_meet_are_one() -> None:
    assert merged([(5.0, 6.0), (-1.0, 2.0), (1.5, 3.0), (8.0, 8.0)]) == ((0.0, 3.0), (5.0, 6.0))


def test_unlike_shapes_are_refused() -> None:
    with pytest.raises(AudioError, match="one shape"):
        spliced(tone(5.0), tone(5.0, 3.0), RATE, ((1.0, 2.0),))
