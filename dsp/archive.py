"""ZIP archives whose bytes repeat: the same members give the same file, whoever makes it and when.

Belongs here: the container, as a file or as a stream. Does not belong here: what is in it.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from typing import IO, cast

_DOS_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a ZIP can state; it stands for none."""
_READABLE = 0o100644 << 16
_UNIX = 3
_CHUNK = 1 << 20
_HEADER_BYTES = 30 + 16 + 46
"""Local header, data descriptor and central entry of a member, without its name (PKWARE's APPNOTE, 4.3)."""
_END_BYTES = 22
_PACKED_ALREADY = (".flac", ".mp3", ".ogg", ".opus", ".m4a", ".mp4", ".jpg", ".png", ".pdf", ".dawproject", ".zip")


def zipped(members: Mapping[str, bytes]) -> bytes:
    """An archive of ``members`` (path to content) in their order; texts are deflated, what is packed already stored."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, data in members.items():
            archive.writestr(_entry(path), data)
    return buffer.getvalue()


def zip_into(target: IO[bytes], members: Iterable[tuple[str, IO[bytes], int]]) -> None:
    """Write an archive of ``members`` (path, open file, its size in bytes) to ``target``, a mebibyte at a time.

    Raises OSError where a file cannot be read or the target cannot be written.
    """
    with zipfile.ZipFile(target, "w") as archive:
        for path, source, size in members:
            entry = _entry(path)
            entry.file_size = size
            with archive.open(entry, "w") as inside:
                while chunk := source.read(_CHUNK):
                    inside.write(chunk)


def zip_stream(members: Iterable[tuple[str, bytes]]) -> Iterator[bytes]:
    """An archive of ``members`` (path, content) piece by piece, nothing deflated, so that ``stream_size`` knows how
    long it will be. Each member is taken when its turn comes.
    """
    sink = _Sink()
    with zipfile.ZipFile(cast("IO[bytes]", sink), "w", allowZip64=False) as archive:
        for path, data in members:
            entry = _entry(path)
            entry.compress_type = zipfile.ZIP_STORED
            with archive.open(entry, "w") as inside:
                for start in range(0, len(data), _CHUNK):
                    inside.write(data[start : start + _CHUNK])
                    yield sink.taken()
    yield sink.taken()


def stream_size(members: Iterable[tuple[str, int]]) -> int:
    """Bytes that ``zip_stream`` makes of ``members`` (path, size in bytes)."""
    names = [(len(path.encode()), size) for path, size in members]
    return _END_BYTES + sum(_HEADER_BYTES + 2 * name + size for name, size in names)


class _Sink:
    """A file that cannot be gone back in; what was written is taken away piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes, /) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing waits here."""

    def taken(self) -> bytes:
        """What was written since."""
        data, self._pieces = b"".join(self._pieces), []
        return data


def _entry(path: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(path, _DOS_EPOCH)
    entry.create_system = _UNIX
    entry.external_attr = _READABLE
    entry.compress_type = zipfile.ZIP_STORED if path.endswith(_PACKED_ALREADY) else zipfile.ZIP_DEFLATED
    return entry
