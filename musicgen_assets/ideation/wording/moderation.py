"""A small, open policy on words: what is marked, never what is sung.

Policy: nothing is refused for its words. Profanity marks a song as explicit; so do sexual words and praise of
violence, and each raises its own flag, which the release carries on. The lists in data/moderation.yaml hold
whole words, so that "Scunthorpe" and "assassin" pass.

Belongs here: marking text. Does not belong here: blocking, similarity to other works, consent.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import yaml

from musicgen_assets.ideation.wording.lexicon import DATA
from musicgen_assets.ideation.wording.text import phrase_key


def moderate(text: str) -> dict[str, Any]:
    """{"is_explicit": bool, "flags": sorted flag names} for a prompt, title and lyrics taken together."""
    words = f" {phrase_key(text)} "
    flags = sorted(name for name, phrases in _lists().items() if any(f" {phrase} " in words for phrase in phrases))
    return {"is_explicit": bool(flags), "flags": flags}


@lru_cache(maxsize=1)
def _lists() -> dict[str, tuple[str, ...]]:
    data = yaml.safe_load((DATA / "moderation.yaml").read_text(encoding="utf-8"))
    return {str(name): tuple(phrase_key(str(phrase)) for phrase in phrases) for name, phrases in data.items()}
