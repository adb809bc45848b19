"""Reading a tree archive that anybody may have made: nothing is believed, nothing is unpacked to a path it names.

It is read once from front to end: tree.json first, held against its model, then the objects it lists, each of the size
and the hash that it has there. There is no compression that could blow up, and no member is anything but a file.

Belongs here: the file and its members. Does not belong here: rows (unpacking), the fields of a tree (model).
"""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NoReturn

from pydantic import ValidationError

from musicgen_assets.context.failures import BadInput
from resources.disk import disk_failure
from resources.trees.model import Tree
from resources.trees.packing import OBJECTS, TREE

TREE_MAX_BYTES = 512 * 1024**2
"""Of tree.json: a version takes about 100 kB of it."""
_CHUNK = 1 << 20
_READ_MAX = 1 << 20
"""More at once only headers ask for that lie about their size."""


class _Careful:
    """A file that never reads more at once than a member is read by."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.tell, self.seek = file.tell, file.seek

    def read(self, size: int) -> bytes:
        """At most ``_READ_MAX`` bytes. Raises tarfile.ReadError for more."""
        if not 0 <= size <= _READ_MAX:
            raise tarfile.ReadError("a header is too large")
        return self._file.read(size)


class TreeArchive:
    """An open archive: ``tree`` is what it says, ``objects()`` what it holds."""

    def __init__(self, archive: tarfile.TarFile, path: Path) -> None:
        self._archive, self._path = archive, path
        self._members = iter(archive)
        first = self._next()
        if first is None or first.name != TREE:
            _refuse(path, f"its first member is {first.name if first else 'missing'!r}, not {TREE!r}")
        self.tree = self._tree(first)
        """Validated, but for the objects."""
        self.size_bytes = sum(self.tree.objects.values())
        if self.size_bytes > path.stat().st_size:
            _refuse(path, "it says that it holds more than it can")

    def objects(self) -> Iterator[tuple[str, bytes]]:
        """Every object as (sha256, content), verified. Raises BadInput for one that is wrong, missing or unknown."""
        left = dict(self.tree.objects)
        while (member := self._next()) is not None:
            name = member.name.removeprefix(OBJECTS)
            if not member.name.startswith(OBJECTS) or name not in left:
                _refuse(self._path, f"it holds {member.name[:200]!r}, which its tree does not list, or lists once")
            if member.size != left.pop(name):
                _refuse(self._path, f"{member.name} has {member.size} bytes, its tree says otherwise")
            data = self._content(member)
            if (found := hashlib.sha256(data).hexdigest()) != name:
                _refuse(self._path, f"the content of {member.name} hashes to {found}")
            yield name, data
        if left:
            _refuse(self._path, f"{len(left)} objects are missing, {min(left)} among them")

    def _tree(self, member: tarfile.TarInfo) -> Tree:
        if member.size > TREE_MAX_BYTES:
            _refuse(self._path, f"its {TREE} has {member.size} bytes, {TREE_MAX_BYTES} are allowed")
        try:
            said = json.loads(self._content(member), parse_constant=_no_constant, object_pairs_hook=_once)
            return Tree.model_validate(said)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"]))
            _refuse(self._path, f"its {TREE} is wrong at {where or 'the top'}: {first['msg']}")
        except (ValueError, RecursionError) as error:
            _refuse(self._path, f"its {TREE} cannot be read: {error}")

    def _next(self) -> tarfile.TarInfo | None:
        member = next(self._members, None)
        if member is not None and (not member.isreg() or member.issparse() or member.pax_headers):
            _refuse(self._path, f"{member.name[:200]!r} is not a plain file")
        return member

    def _content(self, member: tarfile.TarInfo) -> bytes:
        source = self._archive.extractfile(member)
        parts: list[bytes] = []
        while source is not None and (chunk := source.read(_CHUNK)):
            parts.append(chunk)
        return b"".join(parts)


@contextmanager
def open_tree(path: Path) -> Iterator[TreeArchive]:
    """The archive at ``path``. Raises BadInput for what is none, for whatever reason, a Failure for the disk's."""
    try:
        with path.open("rb") as file:
            careful: Any = _Careful(file)
            with tarfile.open(fileobj=careful, mode="r:") as archive:
                yield TreeArchive(archive, path)
    except FileNotFoundError as error:
        raise BadInput("FILE", str(path), "there is no such file") from error
    except tarfile.TarError as error:
        _refuse(path, f"it is no whole archive: {error}")
    except OSError as error:
        raise disk_failure(error, path, "read") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a field stands twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _refuse(path: Path, rule: str) -> NoReturn:
    raise BadInput(
        "FILE", str(path), rule, way_out="Nothing was taken over. Export the composition again: musicgen export-tree."
    )
