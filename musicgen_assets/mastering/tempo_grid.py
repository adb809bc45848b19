"""Tempo by the score: at which speed do the notes that were written fall on the onsets that are heard?

Belongs here: that comparison. Does not belong here: detecting a tempo without a score (dsp.tempo), judging (gate).

A detector needs a pulse; pads and free arpeggios have little. But what was composed is known: its onsets, played at
the right speed, meet the places where the spectrum rises, hundreds of them, and at any other speed they miss.
One percent of a minute is more than half a second, so the answer is sharp: on test songs within 0.05 %.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.graph.job import Blob, FloatArray, Payload
from musicgen_assets.graph.payloads import json_payload
from musicgen_assets.score.clock import seconds, steady
from musicgen_assets.score.model import Score

DoubleArray = NDArray[np.float64]

CLEAR_SCORE = 6.0
"""Standard deviations over chance. Noise reaches 4, a lone pad 10, a band 60 and more."""
CLEAR_LEAD = 1.25
"""How many times better than every other speed the best must be."""

_REACH = 0.06
_FACTORS = (0.5, 2.0 / 3.0, 0.75, 4.0 / 3.0, 1.5, 2.0)
"""Speeds that share beats with the right one, and would fool a comparison near 1 alone."""
_FACTOR_REACH = 0.012
_STEP_S = 0.03
"""Speeds are tried so densely that the last onset moves by no more than this."""
_EARLIEST_S, _LATEST_S, _DELAY_STEP_S = -0.04, 0.32, 0.03
"""Sounds rise later than notes begin; slow pads by a third of a second."""
_MAX_ONSETS = 3_000
_SAME_PEAK = 0.006
_LOUDEST = 4.0
_BATCH = 256


@dataclass(frozen=True)
class GridMatch:
    """``factor`` is the speed of the audio relative to the score; ``score`` in standard deviations over chance.

    ``lead`` is ``score`` over that of the best other speed.
    """

    factor: float
    score: float
    lead: float

    @property
    def is_clear(self) -> bool:
        """Whether it can be no coincidence."""
        return self.score >= CLEAR_SCORE and self.lead >= CLEAR_LEAD


def match_tempo(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: compare ``blobs["master"]`` with ``blobs["score"]`` (Score); role "grid": factor, score, lead,
    is_clear.
    """
    from dsp.audiofile import decode

    del inputs
    samples, rate = decode(blobs["master"].data)
    score = Score.model_validate_json(blobs["score"].data)
    found = grid_match(samples, rate, score)
    facts = {"factor": found.factor, "score": found.score, "lead": found.lead, "is_clear": found.is_clear}
    return [json_payload(facts, "grid")]


def grid_match(samples: FloatArray, rate: int, score: Score) -> GridMatch:
    """The speed at which ``score``'s onsets fit ``samples`` best, from 0.94 to 1.06 and around simple ratios.

    ``samples``: float32 (1 or 2, samples). Audio under a second, and a score without notes, match nothing: score 0.
    """
    from dsp.tempo import onset_flux

    times, weights = score_onsets(score)
    if samples.shape[1] < rate or times.size == 0:
        return GridMatch(1.0, 0.0, 0.0)
    flux, frames_per_s = onset_flux(samples, rate)
    rises = _standardised(flux)
    factors = _speeds(score.duration_s)
    values = np.full(factors.size, -np.inf)
    for delay_s in np.arange(_EARLIEST_S, _LATEST_S, _DELAY_STEP_S):
        np.maximum(values, _fits(rises, frames_per_s, times, weights, factors, float(delay_s)), out=values)
    best = int(np.argmax(values))
    others = values[np.abs(np.log(factors / factors[best])) > _SAME_PEAK]
    runner_up = max(float(others.max()), 1e-9)
    top = float(values[best])
    if top <= 0.0:
        return GridMatch(1.0, 0.0, 0.0)
    return GridMatch(round(float(factors[best]), 6), round(top, 3), round(top / runner_up, 3))


def score_onsets(score: Score) -> tuple[DoubleArray, DoubleArray]:
    """Seconds and weights of the moments notes begin, joined to 10 ms, at most the 3,000 strongest, in time order."""
    score = steady(score)
    rows = [track.array() for track in score.tracks if track.notes]
    if not rows:
        return np.zeros(0), np.zeros(0)
    notes = np.concatenate(rows)
    frames = np.rint(notes[:, 0] * seconds(1, score.tempo_bpm) * 100).astype(np.int64)
    weights = np.bincount(np.maximum(frames, 0), weights=notes[:, 3] / 127.0)
    kept = np.sort(np.argsort(-weights, kind="stable")[:_MAX_ONSETS])
    kept = kept[weights[kept] > 0]
    return kept / 100.0, np.sqrt(weights[kept])


def _speeds(duration_s: float) -> DoubleArray:
    step = _STEP_S / max(duration_s, 30.0)
    near = np.exp(np.arange(-_REACH, _REACH + step, step))
    around = np.exp(np.arange(-_FACTOR_REACH, _FACTOR_REACH + step, 2 * step))
    return np.concatenate([near / near[near.size // 2], *(factor * around for factor in _FACTORS)])


def _standardised(flux: DoubleArray) -> DoubleArray:
    """Each frame's rise or its neighbours' if larger, mean 0 and deviation 1; single blows are capped."""
    wide = np.maximum(flux, np.maximum(np.roll(flux, 1), np.roll(flux, -1)))
    deviation = float(wide.std())
    if deviation <= 0.0:
        return np.zeros_like(wide)
    capped = np.minimum((wide - wide.mean()) / deviation, _LOUDEST)
    return np.asarray((capped - capped.mean()) / capped.std(), dtype=np.float64)


def _fits(
    rises: DoubleArray,
    frames_per_s: float,
    times: DoubleArray,
    weights: DoubleArray,
    factors: DoubleArray,
    delay_s: float,
) -> DoubleArray:
    """For each speed: the weighted sum of rises at the onsets, in standard deviations of a sum over chance places.

    Onsets that a slow speed puts behind the end of the audio are missed, and count as such.
    """
    found = np.empty(factors.size)
    for start in range(0, factors.size, _BATCH):
        speed = factors[start : start + _BATCH, None]
        at = np.rint((times[None, :] / speed + delay_s) * frames_per_s).astype(np.int64)
        is_inside = (at >= 0) & (at < rises.size)
        values = rises[np.clip(at, 0, rises.size - 1)] * (weights * is_inside)
        found[start : start + _BATCH] = values.sum(axis=1)
    return found / float(np.sqrt((weights**2).sum()))
