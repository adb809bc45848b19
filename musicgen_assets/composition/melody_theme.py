"""A theme in the making: phrases placed in time, contours quoted or drawn, pitches found, the best one kept.

Belongs here: candidates for the hook and for one section kind. Does not belong here: the whole melody (melody),
plans (melody_plan), the searches themselves (melody_rhythm, melody_pitch).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.composition.feel import metric_weight, swung
from musicgen_assets.composition.melody_contour import (
    Contour,
    Singer,
    arc,
    contour_of,
    first_notes,
    hook_value,
    pitches_at,
    quoted,
    rung,
)
from musicgen_assets.composition.melody_critic import criticise, mark
from musicgen_assets.composition.melody_pitch import Harmonic, Wish, playable, sing
from musicgen_assets.composition.melody_plan import Ending, PhrasePlan, phrase_plans
from musicgen_assets.composition.melody_rhythm import NOTE_MIN_TICKS, PhraseRhythm, place, shifted
from musicgen_assets.context.schema import SectionKind
from musicgen_assets.score.clock import ticks_per_bar
from musicgen_assets.score.material import SectionHarmony, Theme
from musicgen_assets.score.model import TICKS_PER_QUARTER, NoteRow
from musicgen_assets.theory.pitch import pitch_class
from musicgen_assets.theory.scales import scale_pitch_classes

Floats = NDArray[np.float64]

HOOK_NOTES_MAX = 9
HOOK_BARS_MAX = 2
_CLOSING_KINDS: tuple[SectionKind, ...] = ("chorus", "drop", "solo", "outro")
_SPARSE_KINDS: tuple[SectionKind, ...] = ("intro", "interlude", "build", "breakdown", "outro")
"""Kinds in which the head of the hook stands alone, with time after it."""
_NOISE_PLACES = 256
_ROOM_BELOW, _ROOM_ABOVE = 8, 9
_PULLS = {"hook": 1.2, "head": 0.7, "turned": 0.7, "free": 0.22}
_MODEL_PULL = 1.2
_EXACT_PULL = 4.0
_SQUEEZE = {"hook": 1.0, "head": 0.8, "turned": 0.8, "free": 1.0}
_QUOTE_IN_PLACE_SEMITONES = 2.5
_VELOCITIES: dict[SectionKind, int] = {
    "intro": 74, "verse": 78, "pre_chorus": 82, "chorus": 92, "bridge": 84, "solo": 90, "interlude": 78, "build": 84,
    "drop": 94, "breakdown": 72, "outro": 74,
}  # fmt: skip


@dataclass(frozen=True)
class ThemeBrief:
    """What one theme is made for. ``stresses`` per phrase, ``spans`` in ticks, ``height`` its wished middle."""

    kind: SectionKind
    harmony: SectionHarmony
    stresses: tuple[tuple[int, ...], ...]
    spans: tuple[tuple[int, int], ...]
    height: float
    candidates: int
    sung: int = 0
    """How many phrases, from the first, carry words: their notes are given. The others may quote at will."""


def find_hook(brief: ThemeBrief, singer: Singer, rng: np.random.Generator) -> Contour:
    """The hook: the first phrase of the refrain, at most nine notes in two bars, best of the brief's candidates."""
    stresses, span = brief.stresses[0], brief.spans[0]
    limit = span[0] + HOOK_BARS_MAX * ticks_per_bar(singer.time_signature)
    best: tuple[float, Contour] | None = None
    for _ in range(brief.candidates):
        rhythm = place(stresses, (span[0], min(span[1], limit)), singer.pace, rng.standard_normal(_NOISE_PLACES))
        count = min(len(rhythm.onsets), HOOK_NOTES_MAX)
        field = _field(brief, singer)
        targets = arc(count, brief.height, singer, rng)
        wish = Wish(
            np.concatenate([targets, np.full(len(rhythm.onsets) - count, targets[-1])]), _PULLS["free"],
            *_ending_prices("open", singer), rng.standard_normal((len(rhythm.onsets), len(field.pitches))), 0.5,
        )  # fmt: skip
        pitches = sing(rhythm, field, wish, None)
        contour = contour_of(rhythm, pitches[:count], singer)
        value = hook_value(contour)
        if best is None or value > best[0]:
            best = (value, contour)
    if best is None:
        raise ValueError("a hook needs at least one candidate")
    return best[1]


