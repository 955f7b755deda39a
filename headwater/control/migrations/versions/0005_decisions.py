"""Decision entities, and the counter of their changes."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the table and the column."""
    op.add_column("organisation", sa.Column("decisions_version", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "decision_entity",
        sa.Column("id", _ROW_NUMBER, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.String(length=64), nullable=False),
        sa.Column("organisation_id", _ROW_NUMBER, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("archived_at", _TIME, nullable=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision_entity")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_decision_entity_organisation_id")
        ),
        sa.UniqueConstraint(
            "organisation_id", "kind", "public_id", name=op.f("uq_decision_entity_organisation_id_kind_public_id")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_decision_entity_organisation_id_kind_id"), "decision_entity", ["organisation_id", "kind", "id"]
    )
    living = sa.column("archived_at").is_(None)
    op.create_index(
        op.f("uq_decision_entity_organisation_id_kind_key"),
        "decision_entity",
        ["organisation_id", "kind", "key"],
        unique=True,
        sqlite_where=living,
        postgresql_where=living,
    )
