"""Files that somebody spoiled: strategies that flip, cut, double and put in bytes of a file that was sound.

Belongs here: sound files, spoiling. Does not belong here: what must become of spoiled ones (the tests).
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import mido
import numpy as np
import soundfile
from hypothesis import strategies as st

from dsp.audiofile import encode_flac, encode_mp3

RATE_HZ = 32_000
TONE = (0.3 * np.sin(2 * np.pi * 220.0 * np.arange(RATE_HZ) / RATE_HZ)).astype(np.float32)[None]


def tune() -> bytes:
    file = mido.MidiFile(ticks_per_beat=480)
    for name in ("verse", "hook"):
        track = mido.MidiTrack(
            [mido.MetaMessage("track_name", name=name), mido.MetaMessage("set_tempo", tempo=500_000),
             mido.MetaMessage("time_signature"), mido.MetaMessage("key_signature", key="Eb")]
        )  # fmt: skip
        for pitch in (60, 64, 67, 72):
            track += [mido.Message("note_on", note=pitch), mido.Message("note_off", note=pitch, time=480)]
        file.tracks.append(track)
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()


def libsndfile(format_: str, subtype: str) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, TONE.T, RATE_HZ, format=format_, subtype=subtype)
    return out.getvalue()


TUNES = (tune(),)
RECORDINGS = (
    libsndfile("WAV", "PCM_16"), libsndfile("WAV", "FLOAT"), libsndfile("OGG", "VORBIS"), encode_flac(TONE, RATE_HZ),
    encode_mp3(np.repeat(TONE, 2, axis=0), RATE_HZ),
)  # fmt: skip

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