def find_theme(brief: ThemeBrief, singer: Singer, hook: Contour, rng: np.random.Generator) -> tuple[Theme, float]:
    """(the best of the brief's candidates by melody_critic, its mark)."""
    best: tuple[float, Theme] | None = None
    ending_pcs = _ending_pcs(brief, singer)
    for _ in range(brief.candidates):
        theme = _candidate(brief, singer, hook, rng)
        marks = criticise(
            theme, brief.harmony.chords, singer.tonic, singer.scale, singer.time_signature,
            register=brief.height, reach_semitones=singer.reach_semitones, ending_pcs=ending_pcs,
        )  # fmt: skip
        value = mark(marks)
        if best is None or value > best[0]:
            best = (value, theme)
    if best is None:
        raise ValueError("a theme needs at least one candidate")
    return best[1], best[0]


def hook_theme(hook: Contour, singer: Singer) -> Theme:
    """The hook as a theme of its own, from tick 0, at most two bars."""
    rows = _rows([first_notes(hook.rhythm, len(hook.pitches))], [hook.pitches], "chorus", singer)
    bar = ticks_per_bar(singer.time_signature)
    bars = min(HOOK_BARS_MAX, max(1, -(-max(row[0] + row[1] for row in rows) // bar)))
    clipped = tuple((s, min(d, bars * bar - s), p, v) for s, d, p, v in rows if s < bars * bar)
    return Theme(bars=bars, notes=clipped, phrases=((0, len(clipped)),))


def _candidate(brief: ThemeBrief, singer: Singer, hook: Contour, rng: np.random.Generator) -> Theme:
    plans = phrase_plans(brief.kind, len(brief.spans), rng)
    noise = rng.standard_normal(_NOISE_PLACES)
    field = _field(brief, singer)
    made: list[Contour] = []
    before: int | None = None
    for plan, span, stresses in zip(plans, brief.spans, brief.stresses, strict=True):
        model = made[plan.model] if plan.model is not None else hook if plan.source != "free" else None
        arrival = _arrival(brief, singer) if span == brief.spans[-1] else None
        is_free = len(made) >= brief.sung or _is_hook_itself(brief, plan)
        rhythm = _taken_over(brief.kind, plan, model, span, arrival, singer) if is_free else None
        if rhythm is None:
            rhythm = place(stresses, span, singer.pace, noise, model.rhythm if model else None, arrival)
        targets, pull = _targets(brief, plan, rhythm, model, singer, hook, rng)
        wish = Wish(
            targets, pull, *_ending_prices(plan.ending, singer),
            rng.standard_normal((len(rhythm.onsets), len(field.pitches))),
        )  # fmt: skip
        pitches = sing(rhythm, field, wish, before)
        before = pitches[-1]
        made.append(contour_of(rhythm, pitches, singer))
    rows = _rows([item.rhythm for item in made], [item.pitches for item in made], brief.kind, singer)
    ends = np.cumsum([len(item.pitches) for item in made]).tolist()
    phrases = tuple(zip([0, *ends[:-1]], ends, strict=True))
    return Theme(bars=brief.harmony.bars, notes=rows, phrases=phrases)


def _taken_over(
    kind: SectionKind,
    plan: PhrasePlan,
    model: Contour | None,
    span: tuple[int, int],
    arrival: int | None,
    singer: Singer,
) -> PhraseRhythm | None:
    """The model's own rhythm in another span, where it fits there: all of it, or its first notes for a head."""
    is_new = plan.model is None
    if model is None or (is_new and plan.source in ("free", "turned")):
        return None
    if is_new and plan.source == "head" and kind not in _SPARSE_KINDS:
        return None
    count = len(model.rhythm.onsets)
    if plan.source == "head" and is_new:
        count = min(count, max(3, round(0.6 * count)))
    moved = shifted(first_notes(model.rhythm, count), span, ticks_per_bar(singer.time_signature))
    if moved is None or (arrival is not None and moved.onsets[-1] < arrival):
        return None
    return moved


def _is_hook_itself(brief: ThemeBrief, plan: PhrasePlan) -> bool:
    """Whether the phrase is the one that the hook was found in."""
    return brief.kind == "chorus" and plan.source == "hook" and plan.model is None


def _arrival(brief: ThemeBrief, singer: Singer) -> int | None:
    """Where the closing chord begins, in kinds that close: the last note waits for it."""
    last = brief.harmony.chords[-1]
    is_home = last.root == pitch_class(singer.tonic)
    return last.start_ticks if is_home and brief.kind in _CLOSING_KINDS else None


def _targets(
    brief: ThemeBrief,
    plan: PhrasePlan,
    rhythm: PhraseRhythm,
    model: Contour | None,
    singer: Singer,
    hook: Contour,
    rng: np.random.Generator,
) -> tuple[Floats, float]:
    """(wished pitches, how firmly): a model's contour where the plan has one, else an arc of the phrase's own."""
    centre = brief.height + plan.lift
    drawn = arc(len(rhythm.onsets), centre, singer, rng)
    if model is None:
        return drawn, _PULLS["free"]
    rungs = quoted(model, rhythm)
    if plan.model is not None:
        return pitches_at(rungs + plan.shift, singer), _MODEL_PULL
    is_in_place = _is_hook_itself(brief, plan)
    middle = float(np.mean(model.pitches))
    move = 0.0 if abs(centre - middle) < _QUOTE_IN_PLACE_SEMITONES else rung(centre, singer) - rung(middle, singer)
    if is_in_place:
        move = 0.0
    mean = float(np.mean(model.rungs))
    sign = -1.0 if plan.source == "turned" else 1.0
    wished = mean + round(move) + sign * _SQUEEZE[plan.source] * (rungs - mean)
    targets = pitches_at(wished, singer)
    if plan.source == "head":
        kept = max(3, len(rhythm.onsets) // 2)
        targets[kept:] = 0.4 * targets[kept:] + 0.6 * drawn[kept:]
    is_same = is_in_place and rhythm.onsets[: len(hook.rhythm.onsets)] == hook.rhythm.onsets
    return targets, _EXACT_PULL if is_same else _PULLS[plan.source]


def _field(brief: ThemeBrief, singer: Singer) -> Harmonic:
    low = max(singer.low, round(brief.height) - _ROOM_BELOW)
    high = min(singer.high, round(brief.height) + _ROOM_ABOVE)
    chords = brief.harmony.chords
    return Harmonic(chords, singer.scale_pcs, playable(low, high, singer.scale_pcs, chords), singer.time_signature)


def _ending_prices(ending: Ending, singer: Singer) -> tuple[dict[int, float], float]:
    """(price by pitch class of a phrase's last note, price of any other)."""
    root = pitch_class(singer.tonic)
    steps = scale_pitch_classes(singer.tonic, singer.scale)
    if ending == "tonic":
        return {root: 0.0, steps[2]: 3.0, steps[4]: 4.0}, 6.0
    if ending == "rest":
        return {root: 0.0, steps[2]: 0.3, steps[4]: 0.6}, 2.0
    return {steps[1]: 0.0, steps[4]: 0.0, steps[2]: 0.3, steps[6]: 0.6, steps[5]: 0.6, steps[3]: 0.8, root: 1.5}, 1.8


def _ending_pcs(brief: ThemeBrief, singer: Singer) -> frozenset[int]:
    """Where a theme of this kind may end: home for those that close, a note of its last chord for the others."""
    last = frozenset(brief.harmony.chords[-1].pitch_classes)
    steps = scale_pitch_classes(singer.tonic, singer.scale)
    if brief.kind in _CLOSING_KINDS and steps[0] in last:
        return frozenset({steps[0]})
    return last


def _rows(
    rhythms: Sequence[PhraseRhythm], pitches: Sequence[Sequence[int]], kind: SectionKind, singer: Singer
) -> tuple[NoteRow, ...]:
    """Notes with swing and accents: strong beats and stresses a little louder."""
    bar = ticks_per_bar(singer.time_signature)
    rows: list[NoteRow] = []
    for rhythm, line in zip(rhythms, pitches, strict=True):
        for onset, length, pitch, stress in zip(rhythm.onsets, rhythm.lengths, line, rhythm.stresses, strict=True):
            start = swung(onset, singer.swing, singer.time_signature)
            end = swung(onset + length, singer.swing, singer.time_signature)
            if singer.swing != 0.5 and start % TICKS_PER_QUARTER == TICKS_PER_QUARTER // 2:
                start += 1  # an exact half beat would read as not yet swung
            accent = 8.0 * metric_weight(onset % bar, singer.time_signature) + 4.0 * stress - 4.0
            rows.append(
                (start, max(end - start, min(NOTE_MIN_TICKS, length)), pitch, round(_VELOCITIES[kind] + accent))
            )
    return tuple(rows)
