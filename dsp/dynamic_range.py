"""Dynamic range the way the "TT DR" meters count it: how far the peaks stand above the loud passages.

Belongs here: that figure. The loudness range and the peak to short-term ratio are in ``dsp.loudness``.
"""

from __future__ import annotations

import numpy as np

from dsp.levels import FloatArray, check_audio, check_rate, sum_of_products

_BLOCK_S = 3.0
_LOUDEST = 0.2


def tt_dynamic_range_db(samples: FloatArray, rate: int) -> float:
    """TT-DR in dB, not rounded, averaged over the channels that hold sound; 0 for silence.

    Each channel is cut into whole blocks of 3 s (audio shorter than that is one block; a rest at the end is left
    out). A block's RMS is ``sqrt(2 * mean(x ** 2))``, so that a full-scale sine reads 0 dB. The figure is the
    second highest block peak over the RMS of the loudest 20 % of the blocks (at least one), averaged as power.
    Method: Pleasurize Music Foundation, TT Dynamic Range Meter manual.

    Args:
        samples: float32 (channels, samples).
        rate: in Hz.

    Raises:
        AudioError: no audio, or an impossible rate.
    """
    check_audio(samples)
    check_rate(rate)
    size = min(round(_BLOCK_S * rate), samples.shape[1])
    values = [_channel_range_db(channel, size) for channel in samples if channel.any()]
    return float(np.mean(values)) if values else 0.0


def _channel_range_db(channel: FloatArray, size: int) -> float:
    blocks = channel[: channel.size // size * size].reshape(-1, size)
    power = np.array([2.0 * sum_of_products(block, block) / size for block in blocks])
    peaks = np.sort(np.maximum(blocks.max(axis=1), -blocks.min(axis=1)))
    loudest = np.sort(power)[-max(1, round(_LOUDEST * power.size)) :].mean()
    if loudest <= 0.0:
        return 0.0
    second = float(peaks[-2] if peaks.size > 1 else peaks[-1])
    return float(20.0 * np.log10(max(second, 1e-6) / np.sqrt(loudest)))
