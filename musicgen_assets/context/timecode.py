"""SMPTE timecode: frames, their labels, and samples since midnight.

Belongs here: arithmetic of SMPTE ST 12-1, drop-frame counting included. Does not belong here: files that carry it
(``dsp.wavchunks``), which rate a film has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Literal, get_args

FrameRate = Literal["23.976", "24", "25", "29.97df", "30"]
FRAME_RATES: tuple[FrameRate, ...] = get_args(FrameRate)

FRAMES_A_SECOND: Mapping[str, Fraction] = {
    "23.976": Fraction(24_000, 1_001), "24": Fraction(24), "25": Fraction(25), "29.97df": Fraction(30_000, 1_001),
    "30": Fraction(30),
}  # fmt: skip
_COUNTED: Mapping[str, int] = {"23.976": 24, "24": 24, "25": 25, "29.97df": 30, "30": 30}
"""Frames that the labels count in a second."""
_DROPPED = 2
"""Labels that drop-frame counting leaves out each minute, but for every tenth."""
_LABEL = re.compile(r"(\d\d):(\d\d):(\d\d)[:;](\d\d)")


def frames_of(label: str, rate: FrameRate) -> int:
    """Frames from midnight to a label such as "01:00:00:00" ("01:00:00;00" in drop-frame).

    Raises:
        ValueError: no label, or one that the rate does not have; says which and what to write.
    """
    found = _LABEL.fullmatch(label)
    hours, minutes, seconds, frames = map(int, found.groups()) if found else (99, 0, 0, 0)
    counted = _COUNTED[rate]
    if hours > 23 or minutes > 59 or seconds > 59 or frames >= counted:
        raise ValueError(
            f"{label!r} is no timecode at {rate} frames a second: write hours:minutes:seconds:frames, as in 01:00:00:00"
        )
    total_minutes = 60 * hours + minutes
    whole = (60 * total_minutes + seconds) * counted + frames
    if not rate.endswith("df"):
        return whole
    if seconds == 0 and frames < _DROPPED and minutes % 10:
        raise ValueError(f"drop-frame timecode leaves {label} out: the next frame is {label[:-2]}02")
    return whole - _DROPPED * (total_minutes - total_minutes // 10)


def label_of(frames: int, rate: FrameRate) -> str:
    """The label of the frame that is ``frames`` after midnight; the day begins again after 24 hours."""
    counted = _COUNTED[rate]
    mark = ":"
    if rate.endswith("df"):
        mark = ";"
        ten_minutes = 600 * counted - 9 * _DROPPED
        tens, left = divmod(frames % (144 * ten_minutes), ten_minutes)
        minutes = 0 if left < 60 * counted else 1 + (left - 60 * counted) // (60 * counted - _DROPPED)
        frames = left + tens * ten_minutes + _DROPPED * (9 * tens + minutes)
    seconds, frame = divmod(frames, counted)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours % 24:02d}:{minute:02d}:{second:02d}{mark}{frame:02d}"


def whole_frames(length_s: float, rate: FrameRate, *, is_up: bool = False) -> int:
    """The number of frames nearest to ``length_s`` seconds, at least 1; with ``is_up`` the next that holds them all."""
    exact = Fraction(length_s).limit_denominator(1_000_000) * FRAMES_A_SECOND[rate]
    return max(1, -(-exact.numerator // exact.denominator) if is_up else round(exact))


def samples_of(frames: int, rate: FrameRate, sample_rate_hz: int) -> int:
    """Samples that ``frames`` last, to the nearest; at 48 kHz exact but at 29.97 frames a second."""
    return round(Fraction(frames) / FRAMES_A_SECOND[rate] * sample_rate_hz)
