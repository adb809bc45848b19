"""One recording inside given windows, another outside: a splice that leaves everything outside bit for bit.

Belongs here: windows, and the crossfades inside their edges. Does not belong here: joining parts end to end
(``dsp.joining``), where windows are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dsp.errors import AudioError
from dsp.levels import FloatArray, check_audio, check_range, check_rate

Window = tuple[float, float]
"""From and to, in seconds."""


def merged(windows: Sequence[Window]) -> tuple[Window, ...]:
    """Windows in order, those that meet made one; none begins before 0."""
    found: list[Window] = []
    for start, end in sorted((max(start, 0.0), end) for start, end in windows):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        elif end > start:
            found.append((start, end))
    return tuple(found)


def spliced(
    outside: FloatArray, inside: FloatArray, rate: int, windows: Sequence[Window], edge_s: float = 0.05
) -> FloatArray:
    """``inside`` within the windows, ``outside`` elsewhere, equal to it there bit for bit.

    The change from one to the other is a raised-cosine crossfade of ``edge_s`` inside each end of a window; none at the
    beginning or end of the audio.

    Args:
        outside: float32 (channels, samples).
        inside: same shape.
        rate: in Hz.
        windows: in order and apart, as ``merged`` gives them.
        edge_s: 0 to 1; at most half a window is used.

    Raises:
        AudioError: no audio, unlike shapes, or a value out of range.
    """
    check_audio(outside)
    check_audio(inside)
    check_rate(rate)
    check_range("edge_s", edge_s, 0.0, 1.0)
    if outside.shape != inside.shape:
        raise AudioError(f"both sides of a splice need one shape, got {outside.shape} and {inside.shape}")
    length = outside.shape[1]
    out = outside.copy()
    for start_s, end_s in windows:
        first, last = (min(max(round(at_s * rate), 0), length) for at_s in (start_s, end_s))
        if last <= first:
            continue
        weight = np.ones(last - first, np.float32)
        edge = min(round(edge_s * rate), (last - first) // 2)
        rise = (0.5 - 0.5 * np.cos(np.pi * (np.arange(edge) + 0.5) / max(edge, 1))).astype(np.float32)
        if first > 0:
            weight[:edge] = rise
        if last < length:
            weight[last - first - edge :] = rise[::-1]
        part = outside[:, first:last]
        out[:, first:last] = part + weight * (inside[:, first:last] - part)
        whole = weight == 1.0
        out[:, first:last][:, whole] = inside[:, first:last][:, whole]
    return out
