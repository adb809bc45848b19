"""The outline of audio: how high and low it goes in each of a number of columns, for drawing it anywhere.

Belongs here: numbers. Does not belong here: pictures (pictures).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp.levels import FloatArray, check_audio, check_range


def outline(samples: FloatArray, columns: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Lowest and highest value of all channels in each of ``columns`` equal stretches.

    Args:
        samples: float32 (channels, samples).
        columns: 1 to 100,000; where there are fewer samples, as many as those.

    Returns:
        Two arrays (columns,) in the range of the samples.

    Raises:
        AudioError: no audio, or a number out of range.
    """
    check_audio(samples)
    check_range("columns", columns, 1, 100_000)
    count = min(columns, samples.shape[1])
    edges = (np.arange(count) * samples.shape[1]) // count
    low = np.minimum.reduceat(samples, edges, axis=1).min(axis=0)
    high = np.maximum.reduceat(samples, edges, axis=1).max(axis=0)
    return low, high
