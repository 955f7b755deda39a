"""What a company has, used and owes: subscription, credits, usage, invoices (contract: agents-and-accounts)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from headwater.control.billing.ledger import Ledger
from headwater.control.billing.models import Invoice
from headwater.control.billing.money import number
from headwater.control.billing.standing import next_month
from headwater.control.billing.usage import Sums, Used, grouped, sums, used
from headwater.errors import InvalidRequest
from headwater.query import window
from headwater.surfaces._http.endpoint import ADMIN, Answers, Call, Endpoint, Reply

BILLING: Final = "/api/v1/billing"
TAG: Final = "Billing"
_MOST_PERIODS: Final = 1000

Group = Literal["day", "week", "month"]
_Money = Annotated[int | float, Meta(description="In units of the currency, at most two decimals.")]
_Time = Annotated[str, Meta(max_length=64)]


class Plan(msgspec.Struct, frozen=True):
    """The company's plan and what is left of its credits."""

    plan: str
    status: Literal["active"]
    current_period_end: datetime
    credits_remaining: int


class Subscription(msgspec.Struct, frozen=True):
    """The subscription."""

    subscription: Plan


class CreditsLeft(msgspec.Struct, frozen=True):
    """What is left, what there was to spend in this month, and what of it was spent."""

    credits: int
    total_credits: int
    used_credits: int


class UsageQuery(msgspec.Struct, frozen=True):
    """Of which time, and how it is divided."""

    start_date: (
        Annotated[_Time, Meta(description="Date or date-time; without it the month of the end begins it.")] | None
    ) = None
    end_date: Annotated[_Time, Meta(description="Date or date-time, inclusive; without it now.")] | None = None
    group_by: Annotated[Group, Meta(description="Adds `series`, one entry for each.")] | None = None
    breakdown: Annotated[Literal["agent"], Meta(description="Adds `by_agent`, and divides `series`.")] | None = None


class Summed(msgspec.Struct, frozen=True, kw_only=True):
    """Charges together."""

    total_requests: int
    total_tokens: int
    total_cost: _Money
    by_operation: dict[str, int]


class OfAgent(Summed, frozen=True, kw_only=True):
    """Charges of one agent; null are those of none."""

    agent_id: str | None


class Period(Summed, frozen=True, kw_only=True):
    """Charges of the day, week or month that begins on ``period``."""

    period: date
    agent_id: str | UnsetType | None = UNSET


class UsageSums(Summed, frozen=True, kw_only=True):
    """All charges."""

    series: list[Period] | UnsetType = UNSET
    by_agent: list[OfAgent] | UnsetType = UNSET


class Usage(msgspec.Struct, frozen=True):
    """What was used."""

    usage: UsageSums


class Page(msgspec.Struct, frozen=True):
    """Which invoices."""

    limit: Annotated[int, Meta(ge=1, le=100, description="Invoices on a page.")] = 20
    offset: Annotated[int, Meta(ge=0, le=2**31 - 1, description="Invoices to skip.")] = 0


