"""An organisation's plan: changing it, and holding to its caps."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.audit.service import Audit
from headwater.control.db import Change, UnitOfWork, surroundings
from headwater.control.organisations import repository as organisations
from headwater.control.organisations.models import Organisation
from headwater.control.plans.models import Plan
from headwater.errors import NotFound, PaymentRequired
from headwater.kit.suggest import did_you_mean


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


def hold_cap(cap: str, limit: int | None, used: int) -> None:
    """Refuse one more where ``used`` has reached the plan's ``limit``; ``cap`` is the column's name."""
    if limit is not None and used >= limit:
        raise PaymentRequired(
            f"Your plan allows {limit} ({cap}) and all are used. Remove one or change the plan.", cap=cap, limit=limit
        )
