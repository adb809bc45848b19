"""A batch as one ZIP file: every release in a folder of its own, a list of the songs, checksums of all.

The same songs in the same states give the same bytes. Belongs here: the archive. Does not belong here: what is in a
release (finalization).
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator, Sequence
from io import BytesIO, StringIO
from pathlib import Path
from typing import IO, TYPE_CHECKING

from musicgen_assets.context.failures import BadInput
from musicgen_assets.graph.manifest import Manifest
from resources.batches.status import Item, find_batch, items_of
from resources.disk import written_whole
from resources.release_export import places_of
from resources.release_zip import CHECKSUMS
from resources.studio import RELEASE_ASSET

if TYPE_CHECKING:
    from resources.store import ArtifactStore
    from resources.studio import Studio

LIST = "songs.csv"


def package(studio: Studio, text: str, target: Path) -> tuple[Path, int]:
    """Write the releases of the batch ``text`` to the new file ``target``; its path, and how many there are.

    It is written beside its place and renamed once it is whole. Raises BadInput for an unknown batch and for one
    without a release, MissingArtifact, and PermanentFailure for a read-only or a full disk.
    """
    from dsp.archive import zip_into

    with studio.registry.reading() as session:
        batch = find_batch(session, text)
        items, name = items_of(session, batch.id), batch.id
    released = [(item, _release(studio, item)) for item in items if item.state == "released"]
    if not released:
        raise BadInput("batch", name, "none of its songs is released", way_out=f"See musicgen batch show {name}")
    target = target.absolute()
    needed_bytes = sum(role.size_bytes for _, manifest in released for role in manifest.content)
    with written_whole(target, needed_bytes, "write the package to") as file:
        zip_into(file, _members(studio.store, name, items, released))
    return target, len(released)


def _release(studio: Studio, item: Item) -> Manifest:
    manifest = studio.manifest(str(item.partition), RELEASE_ASSET)
    places_of(manifest)  # refuses a file that would leave its folder
    return manifest


def _members(
    store: ArtifactStore, name: str, items: Sequence[Item], released: Sequence[tuple[Item, Manifest]]
) -> Iterator[tuple[str, IO[bytes], int]]:
    width = len(str(len(items)))
    listed = _list(items, width)
    sums = [f"{hashlib.sha256(listed).hexdigest()}  {LIST}\n"]
    files = [
        (f"{_folder(item, width)}/{role.role}", role.sha256)
        for item, manifest in released
        for role in sorted(manifest.content, key=lambda role: role.role)
    ]
    sums += [f"{sha256}  {path}\n" for path, sha256 in files]
    for path, data in ((LIST, listed), (CHECKSUMS, "".join(sums).encode())):
        yield f"{name}/{path}", BytesIO(data), len(data)
    for path, sha256 in files:
        data = store.get(sha256)
        yield f"{name}/{path}", BytesIO(data), len(data)


def _folder(item: Item, width: int) -> str:
    return f"{item.position:0{width}d}-{item.partition}"


def _list(items: Sequence[Item], width: int) -> bytes:
    """Every song of the batch, those without a release too."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("song", "state", "folder", "prompt"))
    for item in items:
        prompt = f"'{item.prompt}" if item.prompt.startswith(("=", "+", "-", "@")) else item.prompt
        folder = _folder(item, width) if item.state == "released" else ""
        writer.writerow((item.position, item.state, folder, prompt))
    return out.getvalue().encode()
