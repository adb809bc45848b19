"""What a melody is to be, before its notes: registers, phrases, what each phrase quotes and how it ends.

Belongs here: plans by section kind. Does not belong here: rhythm and pitch search (melody_rhythm, melody_pitch).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from musicgen_assets.composition.melody_manner import manner_of, mood_height
from musicgen_assets.context.schema import Mood, SectionKind
from musicgen_assets.styles.schema import Style

Source = Literal["hook", "head", "turned", "free"]
Ending = Literal["open", "rest", "tonic"]

VOICE_CENTRES = {"low": 57, "middle": 63, "high": 68}
"""Middle of a song's melody by voice, MIDI: baritone A3, tenor or mezzo E-flat 4, soprano-like A-flat 4."""
VERSE_TO_CHORUS = 6.0
"""Semitones wished between the middles of verse and chorus; at least two must be left in the notes."""

_HEIGHTS: dict[SectionKind, float] = {
    "intro": 1.0, "verse": -3.0, "pre_chorus": -0.5, "chorus": 3.0, "bridge": 0.5, "solo": 4.0, "interlude": 0.5,
    "build": 0.0, "drop": 3.0, "breakdown": -2.0, "outro": 0.0,
}  # fmt: skip
_DENSITIES: dict[SectionKind, float] = {
    "intro": 0.75, "verse": 1.0, "pre_chorus": 1.0, "chorus": 1.0, "bridge": 0.85, "solo": 1.5, "interlude": 0.75,
    "build": 0.9, "drop": 1.0, "breakdown": 0.6, "outro": 0.65,
}  # fmt: skip
"""Notes of a kind without words, times the style's own density."""


@dataclass(frozen=True)
class PhrasePlan:
    """One phrase. ``source`` of its contour; ``model`` an earlier phrase of the theme that it takes up instead,
    moved by ``shift`` scale steps; ``lift`` moves the phrase's middle, in semitones. A hook is moved by about
    ``shift`` steps, and ``answer`` says whether the phrase goes on after it.
    """

    source: Source
    ending: Ending
    model: int | None = None
    shift: int = 0
    lift: float = 0.0
    answer: bool = False


def _hook(ending: Ending, shift: int = 0, *, answer: bool = False, model: int | None = None) -> PhrasePlan:
    return PhrasePlan("hook", ending, model, shift, answer=answer)


_CALLS = (
    (_hook("open"), _hook("rest", answer=True), _hook("open"), _hook("tonic", answer=True)),
    (_hook("open", answer=True), _hook("open", 1, answer=True), _hook("open", model=0, answer=True),
     _hook("tonic", answer=True)),
    (_hook("open"), _hook("open", 1), _hook("open", 2, answer=True), _hook("tonic", answer=True)),
    (_hook("open", answer=True), _hook("open", -1), _hook("open", model=0, answer=True), _hook("tonic")),
)  # fmt: skip
"""A chorus says its hook in every phrase: again, answered, or a step up or down."""
_FORMS: dict[SectionKind, tuple[tuple[PhrasePlan, ...], ...]] = {
    "chorus": _CALLS,
    "drop": _CALLS,
    "verse": (
        (PhrasePlan("free", "open"), PhrasePlan("free", "rest"), PhrasePlan("free", "open", model=0),
         PhrasePlan("free", "rest")),
        (PhrasePlan("free", "open"), PhrasePlan("free", "open", model=0, shift=-1),
         PhrasePlan("free", "open", lift=1.5), PhrasePlan("free", "rest", model=0)),
        (PhrasePlan("free", "open"), PhrasePlan("free", "open", model=0, shift=1),
         PhrasePlan("free", "open", model=0, shift=2), PhrasePlan("free", "rest", lift=-1.0)),
        (PhrasePlan("free", "open"), PhrasePlan("free", "open", model=0), PhrasePlan("turned", "open", lift=1.0),
         PhrasePlan("free", "rest", model=0, shift=-1)),
    ),
    "pre_chorus": (
        (PhrasePlan("free", "open"), PhrasePlan("free", "open", model=0, shift=2, lift=2.0),
         PhrasePlan("free", "open", model=0, shift=1), PhrasePlan("free", "open", lift=3.0)),
        (PhrasePlan("turned", "open"), PhrasePlan("turned", "open", model=0, shift=1, lift=1.0),
         PhrasePlan("turned", "open", model=0, shift=2, lift=2.0), PhrasePlan("free", "open", lift=3.0)),
    ),
    "bridge": (
        (PhrasePlan("turned", "open"), PhrasePlan("free", "open"), PhrasePlan("turned", "open", model=0, shift=1),
         PhrasePlan("head", "open", lift=2.0)),
        (PhrasePlan("free", "open"), PhrasePlan("free", "open", model=0, shift=-1),
         PhrasePlan("turned", "open", lift=1.0), PhrasePlan("free", "open", model=0, lift=2.0)),
    ),
    "intro": ((_hook("open"), PhrasePlan("head", "rest"), _hook("open", model=0),
               PhrasePlan("head", "rest", model=1)),),
    "solo": (
        (_hook("open"), PhrasePlan("free", "open", lift=1.5), _hook("open", 1, answer=True),
         PhrasePlan("free", "tonic", lift=2.0)),
        (PhrasePlan("turned", "open"), _hook("open", answer=True), PhrasePlan("turned", "open", model=0, shift=2),
         _hook("tonic", answer=True)),
    ),
    "interlude": ((_hook("open"), _hook("rest", -1), _hook("open"), PhrasePlan("head", "rest")),),
    "build": ((PhrasePlan("head", "open"), PhrasePlan("head", "open", model=0, shift=1, lift=1.5),
               PhrasePlan("head", "open", model=0, shift=2, lift=3.0), PhrasePlan("free", "open", lift=4.0)),),
    "breakdown": ((PhrasePlan("head", "open"), PhrasePlan("free", "open"), PhrasePlan("head", "open", model=0),
                   PhrasePlan("free", "rest", model=1)),),
    "outro": ((_hook("open"), PhrasePlan("head", "tonic"), _hook("rest"), PhrasePlan("head", "tonic", model=1)),),
}  # fmt: skip


