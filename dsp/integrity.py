"""Is an encoded file whole? Decoders are lenient: a truncated FLAC comes back at full length, with silence at its end.

Belongs here: what each container says about itself (lengths, checksums), compared with its bytes. Does not belong
here: decoding for use (``dsp.audiofile``).
"""

from __future__ import annotations

import hashlib
import io
import struct

import numpy as np
from numpy.typing import NDArray

from dsp.errors import AudioError
from dsp.ogg import pages

_FLAC_INFO_AT = 8
_FLAC_INFO_BYTES = 34
_OGG_END_OF_STREAM = 4
_XING_AT_LEAST = 12


def check_intact(data: bytes) -> None:
    """Refuse a WAV, FLAC, OGG or MP3 file that is damaged or cut off, as far as its container can tell.

    WAV: the lengths of its chunks. FLAC: the MD5 of its samples, which means decoding them (about 0.3 s for three
    minutes of stereo). OGG: the checksum of every page, and the mark on the last. MP3: the number of bytes its first frame
    states; an MP3 without that header (other encoders, low bit rates) cannot be checked.

    Raises:
        AudioError: what is wrong, or that the bytes are none of these.
    """
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        _check_wav(data)
    elif data[:4] == b"fLaC":
        _check_flac(data)
    elif data[:4] == b"OggS":
        _check_ogg(data)
    elif data[:3] == b"ID3" or (len(data) > 2 and data[0] == 0xFF and data[1] & 0xE0 == 0xE0):
        _check_mp3(data)
    else:
        raise AudioError(f"{len(data)} bytes beginning {data[:12]!r} are no WAV, FLAC, OGG or MP3 file")


def _check_wav(data: bytes) -> None:
    at, has_samples = 12, False
    while at + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        if at + 8 + size > len(data):
            raise AudioError(f"the WAV chunk {name!r} wants {size} bytes, {len(data) - at - 8} are there: cut off")
        has_samples = has_samples or name == b"data"
        at += 8 + size + size % 2
    if not has_samples:
        raise AudioError("the WAV file has no samples: cut off")


def _check_flac(data: bytes) -> None:
    import soundfile

    info = data[_FLAC_INFO_AT : _FLAC_INFO_AT + _FLAC_INFO_BYTES]
    if len(info) < _FLAC_INFO_BYTES:
        raise AudioError("the FLAC file ends inside its header")
    bits = (int.from_bytes(info[10:18], "big") >> 36 & 0x1F) + 1
    promised = info[18:34]
    try:
        words, _ = soundfile.read(io.BytesIO(data), dtype="int32", always_2d=True)
    except (RuntimeError, ValueError) as error:
        raise AudioError("the FLAC file cannot be decoded") from error
    if promised != bytes(16) and promised != _md5_of_samples(words, bits):
        raise AudioError("the FLAC file does not hold the samples its checksum promises: damaged or cut off")


def _md5_of_samples(words: NDArray[np.int32], bits: int) -> bytes:
    """Over whole bytes, little-endian, interleaved; ``words`` hold the samples in their upper bits."""
    octets = -(-bits // 8)
    shifted = np.ascontiguousarray(words >> (32 - bits), dtype="<i4").view(np.uint8).reshape(-1, 4)
    return hashlib.md5(np.ascontiguousarray(shifted[:, :octets]).data, usedforsecurity=False).digest()


def _check_ogg(data: bytes) -> None:
    flags = 0
    for page in pages(data):
        if not page.is_intact:
            raise AudioError(f"the OGG page at byte {page.start} does not match its checksum: damaged")
        flags = page.flags
    if not flags & _OGG_END_OF_STREAM:
        raise AudioError("the OGG file has no last page: cut off")


def _check_mp3(data: bytes) -> None:
    start = 0
    if data[:3] == b"ID3" and len(data) >= 10:
        # Tag sizes are written with seven bits a byte (ID3v2.4, section 6.2).
        start = 10 + sum(octet << shift for octet, shift in zip(data[6:10], (21, 14, 7, 0), strict=True))
    head = data[start : start + 200]
    at = max(head.find(b"Xing"), head.find(b"Info"))
    if at < 0 or len(head) < at + _XING_AT_LEAST + 4:
        return
    flags = int.from_bytes(head[at + 4 : at + 8], "big")
    if flags & 3 == 3:
        promised = int.from_bytes(head[at + 12 : at + 16], "big")
        if promised > len(data) - start:
            raise AudioError(f"the MP3 stream promises {promised} bytes, {len(data) - start} are there: cut off")
