"""What audio does over time, in a few numbers a moment: band powers, rises, and where notes are.

Belongs here: features that several comparisons share. Does not belong here: comparing with a plan or a score (the
caller's business), long-term spectra (``dsp.spectrum``).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dsp.errors import AudioError
from dsp.levels import FloatArray, as_channels, check_audio, check_range, check_rate
from dsp.loudness import k_weighting

DoubleArray = NDArray[np.float64]

BAND_CENTRES_HZ = tuple(float(1000.0 * 10.0 ** (band / 10.0)) for band in range(-15, 13))
"""Third-octaves from 31.6 Hz to 15.8 kHz (IEC 61260-1, base ten)."""
FRAMES_PER_S = 20.0
RISES_PER_S = 200.0

_WINDOW_S = 0.085
_HALF_BAND = 10.0 ** (1.0 / 20.0)
_CHUNK = 512
_PITCH_RATE_HZ = 6_000
_PITCH_FFT = 8_192
_PITCH_WINDOW_S = 0.5
_PITCH_SKIP_S = 0.04
_PARTIALS = 8
_MOST_NOTES = 160


def band_powers(samples: FloatArray, rate: int) -> FloatArray:
    """Mean square in each third-octave of ``BAND_CENTRES_HZ``, 20 times a second, summed over channels.

    Windows of 85 ms (Hann), centred on their moment; bands over half the rate hold 0.

    Returns:
        float32 (28, max(1, ceil(samples / rate * 20))).

    Raises:
        AudioError: no audio, or an impossible rate.
    """
    from scipy.fft import rfft

    check_audio(samples)
    check_rate(rate)
    size = 1 << round(np.log2(_WINDOW_S * rate))
    hop = rate / FRAMES_PER_S
    count = max(1, int(np.ceil(samples.shape[1] / hop)))
    starts = np.rint((np.arange(count) + 0.5) * hop).astype(np.int64)
    window = np.hanning(size).astype(np.float32)
    pooling = _pooling(size, rate) * np.float32(2.0 / (float(np.square(window).sum()) * size))
    out = np.zeros((count, len(BAND_CENTRES_HZ)), np.float32)
    for channel in samples:
        padded = np.pad(channel, (size // 2, size))
        frames = np.lib.stride_tricks.sliding_window_view(padded, size)
        for start in range(0, count, _CHUNK):
            spectrum = rfft(frames[starts[start : start + _CHUNK]] * window, axis=1)
            power = np.square(spectrum.real) + np.square(spectrum.imag)
            out[start : start + _CHUNK] += power @ pooling
    return np.ascontiguousarray(out.T)


def k_weights() -> FloatArray:
    """Power gain of BS.1770's K-weighting at each of ``BAND_CENTRES_HZ``, float32 (28,)."""
    sections = k_weighting(48_000)
    z = np.exp(-2j * np.pi * np.array(BAND_CENTRES_HZ) / 48_000)
    powers = np.stack([np.ones_like(z), z, z * z])
    response = np.prod((sections[:, :3] @ powers) / (sections[:, 3:] @ powers), axis=0)
    return np.asarray(np.abs(response) ** 2, dtype=np.float32)


