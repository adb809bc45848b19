"""The one place where what a caller may see is decided: every query for somebody's songs is narrowed here.

What a caller may not see is told as missing, in the same words as what there is not.

Belongs here: narrowing, finding, members. Does not belong here: the tables of rights (rights).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from sqlalchemy import ColumnElement, bindparam, false, or_, select, true
from sqlalchemy.orm import Session

from musicgen_assets.context.failures import BadInput
from resources.access.rights import (
    MEMBER_ROLES,
    ROLE_RIGHTS,
    Caller,
    NotAllowed,
    Right,
    Role,
    Unknown,
    require_scope,
)
from resources.registry import Batch, Composition, Member, Version, utc_now
from resources.registry.queries import ensure_user

_LIST = "List what there is: GET /api/v2/compositions/."
_NUMBER = re.compile(r"v?([1-9][0-9]{0,8})")

_COMPOSITION = select(Composition).where(Composition.id == bindparam("composition"))
_VERSIONS = select(Version).where(Version.composition_id == bindparam("composition"))
_NEWEST = _VERSIONS.order_by(Version.number.desc()).limit(1)
_NUMBERED = _VERSIONS.where(Version.number == bindparam("number"))


def visible(caller: Caller) -> ColumnElement[bool]:
    """The condition on compositions under which ``caller`` may see one."""
    if caller.linked is not None:
        return Composition.id == caller.linked
    if caller.is_staff:
        return true()
    if not caller.user:
        return false()
    shared = select(Member.composition_id).where(Member.user == caller.user)
    return or_(Composition.user == caller.user, Composition.id.in_(shared))


def role_of(session: Session, caller: Caller, composition: Composition) -> Role | None:
    """What ``caller`` is to ``composition``; None for somebody who may not know of it."""
    if caller.linked is not None:
        return "viewer" if composition.id == caller.linked else None
    if composition.user == caller.user and caller.user:
        return "owner"
    if caller.is_staff:
        return "staff"
    member = session.get(Member, (composition.id, caller.user))
    return next((role for role in MEMBER_ROLES if member is not None and member.role == role), None)


def find_composition(session: Session, caller: Caller, composition: str, right: Right) -> Composition:
    """The composition of that id, for ``right``. Raises Unknown where ``caller`` may not see it, NotAllowed where it
    may see but not do that.
    """
    found = session.scalar(_COMPOSITION, {"composition": composition})
    role = None if found is None else role_of(session, caller, found)
    if found is None or role is None:
        raise Unknown("composition", composition, "there is no such composition", way_out=_LIST)
    require_scope(caller, right)
    if right not in ROLE_RIGHTS[role]:
        able = [name for name in ("owner", "collaborator") if right in ROLE_RIGHTS[name]]
        raise NotAllowed(
            right, f"A {role} may not {right} {composition}.", way_out=f"Ask for it: {' or '.join(able)} may."
        )
    return found


def find_version(session: Session, caller: Caller, composition: str, number: str | None, right: Right) -> Version:
    """Version ``number`` ("3" or "v3"; None means the newest) of a composition. Raises as find_composition does."""
    return version_of(session, find_composition(session, caller, composition, right), number)


def version_of(session: Session, found: Composition, number: str | None) -> Version:
    """The same of a composition that was found for the caller already. Raises BadInput, Unknown."""
    if number is None:
        version = session.scalar(_NEWEST, {"composition": found.id})
    else:
        parts = _NUMBER.fullmatch(number)
        if parts is None:
            raise BadInput("version", number, "a version is written 3 or v3", way_out="Leave it out for the newest.")
        version = session.scalar(_NUMBERED, {"composition": found.id, "number": int(parts[1])})
    if version is None:
        way_out = f"List them: GET /api/v2/compositions/{found.id}/versions/."
        raise Unknown("version", number, "there is no such version", way_out=way_out)
    return version


def visible_partitions(session: Session, caller: Caller, partitions: Iterable[str]) -> set[str]:
    """Those of ``partitions`` whose composition ``caller`` may see: the same result may come from anybody's song."""
    by_composition: dict[str, list[str]] = {}
    for partition in partitions:
        by_composition.setdefault(partition.partition("@")[0], []).append(partition)
    query = select(Composition.id).where(Composition.id.in_(by_composition), visible(caller))
    return {partition for name in session.scalars(query) for partition in by_composition[name]}


def own_batches(caller: Caller) -> ColumnElement[bool]:
    """The condition on batches under which ``caller`` may see one."""
    if caller.linked is not None:
        return false()
    return true() if caller.is_staff else Batch.user == caller.user


def find_batch(session: Session, caller: Caller, batch: str) -> Batch:
    """The batch "NAME@N". Raises Unknown."""
    found = session.scalar(select(Batch).where(Batch.id == batch, own_batches(caller)))
    if found is None:
        raise Unknown("batch", batch, "there is no such batch", way_out="List what there is: GET /api/v2/batches/.")
    return found


def set_member(session: Session, composition: Composition, user: str, role: str) -> Member:
    """Make ``user`` a "collaborator" or "viewer" of ``composition``. Raises BadInput for its owner or another role."""
    if role not in MEMBER_ROLES:
        raise BadInput("role", role, "there is no such role", way_out=f"One of: {', '.join(MEMBER_ROLES)}.")
    if user == composition.user:
        raise BadInput("user", user, "the owner may do everything already", way_out="Name somebody else.")
    ensure_user(session, user)
    row = session.get(Member, (composition.id, user))
    if row is None:
        row = Member(composition_id=composition.id, user=user, role=role, created_at=utc_now())
        session.add(row)
    row.role = role
    session.flush()
    return row


def remove_member(session: Session, composition: Composition, user: str) -> None:
    """Have ``user`` no longer see ``composition``. Raises Unknown for somebody who is no member."""
    row = session.get(Member, (composition.id, user))
    if row is None:
        raise Unknown("user", user, "they are no member", way_out="List the members.")
    session.delete(row)


def members_of(session: Session, composition: Composition) -> list[Member]:
    """Who may see ``composition`` beside its owner, by name."""
    query = select(Member).where(Member.composition_id == composition.id)
    return list(session.scalars(query.order_by(Member.user)))
