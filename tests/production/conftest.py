from __future__ import annotations

import pytest

from resources.instruments import Instruments, engines, instruments_of, last_resort


@pytest.fixture(scope="session")
def instruments() -> Instruments:
    """The small font that comes with the packages, played by the best engine here."""
    return _played_by("auto")


@pytest.fixture(scope="session", params=["tinysoundfont", "fluidsynth"])
def each_engine(request: pytest.FixtureRequest) -> Instruments:
    """The small font, played by one engine after the other."""
    if request.param not in engines():
        pytest.skip(f"not run: {request.param} is not on this machine")
    return _played_by(request.param)


def _played_by(engine: str) -> Instruments:
    path = last_resort()
    if path is None:
        pytest.skip("not run: the pretty_midi wheel brings no SoundFont here")
    return instruments_of(path, engine)
