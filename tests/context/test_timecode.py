"""Timecode counts as SMPTE ST 12-1 does, at every rate, there and back."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from musicgen_assets.context.schema import TechnicalContext
from musicgen_assets.context.timecode import FRAME_RATES, FrameRate, frames_of, label_of, samples_of, whole_frames


@pytest.mark.parametrize("rate", FRAME_RATES)
def test_labels_and_frames_are_each_others_inverse(rate: FrameRate) -> None:
    for frames in [*range(0, 40_000, 7), *range(1_790, 1_810), *range(17_975, 17_995), 107_892, 1_982_015]:
        assert frames_of(label_of(frames, rate), rate) == frames, (frames, rate)


def test_drop_frame_leaves_out_the_labels_that_it_must() -> None:
    assert label_of(1_799, "29.97df") == "00:00:59;29"
    assert label_of(1_800, "29.97df") == "00:01:00;02"
    assert label_of(17_982, "29.97df") == "00:10:00;00"
    assert label_of(107_892, "29.97df") == "01:00:00;00"
    with pytest.raises(ValueError, match="leaves 00:01:00;00 out"):
        frames_of("00:01:00;00", "29.97df")


def test_drop_frame_time_is_the_clocks() -> None:
    an_hour = frames_of("01:00:00;00", "29.97df")
    assert samples_of(an_hour, "29.97df", 48_000) / 48_000 == pytest.approx(3_600.0, abs=0.01)


def test_frames_are_whole_samples_where_they_can_be() -> None:
    assert [samples_of(1, rate, 48_000) for rate in ("24", "25", "30", "23.976")] == [2_000, 1_920, 1_600, 2_002]
    assert samples_of(5, "29.97df", 48_000) == 8_008


@pytest.mark.parametrize(("rate", "frames"), [("24", 720), ("25", 750), ("30", 900), ("29.97df", 899), ("23.976", 719)])
def test_thirty_seconds_are_the_nearest_whole_frames(rate: FrameRate, frames: int) -> None:
    assert whole_frames(30.0, rate) == frames
    assert whole_frames(30.001, rate, is_up=True) >= frames


@pytest.mark.parametrize(
    ("label", "rate"),
    [("", "25"), ("1:00:00:00", "25"), ("24:00:00:00", "25"), ("01:60:00:00", "25"), ("01:00:00:25", "25"),
     ("01:00:00:24", "23.976"), ("00:01:00;00", "29.97df")],
)  # fmt: skip
def test_a_start_that_is_no_timecode_is_refused_before_any_work(label: str, rate: FrameRate) -> None:
    with pytest.raises(ValidationError, match=r"timecode"):
        TechnicalContext(start_timecode=label, frame_rate=rate)
