"""A line that one voice or instrument sings alone, as notes: when each begins, how long it lasts, which pitch.

Belongs here: from audio to notes in seconds and MIDI numbers. Does not belong here: bars and beats (composition),
several voices at once, the key (``dsp.key``).

The fundamental is followed with Harvest (M. Morise, "Harvest: a high-performance fundamental frequency estimator from
speech signals", Interspeech 2017) of the WORLD vocoder.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.convert import resample
from dsp.errors import AudioError
from dsp.levels import FloatArray, check_audio, check_range, check_rate

FRAME_S = 0.005
LOWEST_HZ, HIGHEST_HZ = 65.0, 1_100.0
_RATE_HZ = 16_000
_SILENT_UNDER_DB = 35.0
"""Frames this far under the loudest are silence."""
_OTHER_SEMITONES = 0.65
"""A pitch this far from a note's own is another note, if it stays."""
_STAYS_FRAMES, _GAP_FRAMES = 8, 8
_KNOWN_FRAMES = 120
"""A note's own pitch is that of its last so many frames."""
_LEAST_S = 0.09
_DIP_DB = 6.0
"""A note said again: the level falls by so much and comes back."""

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class HeardNote:
    """One note: ``pitch`` is the nearest MIDI number after the whole line was put in tune."""

    start_s: float
    length_s: float
    pitch: int
    level_db: float


def heard_notes(samples: FloatArray, rate: int) -> list[HeardNote]:
    """The notes of a monophonic line, in order and apart; empty where nothing is sung.

    The line may be out of tune as a whole: its mean deviation from the semitones is taken out first.

    Args:
        samples: float32 (channels, samples), at least 0.1 s; channels are averaged.
        rate: in Hz.

    Raises:
        AudioError: no audio, or too short.
    """
    check_audio(samples)
    check_rate(rate)
    check_range("seconds", samples.shape[1] / rate, 0.1, 900.0)
    mono = resample(samples.mean(axis=0, keepdims=True).astype(np.float32), rate, _RATE_HZ)[0].astype(np.float64)
    pitch = _pitch_curve(mono)
    level = _levels_db(mono, pitch.size)
    pitch[level < level.max() - _SILENT_UNDER_DB] = np.nan
    spans = [span for run in _runs(pitch) for span in _parted(pitch, level, *run)]
    spans = [(first, last) for first, last in spans if (last - first) * FRAME_S >= _LEAST_S]
    if not spans:
        return []
    centres = np.array([float(np.nanmedian(pitch[first:last])) for first, last in spans])
    lengths = np.array([last - first for first, last in spans])
    turn = np.exp(2j * np.pi * centres) * lengths
    off = float(np.angle(turn.sum()) / (2.0 * np.pi))
    return [
        HeardNote(
            round(first * FRAME_S, 3), round((last - first) * FRAME_S, 3), round(float(centre - off)),
            round(float(level[first:last].max()), 1),
        )
        for (first, last), centre in zip(spans, centres, strict=True)
    ]  # fmt: skip


def _pitch_curve(mono: Doubles) -> Doubles:
    """MIDI pitch of each frame, NaN where nothing is voiced; single frames that jump are smoothed away."""
    import pyworld
    from scipy.ndimage import median_filter

    hz, _ = pyworld.harvest(mono, _RATE_HZ, f0_floor=LOWEST_HZ, f0_ceil=HIGHEST_HZ, frame_period=FRAME_S * 1_000.0)
    if hz.size == 0:
        raise AudioError("too short for a pitch to be followed")
    is_voiced = hz > 0.0
    pitch = np.where(is_voiced, 69.0 + 12.0 * np.log2(np.maximum(hz, 1.0) / 440.0), np.nan)
    smooth = median_filter(np.where(is_voiced, pitch, 0.0), 7, mode="nearest")
    return np.where(is_voiced & (smooth > 0.0), smooth, np.nan)


def _levels_db(mono: Doubles, frames: int) -> Doubles:
    hop = round(FRAME_S * _RATE_HZ)
    padded = np.zeros(frames * hop)
    count = min(mono.size, padded.size)
    padded[:count] = mono[:count]
    power = np.square(padded.reshape(frames, hop)).mean(axis=1)
    smooth = np.convolve(power, np.ones(5) / 5.0, mode="same")
    return np.asarray(10.0 * np.log10(np.maximum(smooth, 1e-12)))


def _runs(pitch: Doubles) -> list[tuple[int, int]]:
    """Stretches that are voiced, those a moment apart made one."""
    voiced = np.flatnonzero(np.isfinite(pitch))
    if not voiced.size:
        return []
    breaks = np.flatnonzero(np.diff(voiced) > _GAP_FRAMES)
    firsts = [voiced[0], *voiced[breaks + 1]]
    lasts = [*voiced[breaks], voiced[-1]]
    return [(int(first), int(last) + 1) for first, last in zip(firsts, lasts, strict=True)]


def _parted(pitch: Doubles, level: Doubles, first: int, last: int) -> list[tuple[int, int]]:
    """A voiced stretch in notes: parted where the pitch goes elsewhere and stays, and where a note is said again."""
    found: list[tuple[int, int]] = []
    start, away = first, 0
    for frame in range(first, last):
        sung = pitch[max(start, frame - away - _KNOWN_FRAMES) : max(frame - away, start + 1)]
        sung = sung[np.isfinite(sung)]
        here = pitch[frame]
        is_away = sung.size and np.isfinite(here) and abs(here - float(np.median(sung))) > _OTHER_SEMITONES
        away = away + 1 if is_away else 0
        if away >= _STAYS_FRAMES:
            found.append((start, frame - away + 1))
            start, away = frame - away + 1, 0
        elif _is_said_again(level, start, frame, last):
            found.append((start, frame))
            start, away = frame, 0
    return [*found, (start, last)]


def _is_said_again(level: Doubles, start: int, frame: int, last: int) -> bool:
    """Whether ``frame`` is the bottom of a dip between two strokes of one pitch."""
    reach = _STAYS_FRAMES * 2
    if frame - start < reach or last - frame < reach:
        return False
    around = level[frame - 3 : frame + 4]
    if level[frame] > around.min():
        return False
    before, after = level[frame - reach : frame].max(), level[frame : frame + reach].max()
    return bool(min(before, after) - level[frame] >= _DIP_DB)
