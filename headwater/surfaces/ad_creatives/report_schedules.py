"""The schedule by which a saved report goes out by mail, and the pages behind the links in those mails."""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from headwater.control.report_schedules import consent
from headwater.control.report_schedules.consent import Link
from headwater.control.report_schedules.recipients import State
from headwater.control.report_schedules.service import Scheduled, ScheduleFields
from headwater.control.report_schedules.slots import Frequency, Weekday
from headwater.errors import NotFound, RateLimitExceeded
from headwater.surfaces._http.endpoint import PUBLIC, READ, WRITE, Answers, Call, Endpoint, Reply

_TAG: Final = "Reports"
_AT: Final = "/api/v2/reports/{report_id}/schedule"
_MAILS: Final = "/api/v2/report-mails/{mail_token}"


class ScheduleBody(msgspec.Struct, frozen=True):
    """When to mail a report, and to whom."""

    frequency: Frequency
    hour: Annotated[int, Meta(ge=0, le=23, description="Hour of the day in UTC.")]
    recipients: Annotated[
        list[Annotated[str, Meta(max_length=320)]], Meta(min_length=1, max_length=20, description="E-mail addresses.")
    ]
    format: Literal["csv", "json", "xlsx", "png", "svg", "pdf"] = "pdf"
    weekday: Annotated[Weekday, Meta(description="For `weekly`; Monday without it.")] | None = None
    day: (
        Annotated[
            int,
            Meta(ge=1, le=31, description="For `monthly`; the first without it, the last where a month is shorter."),
        ]
        | None
    ) = None


class ScheduleRow(msgspec.Struct, frozen=True):
    """A schedule as it is answered; ``pending`` have not confirmed yet, ``stopped`` want it no more."""

    report_id: int
    frequency: str
    hour: int
    weekday: str | None
    day: int | None
    recipients: list[str]
    pending: list[str]
    stopped: list[str]
    format: str
    next_at: datetime
    last_sent_at: datetime | None
    last_error: str | None
    created_at: datetime
    updated_at: datetime


class OneSchedule(msgspec.Struct, frozen=True):
    """The schedule of a report."""

    data: ScheduleRow


class FollowQuery(msgspec.Struct, frozen=True):
    """Parameters of a link that is followed."""

    again: Annotated[bool, Meta(description="Take a stop back.")] = False


async def get_schedule(call: Call[Any, bytes]) -> Reply:
    """When a report goes out, and to whom."""
    async with call.services.control.reading() as session:
        found = await call.services.control.report_schedules.get(session, call.scope, call.path_id("report_id"))
    return Reply(OneSchedule(_row(found)))


async def set_schedule(call: Call[Any, ScheduleBody]) -> Reply:
    """Have a report mailed, in place of any schedule that it had."""
    body, schedules = call.body, call.services.control.report_schedules
    fields = ScheduleFields(body.frequency, body.hour, tuple(body.recipients), body.format, body.weekday, body.day)
    unit = await call.writing()
    scheduled, created = await schedules.set(unit, call.scope, call.path_id("report_id"), fields, call.client_ip)
    return Reply(OneSchedule(_row(scheduled)), 201 if created else 200)


async def delete_schedule(call: Call[Any, bytes]) -> Reply:
    """Mail it no more."""
    unit = await call.writing()
    await call.services.control.report_schedules.delete(unit, call.scope, call.path_id("report_id"), call.client_ip)
    return Reply(status=204)


async def show_link(call: Call[Any, bytes]) -> Reply:
    """A page that says what the link does, with a button that does it: programs open links of mails, too."""
    async with call.services.control.reading() as session:
        found = await consent.link(session, call.path["mail_token"])
    return _page(_question(found))


async def follow_link(call: Call[FollowQuery, bytes]) -> Reply:
    """Do what the link is for; needs no login, and takes the POST of RFC 8058."""
    unit = await call.writing()
    found = await consent.follow(unit.session, call.path["mail_token"], again=call.query.again, ip=call.client_ip)
    return _page(_state(found))


