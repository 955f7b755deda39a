"""Budgets and what of them is spent: all that interactions with the offer ever cost."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from headwater.catalogue.decisions import INTERACTIONS
from headwater.catalogue.model import MONEY
from headwater.kit.rounding import decimals, percent
from headwater.query.decisions.facts import Facts
from headwater.query.decisions.names import Names
from headwater.query.decisions.performance import money
from headwater.query.decisions.tally import Tally


class Budget(msgspec.Struct, frozen=True):
    """An offer's budget; money has two decimals, ``burn_rate`` is spent per hundred allocated."""

    offer: int
    name: str
    currency: str | None
    allocated: Decimal
    spent: Decimal
    remaining: Decimal
    burn_rate: str
    impressions: int


async def budgets(facts: Facts, names: Names) -> tuple[Budget, ...]:
    """Offers with a budget, by impressions, then by name."""
    rows = await facts.tally(Tally(INTERACTIONS, ("impressions", "cost"), ("offer",)))
    found = {offer: (impressions, cost) for offer, impressions, cost in rows}
    budgets = [
        _budget(number, names, offer.allocated, *found.get(number, (0, 0)))
        for number, offer in names.offers.items()
        if offer.allocated is not None and not offer.archived
    ]
    return tuple(sorted(budgets, key=lambda row: (-row.impressions, row.name, row.offer)))


def _budget(number: int, names: Names, allocated: Decimal, impressions: int, cost: int) -> Budget:
    offer = names.offers[number]
    units = int(decimals(allocated * MONEY.scale, 0))
    return Budget(
        offer=number,
        name=offer.name,
        currency=offer.currency,
        allocated=money(units),
        spent=money(cost),
        remaining=money(units - cost),
        burn_rate=percent(cost, units),
        impressions=impressions,
    )
