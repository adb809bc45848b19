"""Operations that give files: what a version holds, part by part, and its release as a whole or one file of it.

No path of this machine is ever made of what a caller sent: a name is looked up among the roles of a manifest, and what
it stands for is found by its hash. Everything goes out as an attachment, so that no page in it runs here.

Belongs here: these handlers. Does not belong here: JSON answers (shown), bytes and hashes (resources.store).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import PurePosixPath
from urllib.parse import urlencode

from flask import Response, request, send_file

from api.operations import Call
from api.problems import Told
from api.v2.hiding import without_others
from api.v2.told import Artifacts
from dsp.archive import stream_size, zip_stream
from musicgen_assets.graph.manifest import Manifest, StoredRole
from resources.access.scope import find_version
from resources.registry import queries
from resources.release_zip import CHECKSUMS, checksums
from resources.store import ArtifactStore
from resources.studio import RELEASE_ASSET

_PLAIN_NAME = re.compile(r"[^A-Za-z0-9._@-]+")
_RELEASE_STAGE = RELEASE_ASSET.partition("/")[0]


def artifacts(call: Call) -> Artifacts:
    """What a version holds."""
    with call.studio.registry.reading() as session:
        version = call.version(session, call.query.version)
        known = queries.materializations_of(session, version.partition)
    items = [
        {"asset": asset, "stage": asset.partition("/")[0], "carried_from": row.carried_from,
         "facts": dict(row.manifest.facts),
         "files": [_file(version.composition_id, version.number, asset, role) for role in row.manifest.content]}
        for asset, row in known.items()
        if call.query.stage in (None, asset.partition("/")[0])
    ]  # fmt: skip
    return Artifacts.model_validate({"partition": version.partition, "items": without_others(call, items)})


def _file(composition: str, number: int, asset: str, role: StoredRole) -> dict[str, object]:
    if asset == RELEASE_ASSET:
        href = f"/api/v2/compositions/{composition}/download/?{urlencode({'version': number, 'file': role.role})}"
    else:
        query = urlencode({"version": number, "role": role.role})
        href = f"/api/v2/compositions/{composition}/artifacts/{asset}/?{query}"
    return {"role": role.role, "media_type": role.media_type, "size_bytes": role.size_bytes, "sha256": role.sha256,
            "href": href}  # fmt: skip


def artifact(call: Call) -> Response:
    """One file of an artifact; those of a release ask for the right to download it."""
    stage, asset = call.path["stage"], call.path["asset"]
    number = None if call.query.version is None else str(call.query.version)
    right = "download" if stage == _RELEASE_STAGE else call.right
    with call.studio.registry.reading() as session:
        partition = find_version(session, call.caller, call.path["composition"], number, right).partition
        known = queries.latest_materialization(session, partition, f"{stage}/{asset}")
    if known is None:
        raise Told("not_made", f"{stage}/{asset} of {partition} has not been made.", field="asset",
                   way_out="See what there is: .../artifacts/.")  # fmt: skip
    return _given(call.studio.store, _role(known.manifest, call.query.role, "role"), f"{partition}.{asset}")


def download(call: Call) -> Response:
    """The release as one ZIP file, streamed; or one file of it."""
    partition = call.partition(call.query.version)
    manifest = call.studio.manifest(partition, RELEASE_ASSET)
    if call.query.file is not None:
        return _given(call.studio.store, _role(manifest, call.query.file, "file"), "")
    return _zipped(call.studio.store, manifest, partition)


def _role(manifest: Manifest, name: str, field: str) -> StoredRole:
    found = manifest.role(name)
    if found is None:
        raise Told("not_found", f"{manifest.asset} holds nothing of that name.", field=field, value=name[:200],
                   way_out="See what there is: .../artifacts/.")  # fmt: skip
    return found


def _given(store: ArtifactStore, role: StoredRole, name: str) -> Response:
    """One object, whole or in part, by the name a person would give it."""
    if not store.has(role.sha256):
        raise Told("not_made", "Its content is not in the store any more.", way_out="Run the version again.")
    base = PurePosixPath(role.role).name
    shown = f"{name}.{base}{role.suffix}" if name else base
    path = store.path(role.sha256)
    source = path if path is not None else BytesIO(store.get(role.sha256))
    response: Response = send_file(
        source, mimetype=role.media_type, as_attachment=True, download_name=plain_name(shown), etag=role.sha256,
        conditional=True, max_age=None,
    )  # fmt: skip
    return response


def _zipped(store: ArtifactStore, manifest: Manifest, partition: str) -> Response:
    """Every file of the release under a folder of its own, with checksums. The same release gives the same bytes."""
    roles = sorted(manifest.content, key=lambda role: role.role)
    sums = checksums(manifest)
    sizes = {CHECKSUMS: len(sums), **{role.role: role.size_bytes for role in roles}}
    size = stream_size((f"{partition}/{path}", size_bytes) for path, size_bytes in sizes.items())

    def members() -> Iterator[tuple[str, bytes]]:
        yield f"{partition}/{CHECKSUMS}", sums
        for role in roles:
            yield f"{partition}/{role.role}", store.get(role.sha256)

    response = Response(zip_stream(members()), mimetype="application/zip", direct_passthrough=True)
    response.content_length = size
    response.headers["Content-Disposition"] = f"attachment; filename={plain_name(partition)}.zip"
    response.set_etag(f"{manifest.content_hash}-zip")
    response.make_conditional(request, accept_ranges=True, complete_length=size)
    return response


def plain_name(text: str) -> str:
    """A name that no header and no file system minds."""
    return _PLAIN_NAME.sub("_", text).strip("._") or "file"
