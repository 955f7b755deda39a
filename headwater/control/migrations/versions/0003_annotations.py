"""Annotations, of an organisation or of one project, creator, video or campaign."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)
_ENTITIES = {
    "project_id": "project",
    "creator_id": "creator",
    "video_id": "video",
    "campaign_id": "creator_campaign",
}


def upgrade() -> None:
    """Make the table; what an annotation is about takes it along when it goes."""
    op.create_table(
        "annotation",
        sa.Column("id", _ROW_NUMBER, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.String(length=36), nullable=False),
        sa.Column("organisation_id", _ROW_NUMBER, nullable=False),
        sa.Column("source", sa.String(length=8), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("scope", sa.String(length=16), nullable=False),
        *(sa.Column(column, _ROW_NUMBER, nullable=True) for column in _ENTITIES),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("body_md", sa.Text(), nullable=True),
        sa.Column("author_id", _ROW_NUMBER, nullable=True),
        sa.Column("dedupe_key", sa.String(length=255), nullable=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_annotation")),
        sa.UniqueConstraint("public_id", name=op.f("uq_annotation_public_id")),
        sa.UniqueConstraint("organisation_id", "dedupe_key", name=op.f("uq_annotation_organisation_id_dedupe_key")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_annotation_organisation_id")),
        sa.ForeignKeyConstraint(["author_id"], ["user.id"], name=op.f("fk_annotation_author_id"), ondelete="SET NULL"),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_annotation_{column}"), ondelete="CASCADE")
            for column, table in _ENTITIES.items()
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_annotation_organisation_id_at"), "annotation", ["organisation_id", "at"])
    for column in _ENTITIES:
        op.create_index(op.f(f"ix_annotation_{column}"), "annotation", [column])
