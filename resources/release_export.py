"""Writing a release to a folder: every content role of the release's manifest becomes a file, or none does.

Belongs here: the folder. Does not belong here: what is in a release (finalization).
"""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path, PurePosixPath

from musicgen_assets.context.failures import PermanentFailure
from musicgen_assets.graph.manifest import Manifest
from resources.disk import disk_failure, flush_folder, make_folder
from resources.store import ArtifactStore


def export_release(store: ArtifactStore, manifest: Manifest, directory: Path) -> list[Path]:
    """Make ``directory`` hold exactly the files of ``manifest``, each checked against its hash; return them.

    The folder is prepared beside its place and swapped in, so that it is never half a release; an older one
    there is replaced. Raises MissingArtifact, and PermanentFailure for a role that would leave the folder, a
    read-only or a full disk.
    """
    places = [_inside(role.role) for role in manifest.content]
    _check_distinct(places)
    directory = directory.absolute()
    make_folder(directory.parent)
    mark = f"{os.getpid()}.{secrets.token_hex(4)}"
    fresh = directory.with_name(f".{directory.name}.new.{mark}")
    try:
        make_folder(fresh)
        for role, place in zip(manifest.content, places, strict=True):
            store.link_or_copy(role.sha256, fresh / place)
        _swap(fresh, directory, mark)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return [directory / place for place in places]


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
