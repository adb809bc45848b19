"""Batches: many requests as one object."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both tables."""
    op.create_table(
        "batches",
        sa.Column("id", sa.String(100), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("user", sa.String(120), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        _json("definition"),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("occasion", sa.String(64), nullable=False),
        _time("deadline", nullable=True),
        _time("created_at"),
        _time("ended_at", nullable=True),
        sa.ForeignKeyConstraint(["user"], ["users.id"], name="fk_batches_user"),
        sa.PrimaryKeyConstraint("id", name="pk_batches"),
        sa.UniqueConstraint("name", "number", name="uq_batches_name_number"),
        sa.UniqueConstraint("key", name="uq_batches_key"),
    )
    op.create_index("ix_batches_created_at", "batches", ["created_at"])
    op.create_table(
        "batch_items",
        sa.Column("batch_id", sa.String(100), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("key", sa.String(200), nullable=False),
        _json("fields"),
        sa.Column("request_id", sa.String(40), nullable=True),
        sa.Column("partition", sa.String(80), nullable=True),
        sa.Column("is_new", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name="fk_batch_items_batch_id"),
        sa.PrimaryKeyConstraint("batch_id", "position", name="pk_batch_items"),
    )
    op.create_index("ix_batch_items_request_id", "batch_items", ["request_id"])


def downgrade() -> None:
    """Take them away again."""
    op.drop_table("batch_items")
    op.drop_table("batches")


def _json(name: str) -> sa.Column[Any]:
    return sa.Column(
        name, sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql"), nullable=False
    )


def _time(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    kind = sa.String(32).with_variant(TIMESTAMP(timezone=True), "postgresql")
    return sa.Column(name, kind, nullable=nullable)
