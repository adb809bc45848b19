"""OGG pages (RFC 3533): giving a file a fixed stream number, so that equal audio gives equal bytes.

libsndfile draws the stream number at random. It stands in every page, and each page carries a checksum.
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
    pages = bytearray(data)
    start = 0
    while start < len(pages):
        end = _page_end(pages, start)
        struct.pack_into("<I", pages, start + _SERIAL_AT, serial)
        struct.pack_into("<I", pages, start + _CHECKSUM_AT, 0)
        struct.pack_into("<I", pages, start + _CHECKSUM_AT, page_checksum(bytes(pages[start:end])))
        start = end
    return bytes(pages)


def page_checksum(page: bytes) -> int:
    """CRC-32 of a page as OGG wants it: polynomial 0x04C11DB7, high bit first, nothing inverted.

    zlib knows the same polynomial low bit first and inverted at both ends; mirroring the bits of every byte and
    of the result, and undoing both inversions, makes one of the other at C speed.
    """
    plain = zlib.crc32(page.translate(_MIRRORED), _ONES) ^ _ONES
    return int.from_bytes(plain.to_bytes(4, "little").translate(_MIRRORED), "big")


def _page_end(pages: bytearray, start: int) -> int:
    table = start + _SEGMENTS_AT + 1
    if pages[start : start + 4] != b"OggS" or table > len(pages):
        raise AudioError(f"no OGG page at byte {start} of {len(pages)}")
    segments = pages[table - 1]
    end = table + segments + sum(pages[table : table + segments])
    if end > len(pages):
        raise AudioError(f"the OGG page at byte {start} wants {end} bytes, the file has {len(pages)}")
    return end
