"""Data sources."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "data_source",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("organisation_id", _ROW_NUMBER, nullable=False),
        sa.Column("source_name", sa.String(length=255), nullable=False),
        sa.Column("engine", sa.String(length=16), nullable=False),
        sa.Column("mode", sa.String(length=8), nullable=False),
        sa.Column("config", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("last_error", sa.String(length=500), nullable=True),
        sa.Column("version", sa.String(length=64), nullable=True),
        sa.Column("sync_interval_minutes", sa.Integer(), nullable=True),
        sa.Column("next_sync_at", _TIME, nullable=True),
        sa.Column("last_synced_at", _TIME, nullable=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_source")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_data_source_organisation_id")),
    )
    op.create_index(op.f("ix_data_source_organisation_id_id"), "data_source", ["organisation_id", "id"])
    op.create_index(op.f("ix_data_source_next_sync_at"), "data_source", ["next_sync_at"])
