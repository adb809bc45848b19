"""Several things in one answer: the parts of a multipart body, the stems in a ZIP. Bounded, and never written to disk.

Belongs here: taking them apart. Does not belong here: what the parts mean (the adapters).
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

_PARTS_MAX = 10
_ENTRIES_MAX = 32
_BOUNDARY = re.compile(r'boundary="?([^";,\s]+)"?', re.IGNORECASE)
_LETTERS = re.compile(r"[a-z]+")


@dataclass(frozen=True)
class Part:
    """One part of a multipart body."""

    media_type: str
    data: bytes = field(repr=False)


def parts_of(content_type: str, body: bytes) -> list[Part]:
    """The parts, in order; [] for a body that is not as its header says, or was cut before its last boundary."""
    found = _BOUNDARY.search(content_type)
    if found is None:
        return []
    mark = b"--" + found.group(1).encode("latin-1", "replace")
    pieces = (b"\r\n" + body).split(b"\r\n" + mark)
    if len(pieces) < 3 or not pieces[-1].startswith(b"--"):
        return []
    return [_part(piece) for piece in pieces[1:-1][:_PARTS_MAX]]


def _part(piece: bytes) -> Part:
    head, _, data = piece.partition(b"\r\n\r\n")
    media_type = ""
    for line in head.decode("latin-1").splitlines():
        name, _, value = line.partition(":")
        if name.strip().lower() == "content-type":
            media_type = value.partition(";")[0].strip().lower()
    return Part(media_type, data)


def stems_in(archive: bytes, words: Mapping[str, str], most_bytes: int) -> list[tuple[str, bytes]]:
    """Stems by our words, in the archive's order; [] for what is no whole archive, or holds more than ``most_bytes``.

    An entry is known by the words in its name; names are never used as paths.
    """
    found: dict[str, bytes] = {}
    left = most_bytes
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            for entry in opened.infolist()[:_ENTRIES_MAX]:
                base = entry.filename.rpartition("/")[2].lower()
                word = next((words[letters] for letters in _LETTERS.findall(base) if letters in words), None)
                if word is None or word in found:
                    continue
                with opened.open(entry) as source:
                    data = source.read(left + 1)
                if len(data) > left:
                    return []
                left -= len(data)
                found[word] = data
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError):
        return []  # each is how zipfile says that an archive is damaged, encrypted or packed in an unknown way
    return list(found.items())
