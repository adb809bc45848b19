"""Where a score changes, beat by beat: what each beat is like, and Foote's novelty of it.

Belongs here: features and the curve. Does not belong here: rules on them (arrangement_rules).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.score.clock import beat_ticks
from musicgen_assets.score.model import Score

PERCUSSION_KEYS = {"kick": (35, 36), "snare": (37, 38, 39, 40), "hats": (42, 44, 46), "ride": (51, 53, 59)}
_TONAL_WEIGHT = 0.6
"""Chords change every bar in any section; what tells sections apart is texture more than harmony."""
KERNEL_BEATS = 8
"""Half the width of the checkerboard (Foote 2000): two bars of 4/4 on either side."""

FloatArray = NDArray[np.float64]


def beat_features(score: Score) -> FloatArray:
    """What each beat is like: chroma, register, and per track how much it strikes, how hard, how many voices it holds.

    Shape (beats, features), each group scaled to equal weight.
    """
    beat = beat_ticks(score.time_signature)
    beats = -(-score.end_ticks // beat)
    columns: list[FloatArray] = []
    chroma = np.zeros((beats, 12))
    for track in score.tracks:
        notes = track.array().astype(np.int64)
        at = np.clip(notes[:, 0] // beat, 0, beats - 1)
        struck, loud, held, pitch = (np.zeros(beats) for _ in range(4))
        np.add.at(struck, at, 1.0)
        np.add.at(loud, at, notes[:, 3])
        np.add.at(pitch, at, notes[:, 2])
        for start, duration, key, _ in notes:
            first, last = start // beat, min((start + duration - 1) // beat, beats - 1)
            held[first : last + 1] += 1.0
            if not track.is_drums:
                chroma[first : last + 1, key % 12] += 1.0
        columns += [np.sqrt(struck), loud / 127.0, np.sqrt(held)]
        if track.is_drums:
            for keys in (*PERCUSSION_KEYS.values(), (41, 43, 45, 47, 48, 50), (49, 52, 55, 57)):
                hits = np.zeros(beats)
                np.add.at(hits, at[np.isin(notes[:, 2], keys)], 1.0)
                columns.append(np.sqrt(hits))
        else:
            columns.append(np.divide(pitch, struck, out=np.zeros(beats), where=struck > 0) / 64.0)
    norms = np.linalg.norm(chroma, axis=1, keepdims=True)
    tonal = np.divide(chroma, norms, out=np.zeros_like(chroma), where=norms > 0)
    texture = np.stack(columns, axis=1)
    spread = texture.std(axis=0)
    texture = (texture - texture.mean(axis=0)) / np.where(spread > 1e-9, spread, 1.0)
    return np.concatenate([tonal * _TONAL_WEIGHT, texture / np.sqrt(texture.shape[1])], axis=1)


def novelty(features: FloatArray, half: int = KERNEL_BEATS) -> FloatArray:
    """Foote's novelty by beat (Foote 2000, ICME): a Gaussian checkerboard slid along the self-similarity matrix.

    Value ``n`` stands for the line between beats n-1 and n. Similarity is minus the distance of bars' means, so that
    what changes from beat to beat inside a bar does not count.
    """
    distance = np.linalg.norm(features[:, None, :] - features[None, :, :], axis=2)
    similarity = np.exp(-distance / max(float(np.median(distance)), 1e-9))
    offsets = np.arange(-half, half) + 0.5
    taper = np.exp(-0.5 * (offsets / (0.5 * half)) ** 2)
    sign = np.sign(offsets)
    kernel = np.outer(taper * sign, taper * sign)
    padded = np.pad(similarity, half, mode="edge")
    return np.array(
        [float((padded[n : n + 2 * half, n : n + 2 * half] * kernel).sum()) for n in range(len(features) + 1)]
    )
