"""Things that move while the music plays: a level along points, a filter whose corner wanders.

Belongs here: time-varying but linear treatments; a sum treated is the sum of the treated. Does not belong here: gains
that follow the audio itself (``dsp.dynamics``), periodic movement (``dsp.modulation``).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dsp.errors import AudioError
from dsp.filters import apply_sections, high_pass_sections, low_pass_sections
from dsp.levels import FloatArray, check_audio, check_range, check_rate

FilterKind = Literal["high_pass", "low_pass"]

_FILTERS_PER_OCTAVE = 4
_LEAD_IN_S = 0.05
_EDGE_S = 0.01


def level_curve(length: int, rate: int, times_s: Sequence[float], levels_db: Sequence[float]) -> FloatArray:
    """Gain per sample along points: straight lines in dB between them, level before the first and after the last.

    Args:
        length: in samples, at least 1.
        rate: in Hz.
        times_s: not falling, at least one.
        levels_db: as many, -120 to 40.

    Returns:
        float32 (length,).

    Raises:
        AudioError: no points, unequal numbers of times and levels, times out of order, or a value out of range.
    """
    check_rate(rate)
    check_range("length", length, 1, 2**40)
    if not times_s or len(times_s) != len(levels_db):
        raise AudioError(f"as many levels as times are needed, got {len(times_s)} times and {len(levels_db)} levels")
    if any(later < earlier for earlier, later in pairwise(times_s)):
        raise AudioError(f"times_s must not fall, got {list(times_s)}")
    for level in levels_db:
        check_range("levels_db", level, -120.0, 40.0)
    places = np.asarray(times_s, dtype=np.float64) * rate
    levels = np.interp(np.arange(length), places, np.asarray(levels_db, dtype=np.float64))
    return (10.0 ** (levels / 20.0)).astype(np.float32)


def swept_filter(
    samples: FloatArray, rate: int, kind: FilterKind, start_s: float, end_s: float, start_hz: float, end_hz: float
) -> FloatArray:
    """A second-order Butterworth filter whose corner goes from ``start_hz`` to ``end_hz``, evenly in octaves.

    Outside ``start_s`` to ``end_s`` nothing is filtered; 10 ms of crossfade on each edge keep the switching silent. The
    sweep fades through a row of fixed filters a quarter of an octave apart, so that it cannot ring or click however
    fast it goes; a corner that stands still is exactly one fixed filter.

    Args:
        samples: float32 (channels, samples).
        rate: in Hz.
        kind: "high_pass" or "low_pass".
        start_s, end_s: the stretch; what lies outside the audio is ignored.
        start_hz, end_hz: 10 to 0.45 of the rate; higher ones are taken as that.

    Returns:
        float32, same shape.

    Raises:
        AudioError: no audio, an end before its start, or a frequency out of range.
    """
    check_audio(samples)
    check_rate(rate)
    if kind not in ("high_pass", "low_pass"):
        raise AudioError(f"kind must be high_pass or low_pass, got {kind!r}")
    if not (np.isfinite(start_s) and np.isfinite(end_s)) or end_s < start_s:
        raise AudioError(f"a sweep must end after it begins, got {start_s!r} to {end_s!r} s")
    highest_hz = 0.45 * rate
    corners = [min(hz, highest_hz) for hz in (start_hz, end_hz)]
    for name, hz in zip(("start_hz", "end_hz"), corners, strict=True):
        check_range(name, hz, 10.0, 768_000.0)
    first, last = (min(samples.shape[1], max(0, round(time * rate))) for time in (start_s, end_s))
    if last <= first:
        return samples.copy()
    before = min(first, round(_LEAD_IN_S * rate))
    part = np.ascontiguousarray(samples[:, first - before : last])
    position = _positions(round(start_s * rate), round(end_s * rate), first, last)
    filtered = _through_bank(part, rate, kind, corners, position, before)
    edge = _edges(last - first, min((last - first) // 2, round(_EDGE_S * rate)))
    out = samples.copy()
    out[:, first:last] += edge * (filtered - samples[:, first:last])
    return out


def _positions(start: int, end: int, first: int, last: int) -> NDArray[np.float64]:
    """How far the sweep is at each sample from ``first`` to ``last``, 0 to 1."""
    return (np.arange(first, last) - start) / max(1, end - start)


def _through_bank(
    part: FloatArray, rate: int, kind: FilterKind, corners: Sequence[float], position: NDArray[np.float64], before: int
) -> FloatArray:
    """``part`` after its lead-in of ``before`` samples, fading from filter to filter as ``position`` goes 0 to 1."""
    octaves = abs(float(np.log2(corners[1] / corners[0])))
    count = max(2, int(np.ceil(octaves * _FILTERS_PER_OCTAVE)) + 1) if octaves > 0.0 else 1
    bank = corners[0] * (corners[1] / corners[0]) ** (np.arange(count) / max(1, count - 1))
    design = high_pass_sections if kind == "high_pass" else low_pass_sections
    place = np.clip(position, 0.0, 1.0) * (count - 1)
    out = np.zeros((part.shape[0], position.size), np.float32)
    for index, corner_hz in enumerate(bank):
        share = np.maximum(0.0, 1.0 - np.abs(place - index)).astype(np.float32)
        heard = np.flatnonzero(share)
        if heard.size == 0:
            continue
        # Each filter runs over its own stretch only, after a lead-in of its own.
        begin = max(0, before + int(heard[0]) - round(_LEAD_IN_S * rate))
        end = before + int(heard[-1]) + 1
        wet = apply_sections(np.ascontiguousarray(part[:, begin:end]), design(rate, float(corner_hz)))
        span = slice(int(heard[0]), int(heard[-1]) + 1)
        out[:, span] += share[span] * wet[:, before + int(heard[0]) - begin :]
    return out


def _edges(length: int, edge: int) -> FloatArray:
    """1 inside, raised cosines from and to 0 over ``edge`` samples at both ends."""
    shape = np.ones(length, np.float32)
    if edge > 0:
        rise = (0.5 - 0.5 * np.cos(np.pi * (np.arange(edge) + 0.5) / edge)).astype(np.float32)
        shape[:edge] = rise
        shape[length - edge :] = rise[::-1]
    return shape
