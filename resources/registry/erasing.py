"""Erasing versions and compositions: every row that points at them, in the order that foreign keys demand.

Belongs here: which tables hold what of a version. Does not belong here: whether it may be erased (lifecycle), results
and objects: they are shared by content.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from resources.registry.access_models import Member, ShareLink
from resources.registry.compositions import list_versions
from resources.registry.models import (
    Attempt,
    Composition,
    Event,
    Lease,
    Materialization,
    Request,
    Reroute,
    StageState,
    Usage,
    Version,
    Waiver,
)


def erase_versions(session: Session, versions: Sequence[Version]) -> None:
    """Erase ``versions`` with their history. What was used up stays counted, without naming a version.

    Raises IntegrityError if a version that stays was made from one of them.
    """
    ids = [version.id for version in versions]
    session.execute(update(Usage).where(Usage.version_id.in_(ids)).values(version_id=None))
    for table in (Event, Attempt, Reroute, Waiver, StageState, Lease, Request):
        session.execute(delete(table).where(table.version_id.in_(ids)))
    partitions = [version.partition for version in versions]
    session.execute(delete(Materialization).where(Materialization.partition.in_(partitions)))
    session.execute(delete(Version).where(Version.id.in_(ids)))


def erase_composition(session: Session, composition: str) -> None:
    """Erase ``composition`` with all its versions, events, members and links. Raises BadInput for an unknown one."""
    erase_versions(session, list_versions(session, composition))
    for table in (Event, Member, ShareLink):
        session.execute(delete(table).where(table.composition_id == composition))
    session.execute(delete(Composition).where(Composition.id == composition))
