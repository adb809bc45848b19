"""Takes that a running deployment makes: wishes written down, and what follows once the song has come that far.

A first take has no siblings before its context is resolved, and the others are put away only once one is released. So
both are wishes in the registry, "version.takes_wanted" and "version.take_kept", each closed by an event of its own. Who
asked may be long gone: the deployment's sensor "takes" looks for open ones.

Belongs here: wishing, and following what is open. Does not belong here: what a take is (takes), launching runs
(launch), making takes in this process (musicgen_assets.cli.takes), when to look (sensors.takes).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.request import CompositionRequest, WorkRequest, filled_in
from resources.door import Submission, submit
from resources.lifecycle import archive
from resources.registry import Event, Registry, Version, queries
from resources.settings import Settings
from resources.takes import (
    KEPT,
    PUT_AWAY,
    SIBLINGS_ASKED,
    WANTED,
    WRITTEN,
    TakeSet,
    check_takes,
    finishing_request,
    is_previewed,
    record_take,
    sibling_request,
    takes_in,
    takes_of,
)

if TYPE_CHECKING:
    from dagster import DagsterInstance

    from resources.studio import Studio

_STAYS = ("archived", "released")


@dataclass(frozen=True)
class Asked:
    """Takes on their way: the first, the stream in which they differ, and requests that nobody has begun."""

    first: str
    stream: str
    count: int
    submissions: tuple[Submission, ...]


def ask_for_takes(
    registry: Registry, settings: Settings, song: CompositionRequest | str, count: int, vary: str, *,
    user: str = "local", priority: int = 0,
) -> Asked:  # fmt: skip
    """Ask for takes of a new song, or of a version that is there and counts as the first.

    Those that are there already are not asked for again. Raises BadInput for what cannot be asked for.
    """
    stream = check_takes(count, vary)
    if isinstance(song, str):
        with registry.reading() as session:
            first = queries.resolve_version(session, song).partition
        own = _again(registry, settings, first, user, priority)
    else:
        found = submit(registry, song.model_copy(update={"until": WRITTEN}), settings)
        first, user, priority = found.partition, song.user, song.priority
        own = found if found.is_new else _again(registry, settings, first, user, priority)
    record_take(registry, first, first, stream, 1)
    wish = {"stream": stream, "count": count, "user": user, "priority": priority}
    _record(registry, first, WANTED, wish)
    asked, problems = ask_for_siblings(registry, settings, first)
    if problems:
        raise problems[0]
    return Asked(first, stream, count, (*(() if own is None else (own,)), *asked))


def ask_for_siblings(
    registry: Registry, settings: Settings, first: str
) -> tuple[tuple[Submission, ...], tuple[BadInput, ...]]:
    """Ask for the siblings that ``first`` is to have, if its context is known; what could not be asked for ends the
    wish.
    """
    with registry.reading() as session:
        version = queries.get_version(session, first)
        wishes = [dict(event.payload) for event in _open(session, WANTED, SIBLINGS_ASKED, version.id)]
        if version.context is None:
            return (), ()
    asked: list[Submission] = []
    problems: list[BadInput] = []
    for wish in wishes:
        try:
            found = [_sibling(registry, settings, first, wish, number) for number in range(2, int(wish["count"]) + 1)]
            asked += [one for one in found if one is not None]
        except BadInput as problem:
            problems.append(problem)
    if wishes:
        _record(registry, first, SIBLINGS_ASKED, {"problems": [str(problem) for problem in problems]})
    return tuple(asked), tuple(problems)


def waiting_firsts(registry: Registry) -> tuple[str, ...]:
    """First takes that are to have siblings, and whose context is resolved by now."""
    with registry.reading() as session:
        found = (session.get_one(Version, event.version_id) for event in _open(session, WANTED, SIBLINGS_ASKED))
        return tuple(dict.fromkeys(version.partition for version in found if version.context is not None))


def keep_take(
    registry: Registry, settings: Settings, partition: str, *, user: str = "local", priority: int = 0
) -> Submission | None:
    """Ask for the release of a take, after which the others are put away; None where it is released already.

    Raises BadInput for what is no take, or was put away.
    """
    takes_of(registry, partition)
    request = finishing_request(registry, partition)
    _record(registry, partition, KEPT, {"user": user})
    if request is None:
        return None
    return submit(registry, request.model_copy(update={"user": user, "priority": priority}), settings)


def kept_and_released(registry: Registry) -> tuple[str, ...]:
    """Takes that were to be kept and are released, beside which others still lie."""
    with registry.reading() as session:
        found = (session.get_one(Version, event.version_id) for event in _open(session, KEPT, PUT_AWAY))
        return tuple(dict.fromkeys(version.partition for version in found if version.state == "released"))


def put_others_away(studio: Studio, instance: DagsterInstance, found: TakeSet, kept: str) -> dict[str, Any]:
    """Archive every take but ``kept``, unless somebody released it on its own or is making it; say which."""
    archived: list[str] = []
    left: dict[str, str] = {}
    for take in found.takes:
        if take.partition == kept or take.state in _STAYS:
            continue
        try:
            archive(studio, take.partition, instance)
        except BadInput as problem:  # the release is there and stays, whatever becomes of the others
            left[take.partition] = problem.rule
        else:
            archived.append(take.partition)
    if not left:
        _record(studio.registry, kept, PUT_AWAY, {"archived": archived})
    return {"kept": kept, "archived": archived, "left": left}


def _sibling(
    registry: Registry, settings: Settings, first: str, wish: dict[str, Any], number: int
) -> Submission | None:
    """The request that makes take ``number``, the one that is open if there is one; None where it is made."""
    user, priority, stream = str(wish["user"]), int(wish["priority"]), str(wish["stream"])
    there = next((take for take in takes_in(registry, first, stream) if take.number == number), None)
    if there is not None:
        return _again(registry, settings, there.partition, user, priority)
    request = sibling_request(registry, first, stream, number, user)
    found = submit(registry, request.model_copy(update={"priority": priority}), settings)
    record_take(registry, found.partition, first, stream, number)
    return found if found.is_new else _again(registry, settings, found.partition, user, priority)


def _again(registry: Registry, settings: Settings, partition: str, user: str, priority: int) -> Submission | None:
    """A request that lets ``partition`` be written and previewed, the one that is open if there is one; None where it
    was previewed.
    """
    if is_previewed(registry, partition):
        return None
    request = filled_in(
        WorkRequest, kind="retry", version=partition, until=WRITTEN, user=user, priority=priority
    )  # fmt: skip
    return submit(registry, request, settings)


def _record(registry: Registry, partition: str, kind: str, payload: dict[str, Any]) -> None:
    with registry.session() as session:
        version = queries.get_version(session, partition)
        queries.record_event(
            session, kind, composition_id=version.composition_id, version_id=version.id, payload=payload
        )


def _open(session: Session, kind: str, closing: str, version_id: int | None = None) -> Sequence[Event]:
    """Events of a kind that none of ``closing`` of the same version followed, oldest first."""
    later = aliased(Event)
    is_closed = exists().where(later.version_id == Event.version_id, later.kind == closing, later.id > Event.id)
    query = select(Event).where(Event.kind == kind, Event.version_id.is_not(None), ~is_closed).order_by(Event.id)
    return list(session.scalars(query if version_id is None else query.where(Event.version_id == version_id)))
