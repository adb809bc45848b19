"""Chunks of a WAV file beside its samples: loop points (smpl) and broadcast facts (bext).

Belongs here: reading and writing RIFF chunks. Does not belong here: samples (``dsp.audiofile``) and text tags.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from dsp.errors import AudioError

_HEADER = struct.Struct("<4sI4s")
_CHUNK = struct.Struct("<4sI")
_FORWARD = 0
_FOR_EVER = 0
_MIDDLE_C = 60
_BEXT_VERSION = 2
_BEXT_FIXED_BYTES = 602
_UNKNOWN_LEVEL = 0x7FFF
"""What EBU Tech 3285 wants where a level was not measured."""


def wav_chunks(data: bytes) -> dict[bytes, bytes]:
    """Chunk name to content, in the order of the file; of chunks of one name the last.

    Raises:
        AudioError: no RIFF WAVE file, or one that is cut off.
    """
    if len(data) < _HEADER.size or data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise AudioError(f"no WAV file: {len(data)} bytes beginning {data[:12]!r}")
    found: dict[bytes, bytes] = {}
    at = _HEADER.size
    while at + _CHUNK.size <= len(data):
        name, size = _CHUNK.unpack_from(data, at)
        at += _CHUNK.size
        if at + size > len(data):
            raise AudioError(f"the chunk {name!r} wants {size} bytes, {len(data) - at} are left: cut off")
        found[name] = data[at : at + size]
        at += size + size % 2
    return found


def with_chunks(data: bytes, chunks: Mapping[bytes, bytes]) -> bytes:
    """The WAV file with ``chunks`` (name of four bytes to content), in the place of those it had of these names.

    They stand before the samples, where players that stream the file find them.

    Raises:
        AudioError: as ``wav_chunks``; or a file over 4 GiB.
    """
    kept = {name: body for name, body in wav_chunks(data).items() if name not in chunks}
    head: dict[bytes, bytes] = {name: kept.pop(name) for name in (b"fmt ", b"fact") if name in kept}
    parts = [b"WAVE"]
    for name, body in {**head, **chunks, **kept}.items():
        parts += [_CHUNK.pack(name, len(body)), body, b"\0" * (len(body) % 2)]
    size = sum(map(len, parts))
    if size > 0xFFFF_FFFF:
        raise AudioError(f"a WAV file ends at 4 GiB, this one would have {size} bytes")
    return b"".join([b"RIFF", struct.pack("<I", size), *parts])


def smpl_chunk(rate: int, start: int, length: int) -> bytes:
    """The content of a ``smpl`` chunk with one endless forward loop (RIFF Multimedia Programming Interface 1.0).

    ``start`` is the loop's first sample, ``length`` its samples; the chunk names the first and the last.
    """
    period_ns = round(1e9 / rate)
    head = struct.pack("<9I", 0, 0, period_ns, _MIDDLE_C, 0, 0, 0, 1, 0)
    return head + struct.pack("<6I", 0, _FORWARD, start, start + length - 1, 0, _FOR_EVER)


@dataclass(frozen=True)
class Broadcast:
    """What a ``bext`` chunk says (EBU Tech 3285 v2). Levels in LUFS, LU and dBTP; None: not measured.

    ``time_reference`` is the first sample's time since midnight, in samples. Dates stay empty: equal music is equal
    files.
    """

    description: str
    originator: str
    time_reference: int
    coding_history: str = ""
    loudness_lufs: float | None = None
    loudness_range_lu: float | None = None
    true_peak_dbtp: float | None = None


def bext_chunk(facts: Broadcast) -> bytes:
    """The content of a ``bext`` chunk.

    Raises:
        AudioError: a time before midnight or after 2^64 samples.
    """
    if not 0 <= facts.time_reference < 2**64:
        raise AudioError(f"a time reference is from 0 to 2^64-1 samples, got {facts.time_reference}")
    low, high = facts.time_reference & 0xFFFF_FFFF, facts.time_reference >> 32
    levels = (facts.loudness_lufs, facts.loudness_range_lu, facts.true_peak_dbtp, None, None)
    body = b"".join([
        _text(facts.description, 256), _text(facts.originator, 32), _text("", 32), _text("", 10), _text("", 8),
        struct.pack("<IIH", low, high, _BEXT_VERSION), bytes(64),
        struct.pack("<5h", *(_UNKNOWN_LEVEL if level is None else round(100 * level) for level in levels)),
    ])  # fmt: skip
    history = facts.coding_history.encode("ascii", "replace")
    return body.ljust(_BEXT_FIXED_BYTES, b"\0") + history + b"\0" * (len(history) % 2)


def _text(text: str, size: int) -> bytes:
    """ASCII padded with zeros to ``size`` bytes, cut where it is longer."""
    return text.encode("ascii", "replace")[:size].ljust(size, b"\0")
