"""Engines as people name them ("kie", "lyrics=openai"), as what a context wishes.

Belongs here: from names to slots. Does not belong here: options of a command line, choosing (router).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.wishes import Slot
from musicgen_assets.engines.capabilities import Capabilities, capabilities_of

WISHES = "ai_decisions.generation.wishes"
_BY_NAME: tuple[tuple[Slot, tuple[str, ...]], ...] = (
    ("full_song", ("full_song", "instrumental")),
    ("lyrics", ("lyrics",)),
    ("prompt_enhancement", ("prompt_enhancement",)),
)
"""What an engine is asked for that is named alone: the song if it makes songs, else words."""


def engine_overrides(
    names: Sequence[str] = (), policy: str | None = None, budget_usd: str | None = None, *, is_alone: bool = False
) -> dict[str, Any]:
    """Context paths to values. ``is_alone``: nobody else may be asked where one of ``names`` fails. Raises BadInput."""
    found: dict[str, Any] = {}
    for text in names:
        slot, _, name = text.rpartition("=")
        engine = capabilities_of(name.strip())
        for one in [_slot(slot.strip())] if slot else _slots_of(engine):
            found[f"{WISHES}.engines.{one}"] = engine.name
    if policy is not None:
        found[f"{WISHES}.policy"] = policy
    if budget_usd is not None:
        found[f"{WISHES}.budget_usd"] = budget_usd
    if is_alone:
        found[f"{WISHES}.has_fallback"] = False
    return found


def _slot(text: str) -> Slot:
    known = {"song": "full_song", "voice": "vocals", "words": "lyrics", "prompt": "prompt_enhancement"}
    for slot in get_args(Slot):
        if slot == known.get(text, text):
            found: Slot = slot
            return found
    raise BadInput(
        "--engine", text, "there is no such task", way_out=f"One of: {', '.join(get_args(Slot))}; or just the engine."
    )


def _slots_of(engine: Capabilities) -> list[Slot]:
    if "full_song" in engine.tasks or "instrumental" in engine.tasks:
        return ["full_song"]
    slots: list[Slot] = [slot for slot, tasks in _BY_NAME if set(tasks) & set(engine.tasks)]
    if not slots:
        raise BadInput("--engine", engine.name, f"it does {', '.join(engine.tasks)}", way_out="Say TASK=NAME.")
    return slots
