"""When the notes of a phrase fall: onsets for its syllables (or for as many notes as a style wants), and lengths.

Belongs here: fitting a row of stresses into a span of time. Does not belong here: pitches (melody_pitch),
which phrases there are (melody_plan).

Onsets are found by dynamic programming over the grid: every place has a price for a stressed and for an
unstressed syllable, every distance to the note before has a price, and the cheapest row wins. Stresses on strong
beats follow Halle and Lerdahl, A generative textsetting model (Current Musicology 55, 1993).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.composition.feel import metric_weight
from musicgen_assets.score.clock import meter, seconds, ticks, ticks_per_bar

Floats = NDArray[np.float64]

GRID_TICKS = (120, 60, 30)
"""Sixteenths, and finer where a line has more syllables than a span has sixteenths."""
BREATH_TICKS, BREATH_S = 240, 0.35
"""Least silence between phrases, the longer of the two; a sixth of the phrase at most."""
NOTE_MIN_TICKS = 60
NOISE_PLACES = 256
MODEL_PRICE = 1.6
"""Price of a note beside the model's rhythm: about that of an unstressed syllable on a strong beat."""
_LONGEST_TICKS = 960
_IMPOSSIBLE = 1e6


@dataclass(frozen=True)
class Pace:
    """How a style's melody moves. ``note_s`` the natural seconds a note; ``syncopation`` 0-1; ``reach`` the share
    of its span that a phrase fills; ``slack``, ``variety`` and ``cell_bars`` as in melody_manner.
    """

    time_signature: str
    tempo_bpm: float
    note_s: float
    syncopation: float
    reach: float = 0.7
    slack: float = 0.0
    variety: float = 0.45
    cell_bars: int = 0
    """0: nothing of a phrase's rhythm comes again by itself."""


@dataclass(frozen=True)
class PhraseRhythm:
    """One phrase in ticks of its loop, before swing: a note each of ``onsets``, sounding ``lengths``."""

    start: int
    end: int
    onsets: tuple[int, ...]
    lengths: tuple[int, ...]
    stresses: tuple[int, ...]


