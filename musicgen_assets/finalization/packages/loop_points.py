"""Loop points in files: the ``smpl`` chunk of a WAV, LOOPSTART and LOOPLENGTH in an OGG, both in samples.

Belongs here: writing them into finished, tagged files. Does not belong here: where a loop lies (packages.game_form).

The OGG comments are those that RPG Maker reads, and after it Godot importers, MonoGame and SDL_mixer.
"""

from __future__ import annotations

import io
from typing import Any

from dsp.wavchunks import smpl_chunk, with_chunks


def wav_with_loop(data: bytes, rate: int, start: int, length: int) -> bytes:
    """The WAV with one endless forward loop of ``length`` samples from ``start`` on.

    Raises dsp.errors.AudioError where ``data`` is no WAV.
    """
    return with_chunks(data, {b"smpl": smpl_chunk(rate, start, length)})


def ogg_with_loop(data: bytes, start: int, length: int) -> bytes:
    """The OGG Vorbis file with the comments LOOPSTART and LOOPLENGTH, its other comments kept."""
    from mutagen.oggvorbis import OggVorbis

    buffer = io.BytesIO(data)
    audio: Any = OggVorbis(buffer)  # type: ignore[no-untyped-call]
    audio["LOOPSTART"], audio["LOOPLENGTH"] = str(start), str(length)
    buffer.seek(0)
    audio.save(buffer, padding=_no_padding)
    return buffer.getvalue()


def _no_padding(_: Any) -> int:
    return 0
