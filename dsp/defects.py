"""Faults that audio has whatever its music is: clicks, a noise floor, mains hum, an end that is cut off.

Belongs here: detectors that need no plan. Does not belong here: clipping and silence (``dsp.analysis``), what the music
should have been (the caller's business).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.levels import SILENCE_DB, FloatArray, as_channels, check_audio, check_range, check_rate

DoubleArray = NDArray[np.float64]

_CLICK_HOP_S = 0.001
_CLICK_BAND = 0.36
_CLICK_NEIGHBOURS = (2, 3, 4, 5, 6)
_CLICK_STANDS_OUT_DB = 20.0
_CLICK_LEAST_DBFS = -66.0
_FLOOR_S = 0.1
_HUM_RATE_HZ = 2_000
_HUM_FFT = 4_096
_HUM_HARMONICS = 6
_MAINS_HZ = (50.0, 60.0)
_END_S = 0.03
_INAUDIBLE = 10.0 ** (-90.0 / 20.0)


@dataclass(frozen=True)
class Hum:
    """The mains frequency whose harmonics stand out most, and by how many dB over what lies beside them."""

    mains_hz: float
    prominence_db: float
    level_dbfs: float


def clicks(samples: FloatArray, rate: int) -> int:
    """How many places hold a click: a wide-band burst of a millisecond or less.

    What lies above 0.36 of the rate (17 kHz at 48 kHz) is followed in steps of 1 ms. Music that reaches up there
    (cymbals, consonants) rises within a millisecond but takes many to die away; a click is 20 dB over both its
    past and its future, 2 to 6 ms away, and over -66 dBFS. The idea is that of click detectors for disc restoration
    (S. Godsill, P. Rayner, "Digital Audio Restoration", 1998, ch. 5), with a band in the place of a predictor.

    Args:
        samples: float32 (channels, samples).
        rate: in Hz, at least 8,000.

    Raises:
        AudioError: no audio, or a rate out of range.
    """
    from scipy.signal import butter, sosfilt

    check_audio(samples)
    check_rate(rate)
    check_range("rate", rate, 8_000, 768_000)
    hop = max(1, round(_CLICK_HOP_S * rate))
    count = samples.shape[1] // hop
    if count < 2 * max(_CLICK_NEIGHBOURS) + 1:
        return 0
    sections = butter(6, 2.0 * _CLICK_BAND, "high", output="sos").astype(np.float32)
    total = 0
    for channel in samples:
        high = sosfilt(sections, channel[: count * hop])
        power = np.square(high, out=high).reshape(count, hop).mean(axis=1)
        level = 10.0 * np.log10(np.maximum(power, 1e-14))
        padded = np.pad(level, max(_CLICK_NEIGHBOURS), constant_values=SILENCE_DB)
        reach = max(_CLICK_NEIGHBOURS)
        before = np.max([padded[reach - step : reach - step + count] for step in _CLICK_NEIGHBOURS], axis=0)
        after = np.max([padded[reach + step : reach + step + count] for step in _CLICK_NEIGHBOURS], axis=0)
        stands_out = (level > before + _CLICK_STANDS_OUT_DB) & (level > after + _CLICK_STANDS_OUT_DB)
        total += _groups(stands_out & (level > _CLICK_LEAST_DBFS))
    return total


def noise_floor_dbfs(samples: FloatArray, rate: int) -> float:
    """RMS of the quietest tenth of a second, in dBFS, the loudest channel counting; -120 and below read -120.

    Music that ends in silence, or pauses, reads what its pauses hold; music that never pauses reads its softest
    moment, so a high figure alone proves nothing: ask whether the music should have paused there.
    """
    check_audio(samples)
    check_rate(rate)
    size = min(samples.shape[1], max(1, round(_FLOOR_S * rate)))
    count = samples.shape[1] // size
    lowest = np.full(count, 0.0)
    for channel in samples:
        blocks = channel[: count * size].reshape(count, size)
        np.maximum(lowest, np.square(blocks, dtype=np.float64).mean(axis=1), out=lowest)
    return max(SILENCE_DB, 10.0 * float(np.log10(max(float(lowest.min()), 1e-20))))


def hum(samples: FloatArray, rate: int) -> Hum:
    """How far harmonics of 50 or 60 Hz stand out of the spectrum that is always there.

    Each line of the spectrum is taken at the level it has in the quieter fifth of the time: music comes and goes, a
    hum stays. Over that floor the first six harmonics of each mains frequency are compared with the lines beside
    them; the figure is the median of the strongest three, so that one drone on a near note is no hum.

    Returns:
        Prominence 0 dB for silence and for audio under 4 s.
    """
    import soxr

    check_audio(samples)
    check_rate(rate)
    mono = as_channels(samples, 1)[0]
    thin = soxr.resample(mono, rate, _HUM_RATE_HZ, quality="LQ") if rate > _HUM_RATE_HZ else mono
    rate_hz = min(rate, _HUM_RATE_HZ)
    if thin.size < 2 * _HUM_FFT:
        return Hum(_MAINS_HZ[0], 0.0, SILENCE_DB)
    frames = np.lib.stride_tricks.sliding_window_view(np.ascontiguousarray(thin, np.float32), _HUM_FFT)[
        :: _HUM_FFT // 4
    ]
    spectrum = np.abs(np.fft.rfft(frames * np.hanning(_HUM_FFT).astype(np.float32), axis=1)) * (4.0 / _HUM_FFT)
    floor_db = 20.0 * np.log10(np.maximum(np.quantile(spectrum, 0.2, axis=0), 1e-7))
    found = [_prominence(floor_db, mains_hz, rate_hz) for mains_hz in _MAINS_HZ]
    return max(found, key=lambda one: one.prominence_db)


def ending_level_db(samples: FloatArray, rate: int) -> float:
    """RMS of the last 30 ms that sound (over -90 dBFS), relative to the RMS of the whole, in dB; -120 for silence.

    An end that dies away or is faded reads -40 and less; one that is cut off reads what was playing.
    """
    check_audio(samples)
    check_rate(rate)
    power = np.square(samples, dtype=np.float64).max(axis=0) if samples.shape[0] > 1 else samples[0].astype(float) ** 2
    sounding = np.flatnonzero(power > _INAUDIBLE**2)
    if sounding.size == 0:
        return SILENCE_DB
    end = int(sounding[-1]) + 1
    last = power[max(0, end - max(1, round(_END_S * rate))) : end].mean()
    return float(max(SILENCE_DB, 10.0 * np.log10(max(last, 1e-20) / power.mean())))


def _groups(flags: NDArray[np.bool_]) -> int:
    """Runs of neighbouring marks."""
    return int(np.count_nonzero(flags[1:] & ~flags[:-1]) + bool(flags[0]))


def _prominence(floor_db: DoubleArray, mains_hz: float, rate_hz: int) -> Hum:
    width_hz = rate_hz / _HUM_FFT
    rises, levels = [], []
    for harmonic in range(1, _HUM_HARMONICS + 1):
        line = round(harmonic * mains_hz / width_hz)
        at = float(floor_db[line - 1 : line + 2].max())
        beside = np.concatenate([floor_db[line - 9 : line - 3], floor_db[line + 4 : line + 10]])
        rises.append(at - float(np.max(beside)))
        levels.append(at)
    strongest = sorted(rises, reverse=True)[:3]
    return Hum(mains_hz, float(max(0.0, np.median(strongest))), float(max(levels)))
