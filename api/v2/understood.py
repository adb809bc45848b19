"""What a prompt was understood as, as models: one chip for each thing that can be corrected before anything is made.

Belongs here: the models. Does not belong here: reading a context into chips (chips), understanding (ideation).
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from api.operations import Answer

Source = Literal["set", "heard", "chosen"]
Kind = Literal["text", "number", "share", "choice", "switch", "several", "weights", "players"]


class ChipField(Answer):
    """One value of a chip, by the context path under which it is corrected: goes back in ``set``."""

    path: str
    label: str
    kind: Kind = Field(description="What its value is: share is 0-1, several a list of options, weights names to "
                       "shares, players a band: seats as they are told, or names of instruments.")  # fmt: skip
    value: Any
    options: list[dict[str, str]] = Field(default_factory=list, description="{value, label} of what can be chosen.")
    low: float | None = None
    high: float | None = None
    unit: str = ""


class Chip(Answer):
    """One thing that was understood. ``source``: set by you, heard in the prompt, or chosen for want of a word."""

    name: str
    label: str
    text: str
    source: Source
    fields: list[ChipField]


class UnderstoodTold(Answer):
    """A prompt as it was understood. Asking for the song with this seed makes this one; nothing was made yet."""

    sentence: str
    confidence: float = Field(ge=0, le=1, description="How much of the song the words fixed.")
    seed: int
    chips: list[Chip]
    steps: list[str] = Field(description="How the words were read, line by line.")
    engines: dict[str, str] = Field(description="Who would be asked for what.")
    estimate_s: float
    cost_usd: str
