"""A theme in the making: phrases placed in time, contours quoted or drawn, pitches found, the best one kept.

Belongs here: candidates for one section kind. Does not belong here: the whole melody (melody), the hook
(melody_invention), plans (melody_plan), the searches themselves (melody_rhythm, melody_pitch).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.composition.chord_cadence import CLOSING_KINDS
from musicgen_assets.composition.feel import metric_weight, swung
from musicgen_assets.composition.melody_contour import (
    Contour,
    Singer,
    arc,
    contour_of,
    first_notes,
    pitches_at,
    quoted,
    rung,
)
from musicgen_assets.composition.melody_critic import criticise, mark
from musicgen_assets.composition.melody_hook import HOOK_BARS_MAX
from musicgen_assets.composition.melody_invention import find_hook, home_phrase
from musicgen_assets.composition.melody_manner import loudness, touch
from musicgen_assets.composition.melody_pitch import Harmonic, Wish, playable, sing
from musicgen_assets.composition.melody_plan import Ending, PhrasePlan, Source, phrase_plans
from musicgen_assets.composition.melody_restatement import Said, said
from musicgen_assets.composition.melody_rhythm import NOISE_PLACES, NOTE_MIN_TICKS, PhraseRhythm, place, shifted
from musicgen_assets.context.schema import SectionKind
from musicgen_assets.score.clock import ticks_per_bar
from musicgen_assets.score.material import SectionHarmony, Theme
from musicgen_assets.score.model import TICKS_PER_QUARTER, NoteRow
from musicgen_assets.theory.pitch import pitch_class
from musicgen_assets.theory.scales import avoided_pcs, scale_pitch_classes

Floats = NDArray[np.float64]

_SPARSE_KINDS: tuple[SectionKind, ...] = ("intro", "interlude", "build", "breakdown", "outro")
"""Kinds in which the head of the hook stands alone, with time after it."""
_ROOM_BELOW, _ROOM_ABOVE = 8, 9
_PULLS: dict[Source, float] = {"hook": 1.2, "head": 0.7, "turned": 0.7, "free": 0.22}
_MODEL_PULL = 1.2
_SQUEEZE = 0.8
_SUNG_VARIETY, _SUNG_TOUCH = 0.45, 0.9
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


def find_refrain_hook(brief: ThemeBrief, singer: Singer, candidates: int, rng: np.random.Generator) -> Contour:
    """The hook that the refrain of ``brief`` is built on."""
    sung = min(brief.sung, len(brief.spans))
    return find_hook(
        brief.stresses, brief.spans, _field(brief, singer), brief.height, singer, rng, sung=sung, candidates=candidates,
        endings=_ending_prices("open", singer),
    )  # fmt: skip


def find_theme(
    brief: ThemeBrief, singer: Singer, hook: Contour, rng: np.random.Generator, apart: Theme | None = None
) -> tuple[Theme, float]:
    """(the best of the brief's candidates by melody_critic, its mark). ``apart``: a theme it should not be like."""
    best: tuple[float, Theme] | None = None
    ending_pcs = _ending_pcs(brief, singer)
    for _ in range(brief.candidates):
        theme = _candidate(brief, singer, hook, rng)
        marks = criticise(
            theme, brief.harmony.chords, singer.tonic, singer.scale, singer.time_signature,
            register=brief.height, reach_semitones=singer.reach_semitones, ending_pcs=ending_pcs, apart=apart,
        )  # fmt: skip
        value = mark(marks)
        if best is None or value > best[0]:
            best = (value, theme)
    if best is None:
        raise ValueError("a theme needs at least one candidate")
    return best[1], best[0]


def hook_theme(hook: Contour, brief: ThemeBrief, singer: Singer) -> Theme:
    """The hook as a theme of its own, from tick 0, at most two bars."""
    rows = _rows([first_notes(hook.rhythm, len(hook.pitches))], [hook.pitches], brief, singer)
    bar = ticks_per_bar(singer.time_signature)
    lead = hook.rhythm.start // bar * bar
    rows = tuple((start - lead, duration, pitch, velocity) for start, duration, pitch, velocity in rows)
    bars = min(HOOK_BARS_MAX, max(1, -(-max(row[0] + row[1] for row in rows) // bar)))
    clipped = tuple((s, min(d, bars * bar - s), p, v) for s, d, p, v in rows if s < bars * bar)
    return Theme(bars=bars, notes=clipped, phrases=((0, len(clipped)),))


def _candidate(brief: ThemeBrief, singer: Singer, hook: Contour, rng: np.random.Generator) -> Theme:
    plans = phrase_plans(brief.kind, len(brief.spans), rng)
    making = _Making(
        brief,
        singer,
        hook,
        _field(brief, singer),
        rng,
        rng.standard_normal(NOISE_PLACES),
        _entry(brief, singer, hook, rng),
    )
    for number, plan in enumerate(plans):
        making.add(plan, number)
    made = making.made
    rows = _rows([item.rhythm for item in made], [item.pitches for item in made], brief, singer)
    ends = np.cumsum([len(item.pitches) for item in made]).tolist()
    phrases = tuple(zip([0, *ends[:-1]], ends, strict=True))
    return Theme(bars=brief.harmony.bars, notes=rows, phrases=phrases)


@dataclass
class _Making:
    """One candidate, phrase by phrase. ``entry_ticks``: how long its own phrases wait before their first note."""

    brief: ThemeBrief
    singer: Singer
    hook: Contour
    field: Harmonic
    rng: np.random.Generator
    noise: Floats
    entry_ticks: int
    made: list[Contour] = dataclass_field(default_factory=list)

    def add(self, plan: PhrasePlan, number: int) -> None:
        """The next phrase."""
        phrase = self._with_hook(plan, number) if plan.source == "hook" else self._other(plan, number)
        wish = Wish(
            phrase.targets, phrase.pulls, *_ending_prices(plan.ending, self.singer),
            self.rng.standard_normal((len(phrase.rhythm.onsets), len(self.field.pitches))),
        )  # fmt: skip
        before = self.made[-1].pitches[-1] if self.made else None
        self.made.append(contour_of(phrase.rhythm, sing(phrase.rhythm, self.field, wish, before), self.singer))

    def _with_hook(self, plan: PhrasePlan, number: int) -> Said:
        brief, singer = self.brief, self.singer
        is_home = brief.kind == "chorus"
        is_sung = number < brief.sung
        # A hook that was given was found in no line: words are laid under it like under any other phrase.
        is_its_line = not is_sung or len(self.hook.rhythm.onsets) == len(brief.stresses[number])
        move = plan.shift if is_home else plan.shift + _way_to(brief.height + plan.lift, self.hook, singer)
        return said(
            self.hook, brief.stresses[number], brief.spans[number], self.field, singer, self.rng, self.noise,
            centre=brief.height + plan.lift, move=move, answer=plan.answer, is_sung=is_sung,
            is_first=is_home and is_its_line and number == home_phrase(brief.stresses[: brief.sung]),
            arrival=self._arrival(number),
        )  # fmt: skip

    def _other(self, plan: PhrasePlan, number: int) -> Said:
        brief, span, stresses = self.brief, self.brief.spans[number], self.brief.stresses[number]
        model = self.made[plan.model] if plan.model is not None else self.hook if plan.source != "free" else None
        arrival = self._arrival(number)
        is_sung = number < brief.sung
        rhythm = None if is_sung else _taken_over(brief.kind, plan, model, span, arrival, self.singer)
        if rhythm is None:
            leant = model.rhythm if model is not None and plan.source != "turned" else None
            pace = replace(self.singer.pace, variety=min(self.singer.pace.variety, _SUNG_VARIETY)) if is_sung else None
            rhythm = place(stresses, span, pace or self.singer.pace, self.noise, leant, arrival, self.entry_ticks)
        targets, pull = _targets(brief, plan, rhythm, model, self.singer, self.rng)
        return Said(rhythm, targets, np.full(len(rhythm.onsets), pull))

    def _arrival(self, number: int) -> int | None:
        return _arrival(self.brief, self.singer) if number == len(self.brief.spans) - 1 else None


def _entry(brief: ThemeBrief, singer: Singer, hook: Contour, rng: np.random.Generator) -> int:
    """The wait of a theme's own phrases: another than the hook's, so that verse and chorus begin differently."""
    waits = [round(entry * TICKS_PER_QUARTER) for entry in singer.manner.entries]
    others = [wait for wait in waits if abs(wait - hook.offsets[0]) >= TICKS_PER_QUARTER // 4] or waits
    if brief.kind in ("verse", "bridge", "pre_chorus"):
        return others[int(rng.integers(len(others)))]
    return waits[int(rng.integers(len(waits)))]


def _way_to(centre: float, hook: Contour, singer: Singer) -> int:
    """Scale steps from the hook's own middle to ``centre``; none where it lies near."""
    middle = float(np.mean(hook.pitches))
    if abs(centre - middle) < _QUOTE_IN_PLACE_SEMITONES:
        return 0
    return round(rung(centre, singer) - rung(middle, singer))


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


def _arrival(brief: ThemeBrief, singer: Singer) -> int | None:
    """Where the closing chord begins, in kinds that close: the last note waits for it."""
    last = brief.harmony.chords[-1]
    is_home = last.root == pitch_class(singer.tonic)
    return last.start_ticks if is_home and brief.kind in CLOSING_KINDS else None


def _targets(
    brief: ThemeBrief,
    plan: PhrasePlan,
    rhythm: PhraseRhythm,
    model: Contour | None,
    singer: Singer,
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
    mean = float(np.mean(model.rungs))
    sign = -1.0 if plan.source == "turned" else 1.0
    targets = pitches_at(mean + _way_to(centre, model, singer) + sign * _SQUEEZE * (rungs - mean), singer)
    if plan.source == "head":
        kept = max(3, len(rhythm.onsets) // 2)
        targets[kept:] = 0.4 * targets[kept:] + 0.6 * drawn[kept:]
    return targets, _PULLS[plan.source]


def _field(brief: ThemeBrief, singer: Singer) -> Harmonic:
    low = max(singer.low, round(brief.height) - _ROOM_BELOW)
    high = min(singer.high, round(brief.height) + _ROOM_ABOVE)
    chords = brief.harmony.chords
    pitches = playable(low, high, singer.scale_pcs, chords)
    avoided = avoided_pcs(singer.tonic, singer.scale)
    intervals = tuple(singer.manner.interval_prices.get(size, 0.0) for size in range(13))
    leanings = tuple(singer.manner.pentatonic * (pitch % 12 in avoided) for pitch in pitches)
    return Harmonic(chords, singer.scale_pcs, pitches, singer.time_signature, leanings, intervals)


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
    if brief.kind in CLOSING_KINDS and steps[0] in last:
        return frozenset({steps[0]})
    return last


def _rows(
    rhythms: Sequence[PhraseRhythm], pitches: Sequence[Sequence[int]], brief: ThemeBrief, singer: Singer
) -> tuple[NoteRow, ...]:
    """Notes with swing, accents and the mood's touch: strong beats and stresses a little louder; words are held."""
    bar = ticks_per_bar(singer.time_signature)
    plain = loudness(singer.mood, _VELOCITIES[brief.kind])
    rows: list[NoteRow] = []
    for number, (rhythm, line) in enumerate(zip(rhythms, pitches, strict=True)):
        share = max(touch(singer.mood), _SUNG_TOUCH if number < brief.sung else 0.0)
        for index, (onset, length, pitch) in enumerate(zip(rhythm.onsets, rhythm.lengths, line, strict=True)):
            is_last = index == len(line) - 1
            start = swung(onset, singer.swing, singer.time_signature, singer.sixteenth_swing)
            end = swung(onset + length, singer.swing, singer.time_signature, singer.sixteenth_swing)
            if singer.swing != 0.5 and start % TICKS_PER_QUARTER == TICKS_PER_QUARTER // 2:
                start += 1  # an exact half beat would read as not yet swung
            held = round((end - start) * (1.0 if is_last else share))
            accent = 8.0 * metric_weight(onset % bar, singer.time_signature) + 4.0 * rhythm.stresses[index] - 4.0
            rows.append((start, max(held, min(NOTE_MIN_TICKS, length)), pitch, round(plain + accent)))
    return tuple(rows)
