"""Priorities of requests, and an index for sharing the queue between users."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and the index. Requests there are have priority 0."""
    op.add_column("requests", sa.Column("priority", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("ix_requests_status_user", "requests", ["status", "user"])


def downgrade() -> None:
    """Take them away again."""
    op.drop_index("ix_requests_status_user", "requests")
    op.drop_column("requests", "priority")