def rises(samples: FloatArray, rate: int) -> FloatArray:
    """How much the treble-weighted level rises, 200 times a second: what an onset looks like in time.

    The first difference weights highs; its power in steps of 5 ms is compared with the 15 ms before it, in dB from
    0 to 30, nothing counting that lies 50 dB under the loudest.

    Returns:
        float32 (max(1, samples // step),).
    """
    check_audio(samples)
    check_rate(rate)
    step = max(1, round(rate / RISES_PER_S))
    mono = as_channels(samples, 1)[0] if samples.shape[0] <= 2 else samples.mean(axis=0)
    change = np.diff(mono, prepend=mono[:1])
    count = max(1, change.size // step)
    if change.size < step:
        return np.zeros(1, np.float32)
    power = np.square(change[: count * step]).reshape(count, step).mean(axis=1)
    floor = max(float(power.max()) * 1e-5, 1e-14)
    level = 10.0 * np.log10(np.maximum(power, floor))
    before = np.max(
        [np.concatenate([np.full(shift, level[0]), level[:-shift]])[: level.size] for shift in (1, 2, 3)], axis=0
    )
    return np.asarray(np.clip(level - before, 0.0, 30.0), dtype=np.float32)


def pitch_offset(
    samples: FloatArray, rate: int, notes: Sequence[Sequence[float]], reach_semitones: float = 2.5
) -> tuple[float, float]:
    """By how many semitones what sounds lies over the notes that are written, and how clearly.

    For up to 160 of the longest notes the spectrum of half a second is read at their eight first partials, all moved
    by one interval after another; the interval at which most is found is the answer (a harmonic sum in the manner
    of D. Hermes, "Measurement of pitch by subharmonic summation", JASA 83, 1988).

    Args:
        samples: float32 (1 or 2, samples).
        rate: in Hz, at least 8,000.
        notes: rows of start_s, end_s, MIDI pitch.
        reach_semitones: furthest interval tried either way, 1 to 6.

    Returns:
        Semitones in steps of 0.1, and the best sum over the mean of all (1 says nothing, 1.2 and more is clear); 0
        and 1 where there are no notes or nothing sounds.
    """
    import soxr

    check_audio(samples)
    check_range("rate", rate, 8_000, 768_000)
    check_range("reach_semitones", reach_semitones, 1.0, 6.0)
    rows = np.asarray(notes, dtype=np.float64).reshape(-1, 3)
    rows = rows[np.argsort(rows[:, 0] - rows[:, 1], kind="stable")[:_MOST_NOTES]]
    mono = soxr.resample(as_channels(samples, 1)[0], rate, _PITCH_RATE_HZ, quality="HQ")
    shifts = np.arange(-round(reach_semitones * 10), round(reach_semitones * 10) + 1) / 10.0
    sums = np.zeros(shifts.size)
    for start_s, end_s, pitch in rows:
        spectrum = _note_spectrum(mono, start_s, end_s)
        if spectrum is not None:
            sums += _partial_sums(spectrum, pitch, shifts)
    if sums.max() <= 0.0:
        return 0.0, 1.0
    best = int(np.argmax(sums))
    return float(shifts[best]), float(sums[best] / sums.mean())


def _note_spectrum(mono: FloatArray, start_s: float, end_s: float) -> DoubleArray | None:
    """Levels of the note's spectrum over 60 dB, 0 to 1; None where it is too short or silent."""
    first = round((start_s + _PITCH_SKIP_S) * _PITCH_RATE_HZ)
    last = min(mono.size, first + round(_PITCH_WINDOW_S * _PITCH_RATE_HZ), round(end_s * _PITCH_RATE_HZ))
    if last - first < 0.08 * _PITCH_RATE_HZ:
        return None
    part = mono[first:last] * np.hanning(last - first)
    magnitude = np.abs(np.fft.rfft(part, _PITCH_FFT))
    top = float(magnitude.max())
    if top < 1e-3:
        return None
    return np.asarray(np.clip(1.0 + np.log10(np.maximum(magnitude / top, 1e-9)) / 3.0, 0.0, 1.0))


def _partial_sums(spectrum: DoubleArray, pitch: float, shifts: DoubleArray) -> DoubleArray:
    hz = 440.0 * 2.0 ** ((pitch + shifts - 69.0) / 12.0)
    total = np.zeros(shifts.size)
    for partial in range(1, _PARTIALS + 1):
        at = partial * hz * _PITCH_FFT / _PITCH_RATE_HZ
        is_inside = at < spectrum.size - 2
        low = np.where(is_inside, at, 0.0).astype(np.int64)
        share = np.where(is_inside, at - low, 0.0)
        total += np.where(is_inside, spectrum[low] * (1.0 - share) + spectrum[low + 1] * share, 0.0) * 0.85 ** (
            partial - 1
        )
    return total


def _pooling(size: int, rate: int) -> FloatArray:
    """Lines to third-octaves, (lines, 28); a line that a border crosses is shared."""
    if size < 2:
        raise AudioError(f"a rate of {rate} Hz is too low for bands")
    width_hz = rate / size
    borders = (np.arange(size // 2 + 2) - 0.5) * width_hz
    out = np.zeros((size // 2 + 1, len(BAND_CENTRES_HZ)), np.float32)
    for number, centre in enumerate(BAND_CENTRES_HZ):
        low, high = centre / _HALF_BAND, centre * _HALF_BAND
        overlap = np.minimum(borders[1:], high) - np.maximum(borders[:-1], low)
        out[:, number] = np.clip(overlap / width_hz, 0.0, 1.0)
    return out
