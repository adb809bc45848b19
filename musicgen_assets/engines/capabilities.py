"""What every engine can do, read from data/engines.yaml: tasks, limits, what it honours, prices, licences, times.

Belongs here: the schema of that data, and what follows from one row alone (a price, a time, a "can't"). Does not belong
here: choosing between engines (router), whether one is configured or well (resources.routing).
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from importlib import resources
from typing import Literal

from pydantic import Field, model_validator

from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.frozen import Frozen
from musicgen_assets.engines.asking import TEXT_TASKS, EngineTask

BUILT_IN = "builtin"
Input = Literal[
    "duration", "tempo", "key", "seed", "sections", "lyrics", "language", "avoided", "melody", "reference", "voice"
]
Output = Literal["mix", "stems", "words", "parts"]
"""``parts``: any stretch of the song played by itself, as loops need it."""
_CENT = Decimal("0.0001")


class Price(Frozen):
    """What one result costs, in US dollars."""

    per: Literal["song", "minute", "call", "nothing"]
    usd: Decimal = Field(ge=0)


class Licence(Frozen):
    """What may be done with what the engine made. ``is_commercial``: whether it may be sold."""

    name: str
    is_commercial: bool


class Latency(Frozen):
    """How long a result usually takes: ``fixed_s`` plus ``per_minute_s`` for each minute of song."""

    fixed_s: float = Field(ge=0)
    per_minute_s: float = Field(ge=0)


class Capabilities(Frozen):
    """One engine. ``languages`` and ``honours`` empty mean: any, and nothing."""

    name: str
    title: str
    kind: Literal["builtin", "local", "service"]
    tasks: tuple[EngineTask, ...] = Field(min_length=1)
    languages: tuple[str, ...] = ()
    duration_s: tuple[float, float]
    honours: tuple[Input, ...] = ()
    outputs: tuple[Output, ...] = ()
    determinism: Literal["exact", "statistical", "none"]
    price: Price
    licence: Licence
    latency: Latency
    quality: int = Field(ge=1, le=5)
    failed_jobs: Literal["free", "unstated"] = "unstated"
    """Whether a job that failed or was cancelled costs nothing, as far as the engine's documents say."""
    sourced: Literal["ours", "documented", "by others"]

    @model_validator(mode="after")
    def _limits_hold_something(self) -> Capabilities:
        low, high = self.duration_s
        if not 0 < low <= high:
            raise ValueError(f"{self.name}: duration_s {low:g} to {high:g} holds nothing")
        return self

    def cost_usd(self, duration_s: float) -> Decimal:
        """What one result is expected to cost, to a hundredth of a cent."""
        times = Decimal(str(duration_s)) / 60 if self.price.per == "minute" else Decimal(1)
        return Decimal(0) if self.price.per == "nothing" else (self.price.usd * times).quantize(_CENT)

    def lost_usd(self, estimate_usd: Decimal) -> Decimal:
        """What a job that came to nothing counts, where nobody says what it cost: the estimate, unless it is free."""
        return Decimal(0) if self.failed_jobs == "free" else estimate_usd

    def time_s(self, duration_s: float) -> float:
        """How long one result is expected to take."""
        return self.latency.fixed_s + self.latency.per_minute_s * duration_s / 60

    def cannot(self, task: EngineTask, duration_s: float, language: str) -> str:
        """Why it can't do ``task``, for people; "" where it can."""
        if task not in self.tasks:
            return f"does no {task.replace('_', ' ')}"
        if self.languages and language not in self.languages:
            return f"knows {', '.join(self.languages)}, not {language}"
        low, high = self.duration_s
        if task not in TEXT_TASKS and not low <= duration_s <= high:
            return f"makes {low:g} to {high:g} s, not {duration_s:g} s"
        return ""


@lru_cache(maxsize=1)
def engines() -> dict[str, Capabilities]:
    """Every engine by name, the built-in one first."""
    import yaml

    text = resources.files("musicgen_assets.engines").joinpath("data/engines.yaml").read_text(encoding="utf-8")
    return {name: Capabilities(name=name, **row) for name, row in yaml.safe_load(text)["engines"].items()}


def capabilities_of(name: str) -> Capabilities:
    """The engine called ``name``. Raises BadInput."""
    found = engines().get(name)
    if found is None:
        raise BadInput("engine", name, "there is no such engine", way_out=f"One of: {', '.join(engines())}.")
    return found
