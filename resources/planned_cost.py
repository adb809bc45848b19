"""What making a version is expected to cost: who is asked for what, and their prices.

Belongs here: from a routed context and the assets that will be made to an amount. Does not belong here: what was spent
(budgets), choosing engines (musicgen_assets.engines.router).
"""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.engines.capabilities import BUILT_IN, capabilities_of

_MADE_IN = {
    "full_song": "production/take",
    "vocals": "production/take",
    "lyrics": "composition/lyrics",
    "prompt_enhancement": "ideation/enhanced_prompt",
}
"""Where each task is asked for."""


def engines_asked(context: CompositionContext) -> dict[str, str]:
    """Task to the title of the engine that does it, as ``context`` was routed; the built-in one where none is named."""
    routing = {"full_song": BUILT_IN, **context.ai_decisions.generation.routing}
    return {task: capabilities_of(engine).title for task, engine in routing.items()}


def purchases_of(context: CompositionContext, computing: Collection[str]) -> dict[str, tuple[str, Decimal]]:
    """Which of ``computing`` (assets "stage/name") are asked of another engine: that engine, and its usual price."""
    asked = {_MADE_IN[task]: engine for task, engine in context.ai_decisions.generation.routing.items()
             if task in _MADE_IN and engine != BUILT_IN}  # fmt: skip
    return {
        asset: (engine, capabilities_of(engine).cost_usd(context.technical.duration_s))
        for asset, engine in asked.items() if asset in computing
    }  # fmt: skip


def planned_cost_usd(context: CompositionContext, computing: Collection[str]) -> Decimal:
    """What ``computing`` would cost: nothing where only the built-in engine is asked."""
    return sum((usd for _, usd in purchases_of(context, computing).values()), Decimal(0))
