"""Prompt understanding in six steps, each leaving lines in the trace: intent, elements, preferences, theory,
parameters, template.

Belongs here: turning findings into context parameters, with reasons and a confidence. Does not belong here:
finding words (understanding), deriving what was not asked for (resolver).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.graph.job import Job, Outcome
from musicgen_assets.graph.payloads import json_payload
from musicgen_assets.ideation.overrides import normalise_overrides
from musicgen_assets.ideation.proposal import genres_without, nearest_style
from musicgen_assets.ideation.resolver import CONSTRAINTS, PREFERENCES, SEPARATOR, resolve
from musicgen_assets.ideation.wording.genres import is_related
from musicgen_assets.ideation.wording.understanding import Findings, understand

CONFIDENCE_BASE, CONFIDENCE_MAX = 0.15, 0.98
_MODIFIERS_MAX = 8


@dataclass(frozen=True)
class Step:
    """What one step found: context paths to values, and lines for the trace."""

    parameters: Mapping[str, Any]
    trace: tuple[str, ...]


@dataclass(frozen=True)
class Proposal:
    """What the prompt comes to. ``confidence`` 0-1: how much of a song the words fixed."""

    parameters: dict[str, Any]
    trace: tuple[str, ...]
    confidence: float


def make_enhanced_prompt(job: Job) -> Outcome:
    """The ideation/enhanced_prompt artifact."""
    brief = job.json("ideation/brief", "wording")
    result = propose(brief["prompt"])
    context = resolve(brief, result.parameters)
    sentence = describe(context)
    trace = [*result.trace, *_override_lines(brief["overrides"]), f"template: {sentence}"]
    content = {
        "original_prompt": brief["prompt"],
        "enhanced_prompt": sentence,
        "parameters": result.parameters,
        "reasoning_trace": trace,
        "confidence": result.confidence,
    }
    facts: dict[str, float | int | str | bool] = {
        "confidence": result.confidence,
        "enhanced_prompt": sentence,
        "parameters": len(result.parameters),
    }
    return Outcome([json_payload(content)], facts=facts)


def propose(prompt: str) -> Proposal:
    """The five steps that read and decide; the sixth, the template, needs the resolved context.

    Raises BadInput on numbers out of range and contradictory meters.
    """
    found = understand(prompt)
    steps = (intent(found), elements(found), preferences(found), theory(found))
    parameters: dict[str, Any] = {}
    for step in steps:
        parameters.update(step.parameters)
    count = f"parameters: {len(parameters)} values fixed by the prompt; the rest follows from the style"
    trace = (*(line for step in steps for line in step.trace), count)
    return Proposal(dict(sorted(parameters.items())), trace, confidence(found))


def intent(found: Findings) -> Step:
    """What kind of thing is asked for: sung or not, about what, in which language, how long, named how."""
    values: dict[str, Any] = {"creative.language": found.sung_language or found.language}
    trace = [f"intent: the prompt reads as {found.language}"]
    if found.sung_language:
        trace.append(f"intent: the words are to be in {found.sung_language}")
    if found.singing.is_asked is not None:
        values["creative.has_vocals"] = found.singing.is_asked
        trace.append("intent: a song with words" if found.singing.is_asked else "intent: an instrumental")
    else:
        trace.append("intent: no voice was asked for, so it is an instrumental")
    trace += [f"intent: {note}" for note in found.singing.notes]
    if found.theme:
        values["creative.theme"] = found.theme.text
        trace.append(f"intent: it is about {found.theme.text!r}")
    if found.voice:
        values["creative.voice"] = found.voice
    title = found.title or (found.made_title if found.theme or not found.singing.is_asked else "")
    if title:
        values["creative.title"] = title
    if found.duration.value is not None:
        values["technical.duration_s"] = found.duration.value
        trace.append(f"intent: {found.duration.value:g} seconds long")
    trace += [f"intent: {note}" for note in found.duration.notes]
    return Step(values, tuple(trace))


def elements(found: Findings) -> Step:
    """The musical elements named: genres, mood, instruments."""
    values: dict[str, Any] = {}
    trace = []
    if found.genres:
        values["musical.genres"] = list(found.genres)
        named = " and ".join(f"{genre['name']} {genre['weight']:.0%}" for genre in found.genres)
        trace.append(f"elements: genres named: {named}")
        trace += [f"elements: {word!r} was taken for {alias!r}" for word, alias in sorted(found.typos.items())]
        trace += [
            f"elements: {term.text!r} has no style of its own; {term.value} is nearest"
            for term in found.terms
            if term.kind == "genre" and not term.is_negated and is_related(term.text)
        ]
    else:
        name, reason = _chosen_style(found)
        values["musical.genres"] = [{"name": name, "weight": 1.0}]
        trace.append(f"elements: no genre named; {name} {reason}")
    if found.avoided_genres:
        trace.append(f"elements: not {', '.join(found.avoided_genres)}")
    if found.mood:
        values["musical.mood"] = found.mood.model_dump()
        values["creative.style_modifiers"] = list(found.mood_words[:_MODIFIERS_MAX])
        trace.append(
            f"elements: mood from {', '.join(found.mood_words)}: "
            f"valence {found.mood.valence:.2f}, arousal {found.mood.arousal:.2f}"
        )
    if not trace[-1].startswith("elements: mood"):
        trace.append("elements: no mood words; the style's own mood")
    return Step(values, tuple(trace))


def preferences(found: Findings) -> Step:
    """What is wanted and what is not: instruments, roles, sections, references."""
    wishes = found.wishes
    wanted = {
        "instruments": SEPARATOR.join(wishes.wanted),
        "roles": SEPARATOR.join(wishes.wanted_roles),
    }
    unwanted = {
        "without_instruments": SEPARATOR.join(wishes.unwanted),
        "without_sections": SEPARATOR.join(found.without_sections),
        "only_these_instruments": "yes" if wishes.is_only else "",
    }
    values: dict[str, Any] = {
        PREFERENCES: {name: text for name, text in wanted.items() if text},
        CONSTRAINTS: {name: text for name, text in unwanted.items() if text},
    }
    if wishes.excluded_roles:
        values["musical.excluded_roles"] = list(wishes.excluded_roles)
    if found.references:
        values["creative.references"] = list(found.references)
    trace = [f"preferences: {name.replace('_', ' ')}: {text}" for name, text in values[PREFERENCES].items()]
    trace += [f"preferences: {name.replace('_', ' ')}: {text}" for name, text in values[CONSTRAINTS].items()]
    if wishes.excluded_roles:
        trace.append(f"preferences: nobody plays {', '.join(wishes.excluded_roles)}")
    return Step(values, tuple(trace) or ("preferences: none were stated",))


def theory(found: Findings) -> Step:
    """Key, tempo, meter and structure as asked; a number beats a word."""
    values: dict[str, Any] = {}
    trace = [*_key(found, values), *_tempo(found, values), *(f"theory: {note}" for note in found.meter.notes)]
    if found.meter.value:
        values["musical.time_signature"] = found.meter.value
        trace.append(f"theory: {found.meter.value}" + (", as the dance implies" if found.meter.is_implied else ""))
    if found.structure:
        values["musical.structure"] = [{"kind": kind} for kind in found.structure]
        trace.append(f"theory: sections in order: {' '.join(found.structure)}")
    return Step(values, tuple(trace) or ("theory: key, tempo and meter are left to the style",))


def confidence(found: Findings) -> float:
    """How much the words fixed, 0-1: a named genre most, then mood, then numbers. Nonsense stays under .4."""
    parts = {
        0.3 if not found.typos else 0.2: bool(found.genres),
        0.15: found.mood is not None,
        0.12: found.tempo.value is not None or found.tempo_mark is not None or bool(found.tempo_words),
        0.11: bool(found.keys),
        0.13: bool(found.wishes.wanted or found.wishes.excluded_roles or found.wishes.unwanted),
        0.1: found.duration.value is not None,
        0.09: found.theme is not None or found.singing.is_asked is not None,
        0.06: found.meter.value is not None,
        0.05: bool(found.structure),
    }
    return round(min(CONFIDENCE_BASE + sum(part for part, is_there in parts.items() if is_there), CONFIDENCE_MAX), 2)


def describe(context: CompositionContext) -> str:
    """The resolved song in one English sentence."""
    musical, creative = context.musical, context.creative
    genres = " and ".join(
        genre.name.replace("_", " ") + (f" ({genre.weight:.0%})" if len(musical.genres) > 1 else "")
        for genre in musical.genres
    )
    minutes, seconds = divmod(round(context.technical.duration_s), 60)
    mood = f"{_level(musical.mood.valence, 'dark', 'bittersweet', 'bright')} and " + _level(
        musical.mood.arousal, "calm", "moderate", "energetic"
    )
    kind = f"sung in {creative.language}" if creative.has_vocals else "instrumental"
    about = f" about {creative.theme}" if creative.theme else ""
    band = ", ".join(dict.fromkeys(item.name for item in musical.instruments))
    return (
        f"{genres[:1].upper()}{genres[1:]}, {kind}{about}: {mood}, {musical.key} {musical.scale}, "
        f"{musical.tempo_bpm:g} BPM in {musical.time_signature}, {minutes}:{seconds:02d}, with {band}."
    )


def _chosen_style(found: Findings) -> tuple[str, str]:
    wishes = found.wishes
    name = nearest_style(found.mood, wishes.wanted, found.meter.value, is_only=wishes.is_only)
    if name is None or name in found.avoided_genres:
        return genres_without(found.avoided_genres), "is the default"
    return name, "suits the mood, instruments and meter best"


def _key(found: Findings, values: dict[str, Any]) -> list[str]:
    if not found.keys:
        return []
    first = found.keys[0]
    if first.tonic:
        values["musical.key"] = first.tonic
    if first.scale:
        values["musical.scale"] = first.scale
    trace = [f"theory: {first.text!r} means {first.tonic or 'any tonic'} {first.scale or 'in the scale that fits'}"]
    others = {(key.tonic, key.scale) for key in found.keys[1:]} - {(first.tonic, first.scale)}
    if others:
        trace.append("theory: several keys were named; the first is where the song is at home")
    return trace


def _tempo(found: Findings, values: dict[str, Any]) -> list[str]:
    words = [term for term in found.tempo_words if not term.is_negated]
    trace = [f"theory: {note}" for note in found.tempo.notes]
    if found.tempo.value is not None:
        values["musical.tempo_bpm"] = found.tempo.value
        trace.append(f"theory: {found.tempo.value:g} BPM, as asked")
        said = [*(term.text for term in words), *([found.tempo_mark[0]] if found.tempo_mark else [])]
        if said:
            trace.append(f"theory: the number beats {', '.join(said)}")
    elif found.tempo_mark is not None and not words:
        values["musical.tempo_bpm"] = found.tempo_mark[1]
        trace.append(f"theory: {found.tempo_mark[0]} is about {found.tempo_mark[1]:g} BPM")
    elif found.tempo_words:
        position = _position(found)
        values[f"{PREFERENCES}.tempo"] = f"{position:g}"
        trace.append(f"theory: {', '.join(t.text for t in found.tempo_words)}: {position:.0%} of the style's range")
    return trace


def _position(found: Findings) -> float:
    """Where tempo words stand in a style's range; "not too fast" is the middle, a little to the other side."""
    places = [0.5 - (float(t.value) - 0.5) * 0.3 if t.is_negated else float(t.value) for t in found.tempo_words]
    return round(sum(places) / len(places), 3)


def _override_lines(overrides: Mapping[str, Any]) -> list[str]:
    return [f"parameters: {path} is overridden" for path in normalise_overrides(overrides)]


def _level(value: float, low: str, middle: str, high: str) -> str:
    return low if value < 0.4 else middle if value < 0.6 else high
