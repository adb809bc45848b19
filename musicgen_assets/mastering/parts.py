"""Each part as it stands in the mix, against the notes it was to play: level, place in time, pitch, room, colour.

Belongs here: the numbers of one post-mix stem, as a task of its own, so that an edit of one track measures one track.
Does not belong here: what the numbers must be (mastering.gate_parts), the sum of all parts (mastering.fidelity).

The score and the dry stem are witnesses: what was written, and what the instrument sounded like before it was mixed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.context.frozen import Frozen
from musicgen_assets.graph.job import Blob, FloatArray, Payload
from musicgen_assets.graph.payloads import decoded_audio, json_payload
from musicgen_assets.mastering.bounds import CLEAR_LAG_LEAD, CLEAR_LAG_SCORE

DoubleArray = NDArray[np.float64]

HAT_KEYS = frozenset({42, 44, 46})
"""General MIDI's closed, pedal and open hi-hat."""
SNARE_KEYS = frozenset({37, 38, 39, 40})
KICK_KEYS = frozenset({35, 36})

SILENT_DB = -90.0
_LEVELS_PER_S = 10.0
_TIMING_PARTS = 3
_LEAST_ONSETS = 6
_LAG_FIRST_S, _LAG_LAST_S = -0.1, 0.3
_SAME_LAG_S = 0.02
_ROOM_HZ = (400.0, 5_000.0)
_ROOM_FFT_S = 0.043
_HAT_HZ = (7_000.0, 14_000.0)
_BODY_HZ = (60.0, 4_000.0)
_HIT_S = 0.05


class Lag(Frozen):
    """Where the onsets of a stretch of song lie after those of the dry part, or after the written ones. ``score`` in
    deviations over chance, ``lead`` over the best other lag.
    """

    from_s: float
    lag_ms: float
    score: float
    lead: float

    @property
    def is_clear(self) -> bool:
        """Whether it was read surely enough to be judged."""
        return self.score >= CLEAR_LAG_SCORE and self.lead >= CLEAR_LAG_LEAD


class PartMeasures(Frozen):
    """One stem. ``levels_db`` are K-weighted powers, ten a second; ``direct_to_reverb_db`` None where the dry stem
    says nothing, ``hats_gain_db`` where no hi-hat plays alone.
    """

    levels_db: tuple[float, ...]
    bands_db: tuple[float, ...]
    """Long-term third-octave powers of dsp.movements.BAND_CENTRES_HZ."""
    silent_notes: float
    """Share of the written notes during which nothing sounds, 0-1."""
    lags: tuple[Lag, ...]
    offset_semitones: float
    offset_clarity: float
    direct_to_reverb_db: float | None = None
    hats_gain_db: float | None = None


def part_task_inputs(notes: Sequence[Sequence[float]], *, is_drums: bool) -> dict[str, Any]:
    """``inputs`` of ``measure_part``: rows of start_s, end_s, pitch, velocity, in milliseconds' precision."""
    return {"notes": [[round(a, 3), round(b, 3), int(p), int(v)] for a, b, p, v in notes], "is_drums": is_drums}


