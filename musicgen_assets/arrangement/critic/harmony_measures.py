"""What the harmony does, measured from the notes: do parts agree with the chords, with each other, and on time.

Belongs here: measures of sounding notes against chords, key and each other. Does not belong here: which values are
good (references), the tune's own agreement (melody_measures).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from musicgen_assets.arrangement.critic.matter import Bools, Floats, Ints, Matter

CONSONANT = (0, 3, 4, 5, 7, 8, 9)
"""Semitones over the bass, in pitch classes, that common practice and pop let stand; the fourth among them, which
pop does not resolve."""


def share_on(sounding: Floats, tones: Bools) -> float:
    """Share of sounding time on ``tones``, both of shape (steps, 12); 1 where nothing sounds."""
    total = float(sounding.sum())
    return float((sounding * tones).sum()) / total if total > 0 else 1.0


def clashes(one: Floats, other: Floats, tones: Bools) -> float:
    """Share of the pairs sounding together, one of each part, that lie a semitone apart (or a major seventh, or a
    minor ninth) where not both are tones of the chord; all of shape (steps, 12). 0 where the two never sound together.
    """
    pairs = float((one.sum(axis=1) * other.sum(axis=1)).sum())
    rubbing = 0.0
    for side in (1, -1):
        # Column p holds the neighbour of pitch class p: that of p + 1, then that of p - 1.
        is_meant = tones & np.roll(tones, -side, axis=1)
        rubbing += float((one * np.roll(other, -side, axis=1) * ~is_meant).sum())
    return rubbing / pairs if pairs > 0 else 0.0


def over_bass(bass: Floats, upper: Floats) -> float:
    """Share of pairs of bass and upper notes that are consonant (CONSONANT); 1 where the two never sound together."""
    pairs = float((bass.sum(axis=1) * upper.sum(axis=1)).sum())
    fine = sum(float((bass * np.roll(upper, -interval, axis=1)).sum()) for interval in CONSONANT)
    return fine / pairs if pairs > 0 else 1.0


def lowest(pitches: Floats) -> Floats:
    """Pitch class of the lowest sounding note at each step, one-hot, from presence by pitch (steps, 128)."""
    is_on = pitches > 0
    found = np.zeros((len(pitches), 12))
    rows = np.flatnonzero(is_on.any(axis=1))
    found[rows, is_on[rows].argmax(axis=1) % 12] = 1.0
    return found


def harmonic_pulse(sounding: Floats, bar_steps: int, beat_steps: int) -> dict[str, float]:
    """When harmony changes, from chroma alone (steps, 12), beat against beat.

    ``flux_on_one``: mean change of chroma into the downbeats over that into all beats; above 1 in all music whose
    harmony moves with its bars. ``flux``: mean change a beat, 0 (static) to 1.
    """
    beats = len(sounding) // beat_steps
    chroma = sounding[: beats * beat_steps].reshape(beats, beat_steps, 12).sum(axis=1)
    norms = np.linalg.norm(chroma, axis=1)
    likeness = (chroma[1:] * chroma[:-1]).sum(axis=1) / np.maximum(norms[1:] * norms[:-1], 1e-9)
    is_heard = (norms[1:] > 0) & (norms[:-1] > 0)
    change = 1.0 - likeness
    per_bar = max(bar_steps // beat_steps, 1)
    on_one = (np.arange(1, beats) % per_bar == 0) & is_heard
    mean = float(change[is_heard].mean()) if is_heard.any() else 0.0
    one = float(change[on_one].mean()) if on_one.any() else 0.0
    return {"flux_on_one": one / mean if mean > 0 else 1.0, "flux": mean}


def new_tones(matter: Matter, sounding: Floats) -> float:
    """Whether ``sounding`` (steps, 12) changes when the chords do: in the first beat of every chord that brings new
    tones, time on its new tones over time on those and on tones that only the chord before had. 1 where parts move
    on time, 0 where they come late; 1 where no chord changes. Changes through which a part stands still to the end of
    the new chord are left out: a pedal is not late.
    """
    chords, beat = matter.chords, matter.beat_steps
    edges = [*(int(step) for step in chords.steps), len(sounding)]
    fresh = stale = 0.0
    for index in range(1, len(chords)):
        first = edges[index]
        heard = [sounding[start:end].any(axis=0) for start, end in pairwise(edges[index - 1 : index + 2])]
        if heard[1].any() and (heard[0] == heard[1]).all():
            continue
        now, before = chords.tones[index], chords.tones[index - 1]
        window = sounding[first : first + beat].sum(axis=0)
        fresh += float(window[now & ~before].sum())
        stale += float(window[before & ~now].sum())
    return fresh / (fresh + stale) if fresh + stale > 0 else 1.0


def roots_at_changes(matter: Matter, bass: Floats) -> float:
    """Share of chord changes around which, a beat before (an anticipation) to a beat after, the bass sounds the chord's
    root or its written bass, or keeps to the tone it had, where that fits the chord (a pedal); 1 where there is no
    bass. Silent changes are left out.
    """
    chords, beat = matter.chords, matter.beat_steps
    answers = []
    for index in range(len(chords)):
        if (
            index
            and chords.roots[index] == chords.roots[index - 1]
            and chords.basses[index] == chords.basses[index - 1]
        ):
            continue
        first = int(chords.steps[index])
        window = bass[max(first - beat, 0) : first + beat].sum(axis=0) > 0
        if window.any():
            pedal = window & _held_before(bass, first) & chords.tones[index]
            answers.append(bool(window[chords.roots[index]] or window[chords.basses[index]] or pedal.any()))
    return float(np.mean(answers)) if answers else 1.0


def _held_before(bass: Floats, step: int) -> Bools:
    """Pitch classes of the last tone that the bass sounded before a step; all False where it was silent so far."""
    heard = np.flatnonzero(bass[:step].any(axis=1))
    held: Bools = bass[heard[-1]] > 0 if len(heard) else np.zeros(12, dtype=bool)
    return held


def changes_on_pulses(steps: Ints, pulses: Sequence[int], bar_steps: int) -> float:
    """Share of written chords that begin on a strong pulse of their bar (steps of a bar in ``pulses``)."""
    return float(np.isin(steps % bar_steps, np.array(pulses)).mean()) if len(steps) else 1.0


def root_motion(roots: Ints) -> dict[str, float]:
    """``fifths``: share of moves between different roots by a fourth or fifth. ``returns``: share of moves made at
    least twice in the song.
    """
    moves = [(int(a), int(b)) for a, b in pairwise(roots.tolist()) if a != b]
    if not moves:
        return {"fifths": 1.0, "returns": 1.0}
    counts = {move: moves.count(move) for move in dict.fromkeys(moves)}
    return {
        "fifths": sum((b - a) % 12 in (5, 7) for a, b in moves) / len(moves),
        "returns": sum(count for count in counts.values() if count > 1) / len(moves),
    }
