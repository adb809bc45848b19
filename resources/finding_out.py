"""What came of a call that broke in the middle: asked of the provider where its documents say how, or told by it.

Belongs here: asking and waiting, within bounds. Only what is found counts: that a job is not there yet proves nothing,
and the outcome stays unknown. Does not belong here: how a provider lists its jobs (its adapter), callbacks (callbacks).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select

from resources.providers.protocol import ProviderFailure
from resources.registry import Attempt, Registry, queries

Seek = Callable[[datetime, frozenset[str]], str | None]
"""Looks at the provider for a job that was made for the same since then, and is none of those known. Raises
ProviderFailure."""

_LOOKS, _LOOK_EVERY_S = 3, 2.0
_CALLBACK_PATIENCE_S = 60


def found_out(
    registry: Registry, attempt_id: int, seek: Seek | None, sleep: Callable[[float], None], *, is_called_back: bool
) -> str | None:
    """The job that the attempt turned out to be, written down as submitted; None where nobody could tell.

    Waits for a minute where a callback may come, else some seconds where the provider can be asked.
    """
    for second in range(_CALLBACK_PATIENCE_S if is_called_back else 0):
        if (job_id := _told(registry, attempt_id)) is not None:
            return job_id
        if second % 10 == 0 and (job_id := _sought(registry, attempt_id, seek)) is not None:
            return job_id
        sleep(1.0)
    for number in range(0 if is_called_back or seek is None else _LOOKS):
        if number:
            sleep(_LOOK_EVERY_S)
        if (job_id := _sought(registry, attempt_id, seek)) is not None:
            return job_id
    return _told(registry, attempt_id)


def _told(registry: Registry, attempt_id: int) -> str | None:
    """The job's id, if a callback brought it meanwhile."""
    with registry.reading() as session:
        row = session.get_one(Attempt, attempt_id)
        return row.provider_job_id if row.status == "submitted" else None


def _sought(registry: Registry, attempt_id: int, seek: Seek | None) -> str | None:
    if seek is None:
        return None
    with registry.reading() as session:
        row = session.get_one(Attempt, attempt_id)
        since, provider = row.created_at, row.provider
        query = select(Attempt.provider_job_id).where(Attempt.provider == provider)
        known = frozenset(job_id for job_id in session.scalars(query) if job_id is not None)
    with contextlib.suppress(ProviderFailure):  # then it is as unknown as before
        job_id = seek(since, known)
        if job_id is not None:
            with registry.session() as session:
                queries.attempt_submitted(session, attempt_id, job_id)
            return job_id
    return None
