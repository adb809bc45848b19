"""The hook said again: in any phrase, over other chords, under other words, by a voice or an instrument.

Belongs here: the rhythm and the wished pitches of a phrase that begins with the hook. Does not belong here: inventing
it (melody_invention), whole themes (melody_theme), knowing a hook again (melody_hook).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.composition.feel import EIGHTH_TICKS, SIXTEENTH_TICKS, metric_weight
from musicgen_assets.composition.melody_contour import Contour, Singer, arc, first_notes, pitches_at
from musicgen_assets.composition.melody_hook import HOOK_NOTES_MIN
from musicgen_assets.composition.melody_pitch import STEP_SEMITONES, Harmonic, chord_at, fit_prices
from musicgen_assets.composition.melody_rhythm import PhraseRhythm, joined, place, shifted, stress_pattern
from musicgen_assets.score.clock import ticks_per_bar
from musicgen_assets.score.model import TICKS_PER_QUARTER

Floats = NDArray[np.float64]

_FREE_PULL, _HOOK_PULL, _LOOSE_PULL, _LAST_PULL = 0.22, 2.4, 0.7, 0.7
_MOVES = (0, 1, -1, 2, -2, 3, -3, 4, -4)
"""Scale steps by which a hook may be moved to fit its chords."""
_MOVE_PRICE = 1.3
_MISFITS_MAX = 0.34
"""Share of stressed syllables that may fall beside the beats before a line gets a rhythm of its own."""
_ALIGNMENTS = ((0, 0), (1, 0), (0, 1))
"""(syllables before the hook, notes of the hook left out)"""
_ALIGNMENT_PRICE = 0.15
_UPBEAT_TICKS = 240
_BEAT_WEIGHT = 0.5
_DIVIDED_SHARE = 0.5
"""Notes of a hook that words may divide, as a share of them: with more it would be hard to know again."""
_TAIL_NOTES_MAX, _TAIL_REACH = 7, 0.45
"""Most notes after a hook, and the share of the time left within which the last begins, so that it can be held."""


@dataclass(frozen=True)
class Said:
    """A phrase that begins with the hook: its rhythm, wished pitches and how firmly each is wished."""

    rhythm: PhraseRhythm
    targets: Floats
    pulls: Floats


@dataclass(frozen=True)
class Lay:
    """Where a hook lies in a phrase: after ``lead`` notes, the next ones being its notes ``picks``."""

    rhythm: PhraseRhythm
    lead: int
    picks: tuple[int, ...]


def said(
    hook: Contour,
    stresses: tuple[int, ...],
    span: tuple[int, int],
    field: Harmonic,
    singer: Singer,
    rng: np.random.Generator,
    noise: Floats,
    *,
    centre: float,
    move: int,
    answer: bool,
    is_sung: bool,
    is_first: bool,
    arrival: int | None,
) -> Said:
    """A phrase that begins with the hook, moved by about ``move`` scale steps to where its chords have it.

    ``is_sung``: the words decide how many notes there are. ``is_first``: the phrase that the hook was found in.
    ``answer``: an instrument goes on after the hook, by as many notes as the phrase has left.
    """
    if is_sung and is_first:
        lay = Lay(replace(joined(hook.rhythm, None, span[1]), stresses=stresses), 0, _whole(hook))
    elif is_sung:
        lay = _under_words(hook, stresses, span, singer, noise, arrival)
    else:
        lay = _on_instrument(hook, len(stresses), span, singer, noise, arrival, answer=answer)
    rhythm, lead = lay.rhythm, lay.lead
    past = min(lead + len(lay.picks), len(rhythm.onsets))
    rungs = np.array(hook.rungs)[list(lay.picks[: past - lead])]
    step = move if is_first else _best_move(rungs, _notes(rhythm, lead, past), field, singer, move)
    targets = arc(len(rhythm.onsets), centre, singer, rng)
    targets[lead:past] = pitches_at(rungs + step, singer)
    targets[:lead] = targets[lead] - 2.0
    pulls = np.full(len(rhythm.onsets), _FREE_PULL)
    pulls[lead:past] = _HOOK_PULL
    if not is_first:
        pulls[lead:past][_unresolved(rhythm, targets, field, lead, past)] = _LOOSE_PULL
    if past == len(rhythm.onsets) and not is_first:
        pulls[-1] = _LAST_PULL
    return Said(rhythm, targets, pulls)


def alignment(hook: Sequence[int], line: Sequence[int]) -> tuple[int, int]:
    """(syllables before the hook, notes of the hook left out): what lays the line's stresses best on the hook's."""
    choices = []
    for lead, skipped in _ALIGNMENTS:
        pairs = list(zip(hook[skipped:], line[lead:], strict=False))
        misfits = sum(a != b for a, b in pairs) / max(len(pairs), 1)
        choices.append((misfits + _ALIGNMENT_PRICE * (lead + skipped), lead, skipped))
    _, lead, skipped = min(choices)
    return lead, skipped


def _unresolved(rhythm: PhraseRhythm, targets: Floats, field: Harmonic, first: int, past: int) -> NDArray[np.bool_]:
    """Notes of the moved hook that are foreign to their chord and leap away: these may give way."""
    line = np.rint(targets[first:past])
    foreign = [
        int(pitch) % 12 not in chord_at(field.chords, onset).pitch_classes
        for pitch, onset in zip(line, rhythm.onsets[first:past], strict=True)
    ]
    leaps = np.append(np.abs(np.diff(line)) > STEP_SEMITONES, False)
    loose: NDArray[np.bool_] = np.array(foreign, dtype=bool) & leaps
    return loose


def _best_move(rungs: Floats, rhythm: PhraseRhythm, field: Harmonic, singer: Singer, wished: int) -> int:
    return wished + _MOVES[int(np.argmin(move_prices(rungs, rhythm, field, singer, wished)))]


def move_prices(rungs: Floats, rhythm: PhraseRhythm, field: Harmonic, singer: Singer, wished: int) -> list[float]:
    """What a contour costs over its chords for each way of moving it, _MOVES scale steps beside ``wished``."""
    lines = [np.rint(pitches_at(rungs + wished + move, singer)).astype(int).tolist() for move in _MOVES]
    return [
        _MOVE_PRICE * abs(move) + price for move, price in zip(_MOVES, fit_prices(rhythm, field, lines), strict=True)
    ]


def _notes(rhythm: PhraseRhythm, first: int, past: int) -> PhraseRhythm:
    return PhraseRhythm(
        rhythm.start, rhythm.end, rhythm.onsets[first:past], rhythm.lengths[first:past], rhythm.stresses[first:past]
    )


def _whole(hook: Contour, skipped: int = 0) -> tuple[int, ...]:
    return tuple(range(skipped, len(hook.pitches)))


def _on_instrument(
    hook: Contour,
    count: int,
    span: tuple[int, int],
    singer: Singer,
    noise: Floats,
    arrival: int | None,
    *,
    answer: bool,
) -> Lay:
    whole, bar = len(hook.pitches), ticks_per_bar(singer.time_signature)
    for size in range(whole, min(whole, HOOK_NOTES_MIN) - 1, -1):
        head = shifted(first_notes(hook.rhythm, size), span, bar)
        if head is not None:
            break
    else:
        free = place(stress_pattern(max(count, 2), singer.time_signature), span, singer.pace, noise, hook.rhythm)
        return Lay(free, 0, _whole(hook))
    tail = None
    rest = min(max(count - size, 2), _TAIL_NOTES_MAX)
    if answer or (arrival is not None and head.onsets[-1] < arrival):
        tail = _tail(head, stress_pattern(rest, singer.time_signature), span, singer, noise, arrival)
    return Lay(joined(head, tail, span[1]), 0, _whole(hook))


def _tail(
    head: PhraseRhythm,
    stresses: tuple[int, ...],
    span: tuple[int, int],
    singer: Singer,
    noise: Floats,
    arrival: int | None,
) -> PhraseRhythm | None:
    """The phrase after the hook, from the next beat or, where that is too late, the next eighth; None without room."""
    last = head.onsets[-1]
    for unit in (TICKS_PER_QUARTER, TICKS_PER_QUARTER // 2):
        start = (last // unit + 1) * unit
        if span[1] - start >= (len(stresses) + 1) * TICKS_PER_QUARTER // 2:
            pace = replace(singer.pace, reach=_TAIL_REACH)
            return place(stresses, (start, span[1]), pace, noise[::-1].copy(), None, arrival)
    if len(stresses) > 1:
        return _tail(head, stresses[-1:], span, singer, noise, arrival)
    return None


def _under_words(
    hook: Contour, stresses: tuple[int, ...], span: tuple[int, int], singer: Singer, noise: Floats, arrival: int | None
) -> Lay:
    """The hook's rhythm under other words, or a rhythm that only leans on it where none fits."""
    best = best_lay(hook, stresses, span, singer, noise, arrival)
    return best or Lay(place(stresses, span, singer.pace, noise, hook.rhythm, arrival), 0, _whole(hook))


