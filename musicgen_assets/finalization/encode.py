"""The master's delivery files, each one task: encoded where the master asset has not done it, tagged, ready to send.

Belongs here: the tasks for master.wav, .flac, .mp3, .ogg, .opus and .m4a. Does not belong here: which tags
(finalization.tags) and the lossy encoders, whose decoded peaks mastering answers for (mastering.codecs).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from musicgen_assets.context.schema import AudioFormat
from musicgen_assets.finalization.tags import tagged
from musicgen_assets.graph.job import Blob, Payload, Ref, Task

MEDIA_TYPES = {
    "wav": "audio/wav", "flac": "audio/flac", "mp3": "audio/mpeg", "ogg": "audio/ogg", "opus": "audio/ogg",
    "m4a": "audio/mp4", "mid": "audio/midi",
    "json": "application/json", "html": "text/html", "txt": "text/plain", "lrc": "text/plain",
    "srt": "application/x-subrip", "jpg": "image/jpeg", "png": "image/png",
    "cho": "text/plain", "musicxml": "application/vnd.recordare.musicxml+xml", "pdf": "application/pdf",
}  # fmt: skip
"""By a file name's ending."""

ENDINGS = {"aac": "m4a"}
"""Of files whose format is called otherwise."""

LOSSY = frozenset(get_args(AudioFormat)) - {"wav", "flac"}
"""Encoded by mastering already, which answers for their peaks."""

DITHER_SEED = 16
"""Of the one noise that rounds every 16-bit master; fixed, so that equal masters are equal files."""

_ENTRY = "musicgen_assets.finalization.encode:encode_master"


def master_tasks(
    streaming: Ref,
    lossy: Mapping[str, Ref],
    formats: Sequence[str],
    bit_depth: int,
    tags: Mapping[str, Any],
    cover: Ref,
) -> list[Task]:
    """One task per delivery file: WAV always, the others as in ``formats``, in the schema's order.

    ``lossy`` has mastering's encodings by format; a lossy format without one is left out. ``cover`` is a JPEG that
    all but WAV carry.
    """
    wanted = [name for name in get_args(AudioFormat) if name == "wav" or name in formats]
    sources = {name: lossy.get(name) if name in LOSSY else streaming for name in wanted}
    return [
        Task(
            f"codec/{name}",
            _ENTRY,
            {"format": name, "tags": dict(tags), **({} if name in LOSSY else {"bit_depth": bit_depth})},
            {"audio": source, **({} if name == "wav" else {"cover": cover})},
        )
        for name, source in sources.items()
        if source is not None
    ]


def encode_master(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: one delivery file, role "master.<ending>". ``inputs``: format, tags, bit_depth (for WAV and FLAC)."""
    ending = ENDINGS.get(inputs["format"], inputs["format"])
    data = _encoded(inputs["format"], blobs["audio"], inputs)
    cover = blobs["cover"].data if "cover" in blobs else b""
    return [Payload(f"master.{ending}", MEDIA_TYPES[ending], tagged(data, ending, inputs["tags"], cover), f".{ending}")]


def _encoded(name: str, audio: Blob, inputs: Mapping[str, Any]) -> bytes:
    import numpy as np

    from dsp.audiofile import decode, encode_flac, encode_wav

    gain_db = float(audio.meta.get("gain_db", 0.0))
    bit_depth = int(inputs.get("bit_depth", 24))
    if name in LOSSY or (name == "flac" and bit_depth >= 24 and gain_db == 0.0):
        return audio.data  # already what is wanted
    samples, rate = decode(audio.data)
    samples *= np.float32(10 ** (gain_db / 20))
    seed = DITHER_SEED if bit_depth == 16 else None
    if name == "wav":
        return encode_wav(samples, rate, bit_depth, seed)
    return encode_flac(samples, rate, min(bit_depth, 24), seed)
