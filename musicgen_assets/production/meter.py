"""What a stem measures: loudness of its active parts, peak, and energy by octave band, in one pass.

Belongs here: the quick meter that rendering and mixing plan with. Its loudness follows ITU-R BS.1770 but for
the shape of its blocks (427 ms, a fifth of that apart): on whole songs it reads within 0.1 LU of ``dsp.loudness``,
which deliveries are judged by; on short ones, where a few blocks stand at the relative gate, within 1 LU.
Does not belong here: deciding anything from the numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from dsp.loudness import k_weighting
from musicgen_assets.context.frozen import Frozen
from musicgen_assets.graph.job import FloatArray

SILENT_LUFS = -70.0
"""BS.1770's absolute gate: what is quieter does not count, and what is silent reads this."""
RELATIVE_GATE_LU = -10.0
BAND_CENTRES_HZ = (31.5, 63.0, 125.0, 250.0, 500.0, 1_000.0, 2_000.0, 4_000.0, 8_000.0, 16_000.0)
SILENT_DB = -120.0

_FRAMES_PER_BLOCK = 5
_FRAME_S = 4_096 / 48_000
_CHUNK_FRAMES = 256


class Measurement(Frozen):
    """A stem's numbers. ``bands_db`` are mean squares by octave over the active parts, in dB, by BAND_CENTRES_HZ."""

    lufs: float
    """Gated loudness; a mono stem counts as two equal channels."""
    peak_dbfs: float
    loud_peak_dbfs: float
    """How high its waves usually reach: the 75th percentile of the peaks of its active frames of 85 ms."""
    bands_db: tuple[float, ...] = Field(min_length=len(BAND_CENTRES_HZ), max_length=len(BAND_CENTRES_HZ))
    middle_db: float = Field(0.0, le=0.0)
    """Power of the middle, (left + right) / 2 on both sides, over that of all: 0 for mono, -3 for unrelated sides."""
    seconds_lufs: tuple[float, ...] = ()
    """Loudness of each second without gates, at least ``SILENT_LUFS``. Empty where nobody measured it."""

    @property
    def is_silent(self) -> bool:
        """Whether nothing in it passes the absolute gate."""
        return self.lufs <= SILENT_LUFS


def measure(samples: FloatArray, sample_rate_hz: int) -> Measurement:
    """Measure float32 ``(channels, samples)``, one or two channels, any finite values."""
    powers, peaks = _frames(samples, sample_rate_hz)
    if samples.shape[0] == 1:
        powers = 2.0 * powers
    lufs, is_active = _gated(powers[:, 0])
    peak_db = _db(float(peaks.max(initial=0.0)) ** 2)
    seconds = _seconds_lufs(powers[:, 0], sample_rate_hz)
    if not is_active.any():
        silence = (SILENT_DB,) * len(BAND_CENTRES_HZ)
        return Measurement(
            lufs=SILENT_LUFS, peak_dbfs=peak_db, loud_peak_dbfs=SILENT_DB, bands_db=silence, seconds_lufs=seconds
        )
    active = powers[is_active].mean(axis=0)
    return Measurement(
        lufs=round(lufs, 2),
        peak_dbfs=peak_db,
        loud_peak_dbfs=_db(float(np.quantile(peaks[is_active], 0.75)) ** 2),
        bands_db=tuple(_db(float(power)) for power in active[1:-1]),
        middle_db=min(0.0, _db(float(active[-1] / active[0]))) if samples.shape[0] == 2 else 0.0,
        seconds_lufs=seconds,
    )


def k_weighting_power(frequencies_hz: NDArray[np.float64], sample_rate_hz: int) -> NDArray[np.float64]:
    """Power response of BS.1770's K-weighting at frequencies up to half the rate."""
    from scipy.signal import freqz_sos

    _, response = freqz_sos(k_weighting(sample_rate_hz), worN=frequencies_hz, fs=sample_rate_hz)
    return np.asarray(np.abs(response) ** 2, dtype=np.float64)


