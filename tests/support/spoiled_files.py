"""Files that somebody spoiled: strategies that flip, cut, double and put in bytes of a file that was sound.

Belongs here: spoiling. Does not belong here: sound files, and what must become of spoiled ones (the tests).
"""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

_EVIL = (
    b"",
    b"\x00",
    b"\xff" * 4,
    b"\x7f\xff\xff\xff",
    b"\x80\x00\x00\x00",
    b"\x00" * 64,
    b"MThd",
    b"RIFF",
    b"fLaC",
    b"OggS",
)


@st.composite
def spoiled(draw: st.DrawFn, sound: Sequence[bytes]) -> bytes:
    """One of ``sound`` with one to eight places changed, most of them near its beginning, where headers are."""
    data = bytearray(draw(st.sampled_from(list(sound))))
    for _ in range(draw(st.integers(1, 8))):
        reach = len(data) if draw(st.booleans()) else min(len(data), 96)
        at = draw(st.integers(0, max(0, reach - 1)))
        kind = draw(st.sampled_from(("flip", "cut", "put", "over", "double", "end")))
        if kind == "flip" and data:
            data[at] ^= draw(st.integers(1, 255))
        elif kind == "cut":
            del data[at : at + draw(st.integers(1, 64))]
        elif kind == "put":
            data[at:at] = draw(st.sampled_from(_EVIL) | st.binary(min_size=1, max_size=16))
        elif kind == "over":
            piece = draw(st.sampled_from(_EVIL) | st.binary(min_size=1, max_size=16))
            data[at : at + len(piece)] = piece
        elif kind == "double":
            data[at:at] = data[at : at + 512]
        else:
            del data[at:]
    return bytes(data)
