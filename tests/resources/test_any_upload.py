"""Whatever is uploaded in the place of a tune or a stem is taken, or refused in words; nothing else comes of it."""

from __future__ import annotations

import io

import mido
import numpy as np
import soundfile
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dsp.audiofile import encode_flac, encode_mp3
from musicgen_assets.context.failures import BadInput
from resources.uploads import replacements
from support.spoiled_files import spoiled

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
