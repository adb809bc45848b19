"""ZIP archives whose bytes repeat: the same members give the same file, whoever makes it and when.

Belongs here: the container. Does not belong here: what is in it.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping
from io import BytesIO
from typing import IO

_DOS_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a ZIP can state; it stands for none."""
_READABLE = 0o100644 << 16
_UNIX = 3
_CHUNK = 1 << 20
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


def _entry(path: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(path, _DOS_EPOCH)
    entry.create_system = _UNIX
    entry.external_attr = _READABLE
    entry.compress_type = zipfile.ZIP_STORED if path.endswith(_PACKED_ALREADY) else zipfile.ZIP_DEFLATED
    return entry
