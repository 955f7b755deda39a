"""Reports that go out by mail: schedules, recipients, and mails that wait to be sent."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables; all of a report goes with it but what its readers said."""
    _make_schedules()
    _make_recipients()
    _make_mails()


def _make_schedules() -> None:
    op.create_table(
        "report_schedule",
        sa.Column("report_id", _ROW_NUMBER, autoincrement=False, nullable=False),
        sa.Column("organisation_id", _ROW_NUMBER, nullable=False),
        sa.Column("frequency", sa.String(length=16), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("weekday", sa.String(length=16), nullable=True),
        sa.Column("day", sa.Integer(), nullable=True),
        sa.Column("format", sa.String(length=16), nullable=False),
        sa.Column("next_at", _TIME, nullable=False),
        sa.Column("try_at", _TIME, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_sent_at", _TIME, nullable=True),
        sa.Column("last_error", sa.String(length=255), nullable=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_report_schedule")),
        sa.ForeignKeyConstraint(
            ["report_id"], ["saved_report.id"], name=op.f("fk_report_schedule_report_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_report_schedule_organisation_id")
        ),
    )
    op.create_index(op.f("ix_report_schedule_try_at"), "report_schedule", ["try_at"])


def _make_recipients() -> None:
    op.create_table(
        "report_recipient",
        sa.Column("id", _ROW_NUMBER, autoincrement=True, nullable=False),
        sa.Column("report_id", _ROW_NUMBER, nullable=True),
        sa.Column("organisation_id", _ROW_NUMBER, nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("asked_at", _TIME, nullable=True),
        sa.Column("confirmed_at", _TIME, nullable=True),
        sa.Column("stopped_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_recipient")),
        sa.UniqueConstraint("report_id", "email", name=op.f("uq_report_recipient_report_id_email")),
        sa.ForeignKeyConstraint(
            ["report_id"], ["saved_report.id"], name=op.f("fk_report_recipient_report_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_report_recipient_organisation_id")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_report_recipient_organisation_id_email"), "report_recipient", ["organisation_id", "email"])


def _make_mails() -> None:
    op.create_table(
        "report_issue",
        sa.Column("id", _ROW_NUMBER, autoincrement=True, nullable=False),
        sa.Column("report_id", _ROW_NUMBER, nullable=False),
        sa.Column("slot", _TIME, nullable=False),
        sa.Column("made_at", _TIME, nullable=False),
        sa.Column("title", sa.String(length=255), nullable=False),
        sa.Column("period", sa.String(length=255), nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("media_type", sa.String(length=255), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_issue")),
        sa.UniqueConstraint("report_id", "slot", name=op.f("uq_report_issue_report_id_slot")),
        sa.ForeignKeyConstraint(
            ["report_id"], ["report_schedule.report_id"], name=op.f("fk_report_issue_report_id"), ondelete="CASCADE"
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "report_mail",
        sa.Column("id", _ROW_NUMBER, autoincrement=True, nullable=False),
        sa.Column("issue_id", _ROW_NUMBER, nullable=False),
        sa.Column("recipient_id", _ROW_NUMBER, nullable=False),
        sa.Column("message_id", sa.String(length=64), nullable=False),
        sa.Column("try_at", _TIME, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_mail")),
        sa.ForeignKeyConstraint(
            ["issue_id"], ["report_issue.id"], name=op.f("fk_report_mail_issue_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["recipient_id"], ["report_recipient.id"], name=op.f("fk_report_mail_recipient_id"), ondelete="CASCADE"
        ),
        sqlite_autoincrement=True,
    )
    for column in ("issue_id", "recipient_id", "try_at"):
        op.create_index(op.f(f"ix_report_mail_{column}"), "report_mail", [column])