class InvoiceRow(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice for one month."""

    invoice_id: str
    period: Annotated[str, Meta(description="The month, as `2025-01`.")]
    amount: _Money
    currency: str
    status: Literal["open", "paid"]
    created_at: datetime
    paid_at: datetime | None


class Line(msgspec.Struct, frozen=True):
    """One line of an invoice."""

    description: str
    quantity: int
    amount: _Money


class InvoiceWithLines(InvoiceRow, frozen=True, kw_only=True):
    """An invoice with what it is made of."""

    lines: list[Line]


class OneInvoice(msgspec.Struct, frozen=True):
    """An invoice."""

    invoice: InvoiceWithLines


class AllInvoices(msgspec.Struct, frozen=True):
    """A page of invoices, latest month first."""

    invoices: list[InvoiceRow]
    total: int
    limit: int
    offset: int


async def get_subscription(call: Call[Any, bytes]) -> Reply:
    """The plan and what is left of this month."""
    control, organisation_id = call.services.control, call.scope.organisation_id
    async with control.reading() as session:
        plan = await control.plans.of(session, organisation_id)
        standing = await Ledger(session, organisation_id).standing()
    ends = datetime.combine(next_month(standing.period), time(), UTC)
    return Reply(Subscription(Plan(plan.name, "active", ends, standing.balance)))


async def get_credits(call: Call[Any, bytes]) -> Reply:
    """What is left."""
    async with call.services.control.reading() as session:
        standing = await Ledger(session, call.scope.organisation_id).standing()
    return Reply(CreditsLeft(standing.balance, standing.total, standing.used))


async def get_usage(call: Call[UsageQuery, bytes]) -> Reply:
    """What was charged within a span of time."""
    query = call.query
    start, end = _span(query, call.services.clock())
    if query.group_by is not None and window.count_buckets(start, end, query.group_by) > _MOST_PERIODS:
        raise InvalidRequest(
            f"That is more than {_MOST_PERIODS:,} entries. Ask for less time, or longer periods.",
            field="group_by",
            allowed=f"at most {_MOST_PERIODS} entries",
        )
    async with call.services.control.reading() as session:
        charges = await used(session, call.scope, start.replace(tzinfo=UTC), end.replace(tzinfo=UTC))
    by_agent = query.breakdown == "agent"
    agents = [OfAgent(agent_id=agent, **_summed(one)) for agent, one in _by_agent(charges).items()]
    return Reply(
        Usage(
            UsageSums(
                **_summed(sums(charges)),
                series=UNSET if query.group_by is None else _series(charges, start, end, query.group_by, by_agent),
                by_agent=agents if by_agent else UNSET,
            )
        )
    )


async def list_invoices(call: Call[Page, bytes]) -> Reply:
    """A page of the company's invoices."""
    control, query = call.services.control, call.query
    async with control.reading() as session:
        found, total = await control.invoices.list(session, call.scope, query.limit, query.offset)
    return Reply(AllInvoices([InvoiceRow(**_fields(one)) for one in found], total, query.limit, query.offset))


async def get_invoice(call: Call[Any, bytes]) -> Reply:
    """One invoice with its lines."""
    control = call.services.control
    async with control.reading() as session:
        found = await control.invoices.get(session, call.scope, call.path["invoice_id"])
    lines = [Line(one["description"], one["quantity"], number(one["amount_micros"])) for one in found.lines]
    return Reply(OneInvoice(InvoiceWithLines(**_fields(found), lines=lines)))


def _span(query: UsageQuery, now: datetime) -> tuple[datetime, datetime]:
    """From when up to, not including, when (naive, UTC)."""
    asked = window.parse_window(query.start_date, query.end_date, names=("start_date", "end_date"))
    instant = timedelta(microseconds=1)
    end = asked.end or now.replace(tzinfo=None) + instant
    start = asked.start or window.floor(end - instant, "month")
    if end <= start:
        raise InvalidRequest(
            "'start_date' is in the future, so the window ends before it begins. Give an 'end_date'.",
            field="start_date",
            allowed="a time not after now",
        )
    return start, end


def _series(charges: Sequence[Used], start: datetime, end: datetime, grain: Group, by_agent: bool) -> list[Period]:
    """Every period in order, also without charges; by agent only those periods in which one had some."""

    def begins(one: Used) -> date:
        return window.floor(datetime.combine(one.day, time()), grain).date()

    if by_agent:
        found = grouped(charges, lambda one: (begins(one), one.agent_id)).items()
        return [Period(period=key[0], agent_id=key[1], **_summed(one)) for key, one in found]
    known = grouped(charges, begins)
    periods = [bucket.date() for bucket in window.buckets(start, end, grain)]
    return [Period(period=day, **_summed(known.get(day, sums([])))) for day in periods]


def _by_agent(charges: Sequence[Used]) -> Mapping[str | None, Sums]:
    return grouped(charges, lambda one: one.agent_id)


def _summed(found: Sums) -> dict[str, Any]:
    return {
        "total_requests": found.requests,
        "total_tokens": found.tokens,
        "total_cost": number(found.cost_micros),
        "by_operation": dict(found.by_operation),
    }


def _fields(invoice: Invoice) -> dict[str, Any]:
    return {
        "invoice_id": invoice.id,
        "period": f"{invoice.period:%Y-%m}",
        "amount": number(invoice.amount_micros),
        "currency": invoice.currency,
        "status": invoice.status,
        "created_at": invoice.created_at,
        "paid_at": invoice.paid_at,
    }


_USAGE: Final = {
    "total_requests": 5000,
    "total_tokens": 1000000,
    "total_cost": 50,
    "by_operation": {"agent_execute": 3000, "data_query": 2000},
}
_INVOICE: Final = {
    "invoice_id": "inv_0AbC…",
    "period": "2025-01",
    "amount": 100,
    "currency": "usd",
    "status": "paid",
    "created_at": "2025-02-01T00:10:00Z",
    "paid_at": "2025-02-01T00:10:00Z",
}
_LINE: Final = {"description": "Credits, txn_0AbC…", "quantity": 10000, "amount": 100}

ENDPOINTS = [
    Endpoint(
        "GET",
        f"{BILLING}/subscription",
        get_subscription,
        ADMIN,
        "Get the subscription",
        TAG,
        {
            200: Answers(
                "The plan, when its month ends, and the credits that are left.",
                Subscription,
                {
                    "subscription": {
                        "plan": "enterprise",
                        "status": "active",
                        "current_period_end": "2025-02-01T00:00:00Z",
                        "credits_remaining": 10000,
                    }
                },
            )
        },
    ),
    Endpoint(
        "GET",
        f"{BILLING}/credits",
        get_credits,
        ADMIN,
        "Get the credits that are left",
        TAG,
        {
            200: Answers(
                "The balance; it is `total_credits` less `used_credits`, both of this calendar month.",
                CreditsLeft,
                {"credits": 10000, "total_credits": 50000, "used_credits": 40000},
            )
        },
        description="`total_credits` is what the month had to spend: the plan's credits, what was left of topped-up"
        " ones when the month began, and what was topped up since.",
    ),
    Endpoint(
        "GET",
        f"{BILLING}/usage",
        get_usage,
        ADMIN,
        "Get usage",
        TAG,
        {200: Answers("What was charged.", Usage, {"usage": _USAGE})},
        description="Without dates, of this month. Periods are in UTC, weeks begin on Monday; `series` has every"
        " period, also those without charges. With `breakdown=agent` it has one entry for each period and agent"
        " that was charged, and `by_agent` sums up each agent.",
        query=UsageQuery,
        refuse_unknown=True,
    ),
    Endpoint(
        "GET",
        f"{BILLING}/invoices",
        list_invoices,
        ADMIN,
        "List invoices",
        TAG,
        {
            200: Answers(
                "A page of invoices, latest month first.",
                AllInvoices,
                {"invoices": [_INVOICE], "total": 1, "limit": 20, "offset": 0},
            )
        },
        description="One for each calendar month that is over; made in the night after it.",
        query=Page,
    ),
    Endpoint(
        "GET",
        f"{BILLING}/invoices/{{invoice_id}}",
        get_invoice,
        ADMIN,
        "Get an invoice",
        TAG,
        {200: Answers("The invoice with its lines.", OneInvoice, {"invoice": {**_INVOICE, "lines": [_LINE]}})},
    ),
]
