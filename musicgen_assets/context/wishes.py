"""What a person wishes of the engines that make a song: who, by what policy, for how much, until when.

Belongs here: those fields of a context. Does not belong here: who is chosen (engines.router), who was
(ai_decisions.generation.routing).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field, field_validator

from musicgen_assets.context.frozen import Frozen

Policy = Literal["cost", "quality", "speed", "licence"]
"""What decides between engines that are able: the price, our order of quality, the time, or what may be done with the
result."""

Slot = Literal["full_song", "vocals", "lyrics", "prompt_enhancement", "words_to_change", "stem_separation"]
"""The places that engines fill. An instrumental is a song too, as far as who makes it is concerned; ``vocals`` is the
sung part over the band of the built-in engine."""


class EngineWishes(Frozen):
    """``engines`` by slot are asked first; the rest applies to every choice. Money in US dollars, as decimal text."""

    engines: dict[Slot, str] = Field(default_factory=dict)
    policy: Policy | None = None
    """None takes the installation's."""
    budget_usd: str | None = None
    """What this version may cost at most."""
    deadline_s: float = Field(0.0, ge=0.0, le=86_400.0)
    """How long an engine may be expected to take; 0 is as long as it takes."""
    is_for_sale: bool = False
    """Whether what is made must be free to sell: engines whose licence forbids it are passed over."""
    has_fallback: bool = True
    """Whether somebody else may be asked where the chosen engine fails."""

    @field_validator("budget_usd")
    @classmethod
    def _is_money(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            amount = Decimal(value)
        except ArithmeticError as error:
            raise ValueError(f"{value!r} is no amount of money; write 0.50") from error
        if not amount.is_finite() or amount < 0:
            raise ValueError("an amount of money is finite and not negative")
        return format(amount, "f")
