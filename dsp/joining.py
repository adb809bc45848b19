"""From one recording into another: crossfades.

Belongs here: overlaps of two. Does not belong here: fades of one (``dsp.dynamics``).
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from dsp.errors import AudioError
from dsp.levels import FloatArray, check_audio, check_range, check_rate

FadeShape = Literal["equal_power", "linear"]


def crossfade(
    before: FloatArray, after: FloatArray, rate: int, duration_s: float, shape: FadeShape = "equal_power"
) -> FloatArray:
    """``before``, then ``after``, the last ``duration_s`` of the one under the first of the other.

    Equal power (a quarter of a sine each: squares add up to 1) keeps the loudness of unrelated recordings; linear
    (gains add up to 1) that of two takes of the same.

    Args:
        before, after: float32 (channels, samples), as many channels.
        rate: in Hz.
        duration_s: 0 (one directly after the other) to the shorter one's length; longer ones are taken as that.
        shape: "equal_power" or "linear".

    Returns:
        float32 (channels, both lengths less the overlap).

    Raises:
        AudioError: no audio, unlike channels, or a value out of range.
    """
    check_audio(before)
    check_audio(after)
    check_rate(rate)
    check_range("duration_s", duration_s, 0.0, 1e6)
    if before.shape[0] != after.shape[0]:
        raise AudioError(f"both need as many channels, got {before.shape[0]} and {after.shape[0]}")
    if shape not in ("equal_power", "linear"):
        raise AudioError(f"shape must be equal_power or linear, got {shape!r}")
    count = min(round(duration_s * rate), before.shape[1], after.shape[1])
    place = (np.arange(count) + 0.5) / max(1, count)
    rise = np.sin(0.5 * np.pi * place) if shape == "equal_power" else place
    fall = np.cos(0.5 * np.pi * place) if shape == "equal_power" else 1.0 - place
    kept = before.shape[1] - count
    joined = before[:, kept:] * fall.astype(np.float32) + after[:, :count] * rise.astype(np.float32)
    return np.concatenate([before[:, :kept], joined, after[:, count:]], axis=1).astype(np.float32, copy=False)
