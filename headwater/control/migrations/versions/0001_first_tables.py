"""The first tables, and the four plans that a server begins with."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make tables in the order in which they refer to one another."""
    _plans()
    _organisations_and_people()
    _entities()
    _api_keys()
    _logins()
    _saved_reports()
    _records()


def _plans() -> None:
    plan = op.create_table(
        "plan",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("requests_per_hour", sa.Integer(), nullable=True),
        sa.Column("retention_days", sa.Integer(), nullable=True),
        sa.Column("monthly_credits", sa.Integer(), nullable=False),
        sa.Column("max_members", sa.Integer(), nullable=True),
        sa.Column("max_projects", sa.Integer(), nullable=True),
        sa.Column("max_creators", sa.Integer(), nullable=True),
        sa.Column("max_tracked_videos", sa.Integer(), nullable=True),
        sa.Column("max_api_keys", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_plan")),
    )
    op.bulk_insert(
        plan,
        [
            dict(zip(plan.columns.keys(), row, strict=True))
            for row in (
                ("free", 100, 90, 100, 2, 1, 5, 200, 2),
                ("starter", 1_000, 365, 1_000, 5, 3, 50, 5_000, 10),
                ("growth", 10_000, 730, 10_000, 25, 10, 500, 50_000, 50),
                ("enterprise", None, None, 50_000, None, None, None, None, None),
            )
        ],
    )


def _organisations_and_people() -> None:
    op.create_table(
        "organisation",
        sa.Column("id", _ROW_NUMBER, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("plan", sa.String(length=64), nullable=False),
        sa.Column("analytics_tz", sa.String(length=64), nullable=False),
        sa.Column("entities_version", sa.Integer(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["plan"], ["plan.name"], name=op.f("fk_organisation_plan")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_organisation_name"), "organisation", ["name"])
    op.create_table(
        "user",
        sa.Column("id", _ROW_NUMBER, autoincrement=True, nullable=False),
        sa.Column("organisation_id", _ROW_NUMBER, nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("full_name", sa.String(length=255), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("is_verified", sa.Boolean(), nullable=False),
        sa.Column("is_operator", sa.Boolean(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_user_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user")),
        sa.UniqueConstraint("email", name=op.f("uq_user_email")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_user_organisation_id"), "user", ["organisation_id"])


def _entities() -> None:
    op.create_table(
        "entity",
        sa.Column("id", _ROW_NUMBER, autoincrement=True, nullable=False),
        sa.Column("organisation_id", _ROW_NUMBER, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("parent_id", _ROW_NUMBER, nullable=True),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("external_id", sa.String(length=255), nullable=True),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("component_type", sa.String(length=64), nullable=True),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_entity_organisation_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["entity.id"], name=op.f("fk_entity_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entity")),
        sa.UniqueConstraint(
            "organisation_id", "kind", "external_id", name=op.f("uq_entity_organisation_id_kind_external_id")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_entity_organisation_id_kind_id"), "entity", ["organisation_id", "kind", "id"])
    op.create_index(op.f("ix_entity_parent_id"), "entity", ["parent_id"])


def _api_keys() -> None:
    op.create_table(
        "api_key",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("organisation_id", _ROW_NUMBER, nullable=False),
        sa.Column("user_id", _ROW_NUMBER, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("prefix", sa.String(length=32), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("permissions", sa.JSON(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("last_used", _TIME, nullable=True),
        sa.Column("expires_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_api_key_organisation_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_api_key_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_api_key_secret_hash")),
    )
    op.create_index(op.f("ix_api_key_organisation_id_id"), "api_key", ["organisation_id", "id"])


def _logins() -> None:
    op.create_table(
        "cookie_session",
        sa.Column("id", _ROW_NUMBER, autoincrement=True, nullable=False),
        sa.Column("user_id", _ROW_NUMBER, nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_cookie_session_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cookie_session")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_cookie_session_secret_hash")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_cookie_session_user_id"), "cookie_session", ["user_id"])
    op.create_table(
        "refresh_token",
        sa.Column("id", _ROW_NUMBER, autoincrement=True, nullable=False),
        sa.Column("user_id", _ROW_NUMBER, nullable=False),
        sa.Column("family_id", sa.String(length=64), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_refresh_token_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refresh_token")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_refresh_token_secret_hash")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_refresh_token_family_id"), "refresh_token", ["family_id"])
    op.create_index(op.f("ix_refresh_token_user_id"), "refresh_token", ["user_id"])


def _saved_reports() -> None:
    op.create_table(
        "saved_report",
        sa.Column("id", _ROW_NUMBER, autoincrement=True, nullable=False),
        sa.Column("organisation_id", _ROW_NUMBER, nullable=False),
        sa.Column("workspace_id", _ROW_NUMBER, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("resource", sa.String(length=16), nullable=False),
        sa.Column("ids", sa.JSON(), nullable=False),
        sa.Column("metrics", sa.JSON(), nullable=False),
        sa.Column("time_frame", sa.String(length=16), nullable=False),
        sa.Column("time_from", sa.String(length=64), nullable=True),
        sa.Column("time_to", sa.String(length=64), nullable=True),
        sa.Column("relative", sa.String(length=32), nullable=True),
        sa.Column("breakdown", sa.String(length=16), nullable=False),
        sa.Column("chart", sa.String(length=16), nullable=False),
        sa.Column("created_by", _ROW_NUMBER, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["user.id"], name=op.f("fk_saved_report_created_by")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_saved_report_organisation_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["entity.id"], name=op.f("fk_saved_report_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_report")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_saved_report_organisation_id_workspace_id_id"),
        "saved_report",
        ["organisation_id", "workspace_id", "id"],
    )


def _records() -> None:
    op.create_table(
        "audit_event",
        sa.Column("id", _ROW_NUMBER, autoincrement=True, nullable=False),
        sa.Column("organisation_id", _ROW_NUMBER, nullable=True),
        sa.Column("user_id", _ROW_NUMBER, nullable=True),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("target", sa.String(length=255), nullable=False),
        sa.Column("ip", sa.String(length=64), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_audit_event_organisation_id_id"), "audit_event", ["organisation_id", "id"])
    op.create_table(
        "kept_answer",
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("route", sa.String(length=255), nullable=False),
        sa.Column("fingerprint", sa.String(length=128), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("response", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_kept_answer")),
    )
    op.create_index(op.f("ix_kept_answer_created_at"), "kept_answer", ["created_at"])
