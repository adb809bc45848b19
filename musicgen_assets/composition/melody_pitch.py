"""Which pitches a phrase takes: the cheapest line through a scale over chords, near a wished contour.

Belongs here: the prices of notes, intervals and turns, and the search. Does not belong here: rhythm
(melody_rhythm), what contour is wished (melody_plan).

The search is second-order dynamic programming (Viterbi), exact for prices of three notes in a row. The prices
follow what is known of melodies: small intervals dominate, leaps are answered by a turn back (von Hippel and
Huron 2000, Music Perception 18(1)), strong beats consonant, dissonances left by step (species counterpoint).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.composition.feel import metric_weight
from musicgen_assets.composition.melody_rhythm import PhraseRhythm
from musicgen_assets.score.clock import ticks_per_bar
from musicgen_assets.score.model import ChordSpan

Floats = NDArray[np.float64]

IMPOSSIBLE = 1e6
_OUT_OF_REACH, _LEFT_BY_LEAP = 12.0, 4.5
_INTERVAL_PRICES = (0.8, 0.0, 0.0, 0.45, 0.55, 0.95, 2.6, 1.2, 2.0, 2.0, 3.6, 4.0, 2.4)
"""By semitones 0-12; larger leaps cost 6 and more. A repeated note costs a little, a tritone much."""
LEAP_SEMITONES = 5
STEP_SEMITONES = 2


@dataclass(frozen=True)
class Harmonic:
    """Where a melody moves: chords of its loop, the scale, the playable pitches (ascending MIDI numbers)."""

    chords: tuple[ChordSpan, ...]
    scale_pcs: frozenset[int]
    pitches: tuple[int, ...]
    time_signature: str
    leanings: tuple[float, ...] = ()
    """Price of each of ``pitches`` for what it is in the scale; empty: none."""
    intervals: tuple[float, ...] = ()
    """Added to the price of intervals of 0-12 semitones; empty: nothing."""


@dataclass(frozen=True)
class Wish:
    """What a phrase should be like.

    ``targets``: wished pitch of each note, fractional; ``pull`` price of each semitone away from it, one for all
    notes or one a note.
    ``endings``: pitch class -> price on the last note; others cost ``other_ending``.
    ``noise``: standard normal, shape (notes, pitches), scaled by ``spread``.
    """

    targets: Floats
    pull: float | Floats
    endings: dict[int, float]
    other_ending: float
    noise: Floats
    spread: float = 0.35


def chord_at(chords: Sequence[ChordSpan], tick: int) -> ChordSpan:
    """The chord sounding at ``tick``; the first before it all."""
    found = chords[0]
    for span in chords:
        if span.start_ticks > tick:
            break
        found = span
    return found


def playable(low: int, high: int, scale_pcs: frozenset[int], chords: Sequence[ChordSpan]) -> tuple[int, ...]:
    """Pitches of the scale and of the chords from ``low`` to ``high``."""
    pcs = scale_pcs | {pc for chord in chords for pc in chord.pitch_classes}
    return tuple(pitch for pitch in range(low, high + 1) if pitch % 12 in pcs)


_metric_weight = lru_cache(maxsize=8192)(metric_weight)


def strength(onset: int, length: int, time_signature: str) -> float:
    """How much a note's consonance matters, 0.1-1: by its place in the bar and its length."""
    weight = _metric_weight(onset % ticks_per_bar(time_signature), time_signature)
    return min(1.0, 0.1 + 0.6 * weight + 0.4 * min(length, 960) / 960)


def sing(phrase: PhraseRhythm, field: Harmonic, wish: Wish, before: int | None) -> tuple[int, ...]:
    """The phrase's pitches, the cheapest of all; ``before`` is the last pitch of the phrase before."""
    count = len(phrase.onsets)
    pitches = np.array(field.pitches)
    notes, foreign = _note_prices(phrase, field, wish, pitches)
    pairs, turns = _moves(field.pitches, field.intervals)
    leaps = np.abs(pitches[None, :] - pitches[:, None]) > STEP_SEMITONES
    price = notes[0].copy()
    if before is not None:
        price += 0.06 * np.abs(pitches - before)
    if count == 1:
        return (int(pitches[price.argmin()]),)
    joined = price[:, None] + pairs + notes[1][None, :] + _unresolved(foreign, leaps, 1)
    back: list[NDArray[np.intp]] = []
    for index in range(2, count):
        through = joined[:, :, None] + turns
        back.append(through.argmin(axis=0))
        joined = through.min(axis=0) + pairs + notes[index][None, :] + _unresolved(foreign, leaps, index)
    first, second = (int(place) for place in np.unravel_index(int(joined.argmin()), joined.shape))
    picked = [second, first]
    for origin in reversed(back):
        picked.append(int(origin[picked[-1], picked[-2]]))
    return tuple(int(pitches[place]) for place in reversed(picked))


def fit_prices(phrase: PhraseRhythm, field: Harmonic, lines: Sequence[Sequence[int]]) -> list[float]:
    """What each of ``lines`` (one pitch a note) costs over the chords: dissonances by weight, those left by leap and
    notes out of reach dearly.
    """
    tables = [
        _chord_prices(field, chord_at(field.chords, onset), strength(onset, length, field.time_signature))
        for onset, length in zip(phrase.onsets, phrase.lengths, strict=True)
    ]
    places = {pitch: place for place, pitch in enumerate(field.pitches)}
    return [_fit_price(tables, places, line) for line in lines]


