"""The tables of schedules, of those who get the reports, and of mails that wait to be sent."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from headwater.control.record import NEVER_REUSE_IDS, Record, RowId, RowNumber


class ReportSchedule(Record):
    """When a report goes out. ``next_at`` is its slot, ``try_at`` when to try that one, ``attempts`` how often it was.

    ``weekday`` and ``day`` are those of weekly and monthly schedules, None on others.
    """

    __tablename__ = "report_schedule"

    report_id: Mapped[int] = mapped_column(
        RowNumber, ForeignKey("saved_report.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    frequency: Mapped[str] = mapped_column(String(16))
    hour: Mapped[int]
    weekday: Mapped[str | None] = mapped_column(String(16))
    day: Mapped[int | None]
    format: Mapped[str] = mapped_column(String(16))
    next_at: Mapped[datetime]
    try_at: Mapped[datetime] = mapped_column(index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    last_sent_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class ReportRecipient(Record):
    """An address that a report was once scheduled for; ``listed`` while it is.

    The row outlives the schedule and even the report: who stopped the mails need not stop
    them again, and nobody is asked more often because reports come and go. ``asked_at`` is
    when the address was last asked whether it wants them.
    """

    __tablename__ = "report_recipient"
    __table_args__ = (
        UniqueConstraint("report_id", "email"),
        Index(None, "organisation_id", "email"),
        NEVER_REUSE_IDS,
    )

    id: Mapped[RowId]
    report_id: Mapped[int | None] = mapped_column(ForeignKey("saved_report.id", ondelete="SET NULL"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    email: Mapped[str] = mapped_column(String(254))
    listed: Mapped[bool]
    asked_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    stopped_at: Mapped[datetime | None]


class ReportIssue(Record):
    """A report as it was at one slot, kept while a mail with it waits to be sent."""

    __tablename__ = "report_issue"
    __table_args__ = (UniqueConstraint("report_id", "slot"), NEVER_REUSE_IDS)

    id: Mapped[RowId]
    report_id: Mapped[int] = mapped_column(ForeignKey("report_schedule.report_id", ondelete="CASCADE"))
    slot: Mapped[datetime]
    made_at: Mapped[datetime]
    title: Mapped[str] = mapped_column(String(255))
    period: Mapped[str] = mapped_column(String(255))
    file_name: Mapped[str] = mapped_column(String(255))
    media_type: Mapped[str] = mapped_column(String(255))
    content: Mapped[bytes] = mapped_column(LargeBinary)


class ReportMail(Record):
    """A mail that waits to be sent; the row is gone once it is. ``message_id`` is the same in every attempt."""

    __tablename__ = "report_mail"
    __table_args__ = NEVER_REUSE_IDS

    id: Mapped[RowId]
    issue_id: Mapped[int] = mapped_column(ForeignKey("report_issue.id", ondelete="CASCADE"), index=True)
    recipient_id: Mapped[int] = mapped_column(ForeignKey("report_recipient.id", ondelete="CASCADE"), index=True)
    message_id: Mapped[str] = mapped_column(String(64))
    try_at: Mapped[datetime] = mapped_column(index=True)
    attempts: Mapped[int] = mapped_column(default=0)
