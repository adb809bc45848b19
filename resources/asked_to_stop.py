"""Asking whoever makes a version to stop, before anything slow is imported.

A command takes half a second to import what it sees a cancellation through with. Whoever makes the version can spend
that time ending its run.

Belongs here: the wish alone. Does not belong here: seeing it through (cancel).
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from resources.leases import ask_to_cancel, lease_of
from resources.registry import Lease, open_registry
from resources.registry.queries import resolve_version
from resources.settings import Settings


@dataclass(frozen=True)
class Asked:
    """Who was asked to stop, when by ``time.monotonic``, and the state that the version was in."""

    partition: str
    was: str
    lease: Lease
    at: float


def ask_now(settings: Settings, text: str, who: str) -> Asked | None:
    """Ask whoever makes the version "COMPOSITION@vN", or the newest of "COMPOSITION", to stop; None if nobody does.

    Raises BadInput for one that is unknown.
    """
    registry = open_registry(settings)
    with registry.reading() as session:
        version = resolve_version(session, text)
        lease = lease_of(session, version)
        asked = None if lease is None else Asked(version.partition, version.state, lease, time.monotonic())
    return asked if asked is not None and ask_to_cancel(registry, asked.partition, who) else None
