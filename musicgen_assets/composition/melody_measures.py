"""What can be counted in a finished line of melody: repetition, shared turns of phrase, shape, consonance.

Belongs here: plain measures of notes that proofs, tests and critics share. Does not belong here: likeness to a hook
(melody_hook), scores with weights (melody_coherence, melody_critic), making melodies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.composition.melody_pitch import STEP_SEMITONES, chord_at, strength
from musicgen_assets.score.model import TICKS_PER_QUARTER, ChordSpan, NoteRow

GRID_TICKS = TICKS_PER_QUARTER // 4
NGRAM_NOTES = 5
"""Notes of a turn of phrase: four intervals and the rhythm between them."""
SHUFFLES = 20

Figure = tuple[tuple[int, int], ...]


def lempel_ziv_phrases(symbols: Sequence[int]) -> int:
    """Phrases of the Lempel-Ziv 1977 parse: each is the longest stretch heard before and the symbol after it.

    Fewer phrases for the same length mean more repetition. Compressors of this kind tell repeating tunes apart
    from others (Louboutin and Meredith 2016, Journal of New Music Research 45(1)).
    """
    text = "".join(chr(0x4E00 + symbol) for symbol in symbols)
    phrases, place = 0, 0
    while place < len(text):
        size = 1
        while place + size < len(text) and text[place : place + size] in text[: place + size - 1]:
            size += 1
        phrases, place = phrases + 1, place + size
    return phrases


def bar_compression(notes: Sequence[NoteRow], bar_ticks: int, rng: np.random.Generator) -> float:
    """Phrases of the line's parse over the mean of its own bars in SHUFFLES random orders; under 1: order repeats.

    A note is one symbol: its place in the bar in sixteenths, its length in eighths, and the interval that leads to
    it. 1 for lines of fewer than two bars with notes.
    """
    bars: dict[int, list[NoteRow]] = {}
    for row in sorted(notes):
        bars.setdefault((row[0] + GRID_TICKS // 2) // bar_ticks, []).append(row)
    order = list(bars)
    if len(order) < 2:
        return 1.0
    own = lempel_ziv_phrases(_symbols([bars[bar] for bar in order], order, bar_ticks, {}))
    shuffled = [
        lempel_ziv_phrases(_symbols([bars[order[at]] for at in order_], [order[at] for at in order_], bar_ticks, {}))
        for order_ in (rng.permutation(len(order)) for _ in range(SHUFFLES))
    ]
    return own / float(np.mean(shuffled))


def turns_of_phrase(notes: Sequence[NoteRow], size: int = NGRAM_NOTES) -> Counter[Figure]:
    """How often each figure of ``size`` notes occurs: (interval in semitones, wait in sixteenths) note by note."""
    line = sorted(notes)
    moves = [
        (second[2] - first[2], min(round((second[0] - first[0]) / GRID_TICKS), 16)) for first, second in pairwise(line)
    ]
    return Counter(tuple(moves[at : at + size - 1]) for at in range(len(moves) - size + 2))


def shared_turns(first: Counter[Figure], second: Counter[Figure]) -> float:
    """Share of the smaller line's figures that the other has too, 0-1, each figure counted once."""
    if not first or not second:
        return 0.0
    return len(first.keys() & second.keys()) / min(len(first), len(second))


def consonant_share(notes: Sequence[NoteRow], chords: Sequence[ChordSpan], time_signature: str) -> float:
    """Share of chord notes among all, weighted by the square of beat strength and length."""
    weights = np.array([strength(_on_grid(row[0]), row[1], time_signature) for row in notes]) ** 2
    agrees = np.array([row[2] % 12 in chord_at(chords, _on_grid(row[0])).pitch_classes for row in notes])
    return float((weights * agrees).sum() / weights.sum()) if len(notes) else 1.0


def resolved_share(notes: Sequence[NoteRow], chords: Sequence[ChordSpan]) -> float:
    """Share of notes foreign to their chord that move on by step, or stay until a chord has them."""
    answers = []
    for first, second in pairwise(notes):
        if first[2] % 12 in chord_at(chords, _on_grid(first[0])).pitch_classes:
            continue
        move = abs(second[2] - first[2])
        is_held = first[2] % 12 in chord_at(chords, _on_grid(second[0])).pitch_classes
        answers.append(0 < move <= STEP_SEMITONES or (move == 0 and is_held) or is_held)
    return sum(answers) / len(answers) if answers else 1.0


def clash_share(notes: Sequence[NoteRow], chords: Sequence[ChordSpan], scale_pcs: Collection[int]) -> float:
    """Share of sounding time outside both scale and chord."""
    total = sum(row[1] for row in notes)
    outside = sum(
        row[1]
        for row in notes
        if row[2] % 12 not in scale_pcs and row[2] % 12 not in chord_at(chords, _on_grid(row[0])).pitch_classes
    )
    return outside / total if total else 0.0


def entropy_bits(values: Sequence[int] | NDArray[np.int64]) -> float:
    """Shannon's entropy of how often each value occurs; 0 for none."""
    counts = np.unique(np.asarray(values), return_counts=True)[1]
    shares = counts / max(counts.sum(), 1)
    return float(-(shares * np.log2(shares)).sum())


def contour_type(pitches: Sequence[int]) -> str:
    """ "arch", "bowl", "rise", "fall" or "level": Huron's nine types (1996) by first, mean and last pitch, folded.

    Ends count as level where they lie within a semitone of the inner mean.
    """
    if len(pitches) < 3:
        return "level"
    middle = float(np.mean(pitches[1:-1]))
    first, last = pitches[0] - middle, pitches[-1] - middle
    if first < -1 and last < -1:
        return "arch"
    if first > 1 and last > 1:
        return "bowl"
    if pitches[-1] - pitches[0] > 1:
        return "rise"
    return "fall" if pitches[0] - pitches[-1] > 1 else "level"


def _on_grid(tick: int) -> int:
    """Swung and late notes belong to the eighth they lean on."""
    return round(tick / 240) * 240


def _symbols(
    bars: Sequence[Sequence[NoteRow]], places: Sequence[int], bar_ticks: int, known: dict[tuple[int, ...], int]
) -> list[int]:
    found: list[int] = []
    last: int | None = None
    for rows, place in zip(bars, places, strict=True):
        for start, duration, pitch, _ in rows:
            offset = round((start - place * bar_ticks) / GRID_TICKS)
            move = pitch - last if last is not None else 0
            last = pitch
            found.append(known.setdefault((offset, round(duration / 240), move), len(known)))
    return found
