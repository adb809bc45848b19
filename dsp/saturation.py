"""Overdrive by curves: valves and tape, computed at a higher rate so that overtones do not fold back.

Belongs here: curves without memory, and oversampling. Does not belong here: loudspeakers (filters) and levelling
(``dsp.dynamics``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from dsp.errors import AudioError
from dsp.levels import FloatArray, check_audio, check_range, check_rate, db_to_gain

Curve = Literal["tanh", "tape", "tube"]
OVERSAMPLINGS = (1, 2, 4, 8)

_TUBE_BIAS = 0.35
_CHUNK = 1 << 20
_MARGIN = 256


def saturate(
    samples: FloatArray, rate: int, drive_db: float, curve: Curve = "tanh", oversampling: int = 4, mix: float = 1.0
) -> FloatArray:
    """Bent by a curve after ``drive_db``, and turned down so that what is soft keeps its level.

    - tanh: odd overtones, as a push-pull stage.
    - tape: a gentler knee, ``x / sqrt(1 + x^2)``: odd overtones that come later.
    - tube: tanh about a bias: even overtones too. Its constant part is taken away.

    The slope at 0 is 1 whatever the drive, so soft passages pass as they are.

    Args:
        samples: float32 (channels, samples).
        rate: in Hz.
        drive_db: 0 (nearly nothing) to 48.
        curve: see above.
        oversampling: 1, 2, 4 or 8; of a 5 kHz tone driven by 18 dB at 48 kHz, what folds back lies under -70 dB at 4.
        mix: share of the bent signal, 0 to 1.

    Returns:
        float32, same shape; no delay.

    Raises:
        AudioError: no audio, an unknown curve or oversampling, or a value out of range.
    """
    check_audio(samples)
    check_rate(rate)
    check_range("drive_db", drive_db, 0.0, 48.0)
    check_range("mix", mix, 0.0, 1.0)
    if curve not in _CURVES:
        raise AudioError(f"curve must be one of {', '.join(_CURVES)}, got {curve!r}")
    if oversampling not in OVERSAMPLINGS:
        raise AudioError(f"oversampling must be 1, 2, 4 or 8, got {oversampling!r}")
    bend, gain = _CURVES[curve], np.float32(db_to_gain(drive_db))
    wet = np.empty_like(samples)
    for channel, row in zip(samples, wet, strict=True):
        # In stretches with overlap: the whole song at four times the rate would need a gigabyte.
        for start in range(0, channel.size, _CHUNK):
            end = min(channel.size, start + _CHUNK)
            first, last = max(0, start - _MARGIN), min(channel.size, end + _MARGIN)
            bent = _bent(channel[first:last] * gain, bend, oversampling)
            row[start:end] = bent[start - first : end - first]
    wet /= gain
    return wet if mix == 1.0 else np.asarray(samples + np.float32(mix) * (wet - samples), dtype=np.float32)


def _bent(driven: FloatArray, bend: Callable[[FloatArray], FloatArray], oversampling: int) -> FloatArray:
    from scipy.signal import resample_poly

    if oversampling == 1:
        return bend(driven)
    finer = resample_poly(driven, oversampling, 1).astype(np.float32)
    return np.asarray(resample_poly(bend(finer), 1, oversampling)[: driven.size], dtype=np.float32)


def _tape(driven: FloatArray) -> FloatArray:
    return np.asarray(driven / np.sqrt(np.float32(1.0) + driven * driven), dtype=np.float32)


def _tube(driven: FloatArray) -> FloatArray:
    offset = float(np.tanh(_TUBE_BIAS))
    slope = 1.0 - offset**2
    return np.asarray(
        (np.tanh(driven + np.float32(_TUBE_BIAS)) - np.float32(offset)) / np.float32(slope), dtype=np.float32
    )


def _tanh(driven: FloatArray) -> FloatArray:
    return np.asarray(np.tanh(driven), dtype=np.float32)


_CURVES: dict[str, Callable[[FloatArray], FloatArray]] = {"tanh": _tanh, "tape": _tape, "tube": _tube}
