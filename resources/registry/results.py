"""Results by key and materializations by version: what was made, from what it was carried, how long it took.

Belongs here: the two tables and their facts. Does not belong here: computing keys (graph.keys), bytes (store).
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Row, Select, Text, bindparam, cast, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from musicgen_assets.context.failures import TransientFailure
from musicgen_assets.graph.declarations import BY_KEY
from musicgen_assets.graph.manifest import Manifest
from resources.registry.compositions import get_version
from resources.registry.garbage import reach
from resources.registry.models import Materialization, Result, StageState, utc_now
from resources.registry.progress import Progress, record_steps
from resources.registry.rows import read_rows
from resources.registry.stages import refresh_stage

_RECENT = 20
"""How many past computations the usual time of an asset is taken from."""


BOUGHT = "@"
"""Stands between task and engine in the name of a result that came from outside, and in no other's."""


@dataclass(frozen=True)
class KnownResult:
    """What a key yields. ``name`` is the asset or task; ``seconds`` what computing it took."""

    key: str
    name: str
    manifest: Manifest
    made_by_partition: str
    seconds: float
    created_at: datetime


@dataclass(frozen=True)
class KnownMaterialization:
    """The asset of a version as it now stands. ``carried_from`` is None where this version made it."""

    asset: str
    key: str
    content_hash: str
    carried_from: str | None
    seconds: float
    run_id: str
    created_at: datetime
    manifest: Manifest
    partition: str
    inputs_key: str | None
    """What it was made from, code aside; None for what was made before that was written down."""


def find_result(session: Session, key: str) -> KnownResult | None:
    """What is known under ``key``."""
    row = session.get(Result, key)
    if row is None:
        return None
    return KnownResult(
        row.key, row.name, Manifest.model_validate(row.manifest), row.made_by_partition, row.seconds, row.created_at
    )


def record_result(
    session: Session,
    key: str,
    name: str,
    manifest: Manifest,
    *,
    made_by: str,
    seconds: float,
    replace: bool = False,
    is_there: Callable[[str], bool] | None = None,
) -> KnownResult:
    """Keep what ``key`` yields and return what stands: the first one recorded wins, however many arrive.

    ``replace`` overwrites: for a result whose objects were lost and had to be made again. ``is_there`` and what is
    raised for an object that the housekeeping freed meanwhile: see ``garbage.reach``.
    """
    reach(session, manifest.objects(), is_there)
    values = {
        "name": name, "manifest": manifest.model_dump(mode="json"), "made_by_partition": made_by,
        "seconds": seconds, "created_at": utc_now(),
    }  # fmt: skip
    if replace:
        _keep_history(session, key, manifest)
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    insert = dialect.insert(Result).values(key=key, **values)
    if replace:
        session.execute(insert.on_conflict_do_update(index_elements=["key"], set_=values))
    else:
        session.execute(insert.on_conflict_do_nothing(index_elements=["key"]))
    session.expire_all()
    standing = find_result(session, key)
    return standing or KnownResult(key, name, manifest, made_by, seconds, utc_now())


def _keep_history(session: Session, key: str, manifest: Manifest) -> None:
    """Before ``key`` yields something else, write what it yielded into the materializations that hold it."""
    standing = find_result(session, key)
    if standing is None or standing.manifest == manifest:
        return
    session.execute(
        update(Materialization)
        .where(Materialization.key == key, Materialization.manifest.is_(None))
        .values(manifest=standing.manifest.model_dump(mode="json"))
    )


