"""What a tune does, measured: how it moves, comes back, breathes, and agrees with the chords under it.

Belongs here: measures of one line of notes, whoever made it; human tunes and songs of the composer are measured by
the same functions. Does not belong here: which values are good (references), the hook (hook_measures).
"""

from __future__ import annotations

import numpy as np

from musicgen_assets.arrangement.critic.matter import STEP_TICKS, Bools, Floats, Ints, steps_of

STEP_SEMITONES, LEAP_SEMITONES = 2, 5
FIGURE_NOTES = 4
_REST_BEATS = 0.5
"""A rest this long ends a phrase."""
_LONG_BEATS, _LONG_NOTES = 1.5, 1.5
"""So does a note this long that is this much longer than is usual."""
_INTERVAL_NAMES = np.array([0, 1, 1, 2, 2, 3, 3, 4, 5, 5, 6, 6, 7])
"""Steps that an interval of so many semitones spans: unison, second, third, fourth (with the tritone) ... octave; wider
ones keep their semitones."""


def phrase_numbers(line: Ints, beat_ticks: int) -> Ints:
    """Which phrase each note belongs to, counted from 0; shape (n,). Phrases end in long notes or rests."""
    if len(line) < 2:
        return np.zeros(len(line), dtype=np.int64)
    wait = np.diff(line[:, 0])
    rest = wait - line[:-1, 1]
    usual = float(np.median(wait))
    ends = (rest >= _REST_BEATS * beat_ticks) | (wait >= max(_LONG_NOTES * usual, _LONG_BEATS * beat_ticks))
    return np.concatenate([[0], np.cumsum(ends)])


def motion(line: Ints, phrases: Ints) -> dict[str, float]:
    """How a line moves inside its phrases.

    ``steps``: share of intervals up to two semitones (Huron, Sweet Anticipation, 2006, chapter 5: small intervals
    dominate in all cultures). ``interval``: mean size in semitones. ``repeated``: share of notes on the pitch of the
    one before. ``recovery``: share of leaps of five semitones or more followed by a smaller move the other way
    (von Hippel and Huron 2000). ``span``: semitones between the 5th and 95th percentile of pitch.
    """
    inside = np.diff(phrases) == 0
    moves = np.diff(line[:, 2])
    size = np.abs(moves[inside])
    leaps = (np.abs(moves[:-1]) >= LEAP_SEMITONES) & inside[:-1] & inside[1:]
    turns = (np.sign(moves[1:]) == -np.sign(moves[:-1])) & (np.abs(moves[1:]) < np.abs(moves[:-1]))
    low, high = np.percentile(line[:, 2], (5, 95)) if len(line) else (0.0, 0.0)
    return {
        "steps": _mean(size <= STEP_SEMITONES, 1.0),
        "interval": _mean(size, 0.0),
        "repeated": _mean(size == 0, 0.0),
        "recovery": _mean(turns[leaps], 1.0),
        "span": float(high - low),
    }


def recurrence(line: Ints, beat_ticks: int) -> float:
    """Share of notes in figures of four notes (intervals and rhythm) that come back elsewhere, 0-1.

    A second is a second, major or minor, and so on up to the octave: a sequence in the key is a repetition (Dowling
    1978, Psychological Review 85(4): listeners keep contour and scale steps before exact intervals). Repetition is
    what makes music music (Margulis, On Repeat, 2014); a line of random notes has next to none.
    """
    if len(line) < 2 * FIGURE_NOTES:
        return 0.0
    _, number, counts = np.unique(_figures(line, beat_ticks), axis=0, return_inverse=True, return_counts=True)
    number = number.reshape(-1)
    places = np.arange(len(number))
    first = np.full(len(counts), len(line))
    np.minimum.at(first, number, places)
    last = np.zeros(len(counts), dtype=np.int64)
    np.maximum.at(last, number, places)
    is_back = (counts > 1) & (last - first >= FIGURE_NOTES)
    covered = np.zeros(len(line), dtype=bool)
    for offset in range(FIGURE_NOTES):
        covered[places[is_back[number]] + offset] = True
    return float(covered.mean())


