"""Settings of the router: policy, preferences, weights, and how much money may be spent.

Belongs here: names, defaults and ranges of those. Does not belong here: keys and addresses of engines
(engine_settings), choosing (musicgen_assets.engines.router).
"""

from __future__ import annotations

from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from musicgen_assets.context.wishes import Policy
from musicgen_assets.engines.capabilities import engines


class RoutingSettings(BaseModel):
    """Who is chosen where nobody said. Set with MUSICGEN_ROUTING__NAME or under [routing] in musicgen.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    policy: Policy = "cost"
    """By cost, the built-in engine makes everything that nobody asked another for: keys alone spend nothing."""
    preferred: dict[str, str] = Field(default_factory=dict)
    """Slot to engine, for example lyrics = "openai"."""
    weights: dict[str, dict[str, float]] = Field(default_factory=dict)
    """Slot to engine to share: songs are dealt out by the version's own dice, to compare engines."""
    is_hedging: bool = False
    """Whether a second engine is asked where the first takes longer than 95 of 100 of its songs took. Both may cost."""
    quality: dict[str, int] = Field(default_factory=dict)
    """Engine to 1-5, over our own order."""
    failures_before_pause: int = Field(5, ge=2, le=100)
    """So many failures of an engine one after another, and it is left alone for a while."""
    pause_s: float = Field(60.0, ge=1.0, le=86_400.0)
    """How long at first; each further failure doubles it, up to an hour."""

    @field_validator("preferred", "quality", "weights")
    @classmethod
    def _names_engines(cls, value: dict[str, object]) -> dict[str, object]:
        names = [name for item in value.values() for name in ([item] if isinstance(item, str) else [])]
        names += [name for item in value.values() if isinstance(item, dict) for name in item]
        unknown = sorted(set(names) - set(engines()))
        if unknown:
            raise ValueError(f"there is no engine {', '.join(unknown)}; known: {', '.join(engines())}")
        return value


class Budgets(BaseModel):
    """What may be spent, in US dollars; no call is made that could go over it. Set with MUSICGEN_BUDGETS__NAME.

    A version may ask for less (wishes.budget_usd), never for more.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    per_version_usd: Decimal = Field(Decimal(5), ge=0)
    per_user_per_day_usd: Decimal = Field(Decimal(50), ge=0)
    per_day_usd: Decimal = Field(Decimal(200), ge=0)
