"""What making a version is expected to cost: who is asked for what, and their prices.

Belongs here: from a routed context and the assets that will be made to an amount. Does not belong here: what was spent
(budgets), choosing engines (musicgen_assets.engines.router).
"""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.engines.capabilities import BUILT_IN, capabilities_of
from resources.routing import Adapters

_MADE_IN = {
    "full_song": "production/take",
    "vocals": "production/take",
    "lyrics": "composition/lyrics",
    "prompt_enhancement": "ideation/enhanced_prompt",
}
"""Where each task is asked for."""
_SONGS = ("full_song", "vocals")
"""Tasks whose answer is a song, which may be bought in stems."""


def engines_asked(context: CompositionContext) -> dict[str, str]:
    """Task to the title of the engine that does it, as ``context`` was routed; the built-in one where none is named."""
    routing = {"full_song": BUILT_IN, **context.ai_decisions.generation.routing}
    return {task: capabilities_of(engine).title for task, engine in routing.items()}


def purchases_of(
    context: CompositionContext, computing: Collection[str], adapters: Adapters
) -> dict[str, tuple[str, Decimal]]:
    """Which of ``computing`` (assets "stage/name") are asked of another engine: that engine, and its usual price.

    With the stems that ``adapters`` would buy: those the settings ask for, and a voice that is wanted by itself.
    """
    purchases = dict[str, tuple[str, Decimal]]()
    for task, engine in context.ai_decisions.generation.routing.items():
        asset = _MADE_IN.get(task)
        if asset is None or asset not in computing or engine == BUILT_IN:
            continue
        usd = capabilities_of(engine).cost_usd(context.technical.duration_s)
        if task in _SONGS:
            usd += adapters.stems_usd(engine, is_voice_needed=task == "vocals")
        purchases[asset] = (engine, usd)
    return purchases


def planned_cost_usd(context: CompositionContext, computing: Collection[str], adapters: Adapters) -> Decimal:
    """What ``computing`` would cost: nothing where only the built-in engine is asked."""
    return sum((usd for _, usd in purchases_of(context, computing, adapters).values()), Decimal(0))
