"""Marks on objects that nothing was found to need, and taking them off in the transaction that needs them after all.

Two kinds of transaction exclude each other: those that write down that objects are needed (``reach``) and those that
mark and sweep (``alone``). So an object goes only while nobody can begin to need it, and whoever comes a moment later
finds that it went. SQLite has one writer at a time anyway; PostgreSQL has an advisory lock for it.

Belongs here: the marks. Does not belong here: what is needed (housekeeping.survey), removing objects
(housekeeping.collecting).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from musicgen_assets.context.failures import TransientFailure
from musicgen_assets.graph.payloads import canonical_json
from resources.registry.database import in_batches
from resources.registry.models import Garbage

_ADVISORY_LOCK = 7_310_552
"""Any number, the same for all; one above that of the migrations."""

HASH = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
"""A sha256 in running text."""


def share(session: Session) -> None:
    """Until this transaction ends nothing is marked or swept."""
    _lock(session, "pg_advisory_xact_lock_shared")


def alone(session: Session) -> None:
    """Until this transaction ends nobody else writes down that objects are needed. Not for a reading session."""
    _lock(session, "pg_advisory_xact_lock")


def reach(session: Session, objects: Iterable[str], is_there: Callable[[str], bool] | None = None) -> None:
    """Take the marks off ``objects``: this transaction writes down that they are needed.

    ``is_there`` looks into the store, where one had a mark. Raises TransientFailure for an object that was swept
    since it was stored; storing it again heals that.
    """
    share(session)
    for some in in_batches(dict.fromkeys(objects)):
        rows = session.execute(select(Garbage.sha256, Garbage.swept_at).where(Garbage.sha256.in_(some))).all()
        if not rows:
            continue
        gone = [name for name, swept_at in rows if not (is_there(name) if is_there else swept_at is None)]
        if gone:
            raise TransientFailure(
                f"The object {gone[0]} was freed while it was about to be used again ({len(gone)} in all).",
                way_out="Run it again: it is stored anew.",
            )
        session.execute(delete(Garbage).where(Garbage.sha256.in_([name for name, _ in rows])))


def named_objects(value: Any) -> list[str]:
    """Every sha256 that a JSON-able value names, in whatever field: a request may name what was uploaded for it."""
    return list(dict.fromkeys(HASH.findall(canonical_json(value).decode())))


def _lock(session: Session, function: str) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"SELECT {function}(:number)"), {"number": _ADVISORY_LOCK})
