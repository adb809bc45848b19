"""Writing and reading rows by themselves, where nobody goes on to change them: history, usage, requests, costs.

Belongs here: that. Does not belong here: which rows (the modules beside).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import CursorResult, Insert, Select, insert
from sqlalchemy.orm import Session

from resources.registry.models import Base


def insert_row(session: Session, model: type[Base], **values: Any) -> Any:
    """Write a row that nobody in this transaction goes on to change; its key.

    A third of what adding a model and flushing it takes. Whatever was added before is written first, so that rows may
    point at each other.
    """
    session.flush()
    key = session.connection().execute(_insert(model), values).inserted_primary_key
    return None if key is None else key[0]


def read_rows(session: Session, columns: Select[Any], **values: Any) -> CursorResult[Any]:
    """What ``columns`` (a select of columns, not of models) finds, with ``values`` bound; half of what the session's
    own way takes. Whatever was added before is written first.
    """
    session.flush()
    return session.connection().execute(columns, values)


@lru_cache(maxsize=64)
def _insert(model: type[Base]) -> Insert:
    return insert(model.__table__)  # type: ignore[arg-type]
