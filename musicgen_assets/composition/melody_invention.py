"""The hook: invented once for a refrain, easy to keep, fit for all of its chords and words.

Belongs here: candidates for the hook. Does not belong here: saying it in phrases (melody_restatement), whole themes
(melody_theme), knowing a hook again (melody_hook).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from musicgen_assets.composition.melody_contour import Contour, Singer, arc, contour_of, first_notes, hook_value
from musicgen_assets.composition.melody_hook import HOOK_BARS_MAX, HOOK_NOTES_MAX, HOOK_NOTES_MIN
from musicgen_assets.composition.melody_pitch import Harmonic, Wish, sing
from musicgen_assets.composition.melody_restatement import alignment, best_lay, move_prices
from musicgen_assets.composition.melody_rhythm import NOISE_PLACES, PhraseRhythm, place, shifted, stress_pattern
from musicgen_assets.score.clock import ticks_per_bar
from musicgen_assets.score.model import TICKS_PER_QUARTER

_FREE_PULL = 0.22
_FIT_WEIGHT = 0.12
_UNSAID_PRICE = 0.8
"""What each line costs that a hook's rhythm can't carry."""
_SUNG_NOTES_MIN, _SUNG_VARIETY = 4, 0.45
_ROOM_A_SYLLABLE = 0.06
"""Share of its span that a sung hook leaves free for each syllable by which other lines are longer."""
_REACH_MIN = 0.45
_NOTES_BY_AROUSAL = 3.0
"""Notes that the whole way from calm to aroused adds to a hook nobody sings."""


def find_hook(
    stresses: Sequence[tuple[int, ...]],
    spans: Sequence[tuple[int, int]],
    field: Harmonic,
    height: float,
    singer: Singer,
    rng: np.random.Generator,
    *,
    sung: int,
    candidates: int,
    endings: tuple[dict[int, float], float],
) -> Contour:
    """The hook: the first words of the refrain, or as many notes as the manner likes; at most nine in two bars.

    The best of ``candidates``: easy to keep (hook_value), and fit for the chords of every phrase of the refrain.
    ``sung``: how many phrases carry words; the rhythm suits the stresses of all of them. It is found in the phrase
    ``home_phrase`` of the refrain.
    """
    noise = rng.standard_normal(NOISE_PLACES)
    home = home_phrase(stresses[:sung])
    others = [number for number in range(sung) if number != home]
    lines = [stresses[number] for number in (home, *others)] if sung else []
    start, end = spans[home]
    span = start, min(end, start + HOOK_BARS_MAX * ticks_per_bar(singer.time_signature))
    best: tuple[float, Contour] | None = None
    for _ in range(candidates):
        rhythm, count = _hook_rhythm(lines, span, singer, rng)
        targets = arc(count, height, singer, rng)
        wish = Wish(
            np.concatenate([targets, np.full(len(rhythm.onsets) - count, targets[-1])]), _FREE_PULL, *endings,
            rng.standard_normal((len(rhythm.onsets), len(field.pitches))), 0.5,
        )  # fmt: skip
        contour = contour_of(rhythm, sing(rhythm, field, wish, None)[:count], singer)
        value = hook_value(contour) - _FIT_WEIGHT * _misfit(contour, spans, field, singer)
        value -= _UNSAID_PRICE * sum(
            best_lay(contour, stresses[number], spans[number], singer, noise, None) is None for number in others
        )
        if best is None or value > best[0]:
            best = (value, contour)
    if best is None:
        raise ValueError("a hook needs at least one candidate")
    return best[1]


def home_phrase(sung: Sequence[tuple[int, ...]]) -> int:
    """The number of the line that a hook is found in: the first with syllables enough for one, else the first."""
    return next((number for number, line in enumerate(sung) if len(line) >= HOOK_NOTES_MIN), 0)


def _hook_rhythm(
    sung: Sequence[tuple[int, ...]], span: tuple[int, int], singer: Singer, rng: np.random.Generator
) -> tuple[PhraseRhythm, int]:
    """(rhythm, how many of its notes are the hook): with words the whole line it is found in, the first of ``sung``."""
    noise = rng.standard_normal(NOISE_PLACES)
    manner = singer.manner
    entry = round(manner.entries[int(rng.integers(len(manner.entries)))] * TICKS_PER_QUARTER)
    if sung:
        count = min(len(sung[0]), max(min(len(line) for line in sung) + 1, _SUNG_NOTES_MIN), HOOK_NOTES_MAX)
        longer = max(len(line) for line in sung) - count
        reach = singer.pace.reach - _ROOM_A_SYLLABLE * max(0, longer - 1)
        pace = replace(singer.pace, variety=_SUNG_VARIETY, reach=max(reach, _REACH_MIN))
        stresses, has_pickups = _common_stresses(sung[0][:count], sung[1:])
        entry = max(entry, TICKS_PER_QUARTER // 2) if has_pickups else entry
        line = (*stresses, *(float(stress) for stress in sung[0][count:]))
        return place(line, span, pace, noise, entry_ticks=entry), count
    least, most = manner.hook_notes
    size = round((span[1] - span[0]) * manner.hook_share / TICKS_PER_QUARTER) * TICKS_PER_QUARTER
    inner = (span[0], min(span[1], span[0] + max(size, 2 * TICKS_PER_QUARTER)))
    livelier = round(_NOTES_BY_AROUSAL * (singer.mood.arousal - 0.5))
    count = min(max(int(rng.integers(least, most + 1)) + livelier, HOOK_NOTES_MIN), HOOK_NOTES_MAX)
    stressed = stress_pattern(count, singer.time_signature)
    return place(stressed, inner, singer.pace, noise, entry_ticks=entry), count


def _common_stresses(first: tuple[int, ...], others: Sequence[tuple[int, ...]]) -> tuple[tuple[float, ...], bool]:
    """(stresses that suit the first words and all other lines, whether some line begins with an upbeat)."""
    totals, lines, has_pickups = np.array(first, dtype=float), np.ones(len(first)), False
    for line in others:
        lead, skipped = alignment(first, line)
        has_pickups |= lead > 0
        size = min(len(line) - lead, len(first) - skipped)
        totals[skipped : skipped + size] += 0.7 * np.array(line[lead : lead + size])
        lines[skipped : skipped + size] += 0.7
    return tuple((totals / lines).tolist()), has_pickups


def _misfit(hook: Contour, spans: Sequence[tuple[int, int]], field: Harmonic, singer: Singer) -> float:
    """Mean price of the hook over all phrases, each moved to where it costs least."""
    prices = []
    for span in spans:
        rhythm = shifted(first_notes(hook.rhythm, len(hook.pitches)), span, ticks_per_bar(singer.time_signature))
        if rhythm is not None:
            prices.append(min(move_prices(np.array(hook.rungs), rhythm, field, singer, 0)))
    return float(np.mean(prices)) if prices else 0.0