def best_lay(
    hook: Contour, stresses: tuple[int, ...], span: tuple[int, int], singer: Singer, noise: Floats, arrival: int | None
) -> Lay | None:
    """The same where the hook's rhythm fits, with an upbeat or without its own note where stresses lie better so; with
    some of its notes said twice where the words are too many for it.
    """
    found = []
    for lead, skipped in _ALIGNMENTS:
        rhythm = _laid_on(hook, stresses, span, singer, noise, arrival, lead, skipped)
        if rhythm is not None:
            misplaced = _misplaced(rhythm, singer)
            found.append((misplaced + _ALIGNMENT_PRICE * (lead + skipped), misplaced, lead, skipped, rhythm))
    if found:
        _, misplaced, lead, skipped, rhythm = min(found, key=lambda item: item[:4])
        if misplaced <= _MISFITS_MAX:
            return Lay(rhythm, lead, _whole(hook, skipped))
    return None if found else _divided(hook, stresses, span, singer, arrival)


def _divided(
    hook: Contour, stresses: tuple[int, ...], span: tuple[int, int], singer: Singer, arrival: int | None
) -> Lay | None:
    """All the words on the hook, its longest notes divided for those that are too many, as stanzas of folk songs do."""
    size = len(hook.pitches)
    whole = shifted(first_notes(hook.rhythm, size), span, ticks_per_bar(singer.time_signature))
    extra = len(stresses) - size
    if whole is None or not 0 < extra <= _DIVIDED_SHARE * size:
        return None
    ends = [*whole.onsets[1:], min(span[1], whole.onsets[-1] + 2 * TICKS_PER_QUARTER)]
    places = [
        (start + (end - start) // 2 // SIXTEENTH_TICKS * SIXTEENTH_TICKS, index)
        for index, (start, end) in enumerate(zip(whole.onsets, ends, strict=True))
        if end - start >= EIGHTH_TICKS
    ]
    tried = []
    for chosen in itertools.combinations(places, extra):
        notes = sorted([*zip(whole.onsets, range(size), strict=True), *chosen])
        onsets = tuple(onset for onset, _ in notes)
        lengths = tuple(b - a for a, b in pairwise((*onsets, ends[-1])))
        rhythm = PhraseRhythm(span[0], span[1], onsets, lengths, stresses)
        tried.append((_misplaced(rhythm, singer), -min(lengths), tuple(index for _, index in notes), rhythm))
    if not tried:
        return None
    misplaced, _, picks, rhythm = min(tried, key=lambda item: item[:3])
    is_late = arrival is None or rhythm.onsets[-1] >= arrival
    return Lay(rhythm, 0, picks) if misplaced <= _MISFITS_MAX and is_late else None


def _laid_on(
    hook: Contour,
    stresses: tuple[int, ...],
    span: tuple[int, int],
    singer: Singer,
    noise: Floats,
    arrival: int | None,
    lead: int,
    skipped: int,
) -> PhraseRhythm | None:
    """The words on the hook's rhythm, ``lead`` of them before it; None without room."""
    size = len(hook.pitches)
    whole = shifted(first_notes(hook.rhythm, size), span, ticks_per_bar(singer.time_signature))
    words = stresses[lead : lead + size - skipped]
    if whole is None or len(words) < 2 or (lead and whole.onsets[0] - span[0] < _UPBEAT_TICKS):
        return None
    head = replace(_notes(whole, skipped, skipped + len(words)), stresses=words)
    rest = stresses[lead + len(words) :]
    tail = _room_for(head, rest, span, singer, noise) if rest else None
    if rest and tail is None:
        return None
    phrase = joined(head, tail, span[1])
    if arrival is not None and phrase.onsets[-1] < arrival:
        if arrival >= span[1] - TICKS_PER_QUARTER:
            return None
        # The last word waits for the closing chord.
        phrase = replace(
            phrase, onsets=(*phrase.onsets[:-1], arrival), lengths=(*phrase.lengths[:-1], TICKS_PER_QUARTER)
        )
    return _with_upbeat(phrase, stresses[:lead])


def _misplaced(head: PhraseRhythm, singer: Singer) -> float:
    """Share of stressed syllables on places lighter than a beat, an anticipation counting as the beat after it."""
    bar = ticks_per_bar(singer.time_signature)
    heavy = [
        max(
            metric_weight(onset % bar, singer.time_signature), metric_weight((onset + 240) % bar, singer.time_signature)
        )
        for onset, stress in zip(head.onsets, head.stresses, strict=True)
        if stress
    ]
    return sum(weight < _BEAT_WEIGHT for weight in heavy) / len(heavy) if heavy else 0.0


def _with_upbeat(phrase: PhraseRhythm, stresses: tuple[int, ...]) -> PhraseRhythm:
    if not stresses:
        return phrase
    onset = phrase.onsets[0] - _UPBEAT_TICKS
    return PhraseRhythm(
        phrase.start,
        phrase.end,
        (onset, *phrase.onsets),
        (_UPBEAT_TICKS, *phrase.lengths),
        (*stresses, *phrase.stresses),
    )


def _room_for(
    head: PhraseRhythm, stresses: tuple[int, ...], span: tuple[int, int], singer: Singer, noise: Floats
) -> PhraseRhythm | None:
    """The syllables that the hook leaves over, an eighth after it at least; None without room."""
    start = head.onsets[-1] + TICKS_PER_QUARTER // 2
    if span[1] - start < (len(stresses) + 2) * TICKS_PER_QUARTER // 3:
        return None
    return place(stresses, (start, span[1]), singer.pace, noise)
