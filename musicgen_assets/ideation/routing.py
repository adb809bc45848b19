"""Which engine does what of a version, written into its context before anything is paid.

Belongs here: what a context needs of its engines, and the choice as the context's own decision. Does not belong here:
choosing (engines.router), asking anybody (production.take, composition.lyrics).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from musicgen_assets.context.decided import ROUTING
from musicgen_assets.context.failures import BadInput, PermanentFailure
from musicgen_assets.context.schema import CompositionContext, ModelSelection
from musicgen_assets.context.wishes import EngineWishes, Slot
from musicgen_assets.engines.asking import EngineTask
from musicgen_assets.engines.capabilities import BUILT_IN, Input, capabilities_of
from musicgen_assets.engines.naming import WISHES
from musicgen_assets.engines.router import Decision, Need, Standings, decide, unable, wished

SONG: Slot = "full_song"
LYRICS: Slot = "lyrics"
VOCALS: Slot = "vocals"
ENHANCEMENT: Slot = "prompt_enhancement"
STEMS: Slot = "stem_separation"


def check_wishes(wishes: EngineWishes) -> None:
    """Raise BadInput for an engine that is none, or can't fill the slot it is wished for, whoever is configured."""
    for slot, name in wishes.engines.items():
        engine = capabilities_of(name)
        tasks: tuple[EngineTask, ...] = ("full_song", "instrumental") if slot == SONG else (slot,)
        if not set(tasks) & set(engine.tasks):
            raise BadInput(
                f"{WISHES}.engines.{slot}", name, f"it does {', '.join(engine.tasks)}",
                way_out="See what each can do: musicgen engines.",
            )  # fmt: skip
    band = wishes.engines.get(SONG, BUILT_IN)
    if band != BUILT_IN and wishes.engines.get(VOCALS, BUILT_IN) != BUILT_IN:
        raise BadInput(
            f"{WISHES}.engines.{VOCALS}", wishes.engines[VOCALS], f"{band} makes the whole song, its voice too",
            way_out=f"Leave the band to the built-in engine, or the voice to {band}.",
        )  # fmt: skip


def refuse_routing(overrides: Mapping[str, Any]) -> None:
    """Raise BadInput where somebody sets the decision itself: it is taken by one router, and recorded."""
    for path, value in overrides.items():
        if path == ROUTING or path.startswith(f"{ROUTING}."):
            slot = path.removeprefix(ROUTING).strip(".") or SONG
            raise BadInput(
                path, value, "who does what is decided by the router",
                way_out=f"Say whom you want with --engine NAME, or --set {WISHES}.engines.{slot}=NAME.",
            )  # fmt: skip


def need_of(context: CompositionContext, slot: Slot) -> Need:
    """What ``slot`` of a song with this context asks of an engine."""
    return Need(task=_task(context, slot), **_asked(context, slot))


def early_need(wishes: EngineWishes, slot: Slot, language: str, draw: str) -> Need:
    """The same before there is a context: what has to be known of a prompt to have it understood."""
    return Need(task=slot, language=language, draw=draw, **wished(wishes, slot))


def routed(context: CompositionContext, standings: Standings, base: CompositionContext | None) -> CompositionContext:
    """``context`` with its routing: as in ``base``, where that still can be, else chosen now.

    Raises PermanentFailure where nobody can do what is asked.
    """
    slots: list[Slot] = [SONG]
    if context.creative.has_vocals and not context.creative.lyrics:
        slots.append(LYRICS)
    decisions = [_decided(context, slot, standings, base) for slot in slots]
    if decisions[0].engine != BUILT_IN:  # what another engine makes may come as a mix
        slots.append(STEMS)
        decisions.append(_decided(context, STEMS, standings, base))
    if context.creative.has_vocals and decisions[0].engine == BUILT_IN and _is_voice_wished(context, standings):
        slots.append(VOCALS)
        decisions.append(_decided(context, VOCALS, standings, base))
    routing: dict[str, str] = {slot: one.engine for slot, one in zip(slots, decisions, strict=True)}
    named = {slot: engine for slot, engine in routing.items() if slot == SONG or engine != BUILT_IN}
    selections = tuple(_selection(slot, one) for slot, one in zip(slots, decisions, strict=True) if slot in named)
    return _with(context, named, selections)


