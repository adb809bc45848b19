"""Are the pitches that sound those of the score? The second witness for the key, as onsets are for the tempo.

Detectors know major and minor only: a vamp of two chords in dorian, or a bossa of ninths, leads them to a
neighbouring key. What was composed needs no detection, only proof that it sounds as it was written.

Belongs here: comparing heard pitch classes with the score's. Does not belong here: hearing them (dsp.key).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.score.model import Score
from musicgen_assets.theory.scales import scale_pitch_classes

DoubleArray = NDArray[np.float64]

CLEAR_LEAD = 0.1
"""How far the best transposition's correlation must lead the second for the score to be a witness."""
IN_SCALE = 0.75
"""Least share of the score's sounding time on notes of the planned scale."""


@dataclass(frozen=True)
class ScoreFit:
    """``shift`` is the transposition (0-11 semitones) at which the audio fits the score best, by correlation
    ``fit`` leading the second best by ``lead``; ``in_scale`` is the score's own share on the planned scale.
    """

    shift: int
    fit: float
    lead: float
    in_scale: float

    @property
    def is_proof(self) -> bool:
        """Whether the audio is the score as written, clearly, and the score is in the planned scale."""
        return self.shift == 0 and self.lead >= CLEAR_LEAD and self.in_scale >= IN_SCALE


def fit_score(heard: Sequence[float], score: Score, key: str, scale: str) -> ScoreFit:
    """Compare the pitch classes ``heard`` (12 shares, C first) with those of ``score``."""
    written = written_classes(score)
    rotations = np.array([_correlation(np.asarray(heard), np.roll(written, shift)) for shift in range(12)])
    order = np.argsort(-rotations, kind="stable")
    home = list(scale_pitch_classes(key, scale))
    return ScoreFit(
        int(order[0]),
        round(float(rotations[order[0]]), 4),
        round(float(rotations[order[0]] - rotations[order[1]]), 4),
        round(float(written[home].sum()), 4),
    )


def written_classes(score: Score) -> DoubleArray:
    """Share of sounding time of each pitch class over all pitched tracks, louder notes counting more; sums to 1."""
    weights = np.zeros(12)
    for track in score.tracks:
        if track.is_drums:
            continue
        notes = track.array()
        np.add.at(weights, notes[:, 2] % 12, notes[:, 1].astype(np.float64) * notes[:, 3])
    total = weights.sum()
    return weights / total if total > 0 else np.full(12, 1.0 / 12.0)


def _correlation(a: DoubleArray, b: DoubleArray) -> float:
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size > 0 else 0.0
