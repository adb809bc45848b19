"""Chords from audio: which major or minor triad sounds from beat to beat.

Belongs here: triads by their pitch classes and the bass. Does not belong here: sevenths and inversions, keys (key).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dsp.errors import AudioError
from dsp.key import NOTE_FRAMES_PER_S, DoubleArray, by_class, note_strengths
from dsp.levels import FloatArray, check_audio, check_rate

_BASS_SHARE = 0.4
_STAY = 0.12
_NOTHING = 0.8
"""Likeness to no chord at all: what a chord has to exceed. An even spread of all classes is .5 like any triad, and the
likest of 24 to noise .7; clear triads over their root exceed 1."""
_NAMES = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")


@dataclass(frozen=True)
class HeardChord:
    """A chord from ``start_s`` to ``end_s``. ``root`` is a pitch class, 0 = C, or None where no chord sounds."""

    start_s: float
    end_s: float
    root: int | None
    is_minor: bool

    @property
    def symbol(self) -> str:
        """As chord sheets write it, "N" for none."""
        return "N" if self.root is None else _NAMES[self.root] + ("m" if self.is_minor else "")


def track_chords(samples: FloatArray, rate: int, edges_s: Sequence[float]) -> tuple[HeardChord, ...]:
    """The chords between ``edges_s`` (rising, beats as a rule), equal neighbours joined.

    Notes are summed by pitch class between edges, the bass apart; every triad is as likely as its three classes are
    like what sounds (cosine), and the best sequence is found where staying is worth ``_STAY`` (A. Sheh, D. Ellis,
    "Chord segmentation and recognition using EM-trained hidden Markov models", ISMIR 2003, with fixed templates).

    Raises:
        AudioError: no audio, an impossible rate, or edges that do not rise.
    """
    check_audio(samples)
    check_rate(rate)
    return chords_of_notes(note_strengths(samples, rate), edges_s)


def chords_of_notes(notes: DoubleArray, edges_s: Sequence[float]) -> tuple[HeardChord, ...]:
    """``track_chords`` of what ``dsp.key.note_strengths`` found."""
    edges = np.asarray(edges_s, dtype=np.float64)
    if edges.size < 2 or np.any(np.diff(edges) <= 0.0):
        raise AudioError("chords need at least two edges, each later than the one before")
    return _joined(_best_path(_likeness(*classes_between(notes, edges))), edges)


def classes_between(notes: DoubleArray, edges_s: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
    """Strength of each pitch class between edges, over all and in the bass, each of shape (stretches, 12)."""
    at = np.clip(np.rint(edges_s * NOTE_FRAMES_PER_S).astype(int), 0, notes.shape[0])
    sums = np.concatenate([np.zeros((1, notes.shape[1])), np.cumsum(notes, axis=0)])
    last = np.maximum(at[1:], np.minimum(at[:-1] + 1, notes.shape[0]))
    return by_class(sums[last] - sums[at[:-1]])


def _likeness(classes: DoubleArray, bass: DoubleArray) -> DoubleArray:
    """How like each of 24 triads (major, then minor) and of no chord each stretch is, shape (stretches, 25)."""
    heard = unit_rows(np.sqrt(classes)) @ _triads().T
    rooted = np.tile(unit_rows(bass), 2)
    nothing = np.full((len(classes), 1), _NOTHING)
    return np.concatenate([heard + _BASS_SHARE * rooted * heard, nothing], axis=1)


def _triads() -> DoubleArray:
    table = np.zeros((24, 12))
    for root in range(12):
        for kind, third in enumerate((4, 3)):
            table[kind * 12 + root, [root, (root + third) % 12, (root + 7) % 12]] = 1.0 / np.sqrt(3.0)
    return table


def unit_rows(rows: DoubleArray) -> DoubleArray:
    """Each row at length 1; rows of nothing stay so."""
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12), dtype=np.float64)


def _best_path(likeness: DoubleArray) -> np.ndarray:
    """Viterbi with one cost for every change."""
    total = likeness[0].copy()
    came = np.zeros(likeness.shape, dtype=np.int64)
    for number in range(1, len(likeness)):
        best = int(np.argmax(total))
        stays = total + _STAY >= total[best]
        came[number] = np.where(stays, np.arange(total.size), best)
        total = np.where(stays, total + _STAY, total[best]) + likeness[number]
    path = np.empty(len(likeness), dtype=np.int64)
    path[-1] = int(np.argmax(total))
    for number in range(len(likeness) - 1, 0, -1):
        path[number - 1] = came[number, path[number]]
    return path


def _joined(path: np.ndarray, edges_s: DoubleArray) -> tuple[HeardChord, ...]:
    starts = np.flatnonzero(np.concatenate([[True], path[1:] != path[:-1]]))
    ends = np.concatenate([starts[1:], [path.size]])
    return tuple(
        HeardChord(
            round(float(edges_s[start]), 3), round(float(edges_s[end]), 3),
            None if path[start] == 24 else int(path[start]) % 12, 12 <= path[start] < 24,
        )
        for start, end in zip(starts, ends, strict=True)
    )  # fmt: skip
