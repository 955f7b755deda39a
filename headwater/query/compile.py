"""A plan as one SQL statement in a store's dialect, values bound, the organisation on every table.

This is the only place outside the stores that writes SQL. Identifiers come from
the catalogue; whatever a caller sent is a bound value. The text depends on the
shape of a plan alone and is cached by it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from headwater.catalogue.model import CountEvents, EventDataset, Grain, Rollup
from headwater.query.plan import Plan
from headwater.query.texts import Texts
from headwater.scope import Scope
from headwater.storage.port import Dialect, Statement
from headwater.storage.schema import FRESH_COUNT, FRESH_TIME, FRESH_VALUE, fresh_table

_ORGANISATION, _KEYS, _ENTITIES = 0, 1, 2


class _Read(msgspec.Struct, frozen=True):
    """One table of the statement, and the positions of the values that bound its time.

    ``rollup`` is None for the raw facts and for the fresh sums.
    """

    table: str
    rollup: str | None
    bounds: tuple[int | None, int | None]


class _Shape(msgspec.Struct, frozen=True):
    """All of a plan that decides the text of its statement."""

    dataset: str
    metrics: tuple[str, ...]
    grain: Grain | None
    breakdown: tuple[str, ...]
    reads: tuple[_Read, ...]


def compile(plan: Plan, scope: Scope, dialect: Dialect, *, fresh: bool) -> Statement:
    """``plan`` as a statement; ``fresh`` says that some commits' sums are not in the rollups yet.

    Columns: ``entity``, ``time`` when the question has a granularity, the
    breakdown's dimensions, then the stored metrics, unscaled.
    """
    resolved = plan.resolved
    args: list[object] = [
        scope.organisation_id,
        [creative for creative, _ in resolved.pairs],
        [entity for _, entity in resolved.pairs],
    ]
    shape = _Shape(
        dataset=resolved.dataset.name,
        metrics=tuple(metric.name for metric in resolved.stored),
        grain=resolved.grain,
        breakdown=tuple(dimension.name for dimension in resolved.breakdown),
        reads=tuple(_reads(plan, args, fresh)),
    )
    time = ("time",) if resolved.grain else ()
    return Statement(
        sql=_text(resolved.dataset, dialect, shape),
        args=tuple(args),
        columns=("entity", *time, *shape.breakdown, *shape.metrics),
        scope=scope,
        purpose=f"{resolved.dataset.name} by {resolved.entity}",
    )


def _reads(plan: Plan, args: list[object], fresh: bool) -> Iterator[_Read]:
    """A read for each part, and one of the fresh sums over all that the rollups answer."""
    dataset = plan.resolved.dataset
    for part in plan.parts:
        rollup = part.rollup
        bounds = _bind(part.start, part.end, args, as_date=rollup is not None and rollup.grain == "day")
        yield _Read(rollup.name if rollup else dataset.table, rollup.name if rollup else None, bounds)
    summed = [part for part in plan.parts if part.rollup]
    # Raw facts and rollups must be read as of one commit, so beside raw facts the fresh sums are always read.
    if summed and (fresh or len(summed) < len(plan.parts)):
        # Raw parts lie at the edges only: what the rollups answer is one span.
        yield _Read(fresh_table(dataset), None, _bind(summed[0].start, summed[-1].end, args, as_date=False))


def _bind(
    start: datetime | None, end: datetime | None, args: list[object], *, as_date: bool
) -> tuple[int | None, int | None]:
    """Positions of the bounds among the values to bind; None where a side is open."""
    positions: list[int | None] = []
    for bound in (start, end):
        positions.append(None if bound is None else len(args))
        if bound is not None:
            args.append(bound.date() if as_date else bound)
    return positions[0], positions[1]


_texts = Texts()


def _text(dataset: EventDataset, dialect: Dialect, shape: _Shape) -> str:
    return _texts.get((dialect.name, shape), _Renderer(dataset, dialect, shape).render)


class _Renderer(msgspec.Struct, frozen=True):
    """Writes the text of one shape."""

    dataset: EventDataset
    dialect: Dialect
    shape: _Shape

    def render(self) -> str:
        """One read aggregates at once; several are put under one aggregate."""
        keys = [str(position) for position in range(1, 2 + bool(self.shape.grain) + len(self.shape.breakdown))]
        group = f" GROUP BY {', '.join(keys)} ORDER BY {', '.join(keys)}"
        if len(self.shape.reads) == 1:
            return self._read(self.shape.reads[0], totals=True) + group
        union = " UNION ALL ".join(self._read(read, totals=False) for read in self.shape.reads)
        names = ["entity", *(["time"] if self.shape.grain else []), *self.shape.breakdown]
        sums = [f"{self.dialect.sum(f'facts.{name}')} AS {name}" for name in self.shape.metrics]
        return f"SELECT {', '.join([*(f'facts.{name}' for name in names), *sums])} FROM ({union}) AS facts{group}"

    def _read(self, read: _Read, *, totals: bool) -> str:
        rollup = {one.name: one for one in self.dataset.rollups}.get(read.rollup or "")
        time = self._time(read, rollup)
        columns = ["pairs.entity AS entity"]
        if self.shape.grain:
            columns.append(f"{self.dialect.bucket(f'fact.{time}', self.shape.grain)} AS time")
        columns += [f"fact.{self.dataset.dimension(name).column} AS {name}" for name in self.shape.breakdown]
        columns += [f"{self._measure(name, read, totals=totals)} AS {name}" for name in self.shape.metrics]
        where = self._where(read, rollup, time)
        return f"SELECT {', '.join(columns)} FROM {read.table} AS fact {self._pairs()} WHERE {where}"

    def _time(self, read: _Read, rollup: Rollup | None) -> str:
        if rollup:
            return rollup.grain or ""
        return FRESH_TIME if read.table == fresh_table(self.dataset) else self.dataset.time

    def _pairs(self) -> str:
        keys, entities = (self.dialect.placeholder(at, "BIGINT[]") for at in (_KEYS, _ENTITIES))
        pairs = self.dialect.zipped({"key": keys, "entity": entities})
        return f"INNER JOIN {pairs} AS pairs ON pairs.key = fact.creative_id"

    def _where(self, read: _Read, rollup: Rollup | None, time: str) -> str:
        conditions = [f"fact.organisation_id = {self.dialect.placeholder(_ORGANISATION, 'BIGINT')}"]
        bound_type = "DATE" if rollup and rollup.grain == "day" else "TIMESTAMP"
        for position, operator in zip(read.bounds, (">=", "<"), strict=True):
            if position is not None:
                conditions.append(f"fact.{time} {operator} {self.dialect.placeholder(position, bound_type)}")
        return " AND ".join(conditions)

    def _measure(self, name: str, read: _Read, *, totals: bool) -> str:
        value = f"fact.{name}" if read.rollup else self._by_event(name, read)
        return self.dialect.sum(value) if totals else value

    def _by_event(self, name: str, read: _Read) -> str:
        """What one raw fact, or one fresh sum, adds to the metric."""
        formula = next(metric.formula for metric in self.dataset.metrics if metric.name == name)
        one = f"fact.{FRESH_COUNT}" if read.table == fresh_table(self.dataset) else "1"
        counted = one if isinstance(formula, CountEvents) else f"fact.{FRESH_VALUE}"
        return f"CASE WHEN fact.event = '{formula.event}' THEN {counted} ELSE 0 END"
