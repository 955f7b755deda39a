"""How a company's credits stand, and what one more entry makes of it. Pure.

Credits that come with the plan are of one calendar month (UTC): what is left of them
when the next one begins expires. They are spent first; topped-up ones never expire.

>>> fresh = Standing()
>>> due(fresh, date(2026, 3, 1), monthly_credits=100)
[Posting(kind='grant', amount=100)]
>>> march = after(fresh, date(2026, 3, 1), due(fresh, date(2026, 3, 1), 100)[0])
>>> spent = after(after(march, march.period, Posting("topup", 50)), march.period, Posting("charge", -30))
>>> spent.balance, spent.plan_left, spent.used, spent.total
(120, 70, 30, 150)
>>> due(spent, date(2026, 4, 1), monthly_credits=100)
[Posting(kind='expiry', amount=-70), Posting(kind='grant', amount=100)]
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final, NamedTuple

from headwater.control.billing.models import EntryKind

_BEFORE_ALL: Final = date(1970, 1, 1)


class Posting(NamedTuple):
    """An entry to be made; ``amount`` is signed."""

    kind: EntryKind
    amount: int


class Standing(NamedTuple):
    """How an account stands; as new, before anything was posted.

    ``plan_left`` is the part of ``balance`` that came with the plan in the month
    ``period``, ``used`` what was charged in that month, ``plan_used`` the part of it
    that the plan's credits paid.
    """

    balance: int = 0
    plan_left: int = 0
    used: int = 0
    plan_used: int = 0
    period: date = _BEFORE_ALL

    @property
    def total(self) -> int:
        """What the company has, or had, to spend in this month."""
        return self.balance + self.used


def month_of(moment: datetime) -> date:
    """The first day of the month of an aware time in UTC."""
    return moment.date().replace(day=1)


def next_month(period: date) -> date:
    """The first day of the month after.

    >>> next_month(date(2026, 12, 1))
    datetime.date(2027, 1, 1)
    """
    year, month = divmod(period.year * 12 + period.month, 12)
    return date(year, month + 1, 1)


def due(standing: Standing, month: date, monthly_credits: int) -> list[Posting]:
    """What is to be posted first, since a month has begun or the plan is another; empty when nothing is.

    A plan of another size holds at once: the month then brings what that plan brings, less what
    the plan's credits have paid in it.

    >>> due(Standing(70, 70, 30, 30, date(2026, 3, 1)), date(2026, 3, 1), monthly_credits=1000)
    [Posting(kind='grant', amount=900)]
    >>> due(Standing(70, 70, 30, 30, date(2026, 3, 1)), date(2026, 3, 1), monthly_credits=20)
    [Posting(kind='expiry', amount=-70)]
    """
    if month > standing.period:
        expired = [Posting("expiry", -standing.plan_left)] if standing.plan_left else []
        # A plan without credits begins its month, too.
        return [*expired, Posting("grant", monthly_credits)]
    change = max(0, monthly_credits - standing.plan_used) - standing.plan_left
    if not change:
        return []
    return [Posting("grant" if change > 0 else "expiry", change)]


def after(standing: Standing, month: date, posting: Posting) -> Standing:
    """How it stands after one more entry, made in ``month``."""
    kind, amount = posting
    if month > standing.period:
        standing = standing._replace(period=month, used=0, plan_used=0)
    if kind in ("grant", "expiry"):
        plan, used = amount, 0
    else:
        plan = -min(-amount, standing.plan_left) if amount < 0 else 0
        used = -amount if kind == "charge" else 0
    return standing._replace(
        balance=standing.balance + amount,
        plan_left=standing.plan_left + plan,
        used=standing.used + used,
        # What an adjustment took of the plan's credits does not come back with the next look either.
        plan_used=standing.plan_used - (plan if kind in ("charge", "adjustment") else 0),
    )


def ran_low(before: Standing, now: Standing) -> bool:
    """Whether a charge took the balance below a tenth of what the month had to spend.

    >>> ran_low(Standing(balance=10, used=90), Standing(balance=9, used=91))
    True
    >>> ran_low(Standing(balance=9, used=91), Standing(balance=8, used=92))
    False
    """
    return before.balance * 10 >= before.total and now.balance * 10 < now.total
