"""Cutting audio and joining the pieces, to the sample.

Belongs here: pieces of one recording behind each other with crossfades. Does not belong here: where music may be cut
(packages.film_cuts, packages.game).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dsp.errors import AudioError
from dsp.levels import FloatArray, check_audio, check_range, sum_of_products

Piece = tuple[int, int]
"""First sample and the one after the last."""


def splice(samples: FloatArray, pieces: Sequence[Piece], fade: int) -> FloatArray:
    """The pieces one after the other, each joined to the next by a crossfade of ``fade`` samples around the cut.

    Every crossfade takes half of its sound from beyond the cut on either side, so that the result is as long as the
    pieces together. Its gains keep the power constant for what the two sides have in common as well as for what they
    do not: cosine and sine, divided by the level that their correlation adds.

    Args:
        samples: float32 (channels, samples).
        pieces: at least one, each within the samples and at least ``fade`` long. A piece that goes on where the one
            before it ended is not faded.
        fade: 0 or more samples.

    Raises:
        AudioError: no audio, or pieces that do not fit.
    """
    check_audio(samples)
    check_range("fade", fade, 0, samples.shape[1])
    _check_pieces(pieces, fade, samples.shape[1])
    out = np.concatenate([samples[:, first:past] for first, past in pieces], axis=1)
    half, at = fade // 2, 0
    for (first, past), (next_first, _) in pairwise(pieces):
        at += past - first
        if next_first != past and half:
            left = _around(samples, past, half)
            right = _around(samples, next_first, half)
            low, high = max(at - half, 0), min(at + half, out.shape[1])
            mixed = crossfaded(left, right)
            out[:, low:high] = mixed[:, low - at + half : mixed.shape[1] - (at + half - high)]
    return np.ascontiguousarray(out)


def crossfaded(left: FloatArray, right: FloatArray) -> FloatArray:
    """From ``left`` into ``right``, both float32 (channels, n), over their whole length; see ``splice``."""
    angle = (np.arange(left.shape[1]) + 0.5) / left.shape[1] * np.pi / 2.0
    down, up = np.cos(angle), np.sin(angle)
    level = np.sqrt(1.0 + 2.0 * _likeness(left, right) * down * up)
    return np.asarray(left * _gain(down / level) + right * _gain(up / level), dtype=np.float32)


def _gain(values: NDArray[np.float64]) -> FloatArray:
    return values.astype(np.float32)


def _likeness(left: FloatArray, right: FloatArray) -> float:
    """Correlation of two sounds, 0 to 1; opposite ones count as unlike."""
    a, b = left.ravel(), right.ravel()
    energy = np.sqrt(sum_of_products(a, a) * sum_of_products(b, b))
    return float(np.clip(sum_of_products(a, b) / energy, 0.0, 1.0)) if energy > 0.0 else 0.0


def _around(samples: FloatArray, place: int, half: int) -> FloatArray:
    """``2 * half`` samples around ``place``; silence beyond the ends."""
    low, high = place - half, place + half
    inside = samples[:, max(low, 0) : min(high, samples.shape[1])]
    return np.pad(inside, ((0, 0), (max(-low, 0), max(high - samples.shape[1], 0))))


def _check_pieces(pieces: Sequence[Piece], fade: int, length: int) -> None:
    if not pieces:
        raise AudioError("there must be at least one piece")
    for first, past in pieces:
        if not 0 <= first < past <= length:
            raise AudioError(f"a piece from {first} to {past} does not lie within {length} samples")
        if past - first < fade:
            raise AudioError(f"a piece of {past - first} samples is shorter than the crossfade of {fade}")
