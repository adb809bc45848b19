"""Compositions, versions and requests: finding them, adding them, and saying what is near when there are none.

Belongs here: rows of the version tree. Does not belong here: what may be submitted (door), states (state machine).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, select, tuple_, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from musicgen_assets.context.failures import BadInput
from resources.registry.models import Composition, Request, User, Version
from resources.registry.rows import insert_row, read_rows

_PARTITION = re.compile(r"(?P<composition>[^@\s]+)@v(?P<number>[1-9][0-9]{0,8})")
_NEARBY = 2000
"""How many recent ids are compared when an unknown one is given."""

FIRST_STATE = "ideation"
_USERS = "users"

_VERSION = select(Version).where(Version.partition == bindparam("partition"))
_NEXT_NUMBER = (
    update(Composition)
    .where(Composition.id == bindparam("composition"))
    .values(next_version=Composition.next_version + 1, current_stage=FIRST_STATE, state=FIRST_STATE)
    .returning(Composition.next_version - 1)
    .execution_options(synchronize_session="fetch")
)
_USER = select(User.id).where(User.id == bindparam("user"))


@dataclass(frozen=True)
class Page:
    """Some compositions, newest first, and the cursor for the next ones (None at the end)."""

    items: list[Composition]
    cursor: str | None


def partition_of(composition: str, number: int) -> str:
    """ "<composition>@v<number>": the partition key of a version."""
    return f"{composition}@v{number}"


def get_composition(session: Session, composition: str) -> Composition:
    """The composition of that id. Raises BadInput that names near ones."""
    found = session.get(Composition, composition)
    if found is None:
        raise BadInput(
            "composition", composition, "there is no such composition", way_out=_near_compositions(session, composition)
        )
    return found


def get_version(session: Session, partition: str) -> Version:
    """The version of "<composition>@v<number>". Raises BadInput that names near ones."""
    found = session.scalar(_VERSION, {"partition": partition})
    if found is not None:
        return found
    parts = _PARTITION.fullmatch(partition)
    if parts is None:
        raise BadInput(
            "version", partition, "a version is written COMPOSITION@vN", way_out=_near_compositions(session, partition)
        )
    composition = get_composition(session, parts["composition"])
    known = ", ".join(f"v{version.number}" for version in list_versions(session, composition.id)[-10:])
    raise BadInput("version", partition, "there is no such version", way_out=f"It has {known}.")


def resolve_version(session: Session, text: str) -> Version:
    """The version of "COMPOSITION@vN", or the newest one of "COMPOSITION". Raises BadInput."""
    if "@" in text:
        return get_version(session, text)
    composition = get_composition(session, text)
    return list_versions(session, composition.id)[-1]


def list_versions(session: Session, composition: str) -> list[Version]:
    """All versions of a composition, oldest first. Raises BadInput for an unknown one."""
    get_composition(session, composition)
    rows = session.scalars(select(Version).where(Version.composition_id == composition).order_by(Version.number))
    return list(rows)


def list_compositions(
    session: Session,
    limit: int = 50,
    cursor: str | None = None,
    user: str | None = None,
    where: Sequence[ColumnElement[bool]] = (),
) -> Page:
    """Up to ``limit`` (1-500) compositions that meet all of ``where``, newest first, after ``cursor``.

    Raises BadInput for a wrong cursor.
    """
    limit = max(1, min(limit, 500))
    query = select(Composition).where(*where)
    query = query.order_by(Composition.created_at.desc(), Composition.id.desc()).limit(limit + 1)
    if user is not None:
        query = query.where(Composition.user == user)
    if cursor is not None:
        query = query.where(tuple_(Composition.created_at, Composition.id) < _place(cursor))
    rows = list(session.scalars(query))
    items = rows[:limit]
    following = f"{items[-1].created_at.isoformat()}~{items[-1].id}" if len(rows) > limit else None
    return Page(items, following)


def request_of(session: Session, version: Version) -> Request:
    """The request that made ``version``. Raises BadInput if the registry was tampered with."""
    return get_request(session, version.request_id)


def get_request(session: Session, request_id: str) -> Request:
    """The request of that id. Raises BadInput."""
    found = session.get(Request, request_id)
    if found is None:
        raise BadInput("request", request_id, "there is no such request", way_out="Submit it again.")
    return found


def open_requests(session: Session, older_than: datetime, limit: int = 100) -> list[Request]:
    """Requests that nobody claimed since before ``older_than``, in the order in which they are to be begun.

    Higher priority first. Within a priority users take turns, and who has songs being made waits for those who have
    none: a user's n-th request stands behind everybody else's (n-1)-th. Within a turn the oldest goes first.
    """
    busy = (
        select(Request.user, func.count().label("songs"))
        .where(Request.status == "claimed")
        .group_by(Request.user)
        .subquery()
    )
    place = func.row_number().over(
        partition_by=(Request.user, Request.priority), order_by=(Request.created_at, Request.id)
    )
    waiting = (
        select(Request.id.label("id"), (place + func.coalesce(busy.c.songs, 0)).label("turn"))
        .outerjoin(busy, busy.c.user == Request.user)
        .where(Request.status == "submitted", Request.created_at < older_than)
        .subquery()
    )
    query = (
        select(Request)
        .join(waiting, waiting.c.id == Request.id)
        .order_by(Request.priority.desc(), waiting.c.turn, Request.created_at, Request.id)
        .limit(limit)
    )
    return list(session.scalars(query))


def record_context(session: Session, partition: str, context: dict[str, Any]) -> None:
    """Keep the resolved context of a version, and its title as the composition's if that has none."""
    version = get_version(session, partition)
    version.context = context
    composition = get_composition(session, version.composition_id)
    title = context.get("creative", {}).get("title")
    if title and not composition.title:
        composition.title = str(title)


