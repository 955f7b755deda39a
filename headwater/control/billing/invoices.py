"""Invoices: one for each company and calendar month (UTC), made when the month is over.

Lines are what the plan costs and the top-ups that were settled in the month. Top-ups are
paid by then, so an invoice is open only where the plan costs something, until the operator
says that it is paid. Making them again makes none twice; months that were missed are made up,
from that of the first entry of the company's ledger on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.audit.service import Audit
from headwater.control.billing.models import CreditEntry, Invoice, PaymentTransaction
from headwater.control.billing.money import exact
from headwater.control.billing.standing import month_of, next_month
from headwater.control.db import surroundings
from headwater.control.organisations.models import Organisation
from headwater.control.plans.models import Plan
from headwater.errors import NotFound
from headwater.kit.ids import new_id
from headwater.scope import Scope

_MOST_MONTHS: Final = 24


class Invoices:
    """The invoices of organisations; ``currency`` is that of plans."""

    def __init__(self, currency: str) -> None:
        self._currency = currency

    async def make(self, session: AsyncSession, organisation_id: int) -> int:
        """Make those of the months that are over and have none; how many that were."""
        organisation = await session.get_one(Organisation, organisation_id, with_for_update=True)
        plan = await session.get_one(Plan, organisation.plan)
        now = surroundings(session).clock()
        made = set(await session.scalars(select(Invoice.period).where(Invoice.organisation_id == organisation_id)))
        began = await session.scalar(
            select(func.min(CreditEntry.created_at)).where(CreditEntry.organisation_id == organisation_id)
        )
        missing = [month for month in months_over(began or now, now) if month not in made]
        for month in missing:
            await self._make(session, organisation, plan, month, now)
        return len(missing)

    async def list(self, session: AsyncSession, scope: Scope, limit: int, offset: int) -> tuple[Sequence[Invoice], int]:
        """The organisation's, latest month first, and how many there are."""
        own = Invoice.organisation_id == scope.organisation_id
        total = await session.scalar(select(func.count()).select_from(Invoice).where(own)) or 0
        latest = select(Invoice).where(own).order_by(Invoice.period.desc()).limit(limit).offset(offset)
        return (await session.scalars(latest)).all(), total

    async def get(self, session: AsyncSession, scope: Scope, invoice_id: str) -> Invoice:
        """One of the organisation's."""
        invoice = await session.get(Invoice, invoice_id)
        if invoice is None or invoice.organisation_id != scope.organisation_id:
            raise NotFound(f"There is no invoice '{invoice_id[:64]}'.", field="invoice_id")
        return invoice

    async def all_open(self, session: AsyncSession) -> Sequence[Invoice]:
        """Those of all organisations that are not paid, oldest first, for the operator."""
        query = select(Invoice).where(Invoice.status == "open")
        return (await session.scalars(query.order_by(Invoice.period, Invoice.id))).all()

    async def pay(self, session: AsyncSession, invoice_id: str) -> tuple[Invoice, bool]:
        """The operator has the money; and whether this is news."""
        invoice = await session.get(Invoice, invoice_id, with_for_update=True)
        if invoice is None:
            raise NotFound(f"There is no invoice '{invoice_id[:64]}'.", field="invoice")
        if invoice.status == "paid":
            return invoice, False
        invoice.status, invoice.paid_at = "paid", surroundings(session).clock()
        await session.flush()
        details = {"amount": exact(invoice.amount_micros), "currency": invoice.currency}
        await Audit.record(session, invoice.organisation_id, None, "invoice_paid", target=invoice.id, details=details)
        return invoice, True

    async def _make(
        self, session: AsyncSession, organisation: Organisation, plan: Plan, month: date, now: datetime
    ) -> None:
        owed = plan.monthly_price_micros
        lines = [_line(f"Plan {plan.name}, {month:%Y-%m}", 1, owed)]
        for one in await _topups(session, organisation.id, month, self._currency):
            lines.append(_line(f"Credits, {one.id}", one.credits, one.price_micros))
        session.add(
            Invoice(
                id=new_id("inv"),
                organisation_id=organisation.id,
                period=month,
                lines=lines,
                amount_micros=sum(line["amount_micros"] for line in lines),
                currency=self._currency,
                status="open" if owed else "paid",
                created_at=now,
                paid_at=None if owed else now,
            )
        )
        await session.flush()


def months_over(since: datetime, now: datetime) -> list[date]:
    """The months from that of ``since`` on which are over by ``now``, the last two years of them.

    >>> [str(month) for month in months_over(datetime(2026, 1, 31, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC))]
    ['2026-01-01', '2026-02-01']
    """
    found = []
    month = month_of(since)
    while month < month_of(now):
        found.append(month)
        month = next_month(month)
    return found[-_MOST_MONTHS:]


async def _topups(
    session: AsyncSession, organisation_id: int, month: date, currency: str
) -> Sequence[PaymentTransaction]:
    first, end = (datetime.combine(day, time(), UTC) for day in (month, next_month(month)))
    query = select(PaymentTransaction).where(
        PaymentTransaction.organisation_id == organisation_id,
        PaymentTransaction.status == "settled",
        PaymentTransaction.currency == currency,
        PaymentTransaction.ended_at >= first,
        PaymentTransaction.ended_at < end,
    )
    return (await session.scalars(query.order_by(PaymentTransaction.ended_at, PaymentTransaction.id))).all()


def _line(description: str, quantity: int, amount: int) -> dict[str, Any]:
    return {"description": description, "quantity": quantity, "amount_micros": amount}
