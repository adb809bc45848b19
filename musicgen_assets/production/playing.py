"""Notes on an instrument, sample-accurately: each distinct key is asked of the engine once, then shaped and placed.

What is the same for every engine: velocity as level, tone, onset and release; repeats that are never twice the same;
pitch curves; places from left to right. All of it follows from the notes alone, so that equal notes give equal bytes.

Belongs here: ``play`` and how it shapes a held key. Does not belong here: engines (sampler), the numbers of the
families (touch), effects and levels (render).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.levels import db_to_gain
from musicgen_assets.graph.job import FloatArray
from musicgen_assets.production.curves import PitchCurve
from musicgen_assets.production.keys import Keys
from musicgen_assets.production.places import pan_gains, places
from musicgen_assets.production.response import HARD_VELOCITY, SILENCE, SOFT_VELOCITY, Response, pivot_hz
from musicgen_assets.production.sampler import Instrument
from musicgen_assets.production.touch import DRUM_PIVOT_HZ, Touch

LEGATO_S = 0.03
"""Notes that end no further than this from the next onset are joined, and give way more slowly."""
LEGATO_RELEASE, STACCATO_RELEASE = 1.25, 0.6
STACCATO_S, HELD_S = 0.12, 0.5
TUNINGS = (-1.0, 0.4, -0.6, 1.0, 0.1)
"""Tunings of successive notes of one pitch, in parts of ``Touch.detune_cents``."""

SLOW_ATTACK_MS = 30.0
"""From here on an onset is a breath or a bow that takes hold, not a hammer: it is played by where in its recording a
note begins, as samplers with a velocity-to-start modulation do."""
FAST_ATTACK_S, SKIP_MAX_S, _CUT_FADE_S = 0.02, 0.15, 0.004
_GOLDEN = 0.6180339887498949
_TRIM = 512


@dataclass(frozen=True)
class _Stroke:
    """How one note is played: everything but which key it is."""

    start: int
    end: int
    velocity: float
    gain: float
    tilt_db: float
    release: int

    @property
    def length(self) -> int:
        """Samples from its start to silence."""
        return self.end - self.start + self.release


def play(
    instrument: Instrument, keys: Keys, touch: Touch, samples: int, sample_rate_hz: int, *,
    is_drums: bool = False, detune_cents: float = 0.0, spread: float = 0.0, pitch: PitchCurve | None = None,
) -> FloatArray:  # fmt: skip
    """The notes as float32 (1 or 2, samples), at the instrument's own level; one channel where both would be equal.

    ``spread`` 0-1 sets keys apart from left to right, see ``places``; ``pitch`` bends all notes that sound under it.
    """
    out = _Out(samples)
    if not keys.starts.size:
        return out.sound()
    response = Response(instrument, touch, sample_rate_hz, is_drums=is_drums)
    panned = {key: pan_gains(spread * place) for key, place in places(keys.pitches, is_drums=is_drums).items()}
    strokes = _strokes(keys, touch, response, sample_rate_hz, samples, is_drums=is_drums)
    curve = pitch if pitch is not None and pitch.at.size else None
    spare = round(SKIP_MAX_S * sample_rate_hz) if touch.attack_ms >= SLOW_ATTACK_MS else 0
    for (key, band, tuning), group in _grouped(keys, strokes, touch):
        cents = detune_cents + TUNINGS[tuning] * touch.detune_cents
        factor = response.gain(key, band)
        for stroke, held in _held(instrument, key, band, cents, group, curve, spare):
            note = _shaped(held, stroke, touch, key, sample_rate_hz, factor, is_drums=is_drums)
            out.add(note, stroke.start, panned[key])
    return out.sound()


def _held(
    instrument: Instrument, key: int, band: int, cents: float, group: list[_Stroke], curve: PitchCurve | None,
    spare: int,
) -> Iterator[tuple[_Stroke, FloatArray]]:  # fmt: skip
    """Each stroke with its key held long enough: asked once for all that are unbent, with ``spare`` samples more than
    they need, and once for each that is bent, with none, for bends are timed from its start.
    """
    lengths = [stroke.length for stroke in group]
    base = cents / 100.0
    is_bent = [
        curve is not None and curve.moves(stroke.start, stroke.start + length)
        for stroke, length in zip(group, lengths, strict=True)
    ]
    longest = max((length for length, bent in zip(lengths, is_bent, strict=True) if not bent), default=0)
    plain = _trimmed(instrument.held(key, band, longest + spare, ((0, base),))) if longest else None
    for stroke, length, bent in zip(group, lengths, is_bent, strict=True):
        if bent and curve is not None:
            steps = [(offset, base + semitones) for offset, semitones in curve.steps(stroke.start, length)]
            yield stroke, _trimmed(instrument.held(key, band, length, steps))
        elif plain is not None:
            yield stroke, plain[:, : length + spare]


def _strokes(keys: Keys, touch: Touch, response: Response, rate: int, samples: int, *, is_drums: bool) -> list[_Stroke]:
    """Level, tone and release of every note, with its small differences from the one before on the same key."""
    count = _counts(keys)
    wander = np.modf(0.5 + _GOLDEN * (count + 1) + 0.37 * keys.pitches)[0] - 0.5
    other = np.modf(0.5 + _GOLDEN * 3.0 * (count + 1) + 0.73 * keys.pitches)[0] - 0.5
    velocities = np.clip(keys.velocities * 127.0, 1.0, 127.0)
    gains = (velocities / 127.0) ** touch.velocity_exponent * 10.0 ** (2.0 * touch.level_jitter_db * other / 20.0)
    tilts = response.tilt_db(velocities) + 2.0 * touch.tilt_jitter_db * wander
    releases = _releases(keys, velocities, touch, rate, is_drums=is_drums)
    ends = np.minimum(keys.ends, samples)
    return [
        _Stroke(*row)
        for row in zip(
            keys.starts.tolist(), ends.tolist(), velocities.tolist(), gains.tolist(), tilts.tolist(), releases.tolist(),
            strict=True,
        )
    ]  # fmt: skip


def _releases(
    keys: Keys, velocities: NDArray[np.float64], touch: Touch, rate: int, *, is_drums: bool
) -> NDArray[np.int64]:
    """From key up to silence, in samples: longer for hard notes and joined ones, shorter for short ones."""
    soft, hard = touch.release_ms
    release_s = (soft + (hard - soft) * velocities / 127.0) / 1_000.0
    if not is_drums and soft != hard:
        held_s = (keys.ends - keys.starts) / rate
        share = np.clip((held_s - STACCATO_S) / (HELD_S - STACCATO_S), 0.0, 1.0)
        release_s = release_s * (STACCATO_RELEASE + (1.0 - STACCATO_RELEASE) * share)
        onsets = np.sort(keys.starts)
        near = round(LEGATO_S * rate)
        # The next onset after this one's own chord, wherever it lies.
        following = np.searchsorted(onsets, keys.starts + near, side="right")
        gap = np.where(following < onsets.size, onsets[np.minimum(following, onsets.size - 1)] - keys.ends, near + 1)
        release_s = np.where(np.abs(gap) <= near, release_s * LEGATO_RELEASE, release_s)
    return np.maximum(np.rint(release_s * rate), 1.0).astype(np.int64)


def _counts(keys: Keys) -> NDArray[np.int64]:
    """How many notes of the same pitch came before each."""
    count = np.zeros(keys.starts.size, dtype=np.int64)
    order = np.argsort(keys.starts, kind="stable")
    for pitch in np.unique(keys.pitches):
        same = order[keys.pitches[order] == pitch]
        count[same] = np.arange(same.size)
    return count


def _grouped(keys: Keys, strokes: list[_Stroke], touch: Touch) -> list[tuple[tuple[int, int, int], list[_Stroke]]]:
    """Strokes by (key, engine velocity, tuning), in a fixed order."""
    groups: dict[tuple[int, int, int], list[_Stroke]] = {}
    tunings = (_counts(keys) + keys.pitches) % (len(TUNINGS) if touch.detune_cents > 0.0 else 1)
    for key, tuning, stroke in zip(keys.pitches.tolist(), tunings.tolist(), strokes, strict=True):
        groups.setdefault((key, _band(stroke.velocity, touch.band), tuning), []).append(stroke)
    return sorted(groups.items(), key=lambda item: item[0])


def _band(velocity: float, width: int) -> int:
    return min(127, max(width, width * round(velocity / width)))


def _shaped(
    held: FloatArray, stroke: _Stroke, touch: Touch, key: int, rate: int, factor: float, *, is_drums: bool
) -> FloatArray:
    """One note: tone, level, onset, release. A new array. Where ``held`` is longer than the stroke, a hard one may
    begin further into it.
    """
    force = min(stroke.velocity, HARD_VELOCITY) / HARD_VELOCITY
    spoken = _spoken(held, rate) if touch.attack_ms >= SLOW_ATTACK_MS else 0
    begin = min(round(max(spoken - FAST_ATTACK_S * rate, 0.0) * force**2), max(held.shape[1] - stroke.length, 0))
    held = held[:, begin : begin + stroke.length]
    if touch.bark > 0.0 and stroke.velocity > SOFT_VELOCITY:
        held = _barking(held, touch.bark * (stroke.velocity - SOFT_VELOCITY) / (HARD_VELOCITY - SOFT_VELOCITY))
    pivot = DRUM_PIVOT_HZ if is_drums else pivot_hz(key, touch.pivot)
    note = _tilted(held, pivot, stroke.tilt_db, rate, stroke.gain * factor)
    attack = round((touch.attack_ms * rate / 1_000.0 + spoken) * (1.0 - force))
    if begin:
        attack = max(attack, round(_CUT_FADE_S * rate))
    if attack > 1:
        attack = min(attack, note.shape[1])
        note[:, :attack] *= np.sin(np.linspace(0.0, np.pi / 2.0, attack, dtype=np.float32)) ** 2
    up = stroke.end - stroke.start
    if note.shape[1] > up:
        place = (np.arange(note.shape[1] - up, dtype=np.float32) + 1.0) / np.float32(stroke.release)
        note[:, up:] *= np.float32(10.0) ** (-2.5 * place) * (1.0 - place)
    return note


def _spoken(note: FloatArray, rate: int) -> int:
    """Samples until the recording itself reaches seven tenths of its usual level in the first 0.4 s: a soft note's
    fade that ended before would change nothing, and a hard note begins nearer to it.
    """
    block = max(1, rate // 200)
    blocks = min(note.shape[1] // block, 80)
    if blocks == 0:
        return 0
    heard = np.abs(note[0, : blocks * block]).reshape(-1, block).mean(axis=1)
    return int(np.argmax(heard >= 0.7 * np.median(heard))) * block


def _tilted(sound: FloatArray, pivot_hz: float, tilt_db: float, rate: int, gain: float) -> FloatArray:
    """Through a first-order shelf: ``gain`` far below the pivot, ``gain`` and ``tilt_db`` far above it."""
    from scipy.signal import lfilter

    if abs(tilt_db) < 0.05:
        return sound * np.float32(gain)
    high = db_to_gain(tilt_db)
    # The bilinear transform of (high s + w) / (s + w), warped to fit at the pivot.
    warp = np.tan(np.pi * min(pivot_hz, 0.45 * rate) / rate)
    b = np.array([high + warp, warp - high], dtype=np.float32) * np.float32(gain / (1.0 + warp))
    a = np.array([1.0, (warp - 1.0) / (1.0 + warp)], dtype=np.float32)
    return np.asarray(lfilter(b, a, sound, axis=1), dtype=np.float32)


def _barking(sound: FloatArray, drive: float) -> FloatArray:
    """Softly clipped at ``drive`` times its peak, each note by itself; as loud at its peak as before."""
    peak = np.float32(np.abs(sound).max(initial=0.0))
    if peak <= SILENCE:
        return sound
    return np.asarray(np.tanh(sound * np.float32(drive / peak)) * np.float32(peak / np.tanh(drive)), dtype=np.float32)


def _trimmed(sound: FloatArray) -> FloatArray:
    """Without the silence at its end, to the next ``_TRIM`` samples."""
    whole = sound.shape[1] // _TRIM * _TRIM
    if sound.shape[1] == 0 or np.abs(sound[:, whole:]).max(initial=0.0) > SILENCE:
        return sound
    blocks = np.abs(sound[:, :whole].reshape(sound.shape[0], -1, _TRIM)).max(axis=(0, 2))
    heard = np.flatnonzero(blocks > SILENCE)
    return sound[:, : (int(heard[-1]) + 1) * _TRIM if heard.size else 0]


class _Out:
    """The sum of the notes: what stands in the middle on one channel, the rest on two."""

    def __init__(self, samples: int) -> None:
        self._samples = samples
        self._middle: FloatArray | None = None
        self._sides: FloatArray | None = None

    def add(self, note: FloatArray, start: int, gains: tuple[float, float]) -> None:
        length = min(note.shape[1], self._samples - start)
        if length <= 0:
            return
        span = slice(start, start + length)
        if note.shape[0] == 1 and gains[0] == gains[1]:
            if self._middle is None:
                self._middle = np.zeros((1, self._samples), dtype=np.float32)
            self._middle[0, span] += note[0, :length]
            return
        if self._sides is None:
            self._sides = np.zeros((2, self._samples), dtype=np.float32)
        self._sides[0, span] += note[0, :length] * np.float32(gains[0])
        self._sides[1, span] += note[-1, :length] * np.float32(gains[1])

    def sound(self) -> FloatArray:
        if self._sides is None:
            return np.zeros((1, self._samples), dtype=np.float32) if self._middle is None else self._middle
        if self._middle is not None:
            self._sides += self._middle
        return self._sides
