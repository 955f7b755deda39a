"""Conversions and their value as attribution models give them."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from headwater.catalogue.decisions import ATTRIBUTION_RESULTS
from headwater.catalogue.model import MONEY
from headwater.kit.rounding import rounded
from headwater.query.decisions.dashboard import Span
from headwater.query.decisions.facts import Facts
from headwater.query.decisions.performance import money
from headwater.query.decisions.tally import Tally


class Attributed(msgspec.Struct, frozen=True):
    """What one model gave; money has two decimals."""

    model: str
    conversions: int
    total: Decimal
    average: Decimal


async def attribution(facts: Facts, span: Span) -> tuple[Attributed, ...]:
    """All models, that with the most conversions first."""
    rows = await facts.tally(Tally(ATTRIBUTION_RESULTS, ("results", "value"), ("model",), span.window))
    found = [
        Attributed(model, results, money(value), rounded(value, MONEY.scale * results, 2))
        for model, results, value in rows
    ]
    return tuple(sorted(found, key=lambda row: (-row.conversions, row.model)))
