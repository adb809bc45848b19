"""The registry's tables: what exists. Typed SQLAlchemy models; types that SQLite and PostgreSQL share.

Belongs here: columns, keys, indexes. Does not belong here: queries, rules (state machine, door).
A change here needs a migration beside it: a test compares the two.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, MetaData, String, UniqueConstraint, select
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, aliased, column_property, mapped_column
from sqlalchemy.types import TypeDecorator, TypeEngine


def utc_now() -> datetime:
    """This moment, aware, in UTC."""
    return datetime.now(UTC)


class UtcTime(TypeDecorator[datetime]):
    """An aware UTC time: ISO-8601 text with microseconds in SQLite (sorts as text), timestamptz in PostgreSQL."""

    impl = String(32)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text, or timestamptz where there is one."""
        is_postgresql = dialect.name == "postgresql"
        return dialect.type_descriptor(TIMESTAMP(timezone=True) if is_postgresql else String(32))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """To the database. Raises ValueError for a time without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone; the registry keeps UTC")
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.isoformat(timespec="microseconds")

    def process_result_value(self, value: Any, _dialect: Dialect) -> datetime | None:
        """From the database."""
        if value is None:
            return None
        return (value if isinstance(value, datetime) else datetime.fromisoformat(value)).astimezone(UTC)


BIG_ID = BigInteger().with_variant(Integer, "sqlite")
"""A row number that lasts; SQLite's own integers are 64 bits wide already."""


class Base(DeclarativeBase):
    """Base of all tables, with one naming rule for constraints so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012  # SQLAlchemy reads this attribute as it stands
        datetime: UtcTime(),
        dict[str, Any]: JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql"),
    }


class User(Base):
    """Somebody who asks; "local" on one's own machine."""

    __tablename__ = "users"

    id: Mapped[str] = mapped_column(String(120), primary_key=True)
    role: Mapped[str] = mapped_column(String(16), default="user", server_default="user")
    """ "user", or "staff" for whoever looks after everybody's songs."""
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Composition(Base):
    """One musical idea. Stage and state mirror its newest version, for lists."""

    __tablename__ = "compositions"
    __table_args__ = (
        Index("ix_compositions_user_created", "user", "created_at", "id"),
        Index("ix_compositions_created", "created_at", "id"),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    user: Mapped[str] = mapped_column(ForeignKey("users.id"))
    title: Mapped[str | None] = mapped_column(String(255))
    current_stage: Mapped[str] = mapped_column(String(20), index=True)
    state: Mapped[str] = mapped_column(String(24), index=True)
    next_version: Mapped[int] = mapped_column(default=1)
    """The number the next version gets; raised in the same statement that gives it out."""
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now, onupdate=utc_now)


class Version(Base):
    """One set of decisions: a node in the composition's tree, a partition of the asset graph."""

    __tablename__ = "versions"
    __table_args__ = (UniqueConstraint("composition_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    composition_id: Mapped[str] = mapped_column(ForeignKey("compositions.id"))
    number: Mapped[int]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("versions.id"), index=True)
    partition: Mapped[str] = mapped_column(String(80), unique=True)
    """ "<composition>@v<number>"."""
    request_id: Mapped[str] = mapped_column(String(40), index=True)
    """The request that made it; later requests (retry, advance) point at it themselves."""
    context: Mapped[dict[str, Any] | None]
    """The resolved context once there is one: a cache of the artifact, for lists and searches."""
    change: Mapped[dict[str, Any] | None]
    """What makes it differ from its parent; null for a first version."""
    standings: Mapped[dict[str, Any] | None]
    """How engines stood when its routing was decided (engines.router.Standings): pinned, so that it is decided once."""
    seed: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(24), index=True)
    current_stage: Mapped[str] = mapped_column(String(20), index=True)
    created_at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now, onupdate=utc_now)

    if TYPE_CHECKING:
        parent_partition: Mapped[str | None]
        """ "<composition>@v<number>" of the parent, by a subquery."""


