"""What words about a change come to, while they are read.

Belongs here: the values, dice and notes collected so far, and looking up what a song has by now. Does not belong here:
reading words (words_to_change, words_to_faders).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from musicgen_assets.context.paths import read_path
from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.ideation.overrides import INSTRUMENTS

FIELD = "words"
"""What the request calls them, for errors."""


@dataclass
class Reading:
    """What words come to: context paths with their new values, assets and sections to draw anew, and a line for each
    wish that says how it was taken.
    """

    overrides: dict[str, Any] = field(default_factory=dict)
    rerolls: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def set(self, path: str, value: Any, said: str, unit: str = "") -> None:
        """Take ``value`` for ``path``, and say that it was for what was ``said``."""
        self.overrides[path] = value
        told = f"{len(value)} players" if path == INSTRUMENTS else f"{value}"
        told = f"{value:g}" if isinstance(value, float) else told
        self.notes.append(f"{said}: {path} = {told}{' ' * bool(unit)}{unit}")

    def add(self, other: Reading) -> None:
        """Take over what another wish came to."""
        self.overrides |= other.overrides
        self.rerolls += [name for name in other.rerolls if name not in self.rerolls]
        self.notes += other.notes


@dataclass(frozen=True)
class Now:
    """A song's values as they are after the wishes before this one."""

    context: CompositionContext
    changed: Mapping[str, Any]

    def of(self, path: str) -> Any:
        """The value at a context path."""
        return self.changed[path] if path in self.changed else read_path(self.context, path)
