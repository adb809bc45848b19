"""Taking a composition from a tree archive into a home: all of it or nothing, and as it was where it came from.

Objects first, then every row in one transaction. What was stored before something broke is garbage, and goes as such.

Belongs here: writing rows. Does not belong here: whether the archive can be believed (archive, model).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from musicgen_assets.context.failures import BadInput, PermanentFailure
from musicgen_assets.graph.payloads import canonical_json
from resources.disk import free_bytes
from resources.housekeeping.budgets import check_budget
from resources.registry import Composition, Event, Materialization, Request, Version, Waiver, queries
from resources.registry.garbage import reach
from resources.registry.stages import rebuild_stage_states
from resources.studio import Studio
from resources.trees.archive import open_tree
from resources.trees.model import Made, Node, Tree


@dataclass(frozen=True)
class Unpacked:
    """What was taken over. ``stored_bytes`` is what it takes; some of it may have been here already."""

    composition: str
    partitions: tuple[str, ...]
    objects: int
    stored_bytes: int


def import_tree(studio: Studio, path: Path, user: str = "local") -> Unpacked:
    """Take the composition of the archive at ``path`` over, as ``user``'s.

    Raises BadInput, with nothing written, for an archive that is not whole and consistent and for a composition or a
    request that is here already; a Failure of disk or registry.
    """
    with open_tree(path) as archive:
        tree = archive.tree
        with studio.registry.reading() as session:
            check_budget(session, user, studio.settings.limits.max_user_bytes)
            _check_free(session, tree)
        _check_room(studio.store.folder, archive.size_bytes)
        for _, data in archive.objects():
            studio.store.put(data)
    try:
        with studio.registry.session() as session:
            _check_free(session, tree)
            reach(session, tree.objects, studio.store.has)
            _write(session, studio, tree, user)
    except IntegrityError as error:
        raise BadInput("FILE", str(path), "what it holds came to be here at the same moment") from error
    return Unpacked(
        tree.composition, tuple(tree.partition(node.number) for node in tree.versions), len(tree.objects),
        archive.size_bytes,
    )  # fmt: skip


def _check_room(folder: Path | None, needed_bytes: int) -> None:
    if folder is not None and (free := free_bytes(folder)) < needed_bytes:
        raise PermanentFailure(
            f"The composition takes {needed_bytes:,} bytes, and {free:,} are free on the disk of {folder}. Nothing was "
            "written.",
            way_out="Free some space there, or point MUSICGEN_HOME at another disk.",
        )


def _check_free(session: Session, tree: Tree) -> None:
    if session.get(Composition, tree.composition) is not None:
        raise BadInput(
            "FILE", tree.composition, "that composition is here already",
            way_out=f"See musicgen versions {tree.composition}; to take it over anew, delete it first.",
        )  # fmt: skip
    ids = [node.asked.id for node in tree.versions]
    for start in range(0, len(ids), 500):
        some = session.scalars(select(Request.id).where(Request.id.in_(ids[start : start + 500]))).first()
        if some is not None:
            raise BadInput("FILE", some, "a request of that name is here already, of another composition")


def _write(session: Session, studio: Studio, tree: Tree, user: str) -> None:
    queries.ensure_user(session, user)
    newest = tree.versions[-1]
    session.add(
        Composition(
            id=tree.composition, user=user, title=tree.title, current_stage=newest.stage, state=newest.state,
            next_version=tree.next_version, created_at=tree.created_at,
        )
    )  # fmt: skip
    session.flush()
    ids: dict[int, int] = {}
    for node in tree.versions:
        version = _version(session, tree, node, ids, user)
        for made in node.made:
            _materialization(session, studio, version.partition, made)
        rebuild_stage_states(session, version.partition)
    queries.record_usage(session, user, "import", 1.0)
    payload = {"composition": tree.composition, "user": user, "versions": len(tree.versions)}
    queries.record_event(session, "composition.imported", composition_id=tree.composition, payload=payload)


def _version(session: Session, tree: Tree, node: Node, ids: dict[int, int], user: str) -> Version:
    version = Version(
        composition_id=tree.composition, number=node.number, partition=tree.partition(node.number),
        parent_id=None if node.parent is None else ids[node.parent], request_id=node.asked.id, context=node.context,
        change=node.change, seed=node.seed, state=node.state, current_stage=node.stage, created_at=node.created_at,
    )  # fmt: skip
    session.add(version)
    session.flush()
    ids[node.number] = version.id
    asked = node.asked
    session.add(
        Request(
            id=asked.id, user=user, idempotency_key=None, payload={**asked.payload, "user": user}, kind=asked.kind,
            asked_hash=asked.asked_hash, composition_id=tree.composition, version_id=version.id, status=asked.status,
            created_at=asked.created_at, finished_at=asked.finished_at,
        )
    )  # fmt: skip
    session.add_all(
        Waiver(version_id=version.id, check=one.check, who=one.who, why=one.why, created_at=one.created_at)
        for one in node.waivers
    )
    for step in node.history:  # one by one: their order is their numbers'
        session.add(
            Event(
                composition_id=tree.composition, version_id=version.id, kind="version.state", payload=step.payload,
                created_at=step.created_at,
            )
        )  # fmt: skip
        session.flush()
    session.refresh(version)
    return version


def _materialization(session: Session, studio: Studio, partition: str, made: Made) -> None:
    """What a version has, under a key that nothing else can come to: it is nobody's result but its own."""
    content_hash = made.manifest.content_hash
    own = ["imported", partition, made.asset, content_hash, made.inputs_key]
    key = hashlib.sha256(canonical_json(own)).hexdigest()
    queries.record_result(
        session, key, made.asset, made.manifest, made_by=partition, seconds=made.seconds, replace=True,
        is_there=studio.store.has,
    )  # fmt: skip
    session.add(
        Materialization(
            partition=partition, asset=made.asset, key=key, content_hash=content_hash, carried_from=made.carried_from,
            seconds=made.seconds, run_id=made.run_id, inputs_key=made.inputs_key, created_at=made.created_at,
        )
    )  # fmt: skip
    session.flush()
