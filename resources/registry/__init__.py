"""The registry: the authority on what exists. Compositions, versions, requests, results, history.

``database`` opens it, ``models`` are its tables, ``queries`` is what everybody asks of it.
"""

from resources.registry.database import HEAD, Database
from resources.registry.models import (
    Attempt,
    Base,
    Composition,
    Event,
    Materialization,
    Request,
    Result,
    StageState,
    Usage,
    User,
    Version,
    Waiver,
    utc_now,
)
from resources.registry.registry import Registry

__all__ = [
    "HEAD",
    "Attempt",
    "Base",
    "Composition",
    "Database",
    "Event",
    "Materialization",
    "Registry",
    "Request",
    "Result",
    "StageState",
    "Usage",
    "User",
    "Version",
    "Waiver",
    "utc_now",
]  # fmt: skip
