"""What a song is to be, as far as requests of any provider can say it.

Belongs here: the wish and its name on disk. Does not belong here: making it true (songs).
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from typing import Any

_KEY = re.compile(r"^\s*([A-G])\s*([#b♯♭]?)\s*(major|maj|minor|min|m)?\s*$", re.IGNORECASE)
_SIGNS = {"♯": "#", "♭": "b"}


@dataclass(frozen=True)
class SongWish:
    """What one song is to be. Equal wishes are the same song. ``duration_s`` in seconds, ``tempo_bpm`` in quarters."""

    prompt: str
    duration_s: float
    seed: int = 1
    is_instrumental: bool = False
    lyrics: str = ""
    title: str = ""
    tempo_bpm: float | None = None
    key: str = ""
    """ "A minor", "Bb major"; empty lets the engine choose."""
    sections: tuple[str, ...] = ()

    @property
    def mark(self) -> str:
        """The song's name on disk."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:24]


def wish_of(fields: dict[str, Any]) -> SongWish:
    """From JSON, where tuples are lists."""
    return SongWish(**{**fields, "sections": tuple(fields.get("sections", ()))})


def key_text(text: str) -> str:
    """ "Am", "C# Minor" or "eb major" as a wish has it; empty for what is no key."""
    found = _KEY.match(text)
    if found is None:
        return ""
    tonic, sign, scale = found.groups()
    is_minor = scale is not None and (scale == "m" or scale.lower().startswith("min"))
    return f"{tonic.upper()}{_SIGNS.get(sign, sign)} {'minor' if is_minor else 'major'}"