def measure_part(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: measure ``blobs["stem"]`` (post-mix), with ``blobs["dry"]`` where there is one; role "part"
    (PartMeasures).

    ``inputs``: notes (start_s, end_s, pitch, velocity), is_drums.
    """
    stem, rate = decoded_audio(blobs["stem"])
    dry = decoded_audio(blobs["dry"])[0] if "dry" in blobs else None
    found = part_measures(stem, rate, inputs["notes"], dry, is_drums=bool(inputs["is_drums"]))
    return [json_payload(found, "part")]


def part_measures(
    stem: FloatArray, rate: int, notes: Sequence[Sequence[float]], dry: FloatArray | None, *, is_drums: bool
) -> PartMeasures:
    """All measures of a stem, float32 (1 or 2, samples). ``notes``: rows of start_s, end_s, MIDI pitch (or
    drum key), velocity; ``dry``: the same part before mixing. Raises dsp.errors.AudioError for what is no audio.
    """
    from dsp.movements import FRAMES_PER_S, band_powers, k_weights, pitch_offset

    rows = np.asarray(notes, dtype=np.float64).reshape(-1, 4)
    powers = band_powers(stem, rate)
    loud = _per_tenth((powers * k_weights()[:, None]).sum(axis=0), round(FRAMES_PER_S / _LEVELS_PER_S))
    levels = 10.0 * np.log10(np.maximum(loud, 1e-12))
    offset, clarity = (0.0, 1.0) if is_drums else pitch_offset(stem, rate, rows[:, :3].tolist())
    bands = 10.0 * np.log10(np.maximum(powers.mean(axis=1, dtype=np.float64), 1e-12))
    return PartMeasures(
        levels_db=tuple(round(float(level), 1) for level in levels),
        bands_db=tuple(round(float(level), 1) for level in bands),
        silent_notes=round(_silent_share(levels, rows), 4),
        lags=_lags(stem, rate, np.unique(rows[:, 0]), None if is_drums else dry),
        offset_semitones=round(offset, 1),
        offset_clarity=round(clarity, 3),
        direct_to_reverb_db=None if dry is None else direct_to_reverb_db(stem, dry, rate),
        hats_gain_db=_hats_gain_db(stem, dry, rate, rows) if is_drums and dry is not None else None,
    )


def direct_to_reverb_db(wet: FloatArray, dry: FloatArray, rate: int) -> float | None:
    """How much of ``wet`` follows ``dry`` at once, over what does not, in dB from -20 to 40; None where either is
    silent.

    Magnitude-squared coherence (J. Bendat, A. Piersol, "Random Data", ch. 6) in windows of 43 ms between 400 Hz and
    5 kHz: filters and faders keep a signal coherent with its source, a room's tail of more than a window does not.
    Gains that move (compression, ducking) cost a little too, so a dry and heavily compressed part reads about 20.
    """
    from scipy.fft import rfft

    length = min(wet.shape[1], dry.shape[1])
    size = 1 << round(np.log2(_ROOM_FFT_S * rate))
    if length < 16 * size:
        return None
    low, high = round(_ROOM_HZ[0] * size / rate), round(_ROOM_HZ[1] * size / rate)
    window = np.hanning(size).astype(np.float32)

    def lines(samples: FloatArray) -> Any:
        mono = samples[:, :length].mean(axis=0)
        frames = np.lib.stride_tricks.sliding_window_view(mono, size)[::size]
        return rfft(frames * window, axis=1)[:, low:high]

    ours, theirs = lines(wet), lines(dry)
    wet_power, dry_power = _power(ours), _power(theirs)
    if wet_power.sum() < 1e-9 or dry_power.sum() < 1e-9:
        return None
    cross = np.square(np.abs((ours * theirs.conj()).sum(axis=0)))
    direct = float((cross / np.maximum(dry_power, 1e-20)).sum())
    rest = max(float(wet_power.sum()) - direct, 1e-12)
    return round(float(np.clip(10.0 * np.log10(max(direct, 1e-12) / rest), -20.0, 40.0)), 2)


def _power(lines: Any) -> DoubleArray:
    return np.asarray(np.square(np.abs(lines)).sum(axis=0), dtype=np.float64)


def _lags(stem: FloatArray, rate: int, onsets_s: DoubleArray, dry: FloatArray | None) -> tuple[Lag, ...]:
    """The lag in each third of the stem that has six onsets or more: behind the rises of the dry part, since bowed
    strings and pads rise a fifth of a second after their notes begin and are on time; without it behind the score.
    """
    from dsp.movements import RISES_PER_S

    curve = _standard_rises(stem, rate)
    if curve is None:
        return ()
    onsets = np.rint(onsets_s * RISES_PER_S).astype(np.int64)
    onsets = onsets[(onsets >= 0) & (onsets < curve.size)]
    own = _standard_rises(dry, rate) if dry is not None else None
    weights = np.zeros(curve.size)
    if own is None:
        weights[onsets] = 1.0
        curve = np.maximum(curve, np.maximum(np.roll(curve, 1), np.roll(curve, -1)))
    else:
        size = min(own.size, curve.size)
        weights[:size] = np.maximum(own[:size], 0.0)
    edges = np.linspace(0, curve.size, _TIMING_PARTS + 1).astype(np.int64).tolist()
    return tuple(
        _lag_between(curve, weights, start, end)
        for start, end in pairwise(edges)
        if int(((onsets >= start) & (onsets < end)).sum()) >= _LEAST_ONSETS and weights[start:end].any()
    )


def _standard_rises(samples: FloatArray, rate: int) -> DoubleArray | None:
    """The rises of a part as deviations from their mean; None of what never rises."""
    from dsp.movements import rises

    curve = rises(samples, rate).astype(np.float64)
    deviation = float(curve.std())
    return (curve - curve.mean()) / deviation if deviation > 0.0 else None


def _lag_between(curve: DoubleArray, weights: DoubleArray, start: int, end: int) -> Lag:
    """Where ``curve`` best follows what ``weights`` marks in ``start``..``end``, in steps of 1 / RISES_PER_S."""
    from dsp.movements import RISES_PER_S

    steps = np.arange(round(_LAG_FIRST_S * RISES_PER_S), round(_LAG_LAST_S * RISES_PER_S) + 1)
    marked = start + np.flatnonzero(weights[start:end])
    at = marked[:, None] + steps[None, :]
    values = np.where((at >= 0) & (at < curve.size), curve[np.clip(at, 0, curve.size - 1)], 0.0)
    sums = weights[marked] @ values / np.sqrt(np.square(weights[marked]).sum())
    best = int(np.argmax(sums))
    others = sums[np.abs(steps - steps[best]) > _SAME_LAG_S * RISES_PER_S]
    return Lag(
        from_s=round(start / RISES_PER_S, 2),
        lag_ms=round(float(steps[best]) * 1_000.0 / RISES_PER_S, 1),
        score=round(float(sums[best]), 2),
        lead=round(float(sums[best] / max(float(others.max()), 0.1)), 2),
    )


def _silent_share(levels_db: DoubleArray, rows: DoubleArray) -> float:
    """Share of notes in whose first 300 ms the stem stays 45 dB under its own loud level, or silent."""
    if rows.shape[0] == 0:
        return 0.0
    threshold = max(SILENT_DB, float(np.quantile(levels_db, 0.95)) - 45.0)
    first = np.clip((rows[:, 0] * _LEVELS_PER_S).astype(np.int64), 0, levels_db.size - 1)
    heard = np.max([levels_db[np.clip(first + step, 0, levels_db.size - 1)] for step in range(4)], axis=0)
    return float(np.mean(heard <= threshold))


def _hats_gain_db(stem: FloatArray, dry: FloatArray, rate: int, rows: DoubleArray) -> float | None:
    """How far the hats came up against the snare between the dry kit and the mix, in dB; None where too few play.

    What a kit's own balance is, its sounds say: from one kit to another it differs by 20 dB.
    """
    mixed, own = _hats_over_snare_db(stem, rate, rows), _hats_over_snare_db(dry, rate, rows)
    return None if mixed is None or own is None else round(mixed - own, 2)


def _hats_over_snare_db(stem: FloatArray, rate: int, rows: DoubleArray) -> float | None:
    """Level of the hats in their own band over that of the snare (or, without one, the kick) in its, in dB, as if all
    were struck alike; None without eight of each.

    Levels are means of the 50 ms after a stroke, of hats with no other drum within 60 ms; velocities are taken out
    by General MIDI's rule that amplitude goes with their square. What is left is the balance of the kit.
    """
    from dsp.filters import apply_sections, high_pass_sections, low_pass_sections

    if rate < 2.2 * _HAT_HZ[1]:
        return None
    is_hat = np.isin(rows[:, 2], list(HAT_KEYS))
    others = np.sort(rows[~is_hat, 0])
    hats = np.array([row for row in rows[is_hat] if _distance_s(others, row[0]) > 0.06]).reshape(-1, 4)
    loud = next(
        (rows[np.isin(rows[:, 2], list(keys))] for keys in (SNARE_KEYS, KICK_KEYS) if _count(rows, keys) >= 8), None
    )
    if len(hats) < 8 or loud is None:
        return None
    high = np.vstack([high_pass_sections(rate, _HAT_HZ[0], 4), low_pass_sections(rate, _HAT_HZ[1])])
    low = np.vstack([high_pass_sections(rate, _BODY_HZ[0]), low_pass_sections(rate, _BODY_HZ[1], 4)])
    hat_db, body_db = (
        _struck_db(np.square(apply_sections(stem, band)).sum(axis=0), rate, strokes)
        for band, strokes in ((high, hats), (low, loud))
    )
    return None if hat_db is None or body_db is None else round(hat_db - body_db, 2)


def _count(rows: DoubleArray, keys: frozenset[int]) -> int:
    return int(np.count_nonzero(np.isin(rows[:, 2], list(keys))))


def _struck_db(power: FloatArray, rate: int, strokes: DoubleArray) -> float | None:
    """Median level after the strokes, brought to one velocity."""
    size = round(_HIT_S * rate)
    found = []
    for start_s, _, _, velocity in strokes:
        first = round(start_s * rate)
        part = power[first : first + size]
        if part.size == size:
            found.append(10.0 * np.log10(max(float(part.mean()), 1e-14)) - 40.0 * np.log10(max(velocity, 1.0) / 100.0))
    return float(np.median(found)) if found else None


def _distance_s(others: DoubleArray, start: float) -> float:
    if others.size == 0:
        return float("inf")
    at = int(np.searchsorted(others, start))
    return float(min(abs(others[max(at - 1, 0)] - start), abs(others[min(at, others.size - 1)] - start)))


def _per_tenth(values: FloatArray, frames: int) -> DoubleArray:
    count = max(1, values.size // frames)
    return np.asarray(values[: count * frames].reshape(count, -1).mean(axis=1), dtype=np.float64)
