"""Writing a row by itself, where nobody goes on to change it: history, usage, requests.

Belongs here: that. Does not belong here: which rows (the modules beside).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import Insert, insert
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


@lru_cache(maxsize=64)
def _insert(model: type[Base]) -> Insert:
    return insert(model.__table__)  # type: ignore[arg-type]
