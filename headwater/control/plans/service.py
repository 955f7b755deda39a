"""An organisation's plan: changing it, and holding to its caps."""

from __future__ import annotations

import re
from typing import Literal

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.audit.service import Audit
from headwater.control.billing.money import exact, micros
from headwater.control.db import Change, UnitOfWork, surroundings
from headwater.control.organisations import repository as organisations
from headwater.control.organisations.models import Organisation
from headwater.control.plans.models import Plan
from headwater.errors import InvalidRequest, NotFound, PaymentRequired
from headwater.kit.suggest import did_you_mean

_IS_PRICE = re.compile(r"\d{1,9}(\.\d{1,2})?").fullmatch
Cap = Literal["max_projects", "max_creators", "max_tracked_videos"]


class Plans:
    """The plans and who has which."""

    async def get(self, session: AsyncSession, name: str) -> Plan:
        """The plan of this name."""
        plan = await session.get(Plan, name)
        if plan is None:
            known = (await session.scalars(select(Plan.name).order_by(Plan.name))).all()
            raise NotFound(f"There is no plan '{name}'.{did_you_mean(name, known)}", field="plan", allowed=list(known))
        return plan

    async def of(self, session: AsyncSession, organisation_id: int) -> Plan:
        """The plan that this organisation has."""
        query = select(Plan).join(Organisation, Organisation.plan == Plan.name)
        return (await session.scalars(query.where(Organisation.id == organisation_id))).one()

    async def set(self, uow: UnitOfWork, organisation: str, plan: str) -> Organisation:
        """Give an organisation, named by id or name, another plan; it holds from the next request on."""
        row = await organisations.find(uow.session, organisation)
        former, row.plan = row.plan, (await self.get(uow.session, plan)).name
        await uow.session.flush()
        await Audit.record(
            uow.session, row.id, None, "plan_changed", target=row.plan, details={"from": former, "to": row.plan}
        )
        surroundings(uow.session).announce(Change("access", row.id))
        return row

    async def price(self, uow: UnitOfWork, plan: str, amount: str) -> Plan:
        """Say what a month of a plan costs, as a decimal number of at most two places."""
        row = await self.get(uow.session, plan)
        if not _IS_PRICE(amount):
            raise InvalidRequest(
                f"'{amount[:32]}' is not a price.", field="amount", allowed="a number such as 49.90, or 0"
            )
        row.monthly_price_micros = micros(amount)
        await uow.session.flush()
        details = {"price": exact(row.monthly_price_micros)}
        await Audit.record(uow.session, None, None, "plan_priced", details={"plan": row.name, **details})
        return row


def hold_cap(cap: str, limit: int | None, used: int) -> None:
    """Refuse one more where ``used`` has reached the plan's ``limit``; ``cap`` is the column's name."""
    if limit is not None and used >= limit:
        raise PaymentRequired(
            f"Your plan allows {limit} ({cap}) and all are used. Remove one or change the plan.", cap=cap, limit=limit
        )


def hold_limit(cap: str, limit: int | None, used: int) -> None:
    """The same in the words of the creators contract, which programs read: the cap, what is used, the most."""
    if limit is not None and used >= limit:
        raise PaymentRequired(f"Limit reached: {cap}", limitKey=cap, current=used, max=limit)


class Allowance:
    """How many rows of one sort a plan allows; ``used`` counts those there are, once, when first asked."""

    def __init__(self, session: AsyncSession, organisation_id: int, cap: Cap, used: Select[int]) -> None:
        self._session = session
        self._organisation_id = organisation_id
        self._cap = cap
        self._count = used
        self._known: tuple[int | None, int] | None = None

    async def take(self) -> None:
        """Hold one more against the cap, also against those taken before in this unit of work."""
        limit, used = self._known or await self._look_up()
        hold_limit(self._cap, limit, used)
        self._known = limit, used + 1

    async def _look_up(self) -> tuple[int | None, int]:
        plan = await Plans().of(self._session, self._organisation_id)
        limit: int | None = getattr(plan, self._cap)
        return limit, 0 if limit is None else await self._session.scalar(self._count) or 0
