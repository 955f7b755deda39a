"""Metric questions about offers and channels, answered from the dashboard's figures. No SQL.

The dashboard counts from some day up to now. Its figures are sums, so those of any period are those
from its first day less those from the day after its last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from headwater.control.decisions.book import Book
from headwater.errors import InvalidRequest, NotFound
from headwater.query.decisions.answers import Result
from headwater.query.decisions.dashboard import MOST_DAYS, DashboardQuestion
from headwater.query.decisions.names import category_name
from headwater.query.decisions.performance import NOTHING, Group, Performance
from headwater.query.decisions.run import DecisionsEngine
from headwater.scope import Scope
from headwater.tools.metric_days import DAY, split
from headwater.tools.metric_parts import Key
from headwater.tools.metric_question import Id, MetricQuestion, Period

_SUMS: Final = {
    "impressions": "impressions",
    "positive": "positive",
    "negative": "negative",
    "converts": "converts",
    "revenue": "revenue_units",
}
_Cells = dict[tuple[int, int], Performance]
"""By channel and offer."""


class DecisionFacts:
    """Figures of one question of an organisation, whose entities ``book`` knows."""

    def __init__(self, engine: DecisionsEngine, book: Book, generation: int, scope: Scope, today: date) -> None:
        self._engine = engine
        self._book = book
        self._generation = generation
        self._scope = scope
        self._today = today

    def resolved(self, ids: Sequence[Id], kind: str) -> tuple[Id, ...]:
        """The ids, each once; ``NotFound`` for one that the organisation does not have."""
        for one in ids:
            if self._book.find(kind, str(one)) is None:
                raise NotFound(f"There is no {kind} {str(one)[:64]!r}.", field="entity.ids")
        return tuple(dict.fromkeys(str(one) for one in ids))

    async def sums(
        self, question: MetricQuestion, names: Sequence[str], period: Period
    ) -> list[tuple[Key, dict[str, int]]]:
        """The named sums of a period by key; money in millionths."""
        allowed = self._allowed(question)
        spans = list(split(period, question.granularity)) if question.granularity else [(None, period)]
        found: list[tuple[Key, dict[str, int]]] = []
        for bucket, part in spans:
            for (channel, offer), result in (await self._between(part)).items():
                if (channel in allowed["channel"]) and (offer in allowed["offer"]):
                    sums = {name: getattr(result, _SUMS[name]) for name in names}
                    found.append((self._key(question, bucket, channel, offer), sums))
        return [(key, sums) for key, sums in found if any(sums.values())]

    async def ask(self, question: DashboardQuestion) -> Result:
        """What the dashboard answers."""
        return (await self._engine.ask(question, self._book, self._scope, self._generation)).result

    async def explain(self, question: DashboardQuestion) -> tuple[str, ...]:
        """The statements that the dashboard's answer is made from."""
        _, statements = await self._engine.explain(question, self._book, self._scope)
        return tuple(statement.sql for statement in statements)

    def days(self, period: Period, *, to_now: bool = False) -> int:
        """How many days before today a period begins; refused beyond the dashboard's reach."""
        days = (self._today - period.first).days
        if days > MOST_DAYS:
            raise InvalidRequest(
                f"Figures of decisions reach {MOST_DAYS} days back.",
                field="period.from",
                allowed=f"not before {self._today - MOST_DAYS * DAY}",
            )
        if to_now and period.last < self._today:
            raise InvalidRequest(
                "This report is about the days up to today.", field="period.to", allowed=str(self._today)
            )
        return max(days, 0)

    def number(self, kind: str, public_id: Id) -> int:
        """By which facts know an entity."""
        self.resolved([public_id], kind)
        return self._book.find(kind, str(public_id)) or 0

    async def _between(self, period: Period) -> _Cells:
        if period.first > self._today:
            return {}
        found = await self._since(self.days(period))
        after = (self._today - period.last).days - 1
        later = await self._since(after) if after >= 0 else {}
        return {cell: _less(result, later.get(cell, NOTHING)) for cell, result in found.items()}

    async def _since(self, days: int) -> _Cells:
        groups = await self.ask(DashboardQuestion("offer_performance_grouped", days=days, group_by="channel"))
        return dict(_cells(groups)) if isinstance(groups, tuple) else {}

    def _allowed(self, question: MetricQuestion) -> dict[str, set[int]]:
        """The channels and the offers that count."""
        allowed = {"channel": set(self._book.channels), "offer": set(self._book.offers)}
        chosen = [(only.dimension, tuple(only.values)) for only in question.only]
        if question.entity.ids != "all":
            chosen.append((question.entity.kind, tuple(map(str, question.entity.ids))))  # type: ignore[arg-type]
        for dimension, ids in chosen:
            numbers = {self.number(dimension, one) for one in ids}
            if dimension == "category":
                numbers = {one for one, offer in self._book.offers.items() if offer.category in numbers}
                dimension = "offer"
            allowed[dimension] &= numbers
        return allowed

    def _key(self, question: MetricQuestion, bucket: date | None, channel: int, offer: int) -> Key:
        match question.breakdown:
            case "offer":
                return Key(bucket, self._book.id_of("offer", offer), self._book.name_of("offer", offer))
            case "channel":
                return Key(bucket, self._book.id_of("channel", channel), self._book.name_of("channel", channel))
            case "category":
                number = self._book.offers[offer].category
                public_id = "" if number is None else self._book.id_of("category", number)
                return Key(bucket, public_id, category_name(self._book, number))
            case _:
                return Key(bucket)


def _cells(groups: Sequence[object]) -> Iterator[tuple[tuple[int, int], Performance]]:
    for group in groups:
        if isinstance(group, Group) and group.number is not None:
            for row in group.offers:
                yield (group.number, row.offer), row.result


def _less(result: Performance, later: Performance) -> Performance:
    fields = _SUMS.values()
    return Performance(**{name: getattr(result, name) - getattr(later, name) for name in fields})
