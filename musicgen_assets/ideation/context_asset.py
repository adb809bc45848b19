"""The ideation/context artifact: the resolved context, of a prompt or of a revision.

Belongs here: choosing between the two, and what people see of it. Does not belong here: resolving (resolver),
applying a change (revision).
"""

from __future__ import annotations

from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.graph.job import Job, Outcome
from musicgen_assets.graph.payloads import json_payload
from musicgen_assets.ideation.players import DRUM_ROLES
from musicgen_assets.ideation.resolver import check_context, resolve
from musicgen_assets.ideation.revision import revised_of


def make_context(job: Job) -> Outcome:
    """The resolved CompositionContext. Raises BadInput."""
    brief = job.json("ideation/brief")
    if "revision" in brief:
        context = revised_of(brief["revision"])
        return Outcome([json_payload(context)], facts=_facts(context), checks=[check_context(context, {})])
    enhanced = job.json("ideation/enhanced_prompt")
    enhancement = {name: enhanced[name] for name in ("enhanced_prompt", "reasoning_trace", "confidence")}
    context = resolve(brief, enhanced["parameters"], enhancement)
    return Outcome([json_payload(context)], facts=_facts(context), checks=[check_context(context, brief["overrides"])])


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
    }
