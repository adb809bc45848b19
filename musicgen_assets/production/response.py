"""How an instrument of a font answers to velocity, listened to once: what brings its keys to level, and how far its
tone has to be tilted to follow the hand.

Engines and fonts disagree about levels, and recordings about overtones; measured, neither matters. Only fixed keys
are listened to, never the song's notes: a revised note changes no other.

Belongs here: listening. Does not belong here: applying what is found (playing), the families' aims (touch).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp.levels import db_to_gain
from musicgen_assets.production.sampler import Instrument
from musicgen_assets.production.touch import DRUM_TILT_DB, Touch, kit_level_db

NEUTRAL_VELOCITY = 96
"""Played this hard, an instrument sounds as its maker recorded it."""
SOFT_VELOCITY, HARD_VELOCITY = 40, 110
"""Between these a tone's spectral centroid rises by ``Touch.brightness``."""
LEAST_TILT_DB, MOST_TILT_DB = 4.0, 32.0
DARKEST_DB, BRIGHTEST_DB = -28.0, 8.0
PROBE_S = 0.6
"""How much of a key is listened to."""
SILENCE = 1e-5

_LOW_PIVOT_HZ, _HIGH_PIVOT_HZ = 120.0, 3_000.0
_HEARD_HZ = (20.0, 20_000.0)


class Response:
    """One instrument's answers, listened to when they are first asked for."""

    def __init__(self, instrument: Instrument, touch: Touch, sample_rate_hz: int, *, is_drums: bool) -> None:
        self._instrument, self._touch, self._rate, self._is_drums = instrument, touch, sample_rate_hz, is_drums
        self._length = round(PROBE_S * sample_rate_hz)
        self._levels: dict[tuple[int, int], float] = {}
        self._tilt_db: float | None = None

    def gain(self, key: int, velocity: int) -> float:
        """What brings a key struck at an engine velocity to the level it has at the neutral one; on a kit, to the
        kit's balance at the neutral one."""
        if self._is_drums:
            here, wanted = self._level(key, velocity), db_to_gain(kit_level_db(key))
        else:
            here = self._level(self._touch.reference_key, velocity)
            wanted = self._level(self._touch.reference_key, NEUTRAL_VELOCITY)
        return wanted / here if here > SILENCE else 1.0

    def tilt_db(self, velocity: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far notes are tilted about their pivots: 0 at the neutral velocity, negative (darker) below it."""
        if self._tilt_db is None:
            self._tilt_db = DRUM_TILT_DB if self._is_drums else self._found_tilt_db()
        return tilt_at(self._tilt_db, velocity)

    def _level(self, key: int, velocity: int) -> float:
        if (key, velocity) not in self._levels:
            sound = self._instrument.held(key, velocity, self._length)
            self._levels[key, velocity] = float(np.sqrt(np.mean(sound.astype(np.float64) ** 2)))
        return self._levels[key, velocity]

    def _found_tilt_db(self) -> float:
        """The least tilt that makes two keys, an octave apart, as much brighter as the touch says."""
        if self._touch.brightness <= 1.0:
            return 0.0
        spectra = [self._spectrum(key) for key in (self._touch.reference_key, self._touch.reference_key + 12)]
        low, high = LEAST_TILT_DB, MOST_TILT_DB
        for _ in range(7):
            middle = 0.5 * (low + high)
            least = min(self._brighter(middle, *spectrum) for spectrum in spectra)
            low, high = (middle, high) if least < self._touch.brightness else (low, middle)
        return round(high, 1)

    def _spectrum(self, key: int) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
        """Frequencies, magnitudes, and the pivot of a key."""
        mono = self._instrument.held(key, NEUTRAL_VELOCITY, self._length).mean(axis=0, dtype=np.float64)
        hz = np.asarray(np.fft.rfftfreq(mono.size, 1.0 / self._rate), dtype=np.float64)
        is_heard = (hz >= _HEARD_HZ[0]) & (hz <= min(_HEARD_HZ[1], 0.49 * self._rate))
        magnitude = np.asarray(np.abs(np.fft.rfft(mono * np.hanning(mono.size))), dtype=np.float64)
        return hz[is_heard], magnitude[is_heard], pivot_hz(key, self._touch.pivot)

    def _brighter(self, tilt_db: float, hz: NDArray[np.float64], magnitude: NDArray[np.float64], pivot: float) -> float:
        """Centroid when played hard over centroid when played softly."""
        centroids = []
        for velocity in (HARD_VELOCITY, SOFT_VELOCITY):
            tilt = float(tilt_at(tilt_db, np.array([float(velocity)]))[0])
            turned = magnitude * np.abs((1j * hz * db_to_gain(tilt) + pivot) / (1j * hz + pivot))
            total = float(turned.sum())
            centroids.append(float((hz * turned).sum()) / total if total > SILENCE else 1.0)
        return centroids[0] / centroids[1]


def tilt_at(tilt_db: float, velocity: NDArray[np.float64]) -> NDArray[np.float64]:
    """``tilt_db`` is the difference between the hard and the soft velocity; other velocities in proportion."""
    share = (velocity - NEUTRAL_VELOCITY) / (HARD_VELOCITY - SOFT_VELOCITY)
    return np.clip(tilt_db * share, DARKEST_DB, BRIGHTEST_DB)


def pivot_hz(key: int, multiple: float) -> float:
    """Where a key's tilt begins: ``multiple`` times its frequency, within what an ear takes for brightness."""
    return float(np.clip(multiple * 440.0 * 2.0 ** ((key - 69) / 12.0), _LOW_PIVOT_HZ, _HIGH_PIVOT_HZ))
