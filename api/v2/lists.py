"""Operations that list: compositions, batches, what a user used up; engines and styles; and what answers here.

Belongs here: these handlers. Does not belong here: one composition (shown), narrowing (resources.access.scope).
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from importlib.metadata import version
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select, true

from api.gate import is_single_user
from api.operations import Call
from api.v2.shown import count_versions
from api.v2.told import (
    About,
    BatchesTold,
    BatchSongs,
    BatchTold,
    CompositionPage,
    EnginesTold,
    Listed,
    StylesTold,
    StyleTold,
    UsageRow,
    UsageTold,
)
from resources.access import scope
from resources.access.rights import NotAllowed
from resources.batches.status import batch_object, counts_of, items_of
from resources.engines_shown import engine_rows
from resources.housekeeping.budgets import KIND
from resources.registry import Batch, Composition, Request, Usage, queries, utc_now

_BATCHES = 100


def about(call: Call) -> About:
    """What answers here."""
    single = is_single_user(call.settings.api)
    note = (
        "Whoever can reach this address on this machine acts as the user local; nobody has to log in."
        if single
        else "Show a key: Authorization: Bearer KEY. Make one with: musicgen keys create USER."
    )
    return About(
        name="MusicGen API", version=_version(), mode="single-user" if single else "login required",
        note=note, docs="/api/v2/docs/", openapi="/api/v2/openapi.json",
    )  # fmt: skip


def compositions(call: Call) -> CompositionPage:
    """Compositions that the caller may see, newest first."""
    asked = call.query
    where = [scope.visible(call.caller)]
    if asked.state is not None:
        where.append(Composition.state == asked.state)
    if asked.q is not None:
        where.append(_found_by(asked.q))
    with call.studio.registry.reading() as session:
        page = queries.list_compositions(session, asked.limit, asked.cursor, where=where)
        counts = count_versions(session, [row.id for row in page.items])
    items = [
        Listed.model_validate(
            {"composition": row.id, "title": row.title, "owner": row.user, "state": row.state,
             "stage": row.current_stage, "versions": counts.get(row.id, 0), "created_at": row.created_at,
             "updated_at": row.updated_at, "status": f"/api/v2/compositions/{row.id}/status/"}
        )
        for row in page.items
    ]  # fmt: skip
    return CompositionPage(items=items, next_cursor=page.cursor)


@lru_cache(maxsize=1)
def _version() -> str:
    return version("musicgen-assets")


def _found_by(words: str) -> ColumnElement[bool]:
    """Whether every word stands in the id, the title, or a prompt of it."""
    found: list[ColumnElement[bool]] = []
    for word in words.split()[:10]:
        pattern = "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        prompt = Request.payload["prompt"].as_string().ilike(pattern, escape="\\")
        asked = exists().where(Request.composition_id == Composition.id, prompt)
        named = [column.ilike(pattern, escape="\\") for column in (Composition.id, Composition.title)]
        found.append(or_(*named, asked))
    return and_(true(), *found)


def engines(call: Call) -> EnginesTold:
    """Who could make a song here."""
    return EnginesTold(items=engine_rows(call.settings))


def styles(call: Call) -> StylesTold:
    """What can be asked for by name."""
    from musicgen_assets.styles.loader import load_style, style_names

    del call
    found = [load_style(name) for name in style_names()]
    return StylesTold(
        items=[
            StyleTold(
                name=style.name, description=style.description, tempo_bpm=[style.tempo_bpm.low, style.tempo_bpm.high],
                meters=list(style.meters), is_derived=style.is_derived,
            )
            for style in found
        ]
    )  # fmt: skip


def batches(call: Call) -> BatchesTold:
    """The caller's batches, newest first, up to 100."""
    query = select(Batch).where(scope.own_batches(call.caller)).order_by(Batch.created_at.desc(), Batch.id)
    with call.studio.registry.reading() as session:
        rows = list(session.scalars(query.limit(_BATCHES)))
        return BatchesTold(items=[_batch(row, counts_of(items_of(session, row.id))) for row in rows])


def batch(call: Call) -> BatchSongs:
    """A batch, song by song."""
    with call.studio.registry.reading() as session:
        row = scope.find_batch(session, call.caller, call.path["batch"])
        items = items_of(session, row.id)
    songs = [
        {"position": item.position, "prompt": item.prompt, "partition": item.partition, "state": item.state,
         "reason": item.reason}
        for item in items
    ]  # fmt: skip
    return BatchSongs.model_validate({"batch": _batch(row, counts_of(items)), "items": songs})


def _batch(row: Batch, counts: dict[str, int]) -> BatchTold:
    return BatchTold.model_validate({**batch_object(row, counts)})


def usage(call: Call) -> UsageTold:
    """What a user used up. Raises NotAllowed for another's, unless by staff."""
    user = call.query.user or call.caller.user
    if user != call.caller.user and not call.caller.is_staff:
        raise NotAllowed("browse", "Only staff may see what others used up.", way_out="Leave user out.")
    since = utc_now() - timedelta(days=call.query.days)
    with call.studio.registry.reading() as session:
        rows = session.execute(
            select(Usage.kind, Usage.quantity, Usage.cost_usd).where(
                Usage.user == user, Usage.kind != KIND, Usage.created_at >= since
            )
        ).tuples()
        sums: dict[str, tuple[float, Decimal]] = defaultdict(lambda: (0.0, Decimal(0)))
        for kind, quantity, cost_usd in rows:
            had = sums[kind]
            sums[kind] = (had[0] + quantity, had[1] + Decimal(cost_usd))
        newest = select(Usage.quantity).where(Usage.user == user, Usage.kind == KIND)
        disk: Any = session.scalar(newest.order_by(Usage.created_at.desc()).limit(1))
    items = [
        UsageRow(kind=kind, quantity=quantity, cost_usd=format(cost, "f"))
        for kind, (quantity, cost) in sorted(sums.items())
    ]
    return UsageTold(user=user, since=since, items=items, disk_bytes=None if disk is None else int(disk))
