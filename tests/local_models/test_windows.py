"""Long songs: windows that go on from each other cover every frame once, and their seams are not heard."""

from __future__ import annotations

import numpy as np
import pytest

from resources.local_models.child.model_child.windows import joined, windows


@pytest.mark.parametrize("total", [1, 200, 1500, 1501, 2250, 30_000])
def test_every_frame_is_made_once_and_no_window_is_too_long(total: int) -> None:
    found = windows(total, 1500, 900)
    assert sum(window.new for window in found) == total
    done = 0
    for window in found:
        assert window.start + window.prompt == done
        assert window.prompt + window.new <= 1500
        assert window.prompt == min(600, done)
        done += window.new


def test_a_step_must_leave_room_for_a_prompt() -> None:
    with pytest.raises(ValueError, match="30 frames"):
        windows(30, 10, 10)


def test_a_song_goes_on_without_a_jump() -> None:
    whole = np.sin(np.arange(4000) / 25).astype(np.float32)[np.newaxis]
    first, second = whole[:, :3000], whole[:, 2000:] * 0.9
    song = joined(first, second, 1000, 200)
    assert song.shape == whole.shape
    assert np.array_equal(song[:, :2800], whole[:, :2800])
    assert np.array_equal(song[:, 3000:], second[:, 1000:])
    assert np.abs(np.diff(song)).max() < 1.1 * np.abs(np.diff(whole)).max()
    empty = np.zeros((1, 0), np.float32)
    assert np.array_equal(joined(empty, first, 0, 200), first)
