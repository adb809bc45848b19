"""How coherent a melody is, 0-1: what the ``melodic_coherence`` check measures.

Belongs here: the score and its parts, for one theme and for a whole melody. Does not belong here: choosing
among candidates by taste (melody_critic), making melodies.

Six parts, each scaled so that lines made of random or shuffled pitches come near 0 and songs people keep near 1:
small intervals dominate (Huron, Sweet Anticipation, 2006, chapter 5), leaps turn back (von Hippel and Huron 2000),
strong notes agree with the chord and others resolve by step (species counterpoint), figures come back
(Temperley, Music and Probability, 2007), notes belong to the key and the range can be sung.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.composition.melody_pitch import LEAP_SEMITONES, STEP_SEMITONES, chord_at, strength
from musicgen_assets.context.schema import SectionKind
from musicgen_assets.score.material import Harmony, Theme
from musicgen_assets.score.model import ChordSpan
from musicgen_assets.theory.scales import scale_pitch_classes

MELODIC_THRESHOLD = 0.8
WEIGHTS = {
    "steps": 0.2, "recovery": 0.1, "tonality": 0.15, "consonance": 0.2, "recurrence": 0.2, "resolution": 0.15,
}  # fmt: skip
_SCALES = {
    "steps": (0.35, 0.68), "recovery": (0.3, 0.9), "tonality": (0.7, 1.0), "consonance": (0.45, 0.85),
    "recurrence": (0.25, 0.7), "resolution": (0.4, 0.9),
}  # fmt: skip
"""Raw share that counts 0, and raw share from which a part counts 1."""
_FIGURE_NOTES = 4
_SINGABLE_SEMITONES = 19
_THEME_NOTES_MIN = 4


def melodic_coherence(
    themes: Mapping[SectionKind, Theme], harmony: Harmony, time_signature: str
) -> tuple[float, dict[str, float]]:
    """(score, parts) over all themes, each weighted by its notes; themes under four notes are left out.

    score = .2 steps + .1 recovery + .15 tonality + .2 consonance + .2 recurrence + .15 resolution, less what a
    range beyond a twelfth and a half takes away. A melody without notes scores 0.
    """
    totals = dict.fromkeys([*WEIGHTS, "range"], 0.0)
    notes = 0
    for kind, theme in themes.items():
        if len(theme.notes) < _THEME_NOTES_MIN:
            continue
        chords = harmony.sections[kind].chords
        parts = theme_parts(theme, chords, harmony.key, harmony.scale, time_signature)
        for name, value in parts.items():
            totals[name] += value * len(theme.notes)
        notes += len(theme.notes)
    if notes == 0:
        return 0.0, dict.fromkeys([*WEIGHTS, "range"], 0.0)
    parts = {name: round(totals[name] / notes, 4) for name in [*WEIGHTS, "range"]}
    return round(weighted(parts), 4), parts


def weighted(parts: Mapping[str, float]) -> float:
    """One number from the parts; an unsingable range scales it down."""
    return sum(weight * parts[name] for name, weight in WEIGHTS.items()) * parts["range"]


def theme_parts(
    theme: Theme, chords: Sequence[ChordSpan], tonic: str, scale: str, time_signature: str
) -> dict[str, float]:
    """The parts of one theme, each 0-1:

    steps: share of intervals inside phrases of at most two semitones. recovery: share of leaps (five semitones or
    more) followed by a smaller move the other way. tonality: share of sounding time in the scale or the chord.
    consonance: share of chord notes, weighted by beat and length. recurrence: share of notes in figures of four
    notes (contour and rhythm) that come back. resolution: share of foreign notes left by step (or held
    into a chord that has them), and of phrases that end on a chord note. range: 1 up to 19 semitones, 0 from 38.
    """
    rows = np.array(theme.notes, dtype=np.int64).reshape(-1, 4)
    chord_pcs = [frozenset(chord_at(chords, int(row[0])).pitch_classes) for row in rows]
    scale_pcs = frozenset(scale_pitch_classes(tonic, scale))
    spans = [(a, b) for a, b in (theme.phrases or ((0, len(rows)),)) if b > a]
    raw = {
        "steps": _steps(rows, spans),
        "recovery": _recovery(rows, spans),
        "tonality": _tonality(rows, chord_pcs, scale_pcs),
        "consonance": _consonance(rows, chord_pcs, time_signature),
        "recurrence": _recurrence(rows, spans),
        "resolution": _resolution(rows, chord_pcs, spans),
    }
    parts = {name: _scaled(value, *_SCALES[name]) for name, value in raw.items()}
    extent = int(rows[:, 2].max() - rows[:, 2].min())
    parts["range"] = 1.0 if extent <= _SINGABLE_SEMITONES else max(0.0, 2.0 - extent / _SINGABLE_SEMITONES)
    return parts


def _scaled(value: float, low: float, high: float) -> float:
    return min(max((value - low) / (high - low), 0.0), 1.0)


def _moves(rows: NDArray[np.int64], spans: Sequence[tuple[int, int]]) -> list[NDArray[np.int64]]:
    return [np.diff(rows[a:b, 2]) for a, b in spans if b - a > 1]


def _steps(rows: NDArray[np.int64], spans: Sequence[tuple[int, int]]) -> float:
    moves = _moves(rows, spans)
    every = np.abs(np.concatenate(moves)) if moves else np.zeros(0)
    return float((every <= STEP_SEMITONES).mean()) if len(every) else 1.0


def _recovery(rows: NDArray[np.int64], spans: Sequence[tuple[int, int]]) -> float:
    answers = [
        second * first < 0 and abs(second) < abs(first)
        for moves in _moves(rows, spans)
        for first, second in pairwise(moves.tolist())
        if abs(first) >= LEAP_SEMITONES
    ]
    return sum(answers) / len(answers) if answers else 1.0


def _tonality(rows: NDArray[np.int64], chord_pcs: Sequence[frozenset[int]], scale_pcs: frozenset[int]) -> float:
    inside = np.array([int(row[2]) % 12 in (scale_pcs | pcs) for row, pcs in zip(rows, chord_pcs, strict=True)])
    return float((inside * rows[:, 1]).sum() / max(rows[:, 1].sum(), 1))


def _consonance(rows: NDArray[np.int64], chord_pcs: Sequence[frozenset[int]], time_signature: str) -> float:
    # Swung and late notes belong to the eighth they lean on.
    weights = np.array([strength(round(int(row[0]) / 240) * 240, int(row[1]), time_signature) for row in rows]) ** 2
    agrees = np.array([int(row[2]) % 12 in pcs for row, pcs in zip(rows, chord_pcs, strict=True)])
    return float((weights * agrees).sum() / weights.sum())


def _recurrence(rows: NDArray[np.int64], spans: Sequence[tuple[int, int]]) -> float:
    """Contour in five classes (leap or step, up or down, same) with the rhythm in eighths."""
    figures: dict[tuple[int, ...], list[int]] = {}
    for a, b in spans:
        classes = [int(np.sign(move)) * (1 if abs(move) <= 2 else 2) for move in np.diff(rows[a:b, 2])]
        waits = [round(int(wait) / 240) for wait in np.diff(rows[a:b, 0])]
        for at in range(b - a - _FIGURE_NOTES + 1):
            size = _FIGURE_NOTES - 1
            figures.setdefault((*classes[at : at + size], *waits[at : at + size]), []).append(a + at)
    covered: set[int] = set()
    for places in figures.values():
        if places[-1] - places[0] >= _FIGURE_NOTES:
            covered.update(place + offset for place in places for offset in range(_FIGURE_NOTES))
    considered = sum(b - a for a, b in spans if b - a >= _FIGURE_NOTES)
    return len(covered) / considered if considered else 1.0


def _resolution(
    rows: NDArray[np.int64], chord_pcs: Sequence[frozenset[int]], spans: Sequence[tuple[int, int]]
) -> float:
    agrees = [int(row[2]) % 12 in pcs for row, pcs in zip(rows, chord_pcs, strict=True)]
    answers: list[bool] = []
    for a, b in spans:
        for index in range(a, b - 1):
            move = abs(int(rows[index + 1, 2] - rows[index, 2]))
            if not agrees[index]:
                answers.append(move <= STEP_SEMITONES and (move > 0 or agrees[index + 1]))
        answers.append(agrees[b - 1])
    return sum(answers) / len(answers) if answers else 1.0
