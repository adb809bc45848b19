"""An equaliser that follows a curve: any gain at any frequency, without shifting phases.

Belongs here: one linear-phase filter from a table of gains. Does not belong here: bells and shelves (``dsp.filters``).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from dsp.errors import AudioError
from dsp.levels import FloatArray, check_audio, check_range, check_rate

_LENGTH_S = 0.085
_GRID = 4


def curve_equalizer(
    samples: FloatArray, rate: int, frequencies_hz: Sequence[float], gains_db: Sequence[float]
) -> FloatArray:
    """The audio with ``gains_db`` at ``frequencies_hz``, straight lines over log f between, flat beyond the ends.

    A symmetric FIR of 85 ms under a Kaiser window, its delay taken out: from about 30 Hz up a third-octave's gain is
    met within half a dB where neighbours differ by 3 dB or less.

    Args:
        samples: float32 (channels, samples).
        rate: in Hz.
        frequencies_hz: rising, above 0, at least two.
        gains_db: one each, -48 to 48.

    Raises:
        AudioError: no audio, or a table out of range.
    """
    from scipy.signal import oaconvolve

    check_audio(samples)
    check_rate(rate)
    if len(frequencies_hz) != len(gains_db) or len(frequencies_hz) < 2:
        raise AudioError(f"a curve needs as many gains as frequencies, got {len(gains_db)} for {len(frequencies_hz)}")
    if frequencies_hz[0] <= 0.0 or any(b <= a for a, b in pairwise(frequencies_hz)):
        raise AudioError("the frequencies of a curve must rise from above 0 Hz")
    for gain_db in gains_db:
        check_range("gains_db", gain_db, -48.0, 48.0)
    taps = 2 * round(_LENGTH_S * rate / 2.0) + 1
    response = _response(taps, rate, np.asarray(frequencies_hz), np.asarray(gains_db))
    wide = np.asarray(oaconvolve(samples, response[None, :], mode="full", axes=1), dtype=np.float32)
    return np.ascontiguousarray(wide[:, taps // 2 : taps // 2 + samples.shape[1]])


def _response(taps: int, rate: int, frequencies_hz: np.ndarray, gains_db: np.ndarray) -> FloatArray:
    size = 1 << (_GRID * taps - 1).bit_length()
    grid_hz = np.maximum(np.fft.rfftfreq(size, 1.0 / rate), 1e-3)
    curve_db = np.interp(np.log2(grid_hz), np.log2(frequencies_hz), gains_db)
    impulse = np.roll(np.fft.irfft(10.0 ** (curve_db / 20.0), size), taps // 2)[:taps]
    return np.asarray(impulse * np.kaiser(taps, 5.0), dtype=np.float32)
