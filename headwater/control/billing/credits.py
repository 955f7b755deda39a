"""Paying for work with credits: the interface for agents and data sources.

Whoever is about to do something that costs holds what it may cost at most, works
without a transaction open, and then charges what it did cost:

    hold = await control.credits.hold(uow.session, organisation_id, Work("agent_execute", tokens=4000))
    …work…
    await control.credits.charge(uow.session, organisation_id, Work("agent_execute", tokens=812, …), hold)

The hold answers 402 before any work is done; the charge belongs into the unit of work
that stores what was done. Work that failed is charged nothing: ``release`` the hold. One
that is left behind by a crash ends by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final, Literal, NamedTuple

import structlog
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.audit.service import Audit
from headwater.control.billing.ledger import Ledger, Paid
from headwater.control.billing.models import CreditHold
from headwater.control.billing.money import micros
from headwater.control.billing.standing import Posting, Standing, ran_low
from headwater.control.db import surroundings
from headwater.control.webhooks.outbox import post_event
from headwater.errors import InvalidRequest, PaymentRequired
from headwater.kit.ids import new_id
from headwater.settings import Settings

Operation = Literal["agent_execute", "data_query"]
OPERATIONS: Final[tuple[Operation, ...]] = ("agent_execute", "data_query")

_HELD_FOR: Final = timedelta(minutes=15)
_MOST: Final = 10**12
log = structlog.get_logger(__name__)


class Work(NamedTuple):
    """What was done, or is to be: for which agent, and by which name others find it (such as ``exec_…``)."""

    operation: Operation
    tokens: int = 0
    agent_id: str | None = None
    reference: str = ""


class Charged(NamedTuple):
    """What was taken, its price in millionths of the currency's unit, and what is left."""

    credits: int
    cost_micros: int
    balance: int


class Credits:
    """Prices, and the ways in which a balance changes but by top-ups; ``settings`` hold the prices."""

    def __init__(self, settings: Settings) -> None:
        self._each: Mapping[str, int] = {
            "agent_execute": settings.credits_per_execution,
            "data_query": settings.credits_per_query,
        }
        self._per_thousand = settings.credits_per_1k_tokens
        self._price = micros(settings.credit_price)

    def price(self, work: Work) -> int:
        """What work costs in whole credits; of tokens each thousand that is begun counts."""
        return self._each[work.operation] + -(-work.tokens // 1000) * self._per_thousand

    async def hold(self, session: AsyncSession, organisation_id: int, work: Work) -> str:
        """Set aside what ``work`` costs at most, for a quarter of an hour; the hold's id.

        ``PaymentRequired`` where the balance, less what others hold, is too small. Belongs into
        a unit of work of its own: only what is committed keeps others from spending it.
        """
        amount = self.price(work)
        ledger = Ledger(session, organisation_id)
        await ledger.lock()
        _hold_enough(amount, (await ledger.standing()).balance - await ledger.held())
        hold = CreditHold(
            id=new_id("hold"),
            organisation_id=organisation_id,
            amount=amount,
            expires_at=surroundings(session).clock() + _HELD_FOR,
        )
        session.add(hold)
        await session.flush()
        return hold.id

    async def release(self, session: AsyncSession, organisation_id: int, hold: str) -> None:
        """Set free what was held; a hold that is over already is no error."""
        own = (CreditHold.id == hold, CreditHold.organisation_id == organisation_id)
        await session.execute(delete(CreditHold).where(*own))

    async def charge(self, session: AsyncSession, organisation_id: int, work: Work, hold: str | None = None) -> Charged:
        """Post what ``work`` cost, in the caller's unit of work.

        Without a ``hold`` a balance that is too small is ``PaymentRequired``. With one the work
        has been done: should it have cost more than was held, so much of that is taken as
        nobody else holds, and the rest is given away. The balance is never below zero.
        """
        ledger = Ledger(session, organisation_id)
        await ledger.lock()
        if hold is not None:
            await self.release(session, organisation_id, hold)
        before = await ledger.bring_up_to_date()
        amount, free = self.price(work), max(0, before.balance - await ledger.held())
        if hold is None:
            _hold_enough(amount, free)
        elif amount > free:
            log.warning("credits.short", organisation=organisation_id, cost=amount, charged=free)
            amount = free
        paid = Paid(work.operation, work.tokens, amount * self._price, work.agent_id)
        now = await ledger.post(Posting("charge", -amount), work.reference, paid)
        if ran_low(before, now):
            await post_event(session, organisation_id, "credits.low", {"credits": now.balance, "total": now.total})
        return Charged(amount, paid.cost_micros, now.balance)

    async def adjust(self, session: AsyncSession, organisation_id: int, amount: int, reason: str = "") -> Standing:
        """Give credits, or with a negative ``amount`` take some; for the operator. Given ones do not expire."""
        ledger = Ledger(session, organisation_id)
        await ledger.lock()
        if not amount or abs(amount) > _MOST:
            raise InvalidRequest(
                f"'amount' must be a whole number from -{_MOST:,} to {_MOST:,}, and not 0.", field="amount"
            )
        if (free := (await ledger.standing()).balance - await ledger.held()) + amount < 0:
            raise InvalidRequest(f"Only {free:,} credits can be taken.", field="amount", allowed=-free)
        now = await ledger.post(Posting("adjustment", amount), reason)
        await Audit.record(
            session,
            organisation_id,
            None,
            "credits_adjusted",
            details={"amount": amount, "credits": now.balance, "reason": reason},
        )
        return now


def _hold_enough(needed: int, free: int) -> None:
    if needed > free:
        raise PaymentRequired(
            f"This needs {needed:,} credits and {max(0, free):,} are free. Top up, or wait for the next month's.",
            cap="credits",
            needed=needed,
            credits=max(0, free),
        )