def phrase_plans(kind: SectionKind, count: int, rng: np.random.Generator) -> tuple[PhrasePlan, ...]:
    """Plans for ``count`` phrases: a form of the kind, shortened keeping its last phrase, or gone round again."""
    forms = _FORMS[kind]
    form = forms[int(rng.integers(len(forms)))]
    if count == 1:
        return (PhrasePlan(form[0].source, form[-1].ending),)
    if count == 2:
        return (form[0], replace(form[1], ending=form[-1].ending))
    if count == 3:
        return (*form[:2], _without_forward_model(form[-1], 2))
    plans: list[PhrasePlan] = []
    for index in range(count):
        plan = form[index % len(form)]
        base = index - index % len(form)
        is_early_close = index % len(form) == len(form) - 1 and index < count - 1
        ending: Ending = "open" if is_early_close else plan.ending
        if index == count - 1:
            ending = form[-1].ending
        model = plan.model if base == 0 else (plan.model + base if plan.model is not None else index - len(form))
        plans.append(replace(plan, ending=ending, model=model))
    return tuple(plans)


def height(kind: SectionKind, voice: str, style: Style, mood: Mood) -> float:
    """The middle of a section's melody as a MIDI pitch: higher choruses, lower verses; narrow styles differ less,
    bright and aroused moods lie higher.
    """
    scale = min(max(style.melody_range_semitones / 14.0, 0.85), 1.25)
    return VOICE_CENTRES[voice] + _HEIGHTS[kind] * scale + mood_height(mood)


def song_range(voice: str, style: Style) -> tuple[int, int]:
    """Lowest and highest MIDI pitch of a song's melody: the style's range and room for verses and choruses."""
    half = style.melody_range_semitones / 2.0 + 3.0
    centre = VOICE_CENTRES[voice]
    return round(centre - half), round(centre + half)


def note_count(kind: SectionKind, style: Style, mood: Mood, quarters: float, tempo_bpm: float) -> int:
    """Notes of a phrase without words that spans ``quarters`` quarter notes: density by style, mood and tempo."""
    density = min(max(style.melody_density + 0.25 * (mood.arousal - 0.5), 0.1), 1.0)
    per_quarter = (
        manner_of(style).density * (0.55 + 1.25 * density) * _DENSITIES[kind] * min(max(115.0 / tempo_bpm, 0.65), 1.35)
    )
    return int(min(max(round(per_quarter * quarters * 0.8), 3), 14))


def natural_note_s(style: Style, mood: Mood) -> float:
    """Seconds a note takes when nothing hurries it: 0.42 in calm styles to 0.24 in dense ones, by their manner."""
    density = min(max(style.melody_density + 0.3 * (mood.arousal - 0.5), 0.0), 1.0)
    return (0.42 - 0.18 * density) * manner_of(style).pace


def _without_forward_model(plan: PhrasePlan, index: int) -> PhrasePlan:
    return replace(plan, model=plan.model if plan.model is not None and plan.model < index else None)
