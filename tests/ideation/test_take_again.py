"""Another take of a delivered song: the same plan with another seed, bought again, its price told before."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from musicgen_assets.context.decided import REROLLS
from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.engines.naming import engine_overrides
from musicgen_assets.engines.router import Standing, Standings
from musicgen_assets.graph.declarations import declaration_of
from musicgen_assets.graph.keys import inputs_key
from musicgen_assets.graph.manifest import Manifest
from musicgen_assets.graph.planner import PlannedAsset, Verdict
from musicgen_assets.ideation.brief import accept, brief_of
from musicgen_assets.ideation.engine_brief import engine_brief
from musicgen_assets.ideation.holds import holding_of
from musicgen_assets.ideation.revision import revised, streams_of
from musicgen_assets.ideation.routing import routed
from resources.engine_settings import Engines
from resources.planned_cost import purchases_of
from resources.providers.adapters import ConfiguredAdapters
from resources.settings import Settings

READY = Standings(ready={"kie": Standing(), "openai": Standing()})


def context_of(*engines: str) -> CompositionContext:
    asked = {"prompt": "pop song about rain, sung, 60 seconds", "seed": 3, "title": None,
             "overrides": engine_overrides(engines)}  # fmt: skip
    return routed(accept(brief_of(asked)), READY, None)


def planned(asset: str, verdict: Verdict) -> PlannedAsset:
    return PlannedAsset(asset, "production", verdict, "")


def test_each_take_of_another_engine_is_asked_for_with_a_seed_of_its_own_and_the_rest_stays() -> None:
    first = context_of("kie")
    second = revised(first, {}, streams_of(["take"]))
    third = revised(second, {}, streams_of(["production/take"]))
    briefs = [engine_brief(context) for context in (first, second, third)]
    assert briefs[0].seed == 3
    assert len({brief.seed for brief in briefs}) == 3
    assert all(brief.model_copy(update={"seed": 3}) == briefs[0] for brief in briefs)
    assert engine_brief(revised(first, {}, ("take",))) == briefs[1]
    assert third.ai_decisions.generation.rerolls == {"take": 2}


def test_the_built_in_engine_has_no_other_take() -> None:
    with pytest.raises(BadInput, match="plays the same every time"):
        revised(context_of(), {}, ("take",))
    with pytest.raises(BadInput, match="plays the same every time"):
        revised(context_of("kie"), engine_overrides(("builtin",)), ("take",))
    assert revised(context_of(), engine_overrides(("kie",)), ("take",)).ai_decisions.generation.rerolls["take"] == 1


def test_versions_without_another_take_keep_what_they_made_and_another_take_lets_go_of_a_held_mix() -> None:
    take = declaration_of("production/take")
    assert f"{REROLLS}.take" in take.edits  # such a path enters a key only where there is something in it
    first = context_of("kie")
    again = revised(first, {}, ("take",))
    composed = declaration_of("composition/melody")
    upstreams = {upstream.asset: Manifest(asset=upstream.asset, content=()) for upstream in composed.upstreams}
    assert inputs_key(composed, first, upstreams, {}) == inputs_key(composed, again, upstreams, {})
    assert holding_of(first, again).sections == ()


def adapters_of(**engines: Any) -> ConfiguredAdapters:
    return ConfiguredAdapters(Settings(engines=Engines(**engines)))


def test_a_plan_says_what_may_be_bought_of_whom_and_for_how_much() -> None:
    context, adapters = context_of("kie", "openai"), adapters_of()
    assert purchases_of(context, {"production/take"}, adapters) == {"production/take": ("kie", Decimal("0.0600"))}
    both = {"composition/lyrics", "production/take", "mixing/mix"}
    assert purchases_of(context, both, adapters)["composition/lyrics"] == ("openai", Decimal("0.0240"))
    assert purchases_of(context_of(), both, adapters) == {}


def test_a_plan_counts_the_stems_that_would_be_bought_with_a_song_or_for_its_voice() -> None:
    take = {"production/take"}
    with_stems = adapters_of(kie_stems="separate_vocal")
    assert purchases_of(context_of("kie"), take, with_stems) == {"production/take": ("kie", Decimal("0.1100"))}
    hybrid = context_of("vocals=kie")
    assert purchases_of(hybrid, take, adapters_of()) == {"production/take": ("kie", Decimal("0.1100"))}
