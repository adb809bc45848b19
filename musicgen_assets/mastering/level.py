"""Reaching a loudness: gain into a true-peak limiter, measured and corrected until it fits, within bounds.

Belongs here: that search. Does not belong here: tone (mastering.tone) and the rest of the chain (mastering.chain).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from musicgen_assets.graph.job import FloatArray
from musicgen_assets.mastering.bounds import LOUDNESS_TOLERANCE_LU
from musicgen_assets.mastering.plan import LevelAttempt

CLOSE_ENOUGH_LU = 0.08
MAX_ATTEMPTS = 5
MAX_LIMITING_DB = 12.0
"""The furthest a peak is turned down. Beyond, a limiter is no longer heard as loudness but as distortion."""
_EXCERPTS = 12
_EXCERPT_S = 3.0
_FORESEEN_LU = 0.02
_GIVEN_UP = 0.8
"""Share of the target's tolerance that may be given back for dynamics."""


@dataclass(frozen=True)
class Level:
    """The levelled audio and how it was found."""

    samples: FloatArray
    gain_db: float
    integrated_lufs: float
    dynamic_range_db: float
    limiting_db: float
    attempts: tuple[LevelAttempt, ...]
    notes: tuple[str, ...]


def reach_level(
    samples: FloatArray,
    rate: int,
    target_lufs: float,
    ceiling_dbtp: float,
    min_dynamic_range_db: float,
    tolerance_lu: float = LOUDNESS_TOLERANCE_LU,
) -> Level:
    """``samples`` at ``target_lufs`` (within 0.08 LU where it can be had) and under ``ceiling_dbtp``.

    The gain is sought on excerpts first, where a try costs little, and confirmed and corrected on the whole.
    Where reaching it would take more than 12 dB of limiting, or more dynamics than the bound allows, it stays
    quieter and says so: the gate decides. Raises dsp.errors.AudioError for what is no audio.
    """
    from dsp.loudness import integrated_lufs, true_peak_dbtp

    peak_dbtp = true_peak_dbtp(samples, rate)
    highest_db = ceiling_dbtp + MAX_LIMITING_DB - peak_dbtp
    loudness = integrated_lufs(samples, rate)
    gain_db = min(_foreseen_gain_db(samples, rate, target_lufs - loudness, ceiling_dbtp), highest_db)
    attempts: list[LevelAttempt] = []
    limited = samples
    for _ in range(MAX_ATTEMPTS):
        limited, loudness = _limited(samples, rate, gain_db, ceiling_dbtp)
        attempts.append(LevelAttempt(gain_db=round(gain_db, 4), integrated_lufs=round(loudness, 4)))
        better_db = min(_next_gain_db(attempts, target_lufs), highest_db)
        if abs(loudness - target_lufs) <= CLOSE_ENOUGH_LU or abs(better_db - gain_db) < 0.005:
            break
        gain_db = better_db
    notes = []
    if attempts[-1].integrated_lufs < target_lufs - tolerance_lu:
        notes.append(
            f"{target_lufs:g} LUFS would take more than {MAX_LIMITING_DB:g} dB of limiting: "
            f"left at {attempts[-1].integrated_lufs:.2f} LUFS."
        )
    level = _level(limited, rate, attempts, peak_dbtp, ceiling_dbtp, notes)
    missing_db = min_dynamic_range_db - level.dynamic_range_db
    if missing_db <= 0.0 or level.limiting_db <= 0.0:
        return level
    return _with_more_dynamics(
        samples, rate, level, peak_dbtp, ceiling_dbtp, min_dynamic_range_db, target_lufs, tolerance_lu
    )


def at_gain(samples: FloatArray, rate: int, gain_db: float, ceiling_dbtp: float) -> Level:
    """``samples`` turned by ``gain_db`` into the limiter, whatever loudness that comes to."""
    from dsp.loudness import true_peak_dbtp

    limited, loudness = _limited(samples, rate, gain_db, ceiling_dbtp)
    attempts = [LevelAttempt(gain_db=round(gain_db, 4), integrated_lufs=round(loudness, 4))]
    return _level(limited, rate, attempts, true_peak_dbtp(samples, rate), ceiling_dbtp, [])


