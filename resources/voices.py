"""Whether the guide voice can sing on this machine, and what it is made of.

Belongs here: finding out once, and saying it. Does not belong here: singing (musicgen_assets.production.voice).
"""

from __future__ import annotations

import importlib.metadata
from functools import lru_cache
from typing import TypedDict

from musicgen_assets.production.voice.espeak import why_not_available

ENGINE = "espeak-ng and WORLD"
_PACKAGES = ("espeakng-loader", "pyworld-prebuilt")


class GuideVoice(TypedDict):
    """What music logic is told about the voice. ``why`` is empty where it ``is_available``."""

    is_available: bool
    engine: str
    version: str
    why: str


@lru_cache(maxsize=1)
def guide_voice() -> GuideVoice:
    """The guide voice of this installation; found out once a process, by speaking."""
    why = why_not_available()
    return GuideVoice(is_available=not why, engine=ENGINE, version=_versions(), why=why)


def _versions() -> str:
    found = []
    for package in _PACKAGES:
        try:
            found.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            found.append(f"{package} absent")
    return ", ".join(found)
