"""Writing a release to a folder: every content role of the release's manifest becomes a file, or none does.

Beside the folder, for as long as it is being written: ``.<name>.new.<mark>``, and ``.<name>.old.<mark>`` where an
older one is replaced; the mark tells by whom.

Belongs here: the folder. Does not belong here: what is in a release (finalization).
"""

from __future__ import annotations

import re
import shutil
from contextlib import suppress
from pathlib import Path, PurePosixPath

from musicgen_assets.context.failures import PermanentFailure
from musicgen_assets.graph.manifest import Manifest
from resources.disk import check_room, disk_failure, flush_folder, make_folder
from resources.processes import STALE_AFTER_S, is_left_over, temporary_mark
from resources.store import ArtifactStore

_BESIDE = re.compile(r"\.(?P<name>.+)\.(?P<kind>new|old|gone)\.(?P<mark>.+\.\d+\.[0-9a-f]+)")


def export_release(store: ArtifactStore, manifest: Manifest, directory: Path) -> list[Path]:
    """Make ``directory`` hold exactly the files of ``manifest``, each checked against its hash; return them.

    The folder is prepared beside its place and swapped in, so that it is never half a release; an older one there
    is replaced, and what a process that died left beside it goes. Raises MissingArtifact, and PermanentFailure for
    a role that would leave the folder, a read-only or a full disk.
    """
    places = places_of(manifest)
    directory = directory.absolute()
    make_folder(directory.parent)
    sweep_exports(directory.parent, directory.name)
    needed_bytes = 0 if store.is_beside(directory.parent) else sum(role.size_bytes for role in manifest.content)
    check_room(directory.parent, needed_bytes, directory)
    mark = temporary_mark()
    fresh = directory.with_name(f".{directory.name}.new.{mark}")
    try:
        make_folder(fresh)
        for role, place in zip(manifest.content, places, strict=True):
            store.link_or_copy(role.sha256, fresh / place)
        _swap(fresh, directory, mark)
    except PermanentFailure:
        shutil.rmtree(fresh, ignore_errors=True)
        check_room(directory.parent, needed_bytes, directory)  # others filled the disk meanwhile: say how much it takes
        raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return [directory / place for place in places]


def places_of(manifest: Manifest) -> list[PurePosixPath]:
    """Where each content role goes. Raises PermanentFailure for one that would leave the folder, or take another's."""
    places = [_inside(role.role) for role in manifest.content]
    _check_distinct(places)
    return places


def sweep_exports(folder: Path, name: str | None = None, older_than_s: float = STALE_AFTER_S) -> int:
    """Clear away what dead processes left beside the releases in ``folder`` (only ``name``'s, where given).

    Returns how many there were. A release that was moved aside and never replaced is put back, unless it was to go
    (".gone.": resources.lifecycle). What dead processes of this machine left goes at once, what others left when it
    is ``older_than_s``.
    """
    found = [(path, match) for path in sorted(_entries(folder)) if (match := _BESIDE.fullmatch(path.name))]
    removed = 0
    for path, match in found:
        if name not in (None, match["name"]) or not is_left_over(match["mark"], path, older_than_s):
            continue
        removed += 1
        if match["kind"] == "old" and not (folder / match["name"]).exists():
            with suppress(OSError):  # another process was quicker
                path.rename(folder / match["name"])
        shutil.rmtree(path, ignore_errors=True)
    return removed


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise disk_failure(error, folder, "sweep") from error


def _swap(fresh: Path, directory: Path, mark: str) -> None:
    """Put ``fresh`` in the place of ``directory``, the old one back if that fails."""
    old = directory.with_name(f".{directory.name}.old.{mark}")
    try:
        flush_folder(fresh)
        if directory.exists() or directory.is_symlink():
            directory.rename(old)
        try:
            fresh.rename(directory)
        except OSError:
            if old.exists():
                old.rename(directory)
            raise
        flush_folder(directory.parent)
    except OSError as error:
        raise disk_failure(error, directory, "write the release to") from error
    shutil.rmtree(old, ignore_errors=True)


def _inside(role: str) -> PurePosixPath:
    """``role`` as a path that stays inside the release. Raises PermanentFailure."""
    path = PurePosixPath(role)
    has_bad_part = any(part in ("..", ".", "") or "\\" in part or "\0" in part for part in role.split("/"))
    if path.is_absolute() or has_bad_part:
        raise PermanentFailure(
            f"The release names a file {role!r}, which does not stay inside its folder.",
            way_out="Nothing was written; the manifest is damaged: run the version again.",
        )
    return path


def _check_distinct(places: list[PurePosixPath]) -> None:
    """Two files of one name, or a file where another needs a folder, would lose one of them."""
    seen = set(places)
    clashes = [place for place in places if any(parent in seen for parent in place.parents)]
    if clashes or len(seen) != len(places):
        raise PermanentFailure(
            f"The release names a file twice, or a file and a folder alike: {', '.join(map(str, clashes or places))}.",
            way_out="Nothing was written; the manifest is damaged: run the version again.",
        )
