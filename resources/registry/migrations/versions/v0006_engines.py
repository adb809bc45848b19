"""Engines: how they stood when a version was routed, who took over from whom, and more of every attempt."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TIME = sa.String(32).with_variant(TIMESTAMP(timezone=True), "postgresql")
_JSON = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Add the columns and the table. Versions there are were made by the built-in engine."""
    op.add_column("versions", sa.Column("standings", _JSON, nullable=True))
    op.add_column("attempts", sa.Column("model", sa.String(120), nullable=False, server_default=""))
    op.add_column("attempts", sa.Column("reason", sa.String(40), nullable=False, server_default=""))
    op.create_index(op.f("ix_attempts_provider_created_at"), "attempts", ["provider", "created_at"])
    op.create_table(
        "reroutes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("slot", sa.String(40), nullable=False),
        sa.Column("from_engine", sa.String(60), nullable=False),
        sa.Column("to_engine", sa.String(60), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["version_id"], ["versions.id"], name=op.f("fk_reroutes_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reroutes")),
    )
    op.create_index(op.f("ix_reroutes_version_id"), "reroutes", ["version_id"])


def downgrade() -> None:
    """Take them away again; what attempts cost stays."""
    op.drop_table("reroutes")
    op.drop_index(op.f("ix_attempts_provider_created_at"), "attempts")
    op.drop_column("attempts", "reason")
    op.drop_column("attempts", "model")
    op.drop_column("versions", "standings")
