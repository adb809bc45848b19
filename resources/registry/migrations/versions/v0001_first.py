"""The first tables: compositions and their versions, requests, results, history, ledger."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


def upgrade() -> None:
    """Create all tables."""
    metadata = sa.MetaData(naming_convention=_NAMES)
    _what_exists(metadata)
    _what_was_made(metadata)
    _what_happened(metadata)
    metadata.create_all(op.get_bind(), checkfirst=False)


def downgrade() -> None:
    """Drop all tables, children first."""
    for table in (
        "events", "usage", "waivers", "attempts", "materializations", "results", "stage_states", "requests",
        "versions", "compositions", "users",
    ):  # fmt: skip
        op.drop_table(table)


def _text(name: str, length: int, nullable: bool = False, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length), nullable=nullable, **options)


def _time(name: str, nullable: bool = False, index: bool = False) -> sa.Column[Any]:
    kind = sa.String(32).with_variant(TIMESTAMP(timezone=True), "postgresql")
    return sa.Column(name, kind, nullable=nullable, index=index)


def _json(name: str, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON().with_variant(JSONB(), "postgresql"), nullable=nullable)


def _to(
    name: str, kind: sa.types.TypeEngine[Any], target: str, nullable: bool = False, index: bool = False
) -> sa.Column[Any]:
    return sa.Column(name, kind, sa.ForeignKey(target), nullable=nullable, index=index)


def _what_exists(metadata: sa.MetaData) -> None:
    sa.Table("users", metadata, _text("id", 120, primary_key=True), _time("created_at"))
    sa.Table(
        "compositions", metadata,
        _text("id", 64, primary_key=True), _to("user", sa.String(120), "users.id"), _text("title", 255, True),
        _text("current_stage", 20, index=True), _text("state", 24, index=True),
        sa.Column("next_version", sa.Integer, nullable=False), _time("created_at"), _time("updated_at"),
        sa.Index("ix_compositions_user_created", "user", "created_at", "id"),
        sa.Index("ix_compositions_created", "created_at", "id"),
    )  # fmt: skip
    sa.Table(
        "versions", metadata,
        sa.Column("id", sa.Integer, primary_key=True), _to("composition_id", sa.String(64), "compositions.id"),
        sa.Column("number", sa.Integer, nullable=False), _to("parent_id", sa.Integer(), "versions.id", True, True),
        _text("partition", 80, unique=True), _text("request_id", 40, index=True), _json("context", True),
        _json("change", True), sa.Column("seed", sa.BigInteger, nullable=False), _text("state", 24, index=True),
        _text("current_stage", 20, index=True), _time("created_at", index=True), _time("updated_at"),
        sa.UniqueConstraint("composition_id", "number"),
    )  # fmt: skip
    sa.Table(
        "requests", metadata,
        _text("id", 40, primary_key=True), _to("user", sa.String(120), "users.id"),
        _text("idempotency_key", 200, True), _json("payload"), _text("asked_hash", 64),
        _to("composition_id", sa.String(64), "compositions.id", index=True),
        _to("version_id", sa.Integer(), "versions.id", index=True), _text("status", 16),
        _text("claimed_by", 200, True), _time("claimed_at", True), _time("created_at"), _time("finished_at", True),
        sa.UniqueConstraint("user", "idempotency_key"),
        sa.Index("ix_requests_status_created", "status", "created_at"),
    )  # fmt: skip
    sa.Table(
        "stage_states", metadata,
        sa.Column("version_id", sa.Integer, sa.ForeignKey("versions.id"), primary_key=True),
        _text("stage", 20, primary_key=True), _text("state", 16), _time("started_at", True),
        _time("finished_at", True), sa.Column("seconds", sa.Float, nullable=False),
    )  # fmt: skip


def _what_was_made(metadata: sa.MetaData) -> None:
    sa.Table(
        "results", metadata,
        _text("key", 64, primary_key=True), _text("name", 200), _json("manifest"), _text("made_by_partition", 80),
        sa.Column("seconds", sa.Float, nullable=False), _time("created_at"),
    )  # fmt: skip
    sa.Table(
        "materializations", metadata,
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        _to("partition", sa.String(80), "versions.partition"), _text("asset", 80),
        _to("key", sa.String(64), "results.key", index=True), _text("content_hash", 64),
        _text("carried_from", 80, True), _json("manifest", True), sa.Column("seconds", sa.Float, nullable=False),
        _text("run_id", 64), _time("created_at"),
        sa.Index("ix_materializations_partition_asset", "partition", "asset", "id"),
        sa.Index("ix_materializations_asset", "asset", "id"),
    )  # fmt: skip


def _what_happened(metadata: sa.MetaData) -> None:
    version = sa.Integer()
    sa.Table(
        "attempts", metadata,
        sa.Column("id", sa.Integer, primary_key=True), _to("version_id", version, "versions.id", index=True),
        _text("task", 200), _text("provider", 60), _text("key", 64, index=True), _text("status", 16),
        _text("estimate_usd", 24), _text("cost_usd", 24, True), _text("provider_job_id", 200, True),
        sa.Column("error", sa.String, nullable=False), _time("created_at"), _time("submitted_at", True),
        _time("finished_at", True),
    )  # fmt: skip
    sa.Table(
        "waivers", metadata,
        sa.Column("id", sa.Integer, primary_key=True), _to("version_id", version, "versions.id", index=True),
        _text("check_name", 80), _text("who", 120), sa.Column("why", sa.String, nullable=False), _time("created_at"),
    )  # fmt: skip
    sa.Table(
        "usage", metadata,
        sa.Column("id", sa.Integer, primary_key=True), _to("user", sa.String(120), "users.id"),
        _to("version_id", version, "versions.id", True, True), _text("kind", 60),
        sa.Column("quantity", sa.Float, nullable=False), _text("cost_usd", 24), _time("created_at"),
        sa.Index("ix_usage_user_created", "user", "created_at"),
    )  # fmt: skip
    sa.Table(
        "events", metadata,
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        _to("composition_id", sa.String(64), "compositions.id", True),
        _to("version_id", version, "versions.id", True, True), _text("kind", 60), _json("payload"),
        _time("created_at", index=True),
        sa.Index("ix_events_composition", "composition_id", "id"), sa.Index("ix_events_kind", "kind", "id"),
    )  # fmt: skip
