"""Leases; kinds of requests and how often they were put back; what a materialization was made from."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table and the columns. Requests there are have kind "compose"."""
    op.add_column("requests", sa.Column("kind", sa.String(16), nullable=False, server_default="compose"))
    op.add_column("requests", sa.Column("launches", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("materializations", sa.Column("inputs_key", sa.String(64), nullable=True))
    op.create_table(
        "leases",
        sa.Column("version_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("partition", sa.String(80), nullable=False),
        sa.Column("request_id", sa.String(40), nullable=True),
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("process_started", sa.Float(), nullable=False),
        _time("taken_at"),
        _time("heartbeat_at"),
        _time("cancel_requested_at", nullable=True),
        sa.Column("cancelled_by", sa.String(120), nullable=True),
        sa.Column("asset", sa.String(80), nullable=False),
        sa.Column("fraction", sa.Float(), nullable=False),
        sa.Column("left_s", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["version_id"], ["versions.id"], name="fk_leases_version_id"),
        sa.PrimaryKeyConstraint("version_id", name="pk_leases"),
    )


def downgrade() -> None:
    """Take them away again."""
    op.drop_table("leases")
    op.drop_column("materializations", "inputs_key")
    op.drop_column("requests", "launches")
    op.drop_column("requests", "kind")


def _time(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    kind = sa.String(32).with_variant(TIMESTAMP(timezone=True), "postgresql")
    return sa.Column(name, kind, nullable=nullable)
