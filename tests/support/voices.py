"""The guide voice for tests: skipped, with the reason, where its library cannot be loaded."""

from __future__ import annotations

import pytest

from musicgen_assets.production.voice.espeak import why_not_available


def needs_voice() -> None:
    """Skip the calling module or test where there is no voice."""
    why = why_not_available()
    if why:
        pytest.skip(f"not run: {why}", allow_module_level=True)