_parent = aliased(Version)
Version.parent_partition = column_property(
    select(_parent.partition).where(_parent.id == Version.parent_id).correlate(Version.__table__).scalar_subquery()
)


class Request(Base):
    """What somebody asked for, as it was accepted; executed by whoever claims it first."""

    __tablename__ = "requests"
    __table_args__ = (
        UniqueConstraint("user", "idempotency_key"),
        Index("ix_requests_status_created", "status", "created_at"),
        Index("ix_requests_status_user", "status", "user"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    user: Mapped[str] = mapped_column(ForeignKey("users.id"))
    idempotency_key: Mapped[str | None] = mapped_column(String(200))
    payload: Mapped[dict[str, Any]]
    """The CompositionRequest with its seed filled in."""
    asked_hash: Mapped[str] = mapped_column(String(64))
    """sha256 of the request as asked: tells a repetition from another request under the same key."""
    composition_id: Mapped[str] = mapped_column(ForeignKey("compositions.id"), index=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("versions.id"), index=True)
    status: Mapped[str] = mapped_column(String(16))
    """ "submitted", "claimed", then "done", "waiting", "failed" or "cancelled"."""
    kind: Mapped[str] = mapped_column(String(16), default="compose")
    """ "compose", "revise", "advance" or "retry"."""
    priority: Mapped[int] = mapped_column(default=0)
    """Higher goes first; see limits.PRIORITY_MAX."""
    launches: Mapped[int] = mapped_column(default=0)
    """How often it was put back after whoever had it died."""
    claimed_by: Mapped[str | None] = mapped_column(String(200))
    claimed_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    finished_at: Mapped[datetime | None]


class Lease(Base):
    """Somebody is executing a version right now: one row while it lasts, at most one a version."""

    __tablename__ = "leases"

    version_id: Mapped[int] = mapped_column(ForeignKey("versions.id"), primary_key=True, autoincrement=False)
    partition: Mapped[str] = mapped_column(String(80))
    request_id: Mapped[str | None] = mapped_column(String(40))
    """The request it serves; null for what was launched by hand."""
    run_id: Mapped[str] = mapped_column(String(64))
    host: Mapped[str] = mapped_column(String(255))
    pid: Mapped[int]
    process_started: Mapped[float]
    """When that process started, seconds since 1970: tells it from a later one with the same pid."""
    taken_at: Mapped[datetime] = mapped_column(default=utc_now)
    heartbeat_at: Mapped[datetime] = mapped_column(default=utc_now)
    cancel_requested_at: Mapped[datetime | None]
    cancelled_by: Mapped[str | None] = mapped_column(String(120))
    asset: Mapped[str] = mapped_column(String(80), default="")
    fraction: Mapped[float] = mapped_column(default=0.0)
    """How much of the run is done, 0-1, as of the last heartbeat."""
    left_s: Mapped[float | None]
    """Seconds left by the pace so far."""


class StageState(Base):
    """How far one stage of a version is: a cache, rebuilt from materializations."""

    __tablename__ = "stage_states"

    version_id: Mapped[int] = mapped_column(ForeignKey("versions.id"), primary_key=True)
    stage: Mapped[str] = mapped_column(String(20), primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    """ "pending", "running", "done" or "failed"."""
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    seconds: Mapped[float] = mapped_column(default=0.0)


class Result(Base):
    """What a result key yields: an asset's or a task's manifest."""

    __tablename__ = "results"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    """Asset "stage/name", task "module:function", or "task@engine" of what came from outside."""
    manifest: Mapped[dict[str, Any]]
    made_by_partition: Mapped[str] = mapped_column(String(80))
    seconds: Mapped[float]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Materialization(Base):
    """One asset of one version was made or carried. The newest row of a pair counts; older ones stay."""

    __tablename__ = "materializations"
    __table_args__ = (
        Index("ix_materializations_partition_asset", "partition", "asset", "id"),
        Index("ix_materializations_asset", "asset", "id"),
    )

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True)
    partition: Mapped[str] = mapped_column(ForeignKey("versions.partition"))
    asset: Mapped[str] = mapped_column(String(80))
    key: Mapped[str] = mapped_column(ForeignKey("results.key"), index=True)
    content_hash: Mapped[str] = mapped_column(String(64))
    carried_from: Mapped[str | None] = mapped_column(String(80))
    """The partition that made it, when this one only took it."""
    manifest: Mapped[dict[str, Any] | None]
    """What it holds, where that is not what its key yields (any more); null otherwise."""
    seconds: Mapped[float]
    run_id: Mapped[str] = mapped_column(String(64), default="")
    inputs_key: Mapped[str | None] = mapped_column(String(64))
    """What it was made from, code aside: a revision takes over what was made from the same."""
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Garbage(Base):
    """An object that nothing was found to need. It goes once it stood here long enough; whoever needs it takes it off.

    The row outlasts the object for a while: what was stored before the object went and written down after it must
    look whether it is still there.
    """

    __tablename__ = "garbage"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    marked_at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
    swept_at: Mapped[datetime | None]


class Attempt(Base):
    """One paid or external call: a row before the call, its job id after submit, then outcome and cost."""

    __tablename__ = "attempts"
    __table_args__ = (Index("ix_attempts_provider_created_at", "provider", "created_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("versions.id"), index=True)
    task: Mapped[str] = mapped_column(String(200))
    provider: Mapped[str] = mapped_column(String(60))
    key: Mapped[str] = mapped_column(String(64), index=True)
    status: Mapped[str] = mapped_column(String(16))
    """ "planned" before the call, "calling" while it lasts, "submitted" once the provider's job id is known; "unknown"
    where the call broke and the provider may have taken it; "succeeded", "failed" or "cancelled" in the end.
    """
    model: Mapped[str] = mapped_column(String(120), default="")
    reason: Mapped[str] = mapped_column(String(40), default="")
    """Why it failed, in one of the words of resources.providers.protocol.Reason."""
    estimate_usd: Mapped[str] = mapped_column(String(24))
    cost_usd: Mapped[str | None] = mapped_column(String(24))
    provider_job_id: Mapped[str | None] = mapped_column(String(200))
    error: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    submitted_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class Reroute(Base):
    """Another engine took over a slot of a version, since the one before it failed. The newest row is in force."""

    __tablename__ = "reroutes"

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("versions.id"), index=True)
    slot: Mapped[str] = mapped_column(String(40))
    from_engine: Mapped[str] = mapped_column(String(60))
    to_engine: Mapped[str] = mapped_column(String(60))
    why: Mapped[str]
    """What the engine before failed with."""
    reason: Mapped[str]
    """Why this one: the router's words."""
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Waiver(Base):
    """Somebody answers for a failed check of a version."""

    __tablename__ = "waivers"

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("versions.id"), index=True)
    check: Mapped[str] = mapped_column("check_name", String(80))
    who: Mapped[str] = mapped_column(String(120))
    why: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Usage(Base):
    """What somebody used up: compositions asked for, seconds rendered, money spent."""

    __tablename__ = "usage"
    __table_args__ = (Index("ix_usage_user_created", "user", "created_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user: Mapped[str] = mapped_column(ForeignKey("users.id"))
    version_id: Mapped[int | None] = mapped_column(ForeignKey("versions.id"), index=True)
    kind: Mapped[str] = mapped_column(String(60))
    quantity: Mapped[float]
    cost_usd: Mapped[str] = mapped_column(String(24), default="0")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Event(Base):
    """Something that happened, in order, never changed: the history, and what webhooks will be sent from."""

    __tablename__ = "events"
    __table_args__ = (Index("ix_events_composition", "composition_id", "id"), Index("ix_events_kind", "kind", "id"))

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True)
    composition_id: Mapped[str | None] = mapped_column(ForeignKey("compositions.id"))
    version_id: Mapped[int | None] = mapped_column(ForeignKey("versions.id"), index=True)
    kind: Mapped[str] = mapped_column(String(60))
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
