"""The long form of test_any_upload: files spoiled in thousands of ways are taken, or refused in words."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings

from musicgen_assets.context.failures import BadInput
from resources.uploads import replacements
from support.spoiled_files import RECORDINGS, TUNES, spoiled

pytestmark = pytest.mark.soak


@pytest.mark.parametrize(("what", "sound"), [("melody", TUNES), ("vocals", RECORDINGS)])
def test_thousands_of_spoiled_files_are_taken_or_refused(what: str, sound: tuple[bytes, ...]) -> None:
    came = Counter[str]()

    @settings(deadline=None, max_examples=20_000, suppress_health_check=list(HealthCheck))
    @given(data=spoiled(sound))
    def look(data: bytes) -> None:
        try:
            replacements(None, [f"{what}=file"], lambda *_: data)
        except BadInput:
            came["refused"] += 1
        else:
            came["taken"] += 1

    look()
    assert min(came["taken"], came["refused"]) > 500, came