def record_materialization(
    session: Session,
    partition: str,
    asset: str,
    *,
    key: str,
    content_hash: str,
    carried_from: str | None,
    seconds: float,
    run_id: str = "",
    inputs_key: str | None = None,
    kept: Manifest | None = None,
    is_there: Callable[[str], bool] | None = None,
    progress: Progress | None = None,
) -> Materialization:
    """Note that ``partition`` now has ``asset`` as ``key`` yields it, and bring its stage's state up to date.

    Earlier rows stay as history; each is a step that whoever follows the version is told of. ``kept`` is what was
    taken over from another version, which stands although its key may yield something else by now. Raises BadInput for
    an unknown version, and TransientFailure when the key is not recorded or yields something else and nothing was kept,
    or an object was freed meanwhile (``garbage.reach``): then the version has to look again.
    """
    version = get_version(session, partition)
    standing = find_result(session, key)
    is_as_known = standing is not None and standing.manifest.content_hash == content_hash
    if standing is None or not (is_as_known or kept):
        raise TransientFailure(
            f"{asset} of {partition}: its result {key[:12]} is {'gone' if standing is None else 'another one'} by now.",
            way_out="Run the version again.",
        )
    reach(session, (kept or standing.manifest).objects(), is_there)
    row = Materialization(
        partition=partition, asset=asset, key=key, content_hash=content_hash, carried_from=carried_from,
        seconds=seconds, run_id=run_id, inputs_key=inputs_key,
        manifest=kept.model_dump(mode="json") if kept is not None and not is_as_known else None,
    )  # fmt: skip
    session.add(row)
    session.flush()
    if asset in BY_KEY:
        stage = BY_KEY[asset].stage
        before = session.get(StageState, (version.id, stage))
        was_done = before is not None and before.state == "done"
        is_done = refresh_stage(session, version, stage).state == "done"
        manifest = kept or standing.manifest
        record_steps(session, row, version, manifest, progress, has_completed_stage=is_done and not was_done)
    return row


def latest_materialization(session: Session, partition: str, asset: str) -> KnownMaterialization | None:
    """The asset of a version as it now stands; None if it was never made."""
    row = session.execute(_LATEST, {"partition": partition, "asset": asset}).first()
    return None if row is None else _known(row)


def made_from(session: Session, partitions: Iterable[str], asset: str, inputs_key: str) -> list[KnownMaterialization]:
    """What each of ``partitions``, in their order, now has under ``asset`` if it was made from ``inputs_key``."""
    newest = [latest_materialization(session, partition, asset) for partition in partitions]
    return [known for known in newest if known is not None and known.inputs_key == inputs_key]


def materializations_of(session: Session, partition: str) -> dict[str, KnownMaterialization]:
    """Every asset of a version as it now stands, in the order of the graph."""
    known = {row.asset: _known(row) for row in read_rows(session, _ALL_LATEST, partition=partition)}
    ordered = [asset for asset in BY_KEY if asset in known] + sorted(known.keys() - BY_KEY.keys())
    return {asset: known[asset] for asset in ordered}


def materialization_history(session: Session, partition: str, asset: str) -> list[Materialization]:
    """Every time a version got ``asset``, oldest first."""
    query = (
        select(Materialization)
        .where(Materialization.partition == partition, Materialization.asset == asset)
        .order_by(Materialization.id)
    )
    return list(session.scalars(query))


def typical_seconds(session: Session, asset: str) -> float | None:
    """The median time of the latest computations of ``asset``, in seconds; None if it was never computed."""
    query = (
        select(Materialization.seconds)
        .where(Materialization.asset == asset, Materialization.carried_from.is_(None))
        .order_by(Materialization.id.desc())
        .limit(_RECENT)
    )
    found = list(session.scalars(query))
    return statistics.median(found) if found else None


def _known_columns() -> Select[Any]:
    """Materializations without their models: manifests as the text they are kept as, read once (_parsed)."""
    return select(
        Materialization.asset, Materialization.key, Materialization.content_hash, Materialization.carried_from,
        Materialization.seconds, Materialization.run_id, Materialization.created_at, Materialization.partition,
        Materialization.inputs_key, cast(Materialization.manifest, Text).label("own"),
        cast(Result.manifest, Text).label("yielded"),
    ).join(Result, Result.key == Materialization.key)  # fmt: skip


_LATEST = (
    _known_columns()
    .where(Materialization.partition == bindparam("partition"), Materialization.asset == bindparam("asset"))
    .order_by(Materialization.id.desc())
    .limit(1)
)
_ALL_LATEST = _known_columns().where(
    Materialization.id.in_(
        select(func.max(Materialization.id))
        .where(Materialization.partition == bindparam("partition"))
        .group_by(Materialization.asset)
    )
)


def _known(row: Row[Any]) -> KnownMaterialization:
    text = row.yielded if row.own in (None, "null") else row.own
    return KnownMaterialization(
        row.asset, row.key, row.content_hash, row.carried_from, row.seconds, row.run_id, row.created_at,
        _parsed(text), row.partition, row.inputs_key,
    )  # fmt: skip


@lru_cache(maxsize=2048)
def _parsed(text: str) -> Manifest:
    """Reading a manifest takes far longer than fetching it, and whoever follows a song asks for the same ones."""
    return Manifest.model_validate_json(text)
