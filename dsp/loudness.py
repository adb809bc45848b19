"""Loudness after ITU-R BS.1770-4, EBU R 128 and EBU Tech 3341/3342, true peak, and two measures of dynamics.

One pass of K-weighting yields the energy of every 100 ms; all figures here are sums of those. Belongs here: what a
loudness meter shows. Does not belong here: plain peaks and means (``dsp.levels``), changing the level
(``dsp.dynamics``).

Mono is one loudspeaker, as the standard has it: it reads 3.01 LU less than the same signal on two channels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.dynamic_range import tt_dynamic_range_db
from dsp.errors import AudioError
from dsp.levels import FloatArray, check_audio, check_range, check_rate, gain_to_db
from dsp.truepeak import PAIRS, local_true_peaks, true_peak_dbtp

__all__ = [
    "LOUDNESS_FLOOR_LUFS",
    "Loudness",
    "integrated_lufs",
    "k_weighting",
    "measure",
    "peak_to_short_term_db",
    "short_term_curve",
    "true_peak_dbtp",
    "tt_dynamic_range_db",
]

DoubleArray = NDArray[np.float64]

LOUDNESS_FLOOR_LUFS = -70.0
"""What silence reads: the absolute gate of BS.1770-4, below which nothing counts."""

_MOMENTARY_BLOCKS = 4
_SHORT_TERM_BLOCKS = 30
_BLOCK_S = 0.1
_CHUNK_BLOCKS = 50
_PSR_GATE_LU = 20.0
_MIN_RATE_HZ = 8_000


@dataclass(frozen=True)
class Loudness:
    """What a loudness meter shows at the end; -70 stands for silence, a range of 0 for too little sound."""

    integrated_lufs: float
    loudness_range_lu: float
    max_momentary_lufs: float
    max_short_term_lufs: float


def measure(samples: FloatArray, rate: int) -> Loudness:
    """All loudness figures of one or two channels.

    Windows are 0.4 s (gating, momentary) and 3 s (short-term, range), a new one every 0.1 s. Audio shorter than
    a window is one window.

    Raises:
        AudioError: no audio, more than two channels, a rate under 8 kHz.
    """
    energies = _block_energies(samples, rate)
    momentary, short_term = _windows(energies, _MOMENTARY_BLOCKS), _windows(energies, _SHORT_TERM_BLOCKS)
    return Loudness(
        integrated_lufs=_gated(momentary),
        loudness_range_lu=_range_lu(short_term),
        max_momentary_lufs=float(_lufs(momentary).max()),
        max_short_term_lufs=float(_lufs(short_term).max()),
    )


def integrated_lufs(samples: FloatArray, rate: int) -> float:
    """Integrated loudness with both gates, -70 for silence. Arguments and errors as in ``measure``."""
    return _gated(_windows(_block_energies(samples, rate), _MOMENTARY_BLOCKS))


def short_term_curve(samples: FloatArray, rate: int, hop_s: float = 0.5) -> tuple[DoubleArray, DoubleArray]:
    """Short-term loudness over time.

    Args:
        samples: float32 (1 or 2, samples).
        rate: in Hz.
        hop_s: distance of two values, a multiple of 0.1 s (rounded to it), 0.1 to 10.

    Returns:
        The **middle** of each 3 s window in seconds, and its loudness (LUFS, at least -70), both float64 and of
        one length. Audio shorter than 3 s gives one value over all of it.

    Raises:
        AudioError: as ``measure``, or a hop out of range.
    """
    check_range("hop_s", hop_s, _BLOCK_S, 10.0)
    energies = _block_energies(samples, rate)
    step = round(hop_s / _BLOCK_S)
    values = _lufs(_windows(energies, _SHORT_TERM_BLOCKS))[::step]
    half_s = min(_SHORT_TERM_BLOCKS * _BLOCK_S, samples.shape[1] / rate) / 2.0
    return np.arange(values.size) * (step * _BLOCK_S) + half_s, values


def peak_to_short_term_db(samples: FloatArray, rate: int) -> float:
    """Lowest distance of the true peak in 3 s to the loudness of those 3 s (PSR).

    Windows start every 0.5 s; those more than 20 LU under the loudest one (fades, gaps) do not count. Small values
    mean flattened peaks. 0 for silence. Arguments and errors as in ``measure``.
    """
    energies = _block_energies(samples, rate)
    loudness = _lufs(_windows(energies, _SHORT_TERM_BLOCKS))[::5]
    if loudness.max() <= LOUDNESS_FLOOR_LUFS:
        return 0.0
    edges = _block_edges(samples.shape[1], rate)
    spans = [
        (int(edges[i * 5]), int(edges[min(i * 5 + _SHORT_TERM_BLOCKS, edges.size - 1)])) for i in range(loudness.size)
    ]
    counted = [i for i in range(loudness.size) if loudness[i] >= loudness.max() - _PSR_GATE_LU]
    at_least = {i: _sample_peak_db(samples, spans[i]) - float(loudness[i]) for i in counted}
    lowest = np.inf
    # A true peak is never under the sample peak: windows that cannot win any more need no oversampling.
    for i in sorted(counted, key=lambda index: at_least[index]):
        if at_least[i] >= lowest:
            break
        lowest = min(lowest, _true_peak_db(samples, spans[i]) - float(loudness[i]))
    return float(lowest)


def k_weighting(rate: int) -> DoubleArray:
    """K-weighting as two second-order sections, shape (2, 6), for any rate from 8 kHz.

    BS.1770-4 tabulates coefficients for 48 kHz only. The analogue prototypes below solve that table for frequency,
    gain and quality (the numbers libebur128 uses); at 48 kHz they give the tabulated coefficients within 1e-9.
    """
    shelf_hz, shelf_db, shelf_q = 1681.974450955533, 3.999843853973347, 0.7071752369554196
    k = np.tan(np.pi * shelf_hz / rate)
    high = 10.0 ** (shelf_db / 20.0)
    band = high**0.4996667741545416
    a0 = 1.0 + k / shelf_q + k * k
    shelf = np.array([high + band * k / shelf_q + k * k, 2.0 * (k * k - high), high - band * k / shelf_q + k * k])
    shelf_a = np.array([a0, 2.0 * (k * k - 1.0), 1.0 - k / shelf_q + k * k])

    pass_hz, pass_q = 38.13547087602444, 0.5003270373238773
    k = np.tan(np.pi * pass_hz / rate)
    a0_pass = 1.0 + k / pass_q + k * k
    pass_a = np.array([a0_pass, 2.0 * (k * k - 1.0), 1.0 - k / pass_q + k * k])
    # The standard's high-pass numerator is 1, -2, 1 as it stands, not divided by a0.
    return np.array([[*(shelf / a0), *(shelf_a / a0)], [1.0, -2.0, 1.0, *(pass_a / a0_pass)]])


def _block_edges(length: int, rate: int) -> NDArray[np.int64]:
    """Sample positions of the 100 ms grid; one block over all of it where there is less."""
    count = int(length / (rate * _BLOCK_S))
    if count == 0:
        return np.array([0, length])
    return np.asarray(np.rint(np.arange(count + 1) * (rate * _BLOCK_S)), dtype=np.int64)


def _block_energies(samples: FloatArray, rate: int) -> DoubleArray:
    """Mean square of each 100 ms of the K-weighted audio, summed over channels (all weights are 1 up to stereo)."""
    from scipy.signal import sosfilt

    check_audio(samples)
    check_rate(rate)
    if samples.shape[0] > 2:
        raise AudioError(f"loudness is measured on one or two channels, got {samples.shape[0]}")
    if rate < _MIN_RATE_HZ:
        raise AudioError(f"loudness needs a rate of at least {_MIN_RATE_HZ} Hz, got {rate}")
    edges = _block_edges(samples.shape[1], rate)
    sections = k_weighting(rate)
    state = np.zeros((2, samples.shape[0], 2))
    sums = np.empty(edges.size - 1)
    for first in range(0, sums.size, _CHUNK_BLOCKS):
        inner = edges[first : first + _CHUNK_BLOCKS + 1]
        chunk = samples[:, inner[0] : inner[-1]].astype(np.float64)
        weighted, state = sosfilt(sections, chunk, axis=1, zi=state)
        np.square(weighted, out=weighted)
        sums[first : first + inner.size - 1] = np.add.reduceat(weighted, inner[:-1] - inner[0], axis=1).sum(axis=0)
    return np.asarray(sums / np.diff(edges), dtype=np.float64)


def _windows(energies: DoubleArray, blocks: int) -> DoubleArray:
    """Mean energy of every run of ``blocks`` blocks, or of all of them where there are fewer."""
    blocks = min(blocks, energies.size)
    return np.asarray(np.lib.stride_tricks.sliding_window_view(energies, blocks).mean(axis=1), dtype=np.float64)


def _lufs(energies: DoubleArray) -> DoubleArray:
    floor = 10.0 ** ((LOUDNESS_FLOOR_LUFS + 0.691) / 10.0)
    return np.asarray(-0.691 + 10.0 * np.log10(np.maximum(energies, floor)), dtype=np.float64)


def _gated(momentary: DoubleArray) -> float:
    loud = momentary[_lufs(momentary) > LOUDNESS_FLOOR_LUFS]
    if loud.size == 0:
        return LOUDNESS_FLOOR_LUFS
    gate = float(_lufs(loud.mean()[None])[0]) - 10.0
    # The loudest window always passes, so that rounding cannot empty the set.
    kept = loud[_lufs(loud) >= min(gate, float(_lufs(loud).max()))]
    return float(_lufs(kept.mean()[None])[0])


def _range_lu(short_term: DoubleArray) -> float:
    """EBU Tech 3342: 95th less 10th percentile of what passes -70 LUFS and -20 LU under its own mean."""
    loud = short_term[_lufs(short_term) > LOUDNESS_FLOOR_LUFS]
    if loud.size < 2:
        return 0.0
    values = _lufs(loud)
    values = np.sort(values[values >= float(_lufs(loud.mean()[None])[0]) - 20.0])
    low, high = (values[int((values.size - 1) * part + 0.5)] for part in (0.10, 0.95))
    return float(high - low)


def _true_peak_db(samples: FloatArray, span: tuple[int, int]) -> float:
    """True peak of a stretch, with its neighbours in view: cut off hard, it would ring at both ends."""
    first = max(0, span[0] - 2 * PAIRS)
    part = samples[:, first : span[1] + 2 * PAIRS]
    inside = slice(span[0] - first, span[1] - first)
    highest = float(max(part[:, inside].max(), -part[:, inside].min()))
    return gain_to_db(float(local_true_peaks(part, highest)[inside].max()))


def _sample_peak_db(samples: FloatArray, span: tuple[int, int]) -> float:
    part = samples[:, span[0] : span[1]]
    return gain_to_db(float(max(part.max(), -part.min())))