def ensure_user(session: Session, user: str) -> None:
    """Have a row of ``user``, made if it is new."""
    seen: set[str] = session.info.setdefault(_USERS, set())
    if user in seen:
        return
    if read_rows(session, _USER, user=user).first() is None:
        insert_row(session, User, id=user)
    seen.add(user)


def take_user_for_known(session: Session, user: str) -> None:
    """Have this transaction not look whether there is a row of ``user``.

    What it writes that points at the row is refused (IntegrityError) where there is none.
    """
    session.info.setdefault(_USERS, set()).add(user)


def add_composition(session: Session, composition: str, user: str, title: str | None) -> Composition:
    """A new composition without versions."""
    row = Composition(
        id=composition, user=user, title=title, current_stage=FIRST_STATE, state=FIRST_STATE, next_version=1
    )
    session.add(row)
    session.flush()
    return row


def start_composition(
    session: Session, composition: str, user: str, title: str | None, request_id: str, seed: int
) -> Version:
    """The first version of a new composition, both in one go: nobody else can ask for its number yet.

    What is returned tells of the row; changes to it are not written.
    """
    first: dict[str, Any] = {"current_stage": FIRST_STATE, "state": FIRST_STATE}
    insert_row(session, Composition, id=composition, user=user, title=title, next_version=2, **first)
    values: dict[str, Any] = {
        "composition_id": composition, "number": 1, "partition": partition_of(composition, 1), "request_id": request_id,
        "seed": seed, **first,
    }  # fmt: skip
    return Version(id=insert_row(session, Version, **values), **values)


def add_version(
    session: Session,
    composition: str,
    request_id: str,
    seed: int,
    parent: Version | None = None,
    change: dict[str, Any] | None = None,
) -> Version:
    """The next version of ``composition``; its number is given out atomically, never twice."""
    number = session.execute(_NEXT_NUMBER, {"composition": composition}).scalar_one()
    row = Version(
        composition_id=composition, number=number, parent_id=parent.id if parent else None,
        partition=partition_of(composition, number), request_id=request_id, context=None, change=change, standings=None,
        seed=seed, state=FIRST_STATE, current_stage=FIRST_STATE,
    )  # fmt: skip
    session.add(row)
    session.flush()
    set_committed_value(row, "parent_partition", parent.partition if parent else None)  # read back it would be the same
    return row


def _place(cursor: str) -> tuple[datetime, str]:
    moment, _, composition = cursor.partition("~")
    try:
        when = datetime.fromisoformat(moment)
    except ValueError as error:
        raise BadInput("cursor", cursor, "it is no cursor of this list", way_out="Start without one.") from error
    if when.tzinfo is None or not composition:
        raise BadInput("cursor", cursor, "it is no cursor of this list", way_out="Start without one.")
    return when, composition


def _near_compositions(session: Session, text: str) -> str:
    recent = session.scalars(select(Composition.id).order_by(Composition.created_at.desc()).limit(_NEARBY))
    near = difflib.get_close_matches(text.partition("@")[0], _unique(recent), n=3, cutoff=0.5)
    if near:
        return f"Did you mean {' or '.join(near)}?"
    return "List what there is with: musicgen status."


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
