"""Writing a composition with its tree to one file: the same composition gives the same bytes, from whatever home.

Belongs here: reading the registry, writing the file. Does not belong here: what an archive must be (model, archive).
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from musicgen_assets.context.failures import BadInput
from musicgen_assets.graph.payloads import canonical_json
from resources.disk import written_whole
from resources.door_work import open_requests_of
from resources.leases import lease_of
from resources.registry import Event, Registry, Version, Waiver, queries
from resources.state_machine import RESTING
from resources.store import ArtifactStore
from resources.trees.model import Asked, Excused, Made, Node, Step, Tree

TREE = "tree.json"
OBJECTS = "objects/"
_OF_THE_HOME = ("user", "idempotency_key", "priority")
"""Fields of a request that say who asked, where."""


@dataclass(frozen=True)
class Packed:
    """What was written. ``path`` is absolute; sizes in bytes."""

    path: Path
    composition: str
    versions: int
    objects: int
    size_bytes: int


def export_tree(registry: Registry, store: ArtifactStore, composition: str, target: Path) -> Packed:
    """Write ``composition`` with all its versions to the new file ``target``.

    Raises BadInput for an unknown composition, one that is being made, and a target that exists; MissingArtifact,
    and PermanentFailure for a disk that is full or read-only. Nothing half is left behind.
    """
    target = target.absolute()
    if target.exists():
        raise BadInput("FILE", str(target), "it is there already", way_out="Name a new file.")
    with registry.reading() as session:
        tree = tree_of(session, store, composition)
    text = canonical_json(tree.model_dump(mode="json"))
    needed_bytes = len(text) + sum(tree.objects.values())
    with written_whole(target, needed_bytes, "write the composition to") as file:
        _write(file, text, store, sorted(tree.objects))
    return Packed(target, composition, len(tree.versions), len(tree.objects), target.stat().st_size)


def tree_of(session: Session, store: ArtifactStore, composition: str) -> Tree:
    """What the registry has of ``composition``, as an archive says it. Raises BadInput."""
    row = queries.get_composition(session, composition)
    versions = queries.list_versions(session, composition)
    numbers = {version.id: version.number for version in versions}
    nodes = tuple(_node(session, version, numbers) for version in versions)
    sizes = {
        role.sha256: role.size_bytes
        for node in nodes
        for made in node.made
        for role in (*made.manifest.content, *made.manifest.pictures.values())
    }
    named = set().union(*(node.named() for node in nodes)) - sizes.keys()
    sizes |= {name: store.size(name) for name in sorted(named) if store.has(name)}
    return Tree(
        composition=composition, title=row.title, created_at=row.created_at, next_version=row.next_version,
        versions=nodes, objects=sizes,
    )  # fmt: skip


def _node(session: Session, version: Version, numbers: dict[int, int]) -> Node:
    if version.state not in RESTING or lease_of(session, version) or open_requests_of(session, version):
        raise BadInput(
            "composition", version.composition_id, f"{version.partition} is being made, or is asked for",
            way_out=f"Wait for it, or end it first: musicgen cancel {version.partition}",
        )  # fmt: skip
    made = queries.materializations_of(session, version.partition)
    steps = session.scalars(
        select(Event).where(Event.version_id == version.id, Event.kind == "version.state").order_by(Event.id)
    )
    waivers = session.scalars(select(Waiver).where(Waiver.version_id == version.id).order_by(Waiver.id))
    return Node(
        number=version.number, parent=None if version.parent_id is None else numbers[version.parent_id],
        seed=version.seed, state=version.state, stage=version.current_stage,
        context=version.context, change=version.change, created_at=version.created_at,
        asked=_asked(session, version),
        made=tuple(
            Made(
                asset=one.asset, manifest=one.manifest, inputs_key=one.inputs_key, carried_from=one.carried_from,
                seconds=one.seconds, run_id=one.run_id, created_at=one.created_at,
            )
            for one in made.values()
        ),
        waivers=tuple(Excused(check=w.check, who=w.who, why=w.why, created_at=w.created_at) for w in waivers),
        history=tuple(Step(payload=step.payload, created_at=step.created_at) for step in steps),
    )  # fmt: skip


def _asked(session: Session, version: Version) -> Asked:
    row = queries.request_of(session, version)
    payload = {name: value for name, value in row.payload.items() if name not in _OF_THE_HOME}
    return Asked(
        id=row.id, kind=row.kind, status=row.status, payload=payload, asked_hash=row.asked_hash,
        created_at=row.created_at, finished_at=row.finished_at,
    )  # fmt: skip


def _write(file: Any, tree: bytes, store: ArtifactStore, names: list[str]) -> None:
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in _members(tree, store, names):
            entry = tarfile.TarInfo(name)  # no owner, no time: mode 644 and zeros
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))


def _members(tree: bytes, store: ArtifactStore, names: list[str]) -> Iterator[tuple[str, bytes]]:
    yield TREE, tree
    for name in names:
        yield f"{OBJECTS}{name}", store.get(name)
