"""The ideation/context artifact: the resolved context, of a prompt or of a revision.

Belongs here: choosing between the two, and what people see of it. Does not belong here: resolving (resolver),
applying a change (revision).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.engines.capabilities import BUILT_IN
from musicgen_assets.engines.router import Standings
from musicgen_assets.graph.job import Job, Outcome, Payload
from musicgen_assets.graph.payloads import json_payload
from musicgen_assets.ideation.engine_brief import engine_brief
from musicgen_assets.ideation.players import DRUM_ROLES
from musicgen_assets.ideation.resolver import check_context, resolve
from musicgen_assets.ideation.revision import revised_of
from musicgen_assets.ideation.routing import ENHANCEMENT, LYRICS, SONG, VOCALS, routed, with_routing


def make_context(job: Job) -> Outcome:
    """The resolved CompositionContext, with who makes what of it.

    Roles: main; for a song that another engine than the built-in one makes or sings, also engine_brief; for words that
    another writes, also lyrics_wishes. Raises BadInput, and PermanentFailure where no engine can do what is asked.
    """
    brief = job.json("ideation/brief")
    standings = Standings.model_validate(job.data("standings"))
    if "revision" in brief:
        base = CompositionContext.model_validate(brief["revision"]["base"])
        return _outcome(routed(revised_of(brief["revision"]), standings, base), {})
    enhanced = job.json("ideation/enhanced_prompt")
    enhancement = {name: enhanced[name] for name in ("enhanced_prompt", "reasoning_trace", "confidence")}
    context = routed(resolve(brief, enhanced["parameters"], enhancement), standings, None)
    if "understood_by" in enhanced:
        context = with_routing(context, {ENHANCEMENT: (enhanced["understood_by"], "it understood the prompt")})
    return _outcome(context, brief["overrides"])


def _outcome(context: CompositionContext, overrides: Mapping[str, Any]) -> Outcome:
    return Outcome(content_of(context), facts=_facts(context), checks=[check_context(context, overrides)])


def content_of(context: CompositionContext) -> list[Payload]:
    """The context, and what another engine than the built-in one is told of it besides the score."""
    content, generation = [json_payload(context)], context.ai_decisions.generation
    if generation.routing[SONG] != BUILT_IN or VOCALS in generation.routing:
        content.append(json_payload(engine_brief(context), "engine_brief"))
    if generation.routing.get(LYRICS, BUILT_IN) != BUILT_IN:
        content.append(json_payload(generation.wishes, "lyrics_wishes"))
    return content


def _facts(context: CompositionContext) -> dict[str, float | int | str | bool]:
    musical = context.musical
    return {
        "key": f"{musical.key} {musical.scale}",
        "tempo_bpm": musical.tempo_bpm,
        "time_signature": musical.time_signature,
        "genres": ", ".join(f"{genre.name} {genre.weight:.0%}" for genre in musical.genres),
        "duration_s": context.technical.duration_s,
        "instruments": ", ".join(item.name for item in musical.instruments),
        "is_drumless": not any(item.role in DRUM_ROLES for item in musical.instruments),
        "has_vocals": context.creative.has_vocals,
        "language": context.creative.language,
        "seed": context.ai_decisions.generation.seed,
        **{
            f"{chosen.task}_by": f"{chosen.engine}: {chosen.reason}" for chosen in context.ai_decisions.model_selections
        },
    }