def place(
    stresses: tuple[int, ...] | tuple[float, ...],
    span: tuple[int, int],
    pace: Pace,
    noise: Floats,
    model: PhraseRhythm | None = None,
    arrival: int | None = None,
    entry_ticks: int = 0,
) -> PhraseRhythm:
    """A phrase of one note per stress (0-1) inside ``span``, ending with time to breathe.

    ``noise``: at least 64 standard normal values that vary the choice; the same noise gives lines of one section
    a common rhythm. ``model``: a phrase whose onsets (from its own start) are taken over where that fits.
    ``arrival``: the tick where the last note should fall or after. ``entry_ticks``: the wished wait of the first.
    """
    start, end = span
    count = len(stresses)
    breath = min(max(BREATH_TICKS, ticks(BREATH_S, pace.tempo_bpm)), (end - start) // 6)
    unit = next((grid for grid in GRID_TICKS if (end - start - breath) // grid >= count * 1.15 + 1), 0)
    if unit == 0 or count == 1:
        return _even(stresses, span, breath, 1 if unit == 0 else unit)
    places = np.arange(start, end - breath - unit + 1, unit)
    entry = _entry_prices(places - start, end - start, entry_ticks)
    steps = _distance_prices(len(places), unit, pace)
    syllables = _place_prices(places, stresses, pace, noise, model, start)
    last = _last_prices(places - start, end - start, count * (1.1 + 0.25 * float(np.tanh(noise[-1]))), pace)
    if arrival is not None and start < arrival <= places[-1]:
        last = np.abs(places - arrival) / (end - start) * 12.0 + np.where(places < arrival, 6.0, 0.0)
    picked = _cheapest(entry, steps, syllables, last)
    onsets = tuple(int(places[index]) for index in picked)
    return PhraseRhythm(start, end, onsets, _lengths(onsets, end - breath, unit), _rounded(stresses))


def joined(first: PhraseRhythm, second: PhraseRhythm | None, end: int) -> PhraseRhythm:
    """A phrase and what goes on after it in the same span, which ends at ``end``: the first holds to the second, and
    the last note leaves time to breathe.
    """
    onsets, lengths, stresses = first.onsets, first.lengths, first.stresses
    if second is not None:
        gap = second.onsets[0] - onsets[-1]
        lengths = (*lengths[:-1], min(lengths[-1], gap), *second.lengths)
        onsets, stresses = onsets + second.onsets, stresses + second.stresses
    breath = min(BREATH_TICKS, (end - first.start) // 8)
    last = max(min(lengths[-1], end - breath - onsets[-1]), NOTE_MIN_TICKS)
    return PhraseRhythm(first.start, end, onsets, (*lengths[:-1], last), stresses)


def shifted(phrase: PhraseRhythm, span: tuple[int, int], bar_ticks: int) -> PhraseRhythm | None:
    """The phrase at the same place of its bars in another span, or None where it does not fit."""
    start, end = span
    move = start - phrase.start
    breath = min(BREATH_TICKS, (end - start) // 8)
    if move % bar_ticks or phrase.onsets[-1] + move + breath >= end - NOTE_MIN_TICKS:
        return None
    onsets = tuple(onset + move for onset in phrase.onsets)
    last = min(max(phrase.lengths[-1], 480), _LONGEST_TICKS, end - breath - onsets[-1])
    return PhraseRhythm(start, end, onsets, (*phrase.lengths[:-1], last), phrase.stresses)


def stress_pattern(count: int, time_signature: str) -> tuple[int, ...]:
    """Stresses for a phrase without words: every second note, every third in compound meters; the last is strong."""
    period = 3 if meter(time_signature)[1] == 8 and meter(time_signature)[0] % 3 == 0 else 2
    return tuple(int(index % period == 0 or index == count - 1) for index in range(count))


def _rounded(stresses: Sequence[float]) -> tuple[int, ...]:
    return tuple(int(stress >= 0.5) for stress in stresses)


def _even(stresses: Sequence[float], span: tuple[int, int], breath: int, unit: int) -> PhraseRhythm:
    """Equal shares of the span, for a single note and for more syllables than any grid holds."""
    start, end = span
    total = end - start - breath
    onsets = tuple(start + total * index // len(stresses) // unit * unit for index in range(len(stresses)))
    lengths = _lengths(onsets, end - breath, min(unit, NOTE_MIN_TICKS))
    return PhraseRhythm(start, end, onsets, lengths, _rounded(stresses))


def _entry_prices(offsets: NDArray[np.int64], span: int, wished: int) -> Floats:
    """Prices of the first onset: at the wished wait after the span's beginning, or a little beside it."""
    prices: Floats = np.where(
        offsets <= 0.3 * span, np.abs(offsets - wished) / 240 * (0.25 + (wished > 0)), _IMPOSSIBLE
    )
    return prices


def _last_prices(offsets: NDArray[np.int64], span: int, count: float, pace: Pace) -> Floats:
    """Prices of the last onset: where the natural pace ends, at most ``reach`` of the span."""
    natural = count * pace.note_s / seconds(1, pace.tempo_bpm)
    target = min(max(natural, 0.4 * span), pace.reach * span)
    prices: Floats = np.abs(offsets - target) / span * 6.0
    return prices


def _distance_prices(count: int, unit: int, pace: Pace) -> Floats:
    """Price of each distance between onsets, shape (from, to); backwards is impossible."""
    distance = (np.arange(count)[None, :] - np.arange(count)[:, None]) * unit
    time_s = np.maximum(distance, 1) * seconds(1, pace.tempo_bpm)
    prices = 0.9 * np.maximum(np.abs(np.log(time_s / pace.note_s)) - pace.slack, 0.0) ** 1.5
    is_compound = meter(pace.time_signature)[1] == 8
    eighth, dotted = distance % 240 == 0, distance % 360 == 0
    odd_price = 0.35 + 0.8 * (1.0 - pace.syncopation)
    prices = prices + np.where(eighth, 0.0, np.where(dotted & (not is_compound), 0.5 * odd_price, odd_price))
    prices = prices + np.where(distance < 120, 1.5, 0.0)
    result: Floats = np.where(distance <= 0, _IMPOSSIBLE, prices)
    return result


def _place_prices(
    places: NDArray[np.int64],
    stresses: Sequence[float],
    pace: Pace,
    noise: Floats,
    model: PhraseRhythm | None,
    start: int,
) -> Floats:
    """Price of each note at each place, shape (notes, places)."""
    bar = ticks_per_bar(pace.time_signature)
    table = bar_weights(pace.time_signature)
    weights, follow = table[places % bar // GRID_TICKS[-1]], table[(places + 240) % bar // GRID_TICKS[-1]]
    # An anticipation stands an eighth before a stronger place and borrows its weight.
    lifted = np.where(follow > weights, weights + (follow - weights) * min(1.0, pace.syncopation * 1.1), weights)
    stressed = np.array(stresses, dtype=float)[:, None]
    light = 1.1 * weights + np.where(weights == 0.0, 0.5, 0.0)
    prices = stressed * 2.4 * (1.0 - lifted) + (1.0 - stressed) * light
    offsets = places - start
    period = pace.cell_bars * bar // 120 if pace.cell_bars else len(noise)
    prices = prices + pace.variety * np.abs(noise[(offsets // 120) % min(period, len(noise))])
    if model is not None:
        taken = np.isin(offsets, np.array(model.onsets) - model.start)
        prices = prices + np.where(taken, 0.0, MODEL_PRICE)
    result: Floats = prices
    return result


@lru_cache(maxsize=32)
def bar_weights(time_signature: str) -> Floats:
    """Metric weight of every 30 ticks of a bar."""
    return np.array([metric_weight(tick, time_signature) for tick in range(0, ticks_per_bar(time_signature), 30)])


def _cheapest(entry: Floats, steps: Floats, syllables: Floats, last: Floats) -> list[int]:
    """Indices of the places with the least total price."""
    price = entry + syllables[0]
    back: list[NDArray[np.intp]] = []
    for row in syllables[1:]:
        through = price[:, None] + steps
        back.append(through.argmin(axis=0))
        price = through.min(axis=0) + row
    index = int((price + last).argmin())
    picked = [index]
    for origin in reversed(back):
        index = int(origin[index])
        picked.append(index)
    return picked[::-1]


def _lengths(onsets: tuple[int, ...], limit: int, shortest: int) -> tuple[int, ...]:
    """Notes hold to the next onset, the last one to the breath, none longer than a half note."""
    ends = (*onsets[1:], limit)
    return tuple(max(min(end - onset, _LONGEST_TICKS), shortest, 1) for onset, end in zip(onsets, ends, strict=True))
