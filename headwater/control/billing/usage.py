"""What was charged within a span of time, summed up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import NamedTuple, TypeVar

from sqlalchemy import BigInteger, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.billing.credits import OPERATIONS
from headwater.control.billing.models import CreditEntry
from headwater.scope import Scope

Key = TypeVar("Key")


class Used(NamedTuple):
    """Charges of one day, operation and agent."""

    day: date
    operation: str
    agent_id: str | None
    requests: int
    tokens: int
    cost_micros: int


class Sums(NamedTuple):
    """Charges together; ``by_operation`` tells how many there were of each."""

    requests: int
    tokens: int
    cost_micros: int
    by_operation: Mapping[str, int]


async def used(session: AsyncSession, scope: Scope, start: datetime, end: datetime) -> list[Used]:
    """The charges of the organisation from ``start`` up to, not including, ``end``, in order of their days."""
    key = (CreditEntry.day, CreditEntry.operation, CreditEntry.agent_id)
    # PostgreSQL's sums of large numbers are of another type.
    amounts = (cast(func.sum(column), BigInteger) for column in (CreditEntry.tokens, CreditEntry.cost_micros))
    query = select(*key, func.count(), *amounts).where(
        CreditEntry.organisation_id == scope.organisation_id,
        CreditEntry.kind == "charge",
        CreditEntry.created_at >= start,
        CreditEntry.created_at < end,
    )
    rows = await session.execute(query.group_by(*key).order_by(*(column.nulls_first() for column in key)))
    return [Used._make(row) for row in rows]


def sums(charges: Iterable[Used]) -> Sums:
    """All of them together.

    >>> sums([Used(date(2026, 3, 1), "data_query", None, 2, 0, 20_000)]).by_operation
    {'agent_execute': 0, 'data_query': 2}
    """
    requests, tokens, cost = 0, 0, 0
    by_operation = dict.fromkeys(map(str, OPERATIONS), 0)
    for one in charges:
        requests += one.requests
        tokens += one.tokens
        cost += one.cost_micros
        by_operation[one.operation] = by_operation.get(one.operation, 0) + one.requests
    return Sums(requests, tokens, cost, by_operation)


def grouped(charges: Iterable[Used], key: Callable[[Used], Key]) -> dict[Key, Sums]:
    """The same of each group that shares a ``key``, in the order in which groups come first."""
    groups: dict[Key, list[Used]] = {}
    for one in charges:
        groups.setdefault(key(one), []).append(one)
    return {name: sums(group) for name, group in groups.items()}
