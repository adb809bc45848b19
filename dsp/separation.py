"""Taking a mix apart: the interface of stem separation, and two honest ways without a model.

Belongs here: what a separator answers, and separators of signal processing alone. Does not belong here: trained
models (they bring their own module and fit ``StemSeparator``), naming tracks of songs.

Nobody gets a mix back into its tracks this way: harmonic and percussive parts, or middle and sides, are what spectra
tell apart. What every separator here promises is that its stems add up to the mix.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dsp.errors import AudioError
from dsp.levels import FloatArray, check_audio, check_range, check_rate, null_depth_db

_WINDOW_S = 0.085
_SPAN_S, _SPAN_HZ = 0.2, 300.0


@dataclass(frozen=True)
class Separation:
    """What a separator answers. ``stems``: float32 by name, each shaped as the mix, adding up to it.

    ``method`` names engine and version. ``residual_db`` is the peak of mix less stems relative to full scale.
    ``expected_sdr_db`` is what its makers measured by stem, where they did; empty says nobody did.
    """

    stems: Mapping[str, FloatArray]
    sample_rate_hz: int
    method: str
    residual_db: float
    expected_sdr_db: Mapping[str, float]


class StemSeparator(Protocol):
    """Takes a finished mix apart."""

    @property
    def stem_names(self) -> tuple[str, ...]:
        """What it answers, always and in this order."""
        ...

    def separate(self, samples: FloatArray, rate: int) -> Separation:
        """The stems of ``samples``, float32 (channels, samples). Raises AudioError for what is no audio."""
        ...


@dataclass(frozen=True)
class HarmonicPercussive:
    """Tones against strokes, by medians along time and along frequency (D. FitzGerald, DAFx 2010).

    ``power``: of the soft masks, 1 to 4; 2 is Wiener's.
    """

    power: float = 2.0
    stem_names: tuple[str, ...] = ("harmonic", "percussive")

    def separate(self, samples: FloatArray, rate: int) -> Separation:
        """See StemSeparator."""
        check_audio(samples)
        check_rate(rate)
        check_range("rate", rate, 8_000, 192_000)
        check_range("power", self.power, 1.0, 4.0)
        harmonic = np.stack([_harmonic(channel, rate, self.power) for channel in samples])
        return _answer(samples, rate, {"harmonic": harmonic, "percussive": samples - harmonic}, "median-hpss/1")


@dataclass(frozen=True)
class CentreSides:
    """What both channels share against what they do not, by their likeness in each spot of the spectrum.

    The similarity of left and right (C. Avendano, WASPAA 2003) to the power of ``sharpness`` is the share of the middle
    that counts as centre: voice, kick, snare and bass in most mixes, and whatever else stands there.
    """

    sharpness: float = 4.0
    stem_names: tuple[str, ...] = ("centre", "sides")

    def separate(self, samples: FloatArray, rate: int) -> Separation:
        """See StemSeparator. Mono has no sides."""
        check_audio(samples)
        check_rate(rate)
        check_range("rate", rate, 8_000, 192_000)
        check_range("sharpness", self.sharpness, 1.0, 16.0)
        if samples.shape[0] > 2:
            raise AudioError(f"one or two channels are needed, got {samples.shape[0]}")
        centre = samples.copy() if samples.shape[0] == 1 else _centre(samples, rate, self.sharpness)
        return _answer(samples, rate, {"centre": centre, "sides": samples - centre}, "centre-sides/1")


def _answer(samples: FloatArray, rate: int, stems: Mapping[str, FloatArray], method: str) -> Separation:
    total = np.zeros_like(samples)
    for stem in stems.values():
        total += stem
    return Separation(dict(stems), rate, method, null_depth_db(total, samples), {})


def _harmonic(channel: FloatArray, rate: int, power: float) -> FloatArray:
    from scipy.ndimage import median_filter

    spectrum, size = _spectrogram(channel, rate)
    magnitude = np.abs(spectrum).astype(np.float32)
    hop = size // 4
    along = max(3, 2 * round(0.5 * _SPAN_S * rate / hop) + 1)
    across = max(3, 2 * round(0.5 * _SPAN_HZ * size / rate) + 1)
    tones = median_filter(magnitude, (1, along), mode="nearest") ** power
    strokes = median_filter(magnitude, (across, 1), mode="nearest") ** power
    mask = np.where(tones + strokes > 1e-20, tones / np.maximum(tones + strokes, 1e-20), 0.5)
    return _waveform(spectrum * mask, size, channel.size)


def _centre(samples: FloatArray, rate: int, sharpness: float) -> FloatArray:
    (left, size), (right, _) = (_spectrogram(channel, rate) for channel in samples)
    both = np.abs(left) ** 2 + np.abs(right) ** 2
    # Signed: what is opposite on both sides is no centre.
    alike = np.where(both > 1e-20, 2.0 * (left * right.conj()).real / np.maximum(both, 1e-20), 0.0)
    middle = 0.5 * (left + right) * np.maximum(alike, 0.0) ** sharpness
    centre = _waveform(middle, size, samples.shape[1])
    return np.stack([centre, centre])


def _spectrogram(channel: FloatArray, rate: int) -> tuple[NDArray[np.complex64], int]:
    """Lines by frames of Hann windows a quarter apart, and their size in samples."""
    from scipy.fft import rfft

    size = 1 << round(np.log2(_WINDOW_S * rate))
    hop = size // 4
    padded = np.pad(channel, (size, size + (-channel.size) % hop))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop]
    window = np.hanning(size + 1)[:-1].astype(np.float32)
    return np.ascontiguousarray(rfft(frames * window, axis=1).T.astype(np.complex64)), size


def _waveform(spectrum: NDArray[np.complex64], size: int, length: int) -> FloatArray:
    """Overlap-add behind a second window; squared Hann windows a quarter apart add up to 3/2."""
    from scipy.fft import irfft

    hop = size // 4
    window = np.hanning(size + 1)[:-1].astype(np.float32)
    frames = irfft(spectrum.T, size, axis=1).astype(np.float32) * window
    out = np.zeros((frames.shape[0] - 1) * hop + size, np.float32)
    for index, frame in enumerate(frames):
        out[index * hop : index * hop + size] += frame
    return np.asarray(out[size : size + length] / np.float32(1.5), dtype=np.float32)