def _frames(samples: FloatArray, sample_rate_hz: int) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Per frame: powers summed over channels, columns as in ``_band_weights``, then the middle's; and the peak."""
    from scipy.fft import next_fast_len, rfft, rfftfreq

    size = next_fast_len(round(_FRAME_S * sample_rate_hz), real=True)
    count = -(-samples.shape[1] // size)
    weights = _band_weights(rfftfreq(size, 1.0 / sample_rate_hz), sample_rate_hz)
    powers = np.zeros((count, weights.shape[1] + 1))
    peaks = np.zeros(count, dtype=np.float32)
    for first in range(0, count, _CHUNK_FRAMES):
        piece = samples[:, first * size : (first + _CHUNK_FRAMES) * size]
        last = first + -(-piece.shape[1] // size)
        if not piece.any():
            continue
        frames = np.zeros((piece.shape[0], (last - first) * size), dtype=np.float32)
        frames[:, : piece.shape[1]] = piece
        frames = frames.reshape(-1, last - first, size)
        peaks[first:last] = np.maximum(frames.max(axis=(0, 2)), -frames.min(axis=(0, 2)))
        spectrum = rfft(frames, axis=2)
        powers[first:last, :-1] = (spectrum.real**2 + spectrum.imag**2).sum(axis=0) @ weights
        middle = spectrum.sum(axis=0)
        powers[first:last, -1] = 0.5 * ((middle.real**2 + middle.imag**2) @ weights[:, 0])
    return powers * (2.0 / size**2), peaks  # Parseval, for the one-sided spectrum


def _band_weights(frequencies_hz: NDArray[Any], sample_rate_hz: int) -> NDArray[np.float32]:
    """Columns: K-weighting, then one octave band each. The lowest and highest band reach outwards."""
    edges = np.sqrt(np.array(BAND_CENTRES_HZ[:-1]) * np.array(BAND_CENTRES_HZ[1:]))
    band = np.searchsorted(edges, frequencies_hz)
    is_heard = (frequencies_hz > 5.0).astype(np.float64)
    columns = [k_weighting_power(frequencies_hz.astype(np.float64), sample_rate_hz)]
    columns += [(band == index) * is_heard for index in range(len(BAND_CENTRES_HZ))]
    return np.stack(columns, axis=1).astype(np.float32)


def _gated(weighted: NDArray[np.float64]) -> tuple[float, NDArray[np.bool_]]:
    """BS.1770's integrated loudness over sliding blocks of frames, and which frames count as active."""
    count = min(_FRAMES_PER_BLOCK, weighted.size)
    blocks = np.convolve(weighted, np.full(count, 1.0 / count), mode="valid")
    loudness = -0.691 + 10.0 * np.log10(np.maximum(blocks, 1e-30))
    is_above = loudness > SILENT_LUFS
    if not is_above.any():
        return SILENT_LUFS, np.zeros(weighted.size, dtype=bool)
    gate = -0.691 + 10.0 * np.log10(blocks[is_above].mean()) + RELATIVE_GATE_LU
    is_counted = is_above & (loudness > gate)
    is_active = np.convolve(is_counted, np.ones(count), mode="full") > 0
    return float(-0.691 + 10.0 * np.log10(blocks[is_counted].mean())), is_active[: weighted.size]


def _seconds_lufs(weighted: NDArray[np.float64], sample_rate_hz: int) -> tuple[float, ...]:
    """Mean loudness of the frames that begin in each second."""
    from scipy.fft import next_fast_len

    size = next_fast_len(round(_FRAME_S * sample_rate_hz), real=True)
    second = np.arange(weighted.size) * size // sample_rate_hz
    means = np.bincount(second, weighted) / np.maximum(np.bincount(second), 1)
    loudness = -0.691 + 10.0 * np.log10(np.maximum(means, 1e-12))
    return tuple(round(max(SILENT_LUFS, float(value)), 1) for value in loudness)


def _db(power: float) -> float:
    """Power in dB, rounded to hundredths so that plans made from it are stable."""
    return round(max(SILENT_DB, 10.0 * float(np.log10(max(power, 1e-12)))), 2)
