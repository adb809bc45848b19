"""People's timing and touch: how far each note of a song falls from where it is written, and how its loudness wavers.

Belongs here: the drift a band shares, what each player adds, both over the length of a song. Does not belong here:
swing and the grid (feel), which notes there are, dynamics of sections (arrangement.performance).

Everything is drawn per sixteenth of the song, never per note: a note added or taken out leaves the others alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.score.clock import seconds
from musicgen_assets.score.model import TICKS_PER_QUARTER

DEVIATION_MAX_MS = 16.0
"""Spread beyond which a groove stops feeling like one pulse; styles that ask for more get this."""
ASIDE_MAX_MS = 9.5
"""How far a player may be from the band's common pulse, so that any two are within 20 ms of each other: about what
good jazz rhythm sections keep (Hofmann, Wesolowski and Goebl 2017, Journal of New Music Research 46(4))."""
STEP_TICKS = TICKS_PER_QUARTER // 4
_CLIP_SPREADS = 2.0
_OWN_SHARE = 0.35
"""Part of a style's spread that is a player's own; rule of thumb. The rest is shared."""
_HAND_SHARE = 0.12
"""Part that differs between notes struck together: fingers, sticks and feet; rule of thumb."""
_TOUCH_DRIFT, _TOUCH_HAND = 2.6, 1.4
"""Spread of loudness in MIDI velocity: slow, and from note to note; rule of thumb."""
_HANDS = 12

FloatArray = NDArray[np.float64]
TickArray = NDArray[np.int64]


@dataclass(frozen=True)
class Pulse:
    """What a band shares: how late (or, negative, early) its beat is at each sixteenth of the song.

    ``drift_ms`` has shape (steps,); ``spread_ms`` is the style's, 0 for a machine.
    """

    drift_ms: FloatArray
    spread_ms: float
    tempo_bpm: float

    @property
    def is_human(self) -> bool:
        """Whether timing and touch vary at all."""
        return self.spread_ms > 0

    def at(self, ticks: TickArray) -> FloatArray:
        """The drift in ms at song times in ticks, shape as ``ticks``."""
        return _read(self.drift_ms, ticks)


@dataclass(frozen=True)
class Hands:
    """What one player adds: ``own_ms`` and ``touch`` (velocity) per sixteenth, ``hand_ms`` and ``hand_touch`` for
    each of twelve fingers at it, shape (steps, 12).
    """

    own_ms: FloatArray
    touch: FloatArray
    hand_ms: FloatArray
    hand_touch: FloatArray


def band_pulse(rng: np.random.Generator, end_ticks: int, spread_ms: float, tempo_bpm: float) -> Pulse:
    """The common drift of a band over a song of ``end_ticks``, of spread sqrt(1 - .35^2) of ``spread_ms``."""
    spread = min(spread_ms, DEVIATION_MAX_MS)
    steps = end_ticks // STEP_TICKS + 2
    share = float(np.sqrt(1.0 - _OWN_SHARE**2))
    drift = np.clip(long_range_noise(rng, steps), -_CLIP_SPREADS, _CLIP_SPREADS) * spread * share
    return Pulse(drift, spread, tempo_bpm)


def player_hands(rng: np.random.Generator, pulse: Pulse) -> Hands:
    """One player's own drift, touch and fingers, over the pulse's length; all zero beside a machine's pulse."""
    steps, scale = len(pulse.drift_ms), 1.0 if pulse.is_human else 0.0
    return Hands(
        own_ms=long_range_noise(rng, steps) * pulse.spread_ms * _OWN_SHARE,
        touch=long_range_noise(rng, steps) * _TOUCH_DRIFT * scale,
        hand_ms=rng.standard_normal((steps, _HANDS)) * pulse.spread_ms * _HAND_SHARE,
        hand_touch=rng.standard_normal((steps, _HANDS)) * _TOUCH_HAND * scale,
    )


def moves_ticks(pulse: Pulse, hands: Hands, starts: TickArray, pitches: TickArray, aside_ms: FloatArray) -> TickArray:
    """How many ticks each note moves: the band's drift, the player's, and ``aside_ms`` (behind positive).

    Own drift and ``aside_ms`` together stay within ASIDE_MAX_MS, and no note comes nearer than halfway to its
    neighbours' moments, so that order holds. A machine's pulse moves nothing.
    """
    if not pulse.is_human or len(starts) == 0:
        return np.zeros(len(starts), dtype=np.int64)
    finger = hands.hand_ms[_steps(starts, len(hands.hand_ms)), pitches % _HANDS]
    own_ms = np.clip(_read(hands.own_ms, starts) + finger + aside_ms, -ASIDE_MAX_MS, ASIDE_MAX_MS)
    tick_ms = seconds(1, pulse.tempo_bpm) * 1000.0
    wanted = (pulse.at(starts) + own_ms) / tick_ms
    return np.rint(np.clip(wanted, *_room(starts))).astype(np.int64)


def touch_changes(pulse: Pulse, hands: Hands, starts: TickArray, pitches: TickArray) -> FloatArray:
    """By how much each note's velocity differs from the written one. A machine's pulse changes nothing."""
    if not pulse.is_human or len(starts) == 0:
        return np.zeros(len(starts))
    return _read(hands.touch, starts) + hands.hand_touch[_steps(starts, len(hands.touch)), pitches % _HANDS]


def long_range_noise(rng: np.random.Generator, count: int) -> FloatArray:
    """``count`` values of zero mean and unit spread whose power falls as 1/f, joined end to start.

    People's timing errors are correlated over long ranges with exponents near 1, and listeners prefer that
    to white jitter (Hennig et al. 2011, PLoS ONE 6(10) e26457). Made of random phases under that very spectrum: were
    its powers drawn as well, one song in twenty would hardly drift at all.
    """
    if count < 2:
        return np.zeros(count)
    bins = count // 2 + 1
    frequencies = np.arange(bins, dtype=float)
    frequencies[0] = np.inf
    spectrum = np.exp(2j * np.pi * rng.random(bins)) / np.sqrt(frequencies)
    values: FloatArray = np.fft.irfft(spectrum, n=count)
    spread = float(values.std())
    return values / spread if spread > 0 else np.zeros(count)


def _read(curve: FloatArray, ticks: TickArray) -> FloatArray:
    """A curve per sixteenth at ticks, straight between its points."""
    return np.interp(ticks / STEP_TICKS, np.arange(len(curve)), curve)


def _steps(ticks: TickArray, count: int) -> TickArray:
    return np.clip(ticks // STEP_TICKS, 0, count - 1)


def _room(starts: TickArray) -> tuple[FloatArray, FloatArray]:
    """Least and greatest move of each note that keep it on its side of the middle between moments."""
    moments, moment_of = np.unique(starts, return_inverse=True)
    half_gaps = np.maximum(np.diff(moments) * 0.5 - 1.0, 0.0)
    before = np.concatenate(([np.inf], half_gaps))
    after = np.concatenate((half_gaps, [np.inf]))
    return -before[moment_of], after[moment_of]
