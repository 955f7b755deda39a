"""Projects, creators, videos, campaigns and their items; a UUID and a roster version for each organisation."""

import uuid
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make tables in the order in which they refer to one another."""
    _organisations()
    _table("project", [sa.Column("name", sa.String(length=255), nullable=False), _text("description")], [])
    op.create_index(op.f("ix_project_organisation_id_id"), "project", ["organisation_id", "id"])
    _creators()
    _videos()
    _campaigns()
    _items()


def _organisations() -> None:
    op.add_column("organisation", sa.Column("public_id", sa.String(length=36), nullable=False, server_default=""))
    op.add_column("organisation", sa.Column("roster_version", sa.Integer(), nullable=False, server_default="0"))
    table = sa.table("organisation", sa.column("id"), sa.column("public_id"))
    connection = op.get_bind()
    for number in connection.scalars(sa.select(table.c.id)).all():
        connection.execute(table.update().where(table.c.id == number).values(public_id=str(uuid.uuid4())))
    op.create_index(op.f("ix_organisation_public_id"), "organisation", ["public_id"], unique=True)


def _creators() -> None:
    columns = [
        _project(),
        sa.Column("handle", sa.String(length=255), nullable=False),
        sa.Column("platform", sa.String(length=32), nullable=False),
        sa.Column("display_name", sa.String(length=255), nullable=True),
        _text("description"),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("tracking_mode", sa.String(length=16), nullable=False),
        sa.Column("tracking_start_date", sa.Date(), nullable=True),
        sa.Column("external_id", sa.String(length=255), nullable=True),
    ]
    keys = [
        _reference("creator", "project_id", "project"),
        _unique("creator", "project_id", "platform", "handle"),
        _unique("creator", "project_id", "external_id"),
    ]
    _table("creator", columns, keys)
    op.create_index(op.f("ix_creator_organisation_id_id"), "creator", ["organisation_id", "id"])


def _videos() -> None:
    columns = [
        _project(),
        sa.Column("creator_id", _ROW_NUMBER, nullable=True),
        sa.Column("external_id", sa.String(length=255), nullable=True),
        sa.Column("url", sa.String(length=2048), nullable=True),
        sa.Column("title", sa.String(length=1000), nullable=True),
        _text("description"),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("posted_at", _TIME, nullable=True),
        sa.Column("tracking_status", sa.String(length=16), nullable=False),
    ]
    keys = [
        _reference("video", "project_id", "project"),
        _reference("video", "creator_id", "creator"),
        _unique("video", "project_id", "external_id"),
    ]
    _table("video", columns, keys)
    op.create_index(op.f("ix_video_creator_id"), "video", ["creator_id"])
    op.create_index(op.f("ix_video_project_id_url"), "video", ["project_id", "url"])
    op.create_index(op.f("ix_video_organisation_id_id"), "video", ["organisation_id", "id"])


def _campaigns() -> None:
    columns = [
        _project(),
        sa.Column("name", sa.String(length=200), nullable=False),
        _text("description"),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("target_views", sa.BigInteger(), nullable=True),
        sa.Column("target_at", _TIME, nullable=True),
    ]
    _table("creator_campaign", columns, [_reference("creator_campaign", "project_id", "project")])
    op.create_index(op.f("ix_creator_campaign_organisation_id_id"), "creator_campaign", ["organisation_id", "id"])
    op.create_index(op.f("ix_creator_campaign_project_id"), "creator_campaign", ["project_id"])


def _items() -> None:
    held = {"creator_id": "creator", "video_id": "video", "nested_id": "creator_campaign"}
    op.create_table(
        "campaign_item",
        *_identity("campaign_item"),
        sa.Column("campaign_id", _ROW_NUMBER, nullable=False),
        *(sa.Column(column, _ROW_NUMBER, nullable=True) for column in held),
        sa.Column("created_at", _TIME, nullable=False),
        _reference("campaign_item", "campaign_id", "creator_campaign"),
        *(_reference("campaign_item", column, table) for column, table in held.items()),
        *(_unique("campaign_item", "campaign_id", column) for column in held),
        sqlite_autoincrement=True,
    )
    for column in ("organisation_id", *held):
        op.create_index(op.f(f"ix_campaign_item_{column}"), "campaign_item", [column])


def _table(name: str, columns: Sequence[sa.Column[Any]], keys: Sequence[sa.Constraint]) -> None:
    op.create_table(
        name,
        *_identity(name),
        *columns,
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        *keys,
        sqlite_autoincrement=True,
    )


def _identity(table: str) -> list[sa.Column[Any] | sa.Constraint]:
    return [
        sa.Column("id", _ROW_NUMBER, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.String(length=36), nullable=False),
        sa.Column("organisation_id", _ROW_NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        _unique(table, "public_id"),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f(f"fk_{table}_organisation_id")),
    ]


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=True)


def _project() -> sa.Column[Any]:
    return sa.Column("project_id", _ROW_NUMBER, nullable=False)


def _reference(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}"), ondelete="CASCADE")


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=op.f(f"uq_{table}_{'_'.join(columns)}"))
