"""Oscillators without aliasing: one period of a waveform made from as many harmonics as the rate can hold, read at
any pitch.

Belongs here: spectra of waveforms, tables, reading them, plucked strings in closed form. Does not belong here:
filters (swept_filter), envelopes over a note, anything that knows what a note is.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dsp.errors import AudioError
from dsp.levels import check_range, check_rate

FloatArray = NDArray[np.float32]
DoubleArray = NDArray[np.float64]
Shape = Literal["saw", "square", "triangle", "pulse", "sine"]

TABLE = 8_192
"""Read by straight lines, harmonic h of a table of this size is off by (pi h / size)^2 / 2 of itself: a saw's
hundredth harmonic by 63 dB, being 40 dB under the first."""
TOP = 0.46
"""Share of the sample rate up to which harmonics reach: a bend of a semitone still stays below half of it."""


def harmonics(shape: Shape, count: int, width: float = 0.5) -> NDArray[np.complex128]:
    """Complex amplitudes of the first ``count`` harmonics of a waveform of peak about 1; ``width`` is a pulse's (0-1).

    Fourier series of the ideal waveforms. Raises AudioError for an unknown shape, no harmonics or a width outside.
    """
    if count < 1:
        raise AudioError(f"an oscillator needs one harmonic at least, got {count}")
    check_range("width", width, 0.01, 0.99)
    order = np.arange(1, count + 1, dtype=np.float64)
    is_odd = order % 2 == 1
    if shape == "saw":
        return np.asarray(-2j / (np.pi * order), dtype=np.complex128)
    if shape == "square":
        return np.where(is_odd, -4j / (np.pi * order), 0.0)
    if shape == "triangle":
        return np.where(is_odd, 8.0 / (np.pi * order) ** 2, 0.0).astype(np.complex128)
    if shape == "pulse":
        return np.asarray((1.0 - np.exp(-2j * np.pi * order * width)) * -2j / (np.pi * order), dtype=np.complex128)
    if shape == "sine":
        return np.where(order == 1, -1j, 0.0)
    raise AudioError(f"there is no waveform called {shape!r}")


def harmonic_count(hz: float, rate: int) -> int:
    """How many harmonics of ``hz`` fit under ``TOP`` of the rate; 1 at least."""
    check_rate(rate)
    return max(1, min(TABLE // 2 - 1, int(TOP * rate / max(hz, 1.0))))


def wavetable(amplitudes: NDArray[np.complex128]) -> FloatArray:
    """One period, shape (TABLE,), of complex harmonic amplitudes from the first on."""
    spectrum = np.zeros(TABLE // 2 + 1, dtype=np.complex128)
    count = min(amplitudes.size, TABLE // 2 - 1)
    spectrum[1 : count + 1] = amplitudes[:count] * (TABLE / 2.0)
    return np.fft.irfft(spectrum, TABLE).astype(np.float32)


def read_table(table: FloatArray, hz: ArrayLike, samples: int, rate: int, phase: float = 0.0) -> FloatArray:
    """The table played at ``hz``, one frequency or one a sample, from ``phase`` (periods) on: float32 (samples,)."""
    frequency = np.asarray(hz, dtype=np.float64)
    if frequency.ndim == 0:
        place = np.arange(samples, dtype=np.float64) * (float(frequency) / rate)
    else:
        place = np.concatenate([[0.0], np.cumsum(frequency[: samples - 1])]) / rate
    place += phase
    place -= np.floor(place)
    place *= table.size
    index = place.astype(np.int32)
    fraction = (place - index).astype(np.float32)
    closed = np.append(table, table[:2])  # a place just under the end may round up to it
    low = closed[index]
    return np.asarray(low + fraction * (closed[index + 1] - low), dtype=np.float32)


def plucked_string(
    hz: float, samples: int, rate: int, *, decay_s: float, brightness: float, place: float = 0.2, seed: int = 0
) -> FloatArray:
    """A plucked string as Karplus and Strong's loop gives it, solved harmonic by harmonic: float32 (samples,), peak 1.

    The loop's two-point average damps harmonic h by cos(pi h f / rate) a period (Karplus & Strong 1983; Jaffe & Smith
    1983, who stretch its time). Solved in closed form it is exactly in tune and holds nothing above half the rate.

    Args:
        hz: the string's frequency.
        decay_s: time in which the first harmonic falls by 60 dB.
        brightness: 0-1, how much of the high harmonics the pluck starts with.
        place: where it is plucked, 0-0.5 of its length; harmonics with a node there are missing.
        seed: of the small irregularities of the pluck.
    """
    check_range("brightness", brightness, 0.0, 1.0)
    count = min(harmonic_count(hz, rate), 96)
    order = np.arange(1, count + 1, dtype=np.float64)
    rng = np.random.default_rng(seed)
    slope = 2.2 - 1.4 * brightness
    start = np.abs(np.sin(np.pi * order * place)) * order**-slope * rng.uniform(0.8, 1.2, count)
    # Six times the loop's own length in samples: the averaging filter of a string that is damped less than its model.
    damping = 6.91 / (decay_s * hz) + np.minimum(0.5 * (np.pi * order * hz / rate) ** 2, 0.5)
    periods = int(samples * hz / rate) + 3
    size = 1 << int(np.ceil(np.log2(max(4 * count, 64))))
    levels = start * np.exp(-damping * np.arange(periods)[:, None])
    spectrum = np.zeros((periods, size // 2 + 1), dtype=np.complex128)
    spectrum[:, 1 : count + 1] = levels * np.exp(2j * np.pi * rng.random(count))
    rows = np.fft.irfft(spectrum, size, axis=1).astype(np.float32)
    turns = np.arange(samples, dtype=np.float64) * (hz / rate)
    period = turns.astype(np.int32)
    inside = turns - period
    at = inside * size
    index = at.astype(np.int32)
    fraction = (at - index).astype(np.float32)
    here = rows[period, index] * (1 - fraction) + rows[period, (index + 1) % size] * fraction
    later = rows[period + 1, index] * (1 - fraction) + rows[period + 1, (index + 1) % size] * fraction
    share = inside.astype(np.float32)
    sound = here * (1 - share) + later * share
    peak = float(np.abs(sound).max(initial=0.0))
    return np.asarray(sound / np.float32(peak or 1.0), dtype=np.float32)


def frequency_modulated(
    hz: ArrayLike, samples: int, rate: int, *, ratio: float, index: DoubleArray, feedback_hz: float = 0.0
) -> FloatArray:
    """One sine bending another's phase (Chowning 1973): float32 (samples,), peak 1.

    ``ratio`` is the modulator's frequency over the carrier's. ``index`` is the modulation index for every sample; it
    is held down where its sidebands would pass ``TOP`` of the rate.
    ``feedback_hz`` detunes the modulator, for a slow beat.
    """
    check_rate(rate)
    carrier_hz = np.broadcast_to(np.asarray(hz, dtype=np.float64), (samples,))
    modulator_hz = ratio * carrier_hz + feedback_hz
    room = np.maximum((TOP * rate - carrier_hz) / np.maximum(modulator_hz, 1.0) - 2.0, 0.0)
    held = np.minimum(index[:samples], 0.4 * room)
    carrier = 2.0 * np.pi * np.cumsum(carrier_hz) / rate
    modulator = 2.0 * np.pi * np.cumsum(modulator_hz) / rate
    return np.asarray(np.sin(carrier + held * np.sin(modulator)), dtype=np.float32)
