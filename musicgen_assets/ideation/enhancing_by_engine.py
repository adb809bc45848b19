"""A prompt understood by a language model: it may fill in what the words left open, never change what they fixed.

Belongs here: the question, and taking over proposals that a context accepts. Does not belong here: reading prompts by
rule (enhancer, which always goes first), calling anybody (resources).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.paths import context_of
from musicgen_assets.context.wishes import EngineWishes
from musicgen_assets.engines.answers import EnhancementAnswer
from musicgen_assets.engines.asking import TextRequest
from musicgen_assets.engines.router import Standings, decide
from musicgen_assets.graph.job import Ask, Job
from musicgen_assets.ideation.overrides import normalise_overrides
from musicgen_assets.ideation.routing import ENHANCEMENT, early_need
from musicgen_assets.styles.loader import style_names

MAY_FILL = (
    "musical.key", "musical.scale", "musical.tempo_bpm", "musical.time_signature", "musical.genres", "musical.mood",
    "technical.duration_s", "creative.title", "creative.theme", "creative.has_vocals", "creative.language",
    "creative.voice",
)  # fmt: skip
_INSTRUCTIONS = (
    "You turn a request for music into musical decisions. Propose values for context paths that the request leaves "
    "open and that you can infer; leave out what you cannot. Each value is JSON text. Never contradict what is fixed. "
    'musical.genres is a list of {"name", "weight"}; musical.mood is {"valence", "arousal"}, each 0 to 1; musical.key '
    "is a tonic such as Eb. enhanced_prompt says the whole song in one or two sentences; confidence is 0 to 1."
)


def enhancing_engine(job: Job, wishes: EngineWishes, language: str, draw: str) -> str:
    """Who understands the prompt: the engine that took over, else the router's choice."""
    taken_over = job.data("reroutes").get(ENHANCEMENT)
    if taken_over:
        return str(taken_over["engine"])
    standings = Standings.model_validate(job.data("standings"))
    return decide(early_need(wishes, ENHANCEMENT, language, draw), standings).engine


def enhancement_request(prompt: str, fixed: Mapping[str, Any]) -> TextRequest:
    """What a language model is asked. ``fixed``: context paths and values that stand already."""
    told = json.dumps({path: fixed[path] for path in sorted(fixed)}, ensure_ascii=False, default=str)
    text = (
        f"Request: {prompt}\n\nFixed already: {told}\n\nPaths you may propose: {', '.join(MAY_FILL)}\n"
        f"Styles there are: {', '.join(style_names())}"
    )
    return TextRequest(task="prompt_enhancement", form="enhancement", instructions=_INSTRUCTIONS, text=text)


def asked_enhancement(
    job: Job, engine: str, prompt: str, fixed: Mapping[str, Any], wishes: EngineWishes
) -> EnhancementAnswer:
    """What ``engine`` makes of the prompt. Raises Failure (graph.job.Job.ask)."""
    need = early_need(wishes, ENHANCEMENT, "en", "")
    request = enhancement_request(prompt, fixed).model_dump(mode="json")
    ask = Ask(
        ENHANCEMENT, engine, request, need.model_dump(mode="json"), has_fallback=wishes.has_fallback,
        budget_usd=wishes.budget_usd,
    )  # fmt: skip
    answer = next(ref for ref in job.ask(ask) if ref.role == "answer")
    return EnhancementAnswer.model_validate_json(job.blob(answer).data)


def accepted(answer: EnhancementAnswer, fixed: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The proposals that fill what ``fixed`` leaves open and that a context accepts, and a line for each of all."""
    taken: dict[str, Any] = {}
    trace = []
    for proposal in answer.proposals:
        path = proposal.path.strip()
        why_not = _why_not(path, proposal.value_json, {**fixed, **taken})
        if why_not:
            trace.append(f"language model: {path} not taken: {why_not}")
            continue
        taken[path] = json.loads(proposal.value_json)
        trace.append(f"language model: {path} = {proposal.value_json} ({proposal.why})")
    return taken, trace


def _why_not(path: str, value_json: str, fixed: Mapping[str, Any]) -> str:
    if path not in MAY_FILL:
        return "it is not its to say"
    if any(f"{path}.".startswith(f"{known}.") or f"{known}.".startswith(f"{path}.") for known in fixed):
        return "it stands already"
    try:
        value = json.loads(value_json)
        context_of(normalise_overrides({path: value}))
    except json.JSONDecodeError:
        return "its value is no JSON"
    except BadInput as refusal:
        return refusal.rule
    return ""
