"""Everything linear of a strip in one convolution: bands, width, pan, a mono low end, fader and both returns.

Belongs here: the 2 x 2 responses and the block convolution with them. Does not belong here: what depends on the
level (strip), and which numbers to use (balance).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.filters import apply_sections
from dsp.levels import db_to_gain
from musicgen_assets.graph.job import FloatArray
from musicgen_assets.mixing.equalizer import sections_of
from musicgen_assets.mixing.plan import Delay, Reverb, Strip, WholeMove
from musicgen_assets.mixing.returns import delay_response, reverb_response
from musicgen_assets.production.places import pan_gains

SILENT_SEND_DB = -50.0
"""Sends at or below this are closed."""
FILTER_S = 0.2
"""How much of the filters' responses is kept: a second-order high-pass at 20 Hz has then fallen below -150 dB."""
SIDE_LEAD_S = 0.05
"""How far the mono low end looks ahead: it has no phase shift, or what is panned would leak to the other side."""
_LARGEST_FFT = 1 << 20


@dataclass(frozen=True)
class Matrix:
    """Spectra (2 outputs, 2 inputs, bins) of responses no longer than ``taps``, for transforms of ``size``.

    Time 0 of the responses is their sample ``lead``: what stands before it sounds ahead of its cause.
    """

    spectra: NDArray[np.complex64]
    size: int
    taps: int
    lead: int


def strip_matrix(
    strip: Strip,
    reverb: Reverb | None,
    delay: Delay,
    mono_below_hz: float,
    sample_rate_hz: int,
    *,
    has_direct: bool = True,
    whole: WholeMove | None = None,
) -> Matrix:
    """The strip's responses from left and right to left and right, its fader and its bus's included.

    Returns are fed by the middle of the panned signal, behind the faders. ``reverb`` None: it sends to none.
    Without ``has_direct`` only the returns are answered. ``whole`` comes last, behind the returns.
    """
    from scipy.fft import rfft, rfftfreq

    returns = _returns(strip, reverb, delay, sample_rate_hz)
    length = round(FILTER_S * sample_rate_hz)
    lead = round(SIDE_LEAD_S * sample_rate_hz)
    taps = 2 * lead + length + (returns.shape[1] if returns is not None else 0)
    size = _transform_size(taps)
    click = np.zeros((1, length), dtype=np.float32)
    click[0, 0] = 1.0
    frequencies = rfftfreq(size, 1.0 / sample_rate_hz)
    delayed = np.exp(-2j * np.pi * frequencies * (lead / sample_rate_hz))
    # Linear as they are, bands of the whole mix may as well stand before the returns as behind them.
    bands = strip.bands if whole is None else (*strip.bands, *whole.bands)
    equalised = rfft(apply_sections(click, sections_of(bands, sample_rate_hz))[0], size) * delayed
    # The square of a second-order Butterworth's magnitude, without its phase.
    side = equalised * (frequencies**4 / (frequencies**4 + mono_below_hz**4))
    placed = _placing(strip) * db_to_gain(strip.fader_db + strip.bus_db)
    middle = 0.5 * (placed[0] + placed[1])
    apart = 0.5 * (placed[0] - placed[1])
    spectra = np.zeros((2, 2, equalised.size), dtype=np.complex64)
    for entrance in range(2) if has_direct else ():
        spectra[0, entrance] = middle[entrance] * equalised + apart[entrance] * side
        spectra[1, entrance] = middle[entrance] * equalised - apart[entrance] * side
    if returns is not None:
        wet = rfft(returns, size, axis=1) * equalised
        spectra += middle[None, :, None].astype(np.float32) * wet[:, None, :]
    if whole is not None and whole.width != 1.0:
        spectra = _widened(spectra, whole.width)
    return Matrix(spectra, size, taps, lead)


def _widened(spectra: NDArray[np.complex64], width: float) -> NDArray[np.complex64]:
    """Both outputs with the difference between them scaled by ``width``."""
    near, far = np.float32(0.5 * (1.0 + width)), np.float32(0.5 * (1.0 - width))
    return np.stack([near * spectra[0] + far * spectra[1], far * spectra[0] + near * spectra[1]])


def convolve(samples: FloatArray, matrix: Matrix) -> FloatArray:
    """``samples`` (1 or 2, n), mono meaning both channels alike, through the matrix: float32 (2, n), tail cut.

    Overlap-add; stretches of silence cost nothing.
    """
    from scipy.fft import irfft, rfft

    length = samples.shape[1]
    hop = matrix.size - matrix.taps + 1
    spectra = matrix.spectra if samples.shape[0] == 2 else matrix.spectra.sum(axis=1, keepdims=True)
    out = np.zeros((2, length), dtype=np.float32)
    for start in range(0, length, hop):
        block = samples[:, start : start + hop]
        if not block.any():
            continue
        heard = rfft(block, matrix.size, axis=1)
        first = start - matrix.lead
        skipped, reach = max(0, -first), min(matrix.size, length - first)
        for exit_ in range(2):
            mixed = heard[0] * spectra[exit_, 0]
            if spectra.shape[1] == 2:
                mixed += heard[1] * spectra[exit_, 1]
            out[exit_, first + skipped : first + reach] += irfft(mixed, matrix.size)[skipped:reach]
    return out


def _returns(strip: Strip, reverb: Reverb | None, delay: Delay, sample_rate_hz: int) -> FloatArray | None:
    """Both returns as this strip feeds them, (2, taps), or None where it feeds neither."""
    fed = []
    if reverb is not None and strip.reverb_send_db > SILENT_SEND_DB:
        fed.append(reverb_response(reverb, sample_rate_hz) * np.float32(db_to_gain(strip.reverb_send_db)))
    if strip.delay_send_db > SILENT_SEND_DB:
        fed.append(delay_response(delay, sample_rate_hz) * np.float32(db_to_gain(strip.delay_send_db)))
    if not fed:
        return None
    total = np.zeros((2, max(response.shape[1] for response in fed)), dtype=np.float32)
    for response in fed:
        total[:, : response.shape[1]] += response
    return total


def _placing(strip: Strip) -> NDArray[np.float64]:
    """Width and pan as a 2 x 2 matrix. A stem panned aside keeps less of its own width, so none of it is lost."""
    width = strip.width * (1.0 - abs(strip.pan))
    left, right = pan_gains(strip.pan)
    near, far = 0.5 * (1.0 + width), 0.5 * (1.0 - width)
    return np.array([[near * left, far * left], [far * right, near * right]])


def _transform_size(taps: int) -> int:
    """A power of two about four times the response: most of each transform is then new audio."""
    size = 1 << (4 * taps - 1).bit_length()
    while size > _LARGEST_FFT and size >= 4 * taps:
        size //= 2
    return size