def _fit_price(
    tables: Sequence[tuple[Floats, NDArray[np.bool_]]], places: dict[int, int], line: Sequence[int]
) -> float:
    total = 0.0
    for index, ((prices, foreign), pitch) in enumerate(zip(tables, line, strict=False)):
        place = places.get(pitch)
        if place is None:
            total += _OUT_OF_REACH
            continue
        total += float(prices[place])
        if foreign[place] and index + 1 < len(line) and abs(line[index + 1] - pitch) > STEP_SEMITONES:
            total += _LEFT_BY_LEAP
    return total


def _note_prices(
    phrase: PhraseRhythm, field: Harmonic, wish: Wish, pitches: NDArray[np.int64]
) -> tuple[Floats, NDArray[np.bool_]]:
    """(price of every pitch on every note, whether it is foreign to the chord there), both (notes, pitches)."""
    rows, foreign = [], []
    pulls = np.broadcast_to(np.asarray(wish.pull, dtype=float), (len(phrase.onsets),))
    for index, (onset, length) in enumerate(zip(phrase.onsets, phrase.lengths, strict=True)):
        weight = strength(onset, length, field.time_signature)
        price, is_foreign = _chord_prices(field, chord_at(field.chords, onset), weight)
        held_over = chord_at(field.chords, onset + length - 1)
        if held_over.start_ticks > onset and length >= 240:
            price = price + 0.5 * _chord_prices(field, held_over, weight)[0]
        price = price + pulls[index] * np.abs(pitches - wish.targets[index])
        if field.leanings:
            price = price + np.array(field.leanings)
        if index == len(phrase.onsets) - 1:
            price = price + np.array([wish.endings.get(int(pitch) % 12, wish.other_ending) for pitch in pitches])
        rows.append(price + wish.spread * wish.noise[index, : len(pitches)])
        foreign.append(is_foreign)
    return np.array(rows), np.array(foreign)


def _chord_prices(field: Harmonic, chord: ChordSpan, weight: float) -> tuple[Floats, NDArray[np.bool_]]:
    """Prices by consonance: chord notes are free; scale notes by ``weight``; notes that rub against the chord more."""
    prices, foreign = _consonance(chord.pitch_classes, field.scale_pcs, field.pitches)
    return prices[0] + weight * prices[1], foreign


@lru_cache(maxsize=4096)
def _consonance(
    chord_pcs: tuple[int, ...], scale_pcs: frozenset[int], pitches: tuple[int, ...]
) -> tuple[Floats, NDArray[np.bool_]]:
    """((fixed price, price by weight) per pitch, whether foreign to the chord)."""
    fixed, weighted, foreign = [], [], []
    altered = {pc for pc in chord_pcs if pc not in scale_pcs}
    for pitch in pitches:
        pc = pitch % 12
        is_foreign = pc not in chord_pcs
        rubs = is_foreign and (pc - 1) % 12 in chord_pcs
        clashes = is_foreign and any((pc - other) % 12 in (1, 11) for other in altered)
        outside = is_foreign and pc not in scale_pcs
        fixed.append(IMPOSSIBLE if outside else 3.0 * clashes)
        weighted.append(3.8 * is_foreign + 1.2 * rubs)
        foreign.append(is_foreign)
    return np.array([fixed, weighted]), np.array(foreign)


def _unresolved(foreign: NDArray[np.bool_], leaps: NDArray[np.bool_], index: int) -> Floats:
    """Price of leaving (more) or approaching (less) a dissonance by leap, for notes ``index`` - 1 and ``index``."""
    left = _LEFT_BY_LEAP * foreign[index - 1][:, None]
    reached = 1.2 * foreign[index][None, :]
    prices: Floats = np.where(leaps, left + reached, 0.0)
    return prices


@lru_cache(maxsize=64)
def _moves(pitches: tuple[int, ...], added: tuple[float, ...]) -> tuple[Floats, Floats]:
    """(price of each interval, (from, to)), (price of each turn, (first, middle, last))."""
    line = np.array(pitches)
    size = np.abs(line[None, :] - line[:, None])
    table = np.array([*_INTERVAL_PRICES, *(6.0 + extra for extra in range(48))])
    table[: len(added)] = np.maximum(table[: len(added)] + np.array(added), 0.0)
    pairs = table[np.minimum(size, len(table) - 1)]
    first, middle, last = line[:, None, None], line[None, :, None], line[None, None, :]
    arrival, departure = middle - first, last - middle
    is_leap = np.abs(arrival) >= LEAP_SEMITONES
    turns_back = (np.sign(arrival) == -np.sign(departure)) & (np.abs(departure) <= 4)
    turns = np.where(is_leap & ~turns_back, 1.1, 0.0)
    turns = turns + np.where(is_leap & (np.abs(departure) >= LEAP_SEMITONES), 1.4, 0.0)
    turns = turns + np.where((arrival == 0) & (departure == 0), 1.0, 0.0)
    turns = turns + np.where((last == first) & (arrival != 0), 0.3, 0.0)
    same_way = (np.sign(arrival) == np.sign(departure)) & (arrival != 0)
    turns = turns + np.where(same_way & (np.abs(arrival + departure) > 9), 1.0, 0.0)
    return pairs, turns
