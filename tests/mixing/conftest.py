from __future__ import annotations

import pytest

from resources.instruments import Instruments, instruments_of, last_resort


@pytest.fixture(scope="session")
def instruments() -> Instruments:
    """The small font that comes with the packages."""
    path = last_resort()
    if path is None:
        pytest.skip("the pretty_midi wheel brings no SoundFont here")
    return instruments_of(path)
