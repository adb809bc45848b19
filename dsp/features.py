"""What a sound is like, frame by frame: brightness, change, shape, colour, pitch classes.

Belongs here: descriptors of short frames. Does not belong here: decisions about keys and tempos (``dsp.key``,
``dsp.tempo``), long-term spectra (``dsp.spectrum``), loudness.

Frames are Hann windows of 46 ms (a power of two of samples), 10 ms apart, the first centred on the first sample;
stereo is folded to mono first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.levels import SILENCE_DB, FloatArray, as_channels, check_audio, check_range, check_rate

DoubleArray = NDArray[np.float64]

HOP_S = 0.01
_WINDOW_S = 0.046
_CHUNK_FRAMES = 512
_LEAST_POWER = 1e-20
_ROLLOFF = 0.85
_MEL_BANDS = 40
_LOWEST_PITCH, _HIGHEST_PITCH = 36, 96


@dataclass(frozen=True)
class Features:
    """One value or row a frame. Silent frames read 0, and -120 dB.

    ``centroid_hz``: mean frequency by power. ``rolloff_hz``: below it lie 85 % of the power. ``flatness``: geometric
    over arithmetic mean of the power, 0 (a tone) to 1 (white noise). ``flux``: sum of the rises of the magnitudes,
    each frame's scaled to a sum of 1 (0 to 1). ``onset_strength``: mean rise of log magnitudes, as ``dsp.tempo``
    hears them. ``level_db``: mean power. ``crest_db``: peak over root mean square of the frame.
    ``mfcc``: (frames, coefficients). ``chroma``: (frames, 12) from C up, the largest 1.
    """

    times_s: DoubleArray
    centroid_hz: DoubleArray
    rolloff_hz: DoubleArray
    flatness: DoubleArray
    flux: DoubleArray
    onset_strength: DoubleArray
    level_db: DoubleArray
    crest_db: DoubleArray
    mfcc: DoubleArray
    chroma: DoubleArray


def extract_features(samples: FloatArray, rate: int, coefficients: int = 13) -> Features:
    """All features of the audio.

    Args:
        samples: float32 (1 or 2, samples).
        rate: in Hz, 8,000 to 192,000.
        coefficients: of the mel cepstrum, 1 to 40 (S. Davis, P. Mermelstein, IEEE Trans. ASSP 28(4), 1980; 40 mel
            bands from 30 Hz to 8 kHz or half the rate, orthonormal cosine transform of decibels).

    Raises:
        AudioError: no audio, more than two channels, or a value out of range.
    """
    check_audio(samples)
    check_rate(rate)
    check_range("rate", rate, 8_000, 192_000)
    check_range("coefficients", coefficients, 1, _MEL_BANDS)
    mono = as_channels(samples, 1)[0]
    size, hop = 1 << round(np.log2(_WINDOW_S * rate)), max(1, round(HOP_S * rate))
    count = -(-mono.size // hop)
    padded = np.pad(mono, (size // 2, size))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop][:count]
    columns = _Columns(rate, size, coefficients)
    for start in range(0, count, _CHUNK_FRAMES):
        columns.add(frames[start : start + _CHUNK_FRAMES])
    return columns.features(np.arange(count) * hop / rate)


class _Columns:
    """Features while frames come in chunks."""

    def __init__(self, rate: int, size: int, coefficients: int) -> None:
        from scipy.fft import rfftfreq

        self.frequencies = rfftfreq(size, 1.0 / rate)
        self.window = (np.hanning(size) * 2.0 / size * 2.0).astype(np.float32)
        self.mel = mel_weights(rate, size)
        self.pitch = _chroma_weights(rate, size)
        self.coefficients = coefficients
        self.before_share = np.zeros(self.frequencies.size)
        self.before_log = np.zeros(self.frequencies.size)
        self.rows: list[dict[str, DoubleArray]] = []

    def add(self, frames: FloatArray) -> None:
        from scipy.fft import dct, rfft

        magnitude = np.abs(rfft(frames * self.window, axis=1)).astype(np.float64)
        power = magnitude**2
        total = power.sum(axis=1)
        is_heard = total > _LEAST_POWER
        safe = np.where(is_heard, total, 1.0)
        running = np.cumsum(power, axis=1) / safe[:, None]
        rolloff = self.frequencies[np.argmax(running >= _ROLLOFF, axis=1)]
        share = magnitude / np.maximum(magnitude.sum(axis=1, keepdims=True), 1e-12)
        logs = np.log1p(300.0 * magnitude)
        rises = np.maximum(share - np.vstack([self.before_share, share[:-1]]), 0.0).sum(axis=1)
        onsets = np.maximum(logs - np.vstack([self.before_log, logs[:-1]]), 0.0).mean(axis=1)
        self.before_share, self.before_log = share[-1], logs[-1]
        mean_square = np.square(frames, dtype=np.float64).mean(axis=1)
        mel_db = 10.0 * np.log10(power @ self.mel.T + 1e-12)
        chroma = power @ self.pitch.T
        self.rows.append({
            "centroid_hz": np.where(is_heard, power @ self.frequencies / safe, 0.0),
            "rolloff_hz": np.where(is_heard, rolloff, 0.0),
            "flatness": np.where(is_heard, np.exp(np.log(power + 1e-30).mean(axis=1)) / (safe / power.shape[1]), 0.0),
            "flux": np.where(is_heard, rises, 0.0),
            "onset_strength": onsets,
            "level_db": np.maximum(SILENCE_DB, 10.0 * np.log10(np.maximum(mean_square, 1e-30))),
            "crest_db": _crest_db(frames, mean_square),
            "mfcc": dct(mel_db, axis=1, norm="ortho")[:, : self.coefficients],
            "chroma": np.where(is_heard[:, None], chroma / np.maximum(chroma.max(axis=1, keepdims=True), 1e-12), 0.0),
        })  # fmt: skip

    def features(self, times_s: DoubleArray) -> Features:
        joined = {name: np.concatenate([row[name] for row in self.rows]) for name in self.rows[0]}
        return Features(times_s=times_s, **joined)


def _crest_db(frames: FloatArray, mean_square: DoubleArray) -> DoubleArray:
    """Peak over root mean square of each frame in dB; 0 where it is silent."""
    peaks = np.maximum(frames.max(axis=1), -frames.min(axis=1)).astype(np.float64)
    crest = 20.0 * np.log10(np.maximum(peaks, 1e-12)) - 10.0 * np.log10(np.maximum(mean_square, 1e-24))
    return np.where(mean_square > 1e-24, crest, 0.0)


def mel_weights(rate: int, size: int, bands: int = _MEL_BANDS, low_hz: float = 30.0) -> DoubleArray:
    """Triangles over the lines of a spectrum of ``size`` samples, evenly apart in mel, each of unit height.

    Mel after O'Shaughnessy: ``2595 log10(1 + f / 700)``. Returns shape (bands, size // 2 + 1).
    """
    high_hz = min(8_000.0, 0.5 * rate)
    edges = 700.0 * (10.0 ** (np.linspace(_mel(low_hz), _mel(high_hz), bands + 2) / 2_595.0) - 1.0)
    lines = np.arange(size // 2 + 1) * rate / size
    rising = (lines[None, :] - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - lines[None, :]) / (edges[2:] - edges[1:-1])[:, None]
    return np.asarray(np.maximum(0.0, np.minimum(rising, falling)), dtype=np.float64)


def _mel(hz: float) -> float:
    return float(2_595.0 * np.log10(1.0 + hz / 700.0))


def _chroma_weights(rate: int, size: int) -> DoubleArray:
    """Which pitch class each line belongs to, in Gaussians a semitone wide between C2 and C7; shape (12, lines)."""
    lines = np.arange(size // 2 + 1) * rate / size
    pitch = 69.0 + 12.0 * np.log2(np.maximum(lines, 1.0) / 440.0)
    is_in = (pitch >= _LOWEST_PITCH - 0.5) & (pitch <= _HIGHEST_PITCH + 0.5)
    distance = (pitch[None, :] - np.arange(12)[:, None] + 6.0) % 12.0 - 6.0
    return np.asarray(np.where(is_in, np.exp(-0.5 * (distance / 0.4) ** 2), 0.0), dtype=np.float64)