def with_routing(context: CompositionContext, engines: Mapping[str, tuple[str, str]]) -> CompositionContext:
    """``context`` with slots given to other engines: slot to (engine, reason)."""
    decisions = context.ai_decisions
    routing = {**decisions.generation.routing, **{slot: engine for slot, (engine, _) in engines.items()}}
    routing = {slot: engine for slot, engine in routing.items() if slot == SONG or engine != BUILT_IN}
    told = {selection.task: selection for selection in decisions.model_selections}
    told |= {slot: ModelSelection(task=slot, engine=engine, reason=why) for slot, (engine, why) in engines.items()}
    return _with(context, routing, tuple(told[slot] for slot in routing if slot in told))


def _is_voice_wished(context: CompositionContext, standings: Standings) -> bool:
    """Whether somebody asks for another voice than the guide's: nobody pays for one without having said so."""
    return VOCALS in context.ai_decisions.generation.wishes.engines or VOCALS in standings.preferred


def _with(
    context: CompositionContext, routing: Mapping[str, str], selections: tuple[ModelSelection, ...]
) -> CompositionContext:
    generation = context.ai_decisions.generation.model_copy(update={"routing": dict(routing)})
    decisions = context.ai_decisions.model_copy(update={"generation": generation, "model_selections": selections})
    return context.model_copy(update={"ai_decisions": decisions})


def _decided(
    context: CompositionContext, slot: Slot, standings: Standings, base: CompositionContext | None
) -> Decision:
    """``base``'s engine where it still can be, with the reason for it today where today's choice is the same.

    So a version tells the reason that a song made of its context from scratch would tell.
    """
    kept = _kept(context, slot, base)
    try:
        chosen = decide(need_of(context, slot), standings)
    except PermanentFailure:  # nobody is able any more as things stand now, or within the budget that is left
        if kept is None:
            raise
        return kept
    return kept if kept and kept.engine != chosen.engine else chosen


def _kept(context: CompositionContext, slot: Slot, base: CompositionContext | None) -> Decision | None:
    """The decision that ``base`` took, where the wishes are the same and its engine can still do what is asked."""
    if base is None or base.ai_decisions.generation.wishes != context.ai_decisions.generation.wishes:
        return None
    name = base.ai_decisions.generation.routing.get(slot, BUILT_IN)
    need, engine = need_of(context, slot), capabilities_of(name)
    if unable(need, engine):
        return None
    told = next((one.reason for one in base.ai_decisions.model_selections if one.task == slot), "")
    return Decision(
        task=need.task, engine=name, reason=told or "as before", estimate_usd=engine.cost_usd(need.duration_s),
        expected_s=engine.time_s(need.duration_s),
    )  # fmt: skip


def _selection(slot: Slot, decision: Decision) -> ModelSelection:
    passed = "; ".join(f"{name} {why}" for name, why in decision.passed_over.items() if why != "is not configured")
    return ModelSelection(
        task=slot, engine=decision.engine, reason=decision.reason + (f" ({passed})" if passed else "")
    )


def _task(context: CompositionContext, slot: Slot) -> EngineTask:
    if slot != SONG:
        return slot
    return "full_song" if context.creative.has_vocals else "instrumental"


def _asked(context: CompositionContext, slot: Slot) -> dict[str, Any]:
    generation, creative = context.ai_decisions.generation, context.creative
    asked = {
        "duration_s": context.technical.duration_s,
        "language": creative.language if creative.has_vocals else "en",
        "draw": f"{generation.seed}|{creative.title}",
        **wished(generation.wishes, slot),
    }
    if slot == VOCALS:
        asked |= {"honoured": ("lyrics",), "outputs": ("stems",)}
    if slot == SONG:
        if VOCALS in generation.wishes.engines and not asked["preferred"]:
            asked["preferred"] = BUILT_IN  # a voice is wished over the band that we play
        asked |= {"honoured": _honoured(context), "wished": ("tempo", "key", "sections", "lyrics"),
                  "outputs": ("parts",) if "game" in context.technical.packages else ()}  # fmt: skip
    return asked


def _honoured(context: CompositionContext) -> tuple[Input, ...]:
    """What the song would not be itself without."""
    found: list[Input] = []
    if context.creative.lyrics:
        found.append("lyrics")
    if context.musical.hit_points:
        found += ["tempo", "sections"]
    if context.edits.melody is not None:
        found.append("melody")
    return tuple(dict.fromkeys(found))
