"""Prompt understanding in six steps, each leaving lines in the trace: intent, elements, preferences, theory,
parameters, template.

Belongs here: the order of the steps, the confidence, and the template: the song in one sentence. Does not belong here:
the steps that read (steps) and weigh (fitting), finding words (wording), deriving what was not asked for (resolver).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.paths import context_of, refuse_wrong_kinds
from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.engines.capabilities import BUILT_IN
from musicgen_assets.engines.naming import WISHES
from musicgen_assets.graph.job import Job, Outcome
from musicgen_assets.graph.payloads import json_payload
from musicgen_assets.ideation.fitting import first_lines, parameters, preferences, theory
from musicgen_assets.ideation.given_words import read_given_words
from musicgen_assets.ideation.overrides import normalise_overrides
from musicgen_assets.ideation.resolver import HAS_VOCALS, LYRICS, PREFERENCES, resolve
from musicgen_assets.ideation.steps import elements, intent
from musicgen_assets.ideation.wording.understanding import Findings, understand

CONFIDENCE_BASE, CONFIDENCE_MAX = 0.15, 0.98


@dataclass(frozen=True)
class Proposal:
    """What the prompt comes to. ``confidence`` 0-1: how much of a song the words fixed."""

    parameters: dict[str, Any]
    trace: tuple[str, ...]
    confidence: float


def make_enhanced_prompt(job: Job) -> Outcome:
    """The ideation/enhanced_prompt artifact."""
    brief = job.json("ideation/brief", "wording")
    overrides = normalise_overrides(brief["overrides"])
    result = propose(brief["prompt"], overrides)
    result, engine = _with_model(job, brief, overrides, result)
    context = resolve(brief, result.parameters)
    sentence = describe(context)
    technical = parameters(result.parameters, overrides, context)
    trace = [*result.trace, *technical.trace, f"template: {sentence}"]
    content = {
        "original_prompt": brief["prompt"],
        "enhanced_prompt": sentence,
        "parameters": result.parameters,
        "reasoning_trace": trace,
        "confidence": result.confidence,
        **({} if engine == BUILT_IN else {"understood_by": engine}),
    }
    facts: dict[str, float | int | str | bool] = {
        "confidence": result.confidence,
        "enhanced_prompt": sentence,
        "parameters": len(result.parameters),
        "understood_by": engine,
    }
    return Outcome([json_payload(content)], facts=facts)


def _with_model(
    job: Job, brief: Mapping[str, Any], overrides: Mapping[str, Any], read: Proposal
) -> tuple[Proposal, str]:
    """What was read by rule, with what a language model fills in besides, where one is to be asked."""
    from musicgen_assets.ideation.enhancing_by_engine import accepted, asked_enhancement, enhancing_engine

    wishes = context_of(_wishes_in(overrides)).ai_decisions.generation.wishes
    engine = enhancing_engine(job, wishes, "en", f"{brief['seed']}|{brief['prompt']}")
    if engine == BUILT_IN:
        return read, engine
    fixed = {**read.parameters, **overrides}
    answer = asked_enhancement(job, engine, brief["prompt"], fixed, wishes)
    taken, trace = accepted(answer, fixed)
    parameters = dict(sorted({**read.parameters, **taken}.items()))
    try:
        resolve(brief, parameters)
    except BadInput as refusal:  # each of them holds by itself, all together they do not
        return replace(read, trace=(*read.trace, f"language model: nothing taken: {refusal.message}")), engine
    return Proposal(parameters, (*read.trace, *trace), max(read.confidence, min(answer.confidence, 0.98))), engine


def _wishes_in(overrides: Mapping[str, Any]) -> dict[str, Any]:
    return {path: value for path, value in overrides.items() if path == WISHES or path.startswith(f"{WISHES}.")}


def propose(prompt: str, overrides: Mapping[str, Any] | None = None) -> Proposal:
    """The four steps that read and weigh; technical parameters and the template need the resolved context.

    ``overrides`` (in the context's spelling) stand in for what the prompt leaves out where steps look at each other:
    stored preferences, given words, another genre. Raises BadInput on numbers out of range, contradictory meters and
    words that nobody can sing.
    """
    fixed = overrides or {}
    voice = {HAS_VOCALS: True} if fixed.get(LYRICS) else {}
    refuse_wrong_kinds({**voice, **fixed})
    found = understand(prompt)
    asked_language = fixed.get("creative.language")
    words = read_given_words(fixed.get(LYRICS), asked_language, found.sung_language, found.language)
    steps = [intent(found, words, {**voice, **fixed}), elements(found)]
    said: dict[str, Any] = {path: value for step in steps for path, value in step.parameters.items()}
    stored = fixed.get(PREFERENCES)
    steps.append(preferences(stored if isinstance(stored, Mapping) else {}, said, is_genre_named=bool(found.genres)))
    said.update(steps[-1].parameters)
    steps.append(theory(said, fixed))
    return Proposal(dict(sorted(said.items())), first_lines(steps), confidence(found))


def confidence(found: Findings) -> float:
    """How much the words fixed, 0-1: a named genre most, then mood, then numbers. Nonsense stays under .4."""
    parts = {
        0.3 if not found.typos else 0.2: bool(found.genres),
        0.15: found.mood is not None,
        0.12: found.tempo.value is not None or found.tempo_mark is not None or bool(found.tempo_words),
        0.11: bool(found.keys),
        0.13: bool(found.wishes.wanted or found.wishes.excluded_roles or found.wishes.unwanted),
        0.1: found.duration.value is not None,
        0.09: found.theme is not None or found.singing.is_asked is not None or found.purpose is not None,
        0.06: found.meter.value is not None,
        0.05: bool(found.structure or found.with_sections or found.hits.points),
        0.04: found.era is not None,
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


def _level(value: float, low: str, middle: str, high: str) -> str:
    return low if value < 0.4 else middle if value < 0.6 else high
