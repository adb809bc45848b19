"""Starting a batch: its row, then each song through the one door. Starting it again costs only what changed.

Belongs here: what is new, what is known, what is tried again, what a deadline ends. Does not belong here: which songs a
definition comes to (songs), making them (the entry points, the sensors).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from musicgen_assets.context.failures import BadInput, TransientFailure
from musicgen_assets.context.request import WorkRequest, filled_in
from musicgen_assets.graph.payloads import canonical_json
from resources.batches.definition import SONGS_MAX, BatchDefinition
from resources.batches.songs import Song, check_songs, songs_of
from resources.batches.status import find_batch
from resources.door import submit
from resources.door_work import OPEN
from resources.lifecycle import abandon
from resources.registry import Batch, BatchItem, Registry, Request, Version, utc_now
from resources.registry.queries import ensure_user
from resources.settings import Settings

_TRIES = 5
_AGAIN = ("failed", "cancelled")
"""States from which a started batch goes on."""


@dataclass(frozen=True)
class Started:
    """What a start came to: the batch, and of its songs how many are new, known already, or tried again."""

    batch: str
    songs: int
    new: int
    known: int
    again: int
    is_new: bool
    """Whether there was no such batch before."""


def start(
    registry: Registry,
    settings: Settings,
    definition: BatchDefinition,
    source: str,
    *,
    occasion: str = "",
    songs_max: int = SONGS_MAX,
    now: datetime | None = None,
) -> Started:
    """Start ``definition``, which came from ``source``: all of it is checked, then submitted song by song.

    The same songs again are the same batch, gone on with: what is not submitted yet is, what failed or was cancelled
    is tried again, its deadline counts anew. Songs that another start of the batch asked for stay what they are.
    ``occasion`` names what set it off, for definitions whose every start makes new songs. Raises BadInput, before
    anything is written, where the file or one of its songs breaks a rule, or it has more than ``songs_max``.
    """
    moment = now or utc_now()
    songs = songs_of(definition, source, moment, occasion, songs_max)
    check_songs(songs, source, settings)
    kept_occasion = occasion if definition.each_start == "new" else ""
    batch, is_new = _begun(registry, definition, source, kept_occasion, songs, moment)
    return _submitted(registry, settings, batch, songs, source, is_new=is_new)


def go_on(registry: Registry, settings: Settings, text: str, *, now: datetime | None = None) -> Started:
    """Go on with the batch "NAME@N", or the newest of "NAME", as it was started; its file is not looked at.

    Raises BadInput for an unknown batch, and where the door refuses a song that it would have taken then.
    """
    with registry.session() as session:
        batch = find_batch(session, text)
        definition = BatchDefinition.model_validate(batch.definition)
        batch.deadline, batch.ended_at = definition.deadline_after(now or utc_now()), None
        rows = session.scalars(select(BatchItem).where(BatchItem.batch_id == batch.id).order_by(BatchItem.position))
        songs = [Song(row.position, f"song {row.position}", row.fields, row.key, definition.priority) for row in rows]
        name, source = batch.id, batch.source
    return _submitted(registry, settings, name, songs, source, is_new=False)


def end_overdue(registry: Registry, now: datetime | None = None) -> dict[str, int]:
    """Give up what batches did not begin by their deadline: batch to number of songs. What is being made goes on.

    A song that a later batch still has time for is left alone.
    """
    moment = now or utc_now()
    with registry.reading() as session:
        late = select(Batch.id).where(Batch.deadline.is_not(None), Batch.deadline <= moment, Batch.ended_at.is_(None))
        found = {batch: _not_begun(session, batch, moment) for batch in session.scalars(late)}
    ended: dict[str, int] = {}
    for batch, partitions in found.items():
        ended[batch] = sum(_is_given_up(registry, partition, batch) for partition in partitions)
        with registry.session() as session:
            session.execute(update(Batch).where(Batch.id == batch).values(ended_at=moment))
    return ended


def _submitted(
    registry: Registry, settings: Settings, batch: str, songs: Sequence[Song], source: str, *, is_new: bool
) -> Started:
    """Put what is not submitted of ``batch`` through the door, and try again what stopped."""
    new = sum(_submit(registry, settings, batch, song, source) for song in _to_submit(registry, batch, songs))
    priority = songs[0].priority if songs else 0
    again = _try_again(registry, settings, batch, priority)
    return Started(batch, len(songs), new, len(songs) - new, again, is_new)


def _begun(
    registry: Registry, definition: BatchDefinition, source: str, occasion: str, songs: Sequence[Song], moment: datetime
) -> tuple[str, bool]:
    """The batch of these songs, and whether it is new; its rows are written before the first song is submitted."""
    key = hashlib.sha256(canonical_json([definition.name, definition.user, [song.key for song in songs]])).hexdigest()
    deadline = definition.deadline_after(moment)
    for _ in range(_TRIES):
        try:
            with registry.session() as session:
                known = session.scalar(select(Batch).where(Batch.key == key))
                if known is not None:
                    known.deadline, known.ended_at = deadline, None
                    known.definition, known.source = definition.model_dump(mode="json"), source
                    return known.id, False
                return _written(session, definition, source, occasion, key, songs, deadline), True
        except IntegrityError:
            continue  # somebody took the number between our look and our write: look again
    raise TransientFailure("The registry kept changing under this batch.", way_out="Start it again.")


def _written(
    session: Session,
    definition: BatchDefinition,
    source: str,
    occasion: str,
    key: str,
    songs: Sequence[Song],
    deadline: datetime | None,
) -> str:
    ensure_user(session, definition.user)
    last = session.scalar(select(func.max(Batch.number)).where(Batch.name == definition.name)) or 0
    row = Batch(
        id=f"{definition.name}@{last + 1}", name=definition.name, number=last + 1, user=definition.user, key=key,
        definition=definition.model_dump(mode="json"), source=source, occasion=occasion, deadline=deadline,
    )  # fmt: skip
    session.add(row)
    session.flush()
    session.add_all(
        BatchItem(batch_id=row.id, position=song.position, key=song.key, fields=song.fields) for song in songs
    )
    return row.id


def _to_submit(registry: Registry, batch: str, songs: Sequence[Song]) -> list[Song]:
    with registry.reading() as session:
        query = select(BatchItem.position).where(BatchItem.batch_id == batch, BatchItem.request_id.is_(None))
        open_positions = set(session.scalars(query))
    return [song for song in songs if song.position in open_positions]


def _submit(registry: Registry, settings: Settings, batch: str, song: Song, source: str) -> bool:
    """Put a song through the door; whether nobody had asked for it before."""
    try:
        submission = submit(registry, song.request(source), settings)
    except BadInput as problem:
        raise song.refused(problem, source) from problem
    values = {"request_id": submission.request_id, "partition": submission.partition, "is_new": submission.is_new}
    with registry.session() as session:
        session.execute(
            update(BatchItem).where(BatchItem.batch_id == batch, BatchItem.position == song.position).values(**values)
        )
    return submission.is_new


def _try_again(registry: Registry, settings: Settings, batch: str, priority: int) -> int:
    """Ask once more for what failed or was cancelled; return how many songs."""
    with registry.reading() as session:
        query = (
            select(Version.partition, Request.user)
            .join(BatchItem, BatchItem.partition == Version.partition)
            .join(Request, Request.id == Version.request_id)
            .where(
                BatchItem.batch_id == batch,
                Version.state.in_(_AGAIN),
                Version.id.not_in(select(Request.version_id).where(Request.status.in_(OPEN))),
            )
        )
        stopped = session.execute(query.order_by(BatchItem.position)).tuples().all()
    again = 0
    for partition, user in stopped:
        request = filled_in(WorkRequest, kind="retry", version=partition, user=user, priority=priority)
        try:
            again += submit(registry, request, settings).is_new
        except BadInput:
            continue  # somebody else tries it again since we looked, or put it away
    return again


def _not_begun(session: Session, batch: str, moment: datetime) -> list[str]:
    """Partitions of ``batch`` that nobody began and no other batch has time for."""
    others = (
        select(BatchItem.partition)
        .join(Batch, Batch.id == BatchItem.batch_id)
        .where(
            BatchItem.batch_id != batch,
            BatchItem.partition.is_not(None),
            (Batch.deadline.is_(None)) | (Batch.deadline > moment),
        )
    )
    query: Any = (
        select(BatchItem.partition)
        .join(Version, Version.partition == BatchItem.partition)
        .join(Request, Request.version_id == Version.id)
        .where(BatchItem.batch_id == batch, Request.status == "submitted", BatchItem.partition.not_in(others))
        .order_by(BatchItem.position)
    )
    return list(dict.fromkeys(session.scalars(query)))


def _is_given_up(registry: Registry, partition: str, batch: str) -> bool:
    try:
        abandon(registry, partition, f"not begun by the deadline of {batch}", "the batch")
    except BadInput:
        return False  # somebody began it since we looked
    return True
