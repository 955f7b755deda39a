"""The ledger of one company: how it stands, and one more entry at its end.

An entry is made in the caller's unit of work, after those that are due by then (a month
that has begun, a plan that has changed), so that nobody ever has to wait for a job.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import BigInteger, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.billing.models import CreditEntry, CreditHold
from headwater.control.billing.standing import Posting, Standing, after, due, month_of
from headwater.control.db import surroundings
from headwater.control.organisations.models import Organisation
from headwater.control.plans.models import Plan


class Paid(NamedTuple):
    """What a charge was for; ``cost_micros`` is its price in money."""

    operation: str
    tokens: int
    cost_micros: int
    agent_id: str | None


class Ledger:
    """The ledger of an organisation."""

    def __init__(self, session: AsyncSession, organisation_id: int) -> None:
        self._session = session
        self._organisation_id = organisation_id
        self._now = surroundings(session).clock()
        self._month = month_of(self._now)

    async def standing(self) -> Standing:
        """How it stands now, what is due counted in; needs no unit of work."""
        standing = await self._written()
        for posting in await self._due(standing):
            standing = after(standing, self._month, posting)
        return standing

    async def held(self) -> int:
        """What work under way may still need."""
        own = (CreditHold.organisation_id == self._organisation_id, CreditHold.expires_at > self._now)
        return (
            await self._session.scalar(
                select(cast(func.coalesce(func.sum(CreditHold.amount), 0), BigInteger)).where(*own)
            )
            or 0
        )

    async def lock(self) -> None:
        """Have others who would write wait until this unit of work is over."""
        # SQLite has one writer at a time by itself, and no such clause.
        own = select(Organisation.id).where(Organisation.id == self._organisation_id)
        await self._session.execute(own.with_for_update())

    async def bring_up_to_date(self) -> Standing:
        """Make the entries that are due; doing it twice makes none twice."""
        await self.lock()
        standing = await self._written()
        for posting in await self._due(standing):
            standing = await self._add(standing, posting, "", None)
        return standing

    async def post(self, posting: Posting, reference: str = "", paid: Paid | None = None) -> Standing:
        """Add an entry; how it stands after it. Whether there is enough for it is for the caller to know."""
        return await self._add(await self.bring_up_to_date(), posting, reference, paid)

    async def _written(self) -> Standing:
        columns = (getattr(CreditEntry, name) for name in Standing._fields)
        own = select(*columns).where(CreditEntry.organisation_id == self._organisation_id)
        row = (await self._session.execute(own.order_by(CreditEntry.id.desc()).limit(1))).first()
        return Standing() if row is None else Standing._make(row)

    async def _due(self, standing: Standing) -> list[Posting]:
        monthly = select(Plan.monthly_credits).join(Organisation, Organisation.plan == Plan.name)
        found = await self._session.scalar(monthly.where(Organisation.id == self._organisation_id))
        return due(standing, self._month, found or 0)

    async def _add(self, standing: Standing, posting: Posting, reference: str, paid: Paid | None) -> Standing:
        stands = after(standing, self._month, posting)
        self._session.add(
            CreditEntry(
                organisation_id=self._organisation_id,
                **posting._asdict(),
                operation=paid.operation if paid else None,
                tokens=paid.tokens if paid else 0,
                cost_micros=paid.cost_micros if paid else 0,
                agent_id=paid.agent_id if paid else None,
                reference=reference,
                created_at=self._now,
                day=self._now.date(),
                **stands._asdict(),
            )
        )
        await self._session.flush()
        return stands
