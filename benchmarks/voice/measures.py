"""Figures of sung notes: steady pitch, scoops, overshoot, vibrato, vowel onsets.

Belongs here: measuring one phrase from its sound. Does not belong here: tables (__main__).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.voice.hearing import vowel_onsets_s
from dsp.vocoder import RATE_HZ
from musicgen_assets.production.voice.sing import PRE_S

STEADY_CENTS, ONSET_MS = 10.0, 25.0
OVERSHOOT_CENTS, SCOOP_CENTS, VIBRATO_CENTS = 6.0, 40.0, 12.0
"""Least of each that counts as present."""
_LOST_CENTS = 400.0
"""Further off, the tracker has lost the voice: an octave, a consonant."""
LONG_S = 0.7
"""Notes at least this long must have vibrato: it comes late."""


@dataclass(frozen=True)
class Note:
    """One note as measured. None: there is nothing to measure of this kind in it."""

    language: str
    singer: str
    syllable: str
    error_cents: float | None
    onset_ms: float
    scoop_cents: float | None = None
    overshoot_cents: float | None = None
    vibrato_cents: float | None = None
    vibrato_hz: float | None = None


def pitch_track(samples: NDArray[Any]) -> NDArray[np.float64]:
    """MIDI pitch each 5 ms by harvest, another tracker than the voice is made with; NaN where there is none."""
    import pyworld

    wave = samples.astype(np.float64)
    hz, times = pyworld.harvest(wave, RATE_HZ, f0_floor=60.0, f0_ceil=1_100.0, frame_period=5.0)
    hz = pyworld.stonemask(wave, hz, times, RATE_HZ)
    return np.where(hz > 0.0, 69.0 + 12.0 * np.log2(np.maximum(hz, 1.0) / 440.0), np.nan)


def measure_phrase(inputs: Mapping[str, Any], samples: NDArray[Any]) -> list[Note]:
    """Every note of a phrase of one note a syllable."""
    track = pitch_track(samples)
    rows = inputs["notes"]
    notes_s = [PRE_S + row[1] for row in rows]
    onsets = vowel_onsets_s(samples, RATE_HZ, inputs["syllables"], notes_s, inputs["language"])
    found = []
    for place, (_, start, length, pitch, _) in enumerate(rows):
        begins = PRE_S + start
        cents = 100.0 * (track - pitch)
        before = rows[place - 1][3] if place else None
        found.append(
            Note(
                inputs["language"], inputs["singer"], inputs["syllables"][place][0],
                _steady(cents, begins, length), 1_000.0 * (onsets[place] - begins),
                _scoop(cents, begins) if place == 0 else None,
                _overshoot(cents, begins, pitch - before) if before is not None and abs(pitch - before) >= 2 else None,
                *(_vibrato(cents, begins, length) if length >= LONG_S else (None, None)),
            )
        )  # fmt: skip
    return found


def _window(cents: NDArray[np.float64], begin_s: float, end_s: float) -> NDArray[np.float64]:
    piece = cents[max(round(begin_s / 0.005), 0) : round(end_s / 0.005)]
    return piece[np.isfinite(piece)]


def _steady(cents: NDArray[np.float64], begins: float, length: float) -> float | None:
    """Median error after the note has settled and before the next one is prepared."""
    piece = _window(cents, begins + min(0.15, 0.4 * length), begins + 0.72 * length)
    return float(np.median(piece)) if piece.size >= 6 else None


def _scoop(cents: NDArray[np.float64], begins: float) -> float | None:
    """How far below the note a phrase begins."""
    piece = _window(cents, begins, begins + 0.06)
    piece = piece[np.abs(piece) < _LOST_CENTS]
    return float(-piece.min()) if piece.size >= 3 else None


def _overshoot(cents: NDArray[np.float64], begins: float, interval: float) -> float | None:
    """How far the pitch goes beyond the note in the direction it came, against where it settles."""
    early, late = _window(cents, begins - 0.02, begins + 0.12), _window(cents, begins + 0.16, begins + 0.26)
    early = early[np.abs(early) < _LOST_CENTS]
    if early.size < 6 or late.size < 4:
        return None
    return float(np.max(np.sign(interval) * (early - np.median(late))))


def _vibrato(cents: NDArray[np.float64], begins: float, length: float) -> tuple[float | None, float | None]:
    """(depth in cents, rate in Hz) of the strongest swing of 4-8 Hz in the note's second part."""
    piece = cents[round((begins + 0.35) / 0.005) : round((begins + length - 0.05) / 0.005)]
    piece = piece[np.isfinite(piece)]
    if piece.size < 50:
        return None, None
    swing = (piece - np.polyval(np.polyfit(np.arange(piece.size), piece, 1), np.arange(piece.size))) * np.hanning(
        piece.size
    )
    spectrum = np.abs(np.fft.rfft(swing, 2_048)) * 4.0 / piece.size
    hz = np.fft.rfftfreq(2_048, 0.005)
    is_vibrato = (hz >= 4.0) & (hz <= 8.0)
    best = int(np.argmax(np.where(is_vibrato, spectrum, 0.0)))
    return float(spectrum[best]), float(hz[best])
