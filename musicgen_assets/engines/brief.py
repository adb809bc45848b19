"""What an engine is told of a song besides its score: title, prose, style words, voice, seed.

Belongs here: that shape. Does not belong here: filling it in (ideation.engine_brief), the whole request
(production.engine_request).
"""

from __future__ import annotations

from typing import Any, Literal

from musicgen_assets.context.frozen import Frozen
from musicgen_assets.context.wishes import EngineWishes


class EngineBrief(Frozen):
    """ideation/context, role ``engine_brief``. Fields as in ``asking.SongRequest``."""

    title: str
    description: str
    styles: tuple[str, ...]
    avoided: tuple[str, ...]
    language: str
    voice: Literal["low", "middle", "high"]
    has_vocals: bool
    scale: str
    key: str
    duration_s: float
    seed: int
    need: dict[str, Any]
    """engines.router.Need as plain data: what somebody else would have to be able to do."""
    wishes: EngineWishes = EngineWishes()
