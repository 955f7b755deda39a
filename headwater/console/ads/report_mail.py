"""A report's schedule as a form, and as it stands beside the report."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal, get_args

import msgspec
from msgspec import Meta
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.report_schedules.service import Scheduled, ScheduleFields
from headwater.control.report_schedules.slots import Frequency, Weekday
from headwater.errors import NotFound
from headwater.surfaces._http.endpoint import Call

CHOICES: Final[dict[str, list[tuple[str, str]]]] = {
    "weekdays": [(day, day.capitalize()) for day in get_args(Weekday)],
    "days": [(str(day), str(day)) for day in range(1, 32)],
    "hours": [(str(hour), f"{hour:02}:00") for hour in range(24)],
    "formats": [(name, name.upper()) for name in ("pdf", "xlsx", "csv", "json", "png", "svg")],
}
"""What the form offers."""


class ScheduleForm(msgspec.Struct, frozen=True):
    """When to mail a report, in UTC, and to whom; addresses stand apart by commas, blanks or lines."""

    recipients: Annotated[str, Meta(max_length=10_000)]
    frequency: Frequency = "weekly"
    hour: Annotated[int, Meta(ge=0, le=23)] = 6
    weekday: Weekday = "monday"
    day: Annotated[int, Meta(ge=1, le=31)] = 1
    format: Literal["csv", "json", "xlsx", "png", "svg", "pdf"] = "pdf"

    def fields(self) -> ScheduleFields:
        """What the service takes: the day only where the frequency has one.

        >>> ScheduleForm("a@b.example, c@d.example", "weekly").fields().recipients
        ('a@b.example', 'c@d.example')
        >>> ScheduleForm("a@b.example", "daily").fields().weekday is None
        True
        """
        return ScheduleFields(
            self.frequency,
            self.hour,
            tuple(one for one in re.split(r"[\s,;]+", self.recipients) if one),
            self.format,
            self.weekday if self.frequency == "weekly" else None,
            self.day if self.frequency == "monthly" else None,
        )


async def schedule_of(call: Call[Any, Any], session: AsyncSession, report_id: int) -> Scheduled | None:
    """The schedule of a report that is there; None where it has none."""
    try:
        return await call.services.control.report_schedules.get(session, call.scope, report_id)
    except NotFound:
        return None
