"""Sections from audio: where what is played turns into something else.

Belongs here: boundaries by novelty. Does not belong here: which sections are alike, what they are called.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from dsp.chords import unit_rows
from dsp.levels import FloatArray, as_channels, check_audio, check_rate
from dsp.tempo import DoubleArray

_BANDS_HZ = (60.0, 150.0, 400.0, 1_000.0, 2_500.0, 6_000.0, 12_000.0)
_FLOOR_DB = -60.0
_REACH = 8
_SPREADS = 1.0
"""A boundary stands this many spreads over the mean novelty."""


def section_starts(samples: FloatArray, rate: int, edges_s: DoubleArray, chroma: DoubleArray) -> DoubleArray:
    """Times in seconds at which a new section begins, the first of ``edges_s`` among them.

    Every stretch between two edges (two beats as a rule) is described by its levels in six bands and by ``chroma``,
    shape (stretches, 12); a checkerboard kernel of ``_REACH`` stretches a side runs along the diagonal of their
    likeness (J. Foote, "Automatic audio segmentation using a measure of audio novelty", ICME 2000), and its clear
    peaks, at least as far apart, are boundaries.

    Raises:
        AudioError: no audio, or an impossible rate.
    """
    check_audio(samples)
    check_rate(rate)
    features = np.concatenate([_levels(samples, rate, edges_s), unit_rows(chroma)], axis=1)
    novelty = _novelty(features)
    if novelty.size <= 2 * _REACH or float(novelty.std()) <= 1e-9:
        return np.asarray(edges_s[:1], dtype=np.float64)
    least = float(novelty.mean() + _SPREADS * novelty.std())
    found = [0]
    for place in np.argsort(-novelty, kind="stable"):
        if novelty[place] < least:
            break
        if all(abs(int(place) - other) >= _REACH for other in found) and len(edges_s) - 1 - place >= _REACH // 2:
            found.append(int(place))
    return np.asarray(edges_s[sorted(found)], dtype=np.float64)


def _levels(samples: FloatArray, rate: int, edges_s: DoubleArray) -> DoubleArray:
    """Level of each stretch in each band, 0 at the floor to 1 at the loudest, shape (stretches, bands)."""
    from scipy.fft import rfft, rfftfreq

    mono = as_channels(samples, 1)[0]
    at = np.clip(np.rint(edges_s * rate).astype(int), 0, mono.size)
    rows = np.full((len(edges_s) - 1, len(_BANDS_HZ) - 1), 0.0)
    for number, (start, end) in enumerate(pairwise(at)):
        if end - start < 64:
            continue
        power = np.abs(rfft(mono[start:end])) ** 2 / float(end - start) ** 2
        places = np.searchsorted(rfftfreq(end - start, 1.0 / rate), _BANDS_HZ)
        sums = np.concatenate([[0.0], np.cumsum(power)])
        rows[number] = sums[np.minimum(places[1:], power.size)] - sums[np.minimum(places[:-1], power.size)]
    loudest = float(rows.max())
    if loudest <= 0.0:
        return rows
    return np.asarray(1.0 - np.maximum(10.0 * np.log10(rows / loudest + 1e-12), _FLOOR_DB) / _FLOOR_DB)


def _novelty(features: DoubleArray) -> DoubleArray:
    """Per edge between stretches, 0 at both ends, shape (stretches,)."""
    count = len(features)
    apart = np.sqrt(((features[:, None, :] - features[None, :, :]) ** 2).sum(axis=2))
    novelty = np.zeros(count)
    for place in range(1, count):
        side = min(_REACH, place, count - place)
        before, after = slice(place - side, place), slice(place, place + side)
        across = float(apart[before, after].mean())
        within = 0.5 * float(apart[before, before].mean() + apart[after, after].mean())
        novelty[place] = (across - within) * side / _REACH
    return np.maximum(novelty, 0.0)
