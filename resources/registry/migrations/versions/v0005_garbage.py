"""Objects that nothing was found to need: marked, then swept, and remembered for a while after that."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TIME = sa.String(32).with_variant(TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    """Add the table. Nothing is marked yet."""
    op.create_table(
        "garbage",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("marked_at", _TIME, nullable=False),
        sa.Column("swept_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_garbage")),
    )
    op.create_index(op.f("ix_garbage_marked_at"), "garbage", ["marked_at"])


def downgrade() -> None:
    """Take it away again: what was marked is marked anew by the next housekeeping."""
    op.drop_table("garbage")