def _figures(line: Ints, beat_ticks: int) -> Ints:
    """Intervals, as they are named and with their signs, and waits of every four notes in a row, shape (n - 3, 6);
    waits in quarters of a beat.
    """
    sizes = np.diff(line[:, 2])
    wide = np.abs(sizes) - len(_INTERVAL_NAMES) + 1
    names = _INTERVAL_NAMES[np.minimum(np.abs(sizes), len(_INTERVAL_NAMES) - 1)] + np.maximum(wide, 0)
    moves, waits = np.sign(sizes) * names, np.rint(np.diff(line[:, 0]) / (beat_ticks / 4)).astype(np.int64)
    size = FIGURE_NOTES - 1
    count = len(line) - size
    columns = [moves[offset : offset + count] for offset in range(size)]
    columns += [waits[offset : offset + count] for offset in range(size)]
    return np.stack(columns, axis=1)


def variety(line: Ints, phrases: Ints, beat_ticks: int) -> dict[str, float]:
    """How much there is in a line, in bits: entropy of its pitch classes, intervals and waits.

    Both too little and too much are foreign to tunes people keep (Temperley, Music and Probability, 2007).
    ``phrase_beats``: median length of a phrase from its first onset to its last, in beats.
    """
    moves = np.clip(np.diff(line[:, 2])[np.diff(phrases) == 0], -12, 12)
    waits = np.clip(np.rint(np.diff(line[:, 0]) / (beat_ticks / 4)).astype(np.int64), 0, 16)
    starts = np.flatnonzero(np.diff(phrases, prepend=-1))
    ends = np.append(starts[1:] - 1, len(line) - 1)
    lengths = (line[ends, 0] - line[starts, 0]) / beat_ticks if len(line) else np.zeros(0)
    return {
        "pitch_bits": entropy(np.bincount(line[:, 2] % 12, minlength=12).astype(float)),
        "interval_bits": entropy(np.bincount(moves + 12, minlength=25).astype(float)),
        "rhythm_bits": entropy(np.bincount(waits, minlength=17).astype(float)),
        "phrase_beats": float(np.median(lengths)) if len(lengths) else 0.0,
    }


def entropy(counts: Floats) -> float:
    """Shannon's entropy in bits of a table of counts; 0 where it is empty."""
    total = float(counts.sum())
    shares = counts[counts > 0] / total if total > 0 else np.zeros(0)
    return float(-(shares * np.log2(shares)).sum())


def tonality(line: Ints, tones: Bools) -> float:
    """Share of sounding time on ``tones``, shape (steps, 12), at each note's start."""
    if len(line) == 0:
        return 0.0
    inside = tones[np.clip(steps_of(line), 0, len(tones) - 1), line[:, 2] % 12]
    return float((inside * line[:, 1]).sum() / line[:, 1].sum())


def agreement(line: Ints, phrases: Ints, chord_tones: Bools, weights: Floats) -> dict[str, float]:
    """How a line agrees with the chords of each step.

    ``consonance``: share of chord tones among its notes, weighted by length and by ``weights`` of the steps of a bar
    (1 downbeat to 0). ``resolution``: share of other notes left by step, or repeated until they fit; ``loose``: share
    of all notes that neither fit nor are left so.
    ``rests``: share of phrases that end on a chord tone. All after species counterpoint, as pop keeps it (rule of
    thumb).
    """
    if len(line) < 2:
        return {"consonance": 0.0, "resolution": 0.0, "loose": 1.0, "rests": 0.0}
    steps = np.clip(steps_of(line), 0, len(chord_tones) - 1)
    fits = chord_tones[steps, line[:, 2] % 12]
    weight = np.minimum(line[:, 1], 8 * STEP_TICKS) * (0.25 + weights[steps % len(weights)])
    inside = np.diff(phrases) == 0
    moves = np.abs(np.diff(line[:, 2]))
    resolves = (moves <= STEP_SEMITONES) & ((moves > 0) | fits[1:])
    is_last = np.append(~inside, True)
    return {
        "consonance": float((weight * fits).sum() / weight.sum()),
        "resolution": _mean(resolves[inside & ~fits[:-1]], 1.0),
        "loose": _mean(~resolves & ~fits[:-1] & inside, 0.0),
        "rests": _mean(fits[is_last], 1.0),
    }


def _mean(values: Floats | Bools | Ints, empty: float) -> float:
    return float(np.mean(values)) if len(values) else empty
