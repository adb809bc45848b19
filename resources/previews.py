"""Previews as files to listen to: where they lie, so that they go with the song they are of.

Belongs here: names. Does not belong here: what is in a preview (production), writing it (takes_compared).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from resources.settings import Settings


def previews_of(settings: Settings, composition: str) -> Path:
    """The folder of a composition's previews. What is in it can be written again at any time."""
    return settings.home / "previews" / composition


def preview_place(settings: Settings, partition: str, sha256: str, suffix: str) -> Path:
    """The file of one preview of a version; another content is another file, which no browser mistakes for it."""
    return previews_of(settings, partition.partition("@")[0]) / f"{partition}.{sha256[:12]}{suffix}"


def preview_places(settings: Settings, composition: str, partitions: Iterable[str] | None = None) -> list[Path]:
    """What there is of a composition, or only of some of its versions: for taking it away."""
    folder = previews_of(settings, composition)
    if partitions is None:
        return [folder] if folder.exists() else []
    return [path for partition in partitions for path in sorted(folder.glob(f"{partition}.*"))]
