"""Refresh tokens remember that they were used."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column."""
    op.add_column("refresh_token", sa.Column("used_at", sa.DateTime(timezone=True), nullable=True))
