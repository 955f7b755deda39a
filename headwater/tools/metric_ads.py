"""Metric questions about ad events: entities resolved, and sums asked of the engine. No SQL, no arithmetic."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final, cast

from headwater.catalogue.ads import AD_EVENTS
from headwater.control.entities.tree import EntityTree
from headwater.errors import InvalidRequest, NotFound
from headwater.query.question import EntityKind, Question
from headwater.query.run import Engine, Explanation
from headwater.scope import Scope
from headwater.storage.port import Row
from headwater.tools.metric_days import window
from headwater.tools.metric_parts import Key
from headwater.tools.metric_question import Id, MetricQuestion, Period

KINDS: Final = ("workspace", "campaign", "creative_group", "creative")
_DIMENSIONS: Final = ("domain", "dsp")
UNKNOWN: Final = "(unknown)"
"""How a domain or DSP is shown that was not sent."""


class AdFacts:
    """Sums of one question of an organisation, whose entities ``tree`` knows."""

    def __init__(self, engine: Engine, tree: EntityTree, scope: Scope) -> None:
        self._engine = engine
        self._tree = tree
        self._scope = scope

    def resolved(self, ids: Sequence[Id], kind: str) -> tuple[Id, ...]:
        """The ids as numbers; ``NotFound`` for one that the organisation does not have."""
        found: dict[int, None] = {}
        for one in ids:
            number = int(one) if str(one).isascii() and str(one).isdigit() and len(str(one)) < 19 else None
            if number is None or not self._tree.has(kind, number):
                raise NotFound(f"There is no {kind.replace('_', ' ')} {str(one)[:64]}.", field="entity.ids")
            found[number] = None
        return tuple(found)

    async def sums(
        self, question: MetricQuestion, names: Sequence[str], period: Period | None
    ) -> list[tuple[Key, dict[str, int]]]:
        """The named sums of a period by key, in the metrics' smallest units."""
        asked = self._question(question, names, period)
        if not asked.ids:
            return []
        found = await self._engine.ask(asked, self._scope)
        return list(self._rows(question, asked, found.rows))

    async def explain(self, question: MetricQuestion, names: Sequence[str]) -> Explanation:
        """Every stage up to the statement."""
        return await self._engine.explain(self._question(question, names, question.period), self._scope)

    def _question(self, question: MetricQuestion, names: Sequence[str], period: Period | None) -> Question:
        by = question.breakdown
        kind, ids = question.entity.kind, self._selected(question)
        if by in KINDS:
            kind, ids = by, self._below(question, ids)
        elif question.entity.ids == "all":
            # The same creatives under fewer names.
            kind, ids = "workspace", self._tree.of_kind("workspace")
        dimensions = [one for one in (by, *(only.dimension for only in question.only)) if one in _DIMENSIONS]
        return Question(
            dataset=AD_EVENTS.name,
            metrics=tuple(names),
            entity=cast(EntityKind, kind),
            ids=ids,
            window=None if period is None else window(period),
            grain=question.granularity,
            breakdown=tuple(dict.fromkeys(cast(list[str], dimensions))),
            combined=by not in KINDS,
        )

    def _selected(self, question: MetricQuestion) -> tuple[int, ...]:
        ids = question.entity.ids
        return self._tree.of_kind(question.entity.kind) if ids == "all" else tuple(map(int, ids))

    def _below(self, question: MetricQuestion, ids: Sequence[int]) -> tuple[int, ...]:
        """Entities of the breakdown's kind, all of whose creatives are among those that are asked about."""
        kind = question.breakdown or ""
        if question.entity.ids == "all":
            return self._tree.of_kind(kind)
        if KINDS.index(kind) < KINDS.index(question.entity.kind):
            raise InvalidRequest(
                f"A {question.entity.kind} lies within one {kind}, so it cannot be broken down by it.",
                field="breakdown",
                allowed=[*KINDS[KINDS.index(question.entity.kind) :], *_DIMENSIONS],
            )
        creatives = [creative for one in ids for creative in self._tree.members(question.entity.kind, one)]
        lineages = (self._tree.lineage(creative) for creative in creatives)
        return tuple(sorted({number for lineage in lineages for of, number in lineage if of == kind}))

    def _rows(
        self, question: MetricQuestion, asked: Question, rows: Sequence[Row]
    ) -> Iterator[tuple[Key, dict[str, int]]]:
        timed = asked.grain is not None
        first = 1 + timed + len(asked.breakdown)
        scales = [AD_EVENTS.metric(name).unit.scale for name in asked.metrics]
        for row in rows:
            cells = dict(zip(asked.breakdown, row[1 + timed : first], strict=True))
            if not all((cells[only.dimension] or UNKNOWN) in only.values for only in question.only):
                continue
            numbers = [round(value * scale) for value, scale in zip(row[first:], scales, strict=True)]
            yield self._key(question, row, timed, cells), dict(zip(asked.metrics, numbers, strict=True))

    def _key(self, question: MetricQuestion, row: Row, timed: bool, cells: dict[str, str]) -> Key:
        at = row[1] if timed else None
        bucket = at.date() if isinstance(at, datetime) else None
        by = question.breakdown
        if by is None:
            return Key(bucket)
        if by in KINDS:
            return Key(bucket, str(row[0]), self._tree.name(by, row[0]))
        return Key(bucket, cells[by] or UNKNOWN, cells[by] or UNKNOWN)


def at_midnight(key: Key) -> datetime | None:
    """A bucket's first instant as tables have it."""
    day = key.bucket
    return None if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC)
