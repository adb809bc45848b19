"""A value that is known again by how it is written: what a cache of something unhashable is keyed by.

Belongs here: that pair. Does not belong here: caches.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Keyed(Generic[T]):
    """``value``, equal to every other of the same ``key``."""

    key: str
    value: T = field(compare=False)
