"""Where the keys of one instrument stand from left to right.

Belongs here: places of drums and keys. Does not belong here: where an instrument stands in the mix (plan, mixing).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_DRUM_PLACES = {
    37: -0.1, 39: 0.15, 41: -0.7, 42: 0.35, 43: -0.7, 44: 0.35, 45: -0.3, 46: 0.35, 47: -0.3, 48: 0.2, 49: 0.6,
    50: 0.2, 51: -0.5, 52: -0.6, 53: -0.5, 54: 0.5, 55: -0.3, 56: 0.35, 57: -0.6, 59: -0.5, 60: -0.45, 61: -0.6,
    62: 0.4, 63: 0.5, 64: 0.6, 65: -0.5, 66: -0.6, 67: 0.5, 68: 0.6, 69: -0.4, 70: -0.5, 75: 0.45, 76: 0.3, 77: 0.4,
}  # fmt: skip
"""General MIDI drum keys from left to right; kick, snare and what is not listed stand in the middle."""


def places(pitches: NDArray[np.int64], *, is_drums: bool) -> dict[int, float]:
    """Where each key stands, -1 (left) to 1.

    Drums stand as the audience of a right-handed drummer hears them; other keys from low on the left to high on
    the right, in steps of four semitones about middle C.
    """
    keys = sorted(set(pitches.tolist()))
    if is_drums:
        return {key: _DRUM_PLACES.get(key, 0.0) for key in keys}
    return {key: max(-1.0, min(1.0, ((key - 58) // 4) / 6.0)) for key in keys}


def pan_gains(pan: float) -> tuple[float, float]:
    """Left and right factors of constant power, both 1 in the middle; ``pan`` -1 to 1."""
    angle = (pan + 1.0) * np.pi / 4.0
    return float(np.sqrt(2.0) * np.cos(angle)), float(np.sqrt(2.0) * np.sin(angle))
