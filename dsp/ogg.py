"""OGG pages (RFC 3533): giving a file a fixed stream number.

libsndfile draws the stream number at random. It stands in every page, and each page carries a checksum; with another
number and new checksums equal audio gives equal bytes. Does not belong here: Vorbis, and what tags say.
"""

from __future__ import annotations

import struct
import zlib

from dsp.errors import AudioError

_SERIAL_AT = 14
_CHECKSUM_AT = 22
_SEGMENTS_AT = 26
_MIRRORED = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))
_ONES = 0xFFFF_FFFF


def with_fixed_serial(data: bytes, serial: int) -> bytes:
    """The same OGG file with ``serial`` (0 to 2^32-1) as its stream number on every page.

    Raises:
        AudioError: the bytes are not a whole number of OGG pages.
    """
    out = bytearray(data)
    start = 0
    while start < len(out):
        end = _page_end(data, start)
        struct.pack_into("<I", out, start + _SERIAL_AT, serial)
        struct.pack_into("<I", out, start + _CHECKSUM_AT, 0)
        struct.pack_into("<I", out, start + _CHECKSUM_AT, page_checksum(bytes(out[start:end])))
        start = end
    return bytes(out)


def page_checksum(page: bytes) -> int:
    """CRC-32 of a page as OGG wants it: polynomial 0x04C11DB7, high bit first, nothing inverted.

    zlib knows the same polynomial low bit first and inverted at both ends; mirroring the bits of every byte and
    of the result, and undoing both inversions, makes one of the other at C speed.
    """
    plain = zlib.crc32(page.translate(_MIRRORED), _ONES) ^ _ONES
    return int.from_bytes(plain.to_bytes(4, "little").translate(_MIRRORED), "big")


def _page_end(data: bytes, start: int) -> int:
    table = start + _SEGMENTS_AT + 1
    if data[start : start + 4] != b"OggS" or table > len(data):
        raise AudioError(f"no OGG page at byte {start} of {len(data)}")
    end = table + data[table - 1] + sum(data[table : table + data[table - 1]])
    if end > len(data):
        raise AudioError(f"the OGG page at byte {start} wants to end at byte {end}, the file has {len(data)}: cut off")
    return end
