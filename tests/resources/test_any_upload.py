"""Whatever is uploaded in the place of a tune or a stem is taken, or refused in words; nothing else comes of it."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from musicgen_assets.context.failures import BadInput
from resources.uploads import replacements
from support.spoiled_files import RECORDINGS, TUNES, spoiled


def taken_or_refused(what: str, data: bytes) -> None:
    """Raises whatever is neither."""
    refused: BadInput | None = None
    try:
        replacements(None, [f"{what}=file"], lambda *_: data)
    except BadInput as problem:
        refused = problem
    assert refused is None or (refused.rule and refused.way_out)


def test_what_was_not_spoiled_is_taken() -> None:
    for data in TUNES:
        assert replacements(None, ["melody=file"], lambda *_, data=data: data)
    for data in RECORDINGS:
        assert replacements(None, ["vocals=file"], lambda *_, data=data: data)


@given(data=spoiled(TUNES) | st.binary(max_size=200) | st.binary(max_size=200).map(lambda tail: b"MThd" + tail))
@example(b"MThd\x00\x00\x00\x06\x00\x01\x00\x00\x01\xe0")
@settings(deadline=None, max_examples=300)
def test_any_tune(data: bytes) -> None:
    taken_or_refused("melody", data)


@given(data=spoiled(RECORDINGS) | st.binary(max_size=200))
@settings(deadline=None, max_examples=150)
def test_any_recording(data: bytes) -> None:
    taken_or_refused("vocals", data)