def _foreseen_gain_db(samples: FloatArray, rate: int, raise_lu: float, ceiling_dbtp: float) -> float:
    """The gain that should raise the loudness by ``raise_lu`` through the limiter, found on twelve excerpts of
    3 s.
    """
    from dsp.loudness import integrated_lufs

    size = round(_EXCERPT_S * rate)
    if samples.shape[1] <= 2 * _EXCERPTS * size:
        return raise_lu
    starts = np.linspace(0, samples.shape[1] - size, _EXCERPTS).astype(np.int64)
    parts = np.concatenate([samples[:, start : start + size] for start in starts], axis=1)
    goal = integrated_lufs(parts, rate) + raise_lu
    gain_db = raise_lu
    tries: list[LevelAttempt] = []
    for _ in range(MAX_ATTEMPTS):
        loudness = _limited(parts, rate, gain_db, ceiling_dbtp)[1]
        tries.append(LevelAttempt(gain_db=gain_db, integrated_lufs=loudness))
        if abs(loudness - goal) <= _FORESEEN_LU:
            break
        gain_db = _next_gain_db(tries, goal)
    return min(gain_db, raise_lu + MAX_LIMITING_DB)


def _with_more_dynamics(
    samples: FloatArray,
    rate: int,
    level: Level,
    peak_dbtp: float,
    ceiling_dbtp: float,
    bound_db: float,
    target_lufs: float,
    tolerance_lu: float,
) -> Level:
    """Give back what loudness the tolerance allows, if that is enough for the dynamic range asked for."""
    gain_db = level.gain_db - _GIVEN_UP * tolerance_lu
    limited, loudness = _limited(samples, rate, gain_db, ceiling_dbtp)
    attempts = [
        *level.attempts,
        LevelAttempt(gain_db=round(gain_db, 4), integrated_lufs=round(loudness, 4)),
    ]
    wanted = f"{bound_db:g} dB of dynamic range"
    quieter = _level(limited, rate, attempts, peak_dbtp, ceiling_dbtp, list(level.notes))
    if quieter.dynamic_range_db >= bound_db and loudness >= target_lufs - tolerance_lu:
        note = f"Left {target_lufs - loudness:.2f} LU under the target to keep {wanted}."
        return _noted(quieter, note)
    note = f"{target_lufs:g} LUFS and {wanted} cannot both be had: it has {level.dynamic_range_db:.2f} dB."
    return _noted(level, note)


def _noted(level: Level, note: str) -> Level:
    return Level(
        level.samples, level.gain_db, level.integrated_lufs, level.dynamic_range_db, level.limiting_db,
        level.attempts, (*level.notes, note),
    )  # fmt: skip


def _level(
    limited: FloatArray,
    rate: int,
    attempts: list[LevelAttempt],
    peak_dbtp: float,
    ceiling_dbtp: float,
    notes: list[str],
) -> Level:
    from dsp.loudness import tt_dynamic_range_db

    last = attempts[-1]
    return Level(
        samples=limited,
        gain_db=last.gain_db,
        integrated_lufs=last.integrated_lufs,
        dynamic_range_db=tt_dynamic_range_db(limited, rate),
        limiting_db=max(0.0, peak_dbtp + last.gain_db - ceiling_dbtp),
        attempts=tuple(attempts),
        notes=tuple(notes),
    )


def _limited(samples: FloatArray, rate: int, gain_db: float, ceiling_dbtp: float) -> tuple[FloatArray, float]:
    from dsp.dynamics import limiter
    from dsp.loudness import integrated_lufs

    limited = limiter(samples * np.float32(10 ** (gain_db / 20)), rate, ceiling_dbtp)
    return limited, integrated_lufs(limited, rate)


def _next_gain_db(attempts: list[LevelAttempt], target_lufs: float) -> float:
    """The secant through the last two attempts; after one, what is missing is added."""
    last = attempts[-1]
    missing_lu = target_lufs - last.integrated_lufs
    if len(attempts) == 1:
        return last.gain_db + missing_lu
    before = attempts[-2]
    rise = (last.integrated_lufs - before.integrated_lufs) / max(abs(last.gain_db - before.gain_db), 1e-9)
    rise *= 1.0 if last.gain_db >= before.gain_db else -1.0
    # A limiter never raises loudness faster than its gain, and hardly slower than a quarter of it.
    return last.gain_db + missing_lu / float(np.clip(rise, 0.25, 1.0))
