"""Ears for the voice, made of natural espeak-ng speech: when a vowel begins, which word it was.

Belongs here: features, alignment with spoken lines, a closed-set word recognizer. Neither sees how the voice was
made. Does not belong here: what is sung to them (material), figures (measures).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.production.voice.espeak import speak
from musicgen_assets.production.voice.syllables import read_line

RATE_HZ, HOP_S = 16_000, 0.005
VARIANTS = ("f1", "m1", "f3", "m5")
READERS = ("m1", "f1", "f3")
"""Voices the ears have heard; pitches and rates are those of speech."""
_FFT, _WINDOW, _BANDS, _COEFFICIENTS = 512, 400, 28, 14
_POINTS = 48

Floats = NDArray[np.float64]


def log_mel(samples: Any, rate: int) -> Floats:
    """Log mel energies, (frames, bands), a frame each ``HOP_S``, frame n centred on n hops."""
    import soxr

    wave = np.asarray(samples, dtype=np.float64)
    if rate != RATE_HZ:
        wave = soxr.resample(wave, rate, RATE_HZ)
    hop = round(HOP_S * RATE_HZ)
    padded = np.pad(wave, _WINDOW)
    count = len(wave) // hop
    rows = padded[(np.arange(count) * hop + _WINDOW // 2)[:, None] + np.arange(_WINDOW)[None, :]]
    power = np.abs(np.fft.rfft(rows * np.hanning(_WINDOW), _FFT, axis=1)) ** 2
    return np.asarray(np.log(power @ _filters().T + 1e-7))


@lru_cache(maxsize=1)
def _filters() -> Floats:
    mel = np.linspace(_mel(120.0), _mel(7_600.0), _BANDS + 2)
    edges = 700.0 * (10.0 ** (mel / 2_595.0) - 1.0)
    hz = np.fft.rfftfreq(_FFT, 1.0 / RATE_HZ)
    up = (hz[None, :] - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    down = (edges[2:, None] - hz[None, :]) / (edges[2:] - edges[1:-1])[:, None]
    return np.clip(np.minimum(up, down), 0.0, None)


def _mel(hz: float) -> float:
    return float(2_595.0 * np.log10(1.0 + hz / 700.0))


def cepstra(mel: Floats) -> Floats:
    """Cepstra without the level, (frames, ``_COEFFICIENTS``), their mean over loud frames taken out."""
    from scipy.fft import dct

    made = dct(mel, type=2, axis=1, norm="ortho")[:, 1 : _COEFFICIENTS + 1]
    level = mel.max(axis=1)
    is_loud = level > level.max() - 7.0
    return np.asarray(made - made[is_loud].mean(axis=0))


def _features(samples: Any, rate: int) -> Floats:
    """Cepstra, level against the loudest, and how both change over 30 ms."""
    mel = log_mel(samples, rate)
    level = mel.max(axis=1, keepdims=True)
    static = np.hstack([cepstra(mel), np.maximum(level - np.quantile(level, 0.95), -9.0), _roughness(mel)])
    ahead, behind = np.roll(static, -3, axis=0), np.roll(static, 3, axis=0)
    return np.hstack([static, ahead - behind, ahead + behind - 2.0 * static])


def _roughness(mel: Floats) -> Floats:
    """High against low energy: hiss or voice."""
    return np.asarray(mel[:, 20:].mean(axis=1, keepdims=True) - mel[:, 2:10].mean(axis=1, keepdims=True))


def outline(samples: Any, rate: int) -> Floats:
    """A word as ``_POINTS`` cepstra spread evenly over its changes, not over its time: a held vowel counts no more than
    a short one.
    """
    mel = log_mel(samples, rate)
    level = mel.max(axis=1)
    is_on = np.flatnonzero(level > level.max() - 9.0)
    made = cepstra(mel)[max(int(is_on[0]) - 6, 0) : int(is_on[-1]) + 7]
    loud = np.maximum(level - level.max(), -9.0)[max(int(is_on[0]) - 6, 0) : int(is_on[-1]) + 7]
    made = np.hstack([made, 0.8 * loud[:, None]])
    kernel = np.hanning(7) / np.hanning(7).sum()
    smooth = np.apply_along_axis(lambda column: np.convolve(np.pad(column, 3, mode="edge"), kernel, "valid"), 0, made)
    steps = np.linalg.norm(np.diff(smooth, axis=0), axis=1) + 0.02
    way = np.concatenate([[0.0], np.cumsum(steps)])
    places = np.linspace(0.0, way[-1], _POINTS)
    return np.stack([np.interp(places, way, column) for column in smooth.T], axis=1)


def distance(one: Floats, other: Floats) -> float:
    """Dynamic time warping of two outlines, steps (1,1), (1,0), (0,1), mean cost along the way."""
    cost = np.linalg.norm(one[:, None, :] - other[None, :, :], axis=2)
    count = len(cost)
    total = np.full((count + 1, count + 1), np.inf)
    total[0, 0] = 0.0
    for i in range(count):
        row = total[i + 1]
        for j in range(max(0, i - 14), min(count, i + 15)):
            row[j + 1] = cost[i, j] + min(total[i, j], 1.1 * row[j] + 0.1, 1.1 * total[i, j + 1] + 0.1)
    return float(total[count, count]) / count


@dataclass(frozen=True)
class WordRecognizer:
    """Closed set: which of ``words`` was it, by natural speech of each in several voices."""

    words: tuple[str, ...]
    outlines: tuple[tuple[Floats, ...], ...]

    @classmethod
    def of(cls, words: Sequence[str], language: str) -> WordRecognizer:
        """Learnt from espeak-ng's own speech."""
        heard = []
        for text in words:
            spoken = [speak((text,), language, variant, 50, 50) for variant in VARIANTS[:3]]
            heard.append(tuple(outline(speech.samples, speech.rate_hz) for speech in spoken))
        return cls(tuple(words), tuple(heard))

    def hear(self, samples: Any, rate: int) -> str:
        """The word that is nearest."""
        sung = outline(samples, rate)
        nearest = [min(distance(sung, known) for known in outlines) for outlines in self.outlines]
        return self.words[int(np.argmin(nearest))]


