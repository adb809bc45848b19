"""Takes: sibling versions of one song that differ in one draw, previewed and compared before one is finished.

A take is a version like any other. What makes it one is an event, "version.take", which says of which first take it is
a sibling, in which stream they differ, and its number.

Belongs here: what a take covers, what to ask the door for, which takes there are. Does not belong here: comparing them
(takes_compared), making them (the entry points).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.request import STAGES, RevisionRequest, Stage, WorkRequest, filled_in
from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.graph.declarations import BY_KEY, until
from resources.registry import Event, Registry, Request, Version, queries

PREVIEW = "production/preview"
WRITTEN: Stage = "arrangement"
"""How far a take is made until one is kept; its preview comes on top."""
TAKES_MAX = 12
EVENT = "version.take"
WANTED, SIBLINGS_ASKED = "version.takes_wanted", "version.takes_asked"
KEPT, PUT_AWAY = "version.take_kept", "version.takes_put_away"
"""Wishes that a deployment follows, and what closes them (takes_wanted)."""
_KEY = "take:"
"""What the key of a sibling's request begins with."""


@dataclass(frozen=True)
class Take:
    """One of the siblings: its number from 1, its version, and where that stands."""

    number: int
    partition: str
    state: str


@dataclass(frozen=True)
class TakeSet:
    """Siblings of ``first``, by number, that differ in ``stream``."""

    composition: str
    first: str
    stream: str
    takes: tuple[Take, ...] = field(default=())


def assets_of_take() -> tuple[str, ...]:
    """What a take makes until it is kept, in the order of the graph: the written song, and what its preview needs."""
    wanted = {declaration.key for declaration in until(WRITTEN)}
    missing = [PREVIEW]
    while missing:
        asset = missing.pop()
        if asset not in wanted:
            wanted.add(asset)
            missing += [upstream.asset for upstream in BY_KEY[asset].upstreams]
    return tuple(key for key in BY_KEY if key in wanted)


def is_for_take(session: Session, request: Request) -> bool:
    """Whether a request is to write and preview a take, and not to go on with one."""
    if request.payload.get("until") != WRITTEN:
        return False
    if (request.idempotency_key or "").startswith(_KEY):
        return True
    query = select(Event.id).where(Event.version_id == request.version_id, Event.kind.in_((EVENT, WANTED))).limit(1)
    return session.scalar(query) is not None


def check_takes(count: int, vary: str) -> str:
    """The stream that ``vary`` names. Raises BadInput for a number of takes or a stream that there is not."""
    from musicgen_assets.ideation.revision import streams_of

    if not 2 <= count <= TAKES_MAX:
        raise BadInput("--takes", count, f"there are 2 to {TAKES_MAX} takes", way_out="Ask for a number between.")
    try:
        (stream,) = streams_of([vary])
    except BadInput as problem:
        raise BadInput("--vary", vary, problem.rule, way_out=problem.way_out) from problem
    return stream


def sibling_request(registry: Registry, first: str, stream: str, number: int, user: str = "local") -> RevisionRequest:
    """The request for take ``number`` (from 2): the first take, and ``stream`` drawn so many times more.

    Its key is made of all three, so that asking again for takes that are there makes none twice. Raises BadInput for
    a first take that was never resolved, or whose song has no such section.
    """
    from musicgen_assets.ideation.revision import REROLLS

    with registry.reading() as session:
        version = queries.get_version(session, first)
        if version.context is None:
            raise BadInput(
                "version", first, "its context was never resolved, so there is nothing to vary",
                way_out=f"Let it come that far first: musicgen retry {first}",
            )  # fmt: skip
        rerolls = dict(CompositionContext.model_validate(version.context).ai_decisions.generation.rerolls)
    key = f"{_KEY}{first}:{stream}:{number}"
    if number == 2:  # as a person would ask for it: the door then knows whether there is such a section
        return filled_in(
            RevisionRequest, version=first, rerolls=(stream,), until=WRITTEN, idempotency_key=key, user=user
        )
    drawn = {**rerolls, stream: rerolls.get(stream, 0) + number - 1}
    return filled_in(
        RevisionRequest, version=first, overrides={REROLLS: drawn}, until=WRITTEN, idempotency_key=key, user=user
    )


def record_take(registry: Registry, partition: str, first: str, stream: str, number: int) -> None:
    """Write down that ``partition`` is a take. Doing it again changes nothing. Raises BadInput for an unknown one."""
    payload = {"first": first, "stream": stream, "number": number}
    with registry.session() as session:
        version = queries.get_version(session, partition)
        query = select(Event).where(Event.version_id == version.id, Event.kind == EVENT)
        if all(event.payload != payload for event in session.scalars(query)):
            queries.record_event(
                session, EVENT, composition_id=version.composition_id, version_id=version.id, payload=payload
            )


def is_previewed(registry: Registry, partition: str) -> bool:
    """Whether a version has a preview."""
    with registry.reading() as session:
        return queries.latest_materialization(session, partition, PREVIEW) is not None


def takes_of(registry: Registry, text: str) -> TakeSet:
    """The takes that "COMPOSITION@vN" is one of, or the newest ones of "COMPOSITION".

    Raises BadInput for what is unknown, and where there are no takes.
    """
    with registry.reading() as session:
        version = queries.resolve_version(session, text)
        query = select(Event).where(Event.composition_id == version.composition_id, Event.kind == EVENT)
        events = list(session.scalars(query.order_by(Event.id)))
        own = [event for event in events if "@" not in text or event.version_id == version.id]
        if not own:
            raise BadInput(
                "version", text, "it has no takes" if "@" not in text else "it is no take of another",
                way_out=f"Make some: musicgen takes make {version.partition} --takes 4",
            )  # fmt: skip
        first, stream = own[-1].payload["first"], own[-1].payload["stream"]
        same = [event for event in events if (event.payload["first"], event.payload["stream"]) == (first, stream)]
        return TakeSet(version.composition_id, first, stream, _takes(session, same))


def takes_in(registry: Registry, first: str, stream: str) -> tuple[Take, ...]:
    """The takes of ``first`` that differ in ``stream``, by number; none where there are none."""
    with registry.reading() as session:
        version = queries.get_version(session, first)
        query = select(Event).where(Event.composition_id == version.composition_id, Event.kind == EVENT)
        wanted = (first, stream)
        events = [one for one in session.scalars(query) if (one.payload["first"], one.payload["stream"]) == wanted]
        return _takes(session, events)


def _takes(session: Session, events: Sequence[Event]) -> tuple[Take, ...]:
    found = []
    for event in sorted(events, key=lambda event: int(event.payload["number"])):
        version = session.get_one(Version, event.version_id)
        found.append(Take(int(event.payload["number"]), version.partition, version.state))
    return tuple(found)


def finishing_request(registry: Registry, partition: str) -> WorkRequest | None:
    """What to ask for so that a take becomes a release; None for one that is released.

    Raises BadInput for an archived one.
    """
    with registry.reading() as session:
        state = queries.get_version(session, partition).state
    if state == "released":
        return None
    if state == "archived":
        raise BadInput(
            "version", partition, "it was put away when another take was kept",
            way_out=f"Make a version from it: musicgen revise {partition}",
        )  # fmt: skip
    kind = "advance" if state == "waiting_for_approval" else "retry"
    return filled_in(WorkRequest, kind=kind, version=partition, until=STAGES[-1])
