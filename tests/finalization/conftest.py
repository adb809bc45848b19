"""One song released once, with a waiver for the one check its loop of a form fails."""

from __future__ import annotations

import pytest

from musicgen_assets.finalization.packages import PACKAGES
from support.released_song import Release, mastered


@pytest.fixture(scope="session")
def released() -> Release:
    """A sung song in all four formats."""
    store = mastered(technical={"formats": ("wav", "flac", "mp3", "ogg")})
    store.run("finalization/release")
    return Release(store)


@pytest.fixture(scope="session")
def instrumental() -> Release:
    """A song without words, 16 bits, WAV and FLAC only."""
    store = mastered(technical={"formats": ("wav", "flac"), "bit_depth": 16}, is_sung=False)
    store.run("finalization/release")
    return Release(store)


@pytest.fixture(scope="session")
def packaged() -> Release:
    """A sung song with every package there is, WAV and FLAC only."""
    store = mastered(technical={"formats": ("wav", "flac"), "packages": tuple(PACKAGES)})
    store.run("finalization/release")
    return Release(store)