def vowel_onsets_s(
    samples: Any, rate: int, syllables: Sequence[Sequence[Any]], notes_s: Sequence[float], language: str,
    readers: Sequence[str] = READERS,
) -> list[float]:  # fmt: skip
    """When each syllable's first vowel begins in ``samples``, by laying natural speech on it, whose labels are known.

    ``syllables`` (text, is word end) and ``notes_s``, about where they are sung, one each. Several readers' speech is
    laid on by dynamic time warping; what most of them say counts.
    """
    mel = log_mel(samples, rate).max(axis=1)
    first = int(np.flatnonzero(mel > mel.max() - 8.0)[0])
    sung = _shape(samples, rate)[first:]
    heard = [_laid_on(sung, first, syllables, notes_s, language, reader) for reader in readers]
    return [float(value) for value in np.median(np.array(heard), axis=0)]


def _laid_on(
    sung: Floats, first: int, syllables: Sequence[Sequence[Any]], notes_s: Sequence[float], language: str, reader: str
) -> list[float]:
    """The vowels' starts as one reader's speech tells them; ``sung`` begins at frame ``first``."""
    reading = read_line([one[0] for one in syllables], [one[1] for one in syllables], language, reader, 50, 50)
    spoken = _shape(reading.samples, reading.rate_hz)
    vowels = []
    for syllable in reading.syllables:
        sounds = [*syllable.onset, *([syllable.vowel] if syllable.vowel else []), *syllable.coda]
        vowels.append(next((one.start_s for one in sounds if one.is_vowel), sounds[0].start_s))
    # Well after a note its vowel has begun, and well before it has not: else a line could be laid a word aside.
    times = (np.arange(len(sung)) + first) * HOP_S
    early = np.searchsorted(np.asarray(notes_s) + _REACH_S, times)
    late = np.searchsorted(np.asarray(notes_s) - _REACH_S, times)
    path = _path(sung, spoken, np.array([-np.inf, *vowels])[early] / HOP_S, np.array([*vowels, np.inf])[late] / HOP_S)
    return [(first + float(np.interp(vowel / HOP_S, path[1], path[0]))) * HOP_S for vowel in vowels]


_REACH_S = 0.12


def _shape(samples: Any, rate: int) -> Floats:
    """Cepstra, level, hiss and their changes, each of variance 1, and changes counted double: they mark boundaries."""
    made = _features(samples, rate)
    made = (made - made.mean(axis=0)) / (made.std(axis=0) + 1e-9)
    third = made.shape[1] // 3
    made[:, third : 2 * third] *= 1.5
    return np.asarray(made[:, : 2 * third])


def _path(sung: Floats, spoken: Floats, lows: Floats, highs: Floats) -> tuple[Floats, Floats]:
    """Frames of ``sung`` and of ``spoken`` that belong together: each sung frame has one between its ``lows`` and
    ``highs``; spoken ones may be passed over two at a time.
    """
    cost = np.sqrt(np.maximum((sung**2).sum(1)[:, None] + (spoken**2).sum(1)[None, :] - 2.0 * sung @ spoken.T, 0.0))
    columns = np.arange(len(spoken))
    cost[(columns[None, :] < lows[:, None]) | (columns[None, :] > highs[:, None])] = 1e3
    total = np.full(len(spoken), np.inf)
    total[:60] = cost[0, :60]
    came = np.zeros(cost.shape, dtype=np.int8)
    for index in range(1, len(sung)):
        steps = np.stack([
            total, np.concatenate([[np.inf], total[:-1]]), np.concatenate([[np.inf, np.inf], total[:-2] + 0.4])
        ])  # fmt: skip
        came[index] = np.argmin(steps, axis=0)
        total = steps.min(axis=0) + cost[index]
    end = len(spoken) - 1 - int(np.argmin(total[::-1][:60]))
    places = np.zeros(len(sung), dtype=np.int64)
    for index in range(len(sung) - 1, -1, -1):
        places[index] = end
        end -= int(came[index, end])
    kept, first = np.unique(places, return_index=True)
    return first.astype(np.float64), kept.astype(np.float64)