def _row(scheduled: Scheduled) -> ScheduleRow:
    schedule = scheduled.schedule

    def those(state: State) -> list[str]:
        return [row.email for row, one in scheduled.recipients.items() if one == state]

    same = {name: getattr(schedule, name) for name in ScheduleRow.__struct_fields__ if hasattr(schedule, name)}
    emails = [row.email for row in scheduled.recipients]
    return ScheduleRow(**same, recipients=emails, pending=those("pending"), stopped=those("stopped"))


def _question(found: Link) -> str:
    email = escape(found.recipient.email)
    if found.act == "confirm":
        return f"<p>Send the company's reports to {email}?</p>{_button('Yes, send them')}"
    if found.recipient.stopped_at is not None:
        return _state(found)
    return f"<p>Send {_called(found)} to {email} no more?</p>{_button('Stop it')}"


def _state(found: Link) -> str:
    email = escape(found.recipient.email)
    if found.recipient.stopped_at is not None:
        return f"<p>{email} does not get {_called(found)} any more.</p>{_button('Send it again', '?again=true')}"
    return f"<p>{email} gets {_called(found)} from now on.</p>"


def _called(found: Link) -> str:
    return f"the report “{escape(found.title)}”" if found.title else "the company's reports"


def _button(words: str, query: str = "") -> str:
    return f'<form method="post" action="{query}"><button>{words}</button></form>'


def _page(content: str) -> Reply:
    html = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Reports by mail</title>'
        '<meta name="viewport" content="width=device-width"><style>:root{color-scheme:light dark}'
        "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:4rem auto;padding:0 1rem}"
        "button{font:inherit;padding:.4rem 1rem}</style>"
        f"<h1>Reports by mail</h1>{content}</html>\n"
    )
    return Reply(html.encode(), media_type="text/html; charset=utf-8", headers=_HEADERS)


_HEADERS: Final = (
    (
        "content-security-policy",
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
)
_EXAMPLE: Final = {"frequency": "weekly", "hour": 6, "recipients": ["user@example.com"], "format": "pdf"}
_ANSWERED: Final = {
    **_EXAMPLE,
    "report_id": 7,
    "weekday": "monday",
    "day": None,
    "pending": [],
    "stopped": [],
    "next_at": "2025-04-21T06:00:00Z",
    "last_sent_at": "2025-04-14T06:01:10Z",
    "last_error": None,
    "created_at": "2025-04-10T09:30:00Z",
    "updated_at": "2025-04-10T09:30:00Z",
}
_SCHEDULE: Final = {"data": _ANSWERED}
_PAGE: Final = {200: Answers("A page for people.", media_types=("text/html",))}

ENDPOINTS = [
    Endpoint(
        "POST",
        _AT,
        set_schedule,
        WRITE,
        "Mail a report on a schedule",
        _TAG,
        {
            200: Answers("The schedule, in place of the one before.", OneSchedule, _SCHEDULE),
            201: Answers("The schedule.", OneSchedule, _SCHEDULE),
        },
        description="Addresses that are no proven ones of the company's members are asked by mail first.",
        body=ScheduleBody,
        body_example=_EXAMPLE,
        errors=(NotFound, RateLimitExceeded),
    ),
    Endpoint(
        "GET",
        _AT,
        get_schedule,
        READ,
        "Get a report's schedule",
        _TAG,
        {200: Answers("The schedule.", OneSchedule, _SCHEDULE)},
        errors=(NotFound,),
    ),
    Endpoint(
        "DELETE",
        _AT,
        delete_schedule,
        WRITE,
        "Stop mailing a report",
        _TAG,
        {204: Answers("It is mailed no more.")},
        errors=(NotFound,),
    ),
    Endpoint("GET", _MAILS, show_link, PUBLIC, "What a link of a mail does", _TAG, _PAGE, errors=(NotFound,)),
    Endpoint(
        "POST",
        _MAILS,
        follow_link,
        PUBLIC,
        "Follow a link of a mail",
        _TAG,
        _PAGE,
        description="Agrees to get reports, or stops one; the token in the path is enough. Takes one-click requests"
        " of mail programs (RFC 8058).",
        query=FollowQuery,
        errors=(NotFound,),
        # Done twice it is as done once, so that no answer need be kept; kept ones are taken for JSON.
        own_idempotency=True,
    ),
]
