"""Freeing objects that no version needs: marked by one housekeeping, removed by a later one.

An object goes when it was found unneeded, has stood marked for the time the settings say, is still unneeded, and
nobody is at work who began before it was marked. Whoever writes down that it is needed takes the mark off in the same
transaction (``registry.garbage.reach``); marking and removing wait for those transactions and keep new ones waiting.
So nothing goes that a version needs, one being written at the same moment included, and whoever was about to use what
went makes it again.

Belongs here: marks and removals. Does not belong here: what is needed (survey).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, exists, func, select
from sqlalchemy.orm import Session

from resources.housekeeping.survey import survey
from resources.registry import Garbage, Lease, Materialization, Registry, Request, Result, in_batches, utc_now
from resources.registry.garbage import alone
from resources.store import ArtifactStore

_AT_ONCE = 200
"""Objects a transaction: writers wait for it, so it must take milliseconds."""

REMEMBERED = timedelta(days=1)
"""How long a mark outlives its object: longer than anybody takes from storing an object to writing it down."""


@dataclass(frozen=True)
class Collected:
    """What came of a collection, or would. Sizes in bytes."""

    objects: int
    """How many there are in the store."""
    store_bytes: int
    needed: int
    marked: int
    """Found unneeded for the first time."""
    marked_bytes: int
    unmarked: int
    """Marked before and needed after all."""
    freed: int
    freed_bytes: int
    waiting: int
    """Marked and not free to go yet."""
    waiting_bytes: int
    results_forgotten: int
    held_back_since: datetime | None
    """Somebody is at work since then: what was marked later has to wait."""


def collect(registry: Registry, store: ArtifactStore, kept_s: float, *, is_dry: bool = False) -> Collected:
    """Mark what is unneeded now, and remove what was marked ``kept_s`` seconds ago and is unneeded still.

    Raises a Failure of registry or store; what was done by then stays done, and the next call goes on.
    """
    started = utc_now()
    marks = _marks(registry)  # before the survey: what is needed since then has taken its mark off, see _sweep
    found = survey(registry, store)
    unneeded = found.unneeded()
    with registry.reading() as session:
        oldest = oldest_work(session)
    fresh = [name for name in unneeded if name not in marks]
    stale = [name for name in marks if name not in unneeded]
    before = min(utc_now() - timedelta(seconds=kept_s), oldest or datetime.max.replace(tzinfo=UTC))
    due = {name: marked_at for name, marked_at in marks.items() if name in unneeded and marked_at < before}
    forgotten, freed = len(found.needed.dead_results), set(due)
    if not is_dry:
        _unmark(registry, stale)
        forgotten = _forget_results(registry, found.needed.dead_results, started)
        _mark(registry, fresh, unneeded)
        freed = set(_sweep(registry, store, due))
        _forget_marks(registry)
    waiting = [name for name in unneeded if name not in freed]
    return Collected(
        len(found.sizes), sum(found.sizes.values()), len(found.sizes) - len(unneeded),
        len(fresh), sum(unneeded[name] for name in fresh),
        sum(1 for name in stale if bytes.fromhex(name) in found.sizes),
        len(freed), sum(unneeded[name] for name in freed),
        len(waiting), sum(unneeded[name] for name in waiting), forgotten, oldest,
    )  # fmt: skip


def oldest_work(session: Session) -> datetime | None:
    """Since when somebody is at work on a version; None while nobody is."""
    taken = session.scalar(select(func.min(Lease.taken_at)))
    claimed = session.scalar(select(func.min(Request.claimed_at)).where(Request.status == "claimed"))
    return min((moment for moment in (taken, claimed) if moment is not None), default=None)


def _marks(registry: Registry) -> dict[str, datetime]:
    with registry.reading() as session:
        rows = session.execute(select(Garbage.sha256, Garbage.marked_at).where(Garbage.swept_at.is_(None)))
        return dict(rows.tuples().all())


def _unmark(registry: Registry, names: Sequence[str]) -> None:
    """What is needed again, or is gone without our doing."""
    for some in in_batches(names, _AT_ONCE):
        with registry.session() as session:
            session.execute(delete(Garbage).where(Garbage.sha256.in_(some), Garbage.swept_at.is_(None)))


def _forget_results(registry: Registry, keys: Sequence[str], found_at: datetime) -> int:
    """Delete results that nobody stands on, before their objects are marked. How many went.

    A run that found one before that is older than the mark, and the objects wait for its end.
    """
    count = 0
    for some in in_batches(keys, _AT_ONCE):
        with registry.session() as session:
            alone(session)
            is_held = exists().where(Materialization.key == Result.key)
            gone = session.scalars(
                delete(Result)
                .where(Result.key.in_(some), Result.created_at < found_at, ~is_held)
                .returning(Result.key)
                .execution_options(synchronize_session=False)
            )
            count += len(gone.all())
    return count


def _mark(registry: Registry, names: Sequence[str], sizes: Mapping[str, int]) -> None:
    for some in in_batches(names, _AT_ONCE):
        with registry.session() as session:
            alone(session)
            session.execute(delete(Garbage).where(Garbage.sha256.in_(some), Garbage.swept_at.is_not(None)))
            known = set(session.scalars(select(Garbage.sha256).where(Garbage.sha256.in_(some))))
            now = utc_now()
            session.add_all(
                Garbage(sha256=name, size_bytes=sizes[name], marked_at=now) for name in some if name not in known
            )


def _sweep(registry: Registry, store: ArtifactStore, due: Mapping[str, datetime]) -> Iterator[str]:
    """Remove what still has the mark of ``due``, made before the survey, while nobody can begin to need it.

    Who wrote down after the survey that an object is needed did so after the mark was made, for marking waits for
    such writers; so it took the mark off.
    """
    for some in in_batches(due, _AT_ONCE):
        with registry.session() as session:
            alone(session)
            rows = session.scalars(select(Garbage).where(Garbage.sha256.in_(some), Garbage.swept_at.is_(None))).all()
            gone = [row for row in rows if row.marked_at == due[row.sha256]]
            store.remove(row.sha256 for row in gone)
            for row in gone:
                row.swept_at = utc_now()
        yield from (row.sha256 for row in gone)


def _forget_marks(registry: Registry) -> None:
    with registry.session() as session:
        before = min(utc_now() - REMEMBERED, oldest_work(session) or datetime.max.replace(tzinfo=UTC))
        session.execute(delete(Garbage).where(Garbage.swept_at < before))
