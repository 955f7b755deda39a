"""A plan as one SQL statement in a store's dialect, values bound, the organisation on every table.

This is the only place outside the stores that writes SQL. Identifiers come from
the catalogue; whatever a caller sent is a bound value. The text depends on the
shape of a plan alone and is cached by it.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from headwater.catalogue.model import CountEvents, Dataset, Grain, Metric, Rollup
from headwater.query.plan import Part, Plan
from headwater.scope import Scope
from headwater.storage.port import Dialect, Statement

_ORGANISATION, _KEYS, _ENTITIES = 0, 1, 2


class _Read(msgspec.Struct, frozen=True):
    """One table of the statement: ``suffix`` names a rollup's part, ``bounds`` the positions of its limits."""

    rollup: str | None
    suffix: str
    bounds: tuple[int | None, int | None]


class _Shape(msgspec.Struct, frozen=True):
    """All of a plan that decides the text of its statement."""

    dataset: str
    metrics: tuple[str, ...]
    grain: Grain | None
    breakdown: tuple[str, ...]
    reads: tuple[_Read, ...]


def compile(plan: Plan, scope: Scope, dialect: Dialect, fresh: Collection[str]) -> Statement:
    """``plan`` as a statement; ``fresh`` names the rollups with rows outside their sorted table.

    Columns: ``entity``, ``time`` when the question has a granularity, the
    breakdown's dimensions, then the stored metrics, unscaled.
    """
    resolved = plan.resolved
    reads: list[_Read] = []
    args: list[object] = [
        scope.organisation_id,
        [creative for creative, _ in resolved.pairs],
        [entity for _, entity in resolved.pairs],
    ]
    # A raw part and a rollup must be read as of one commit, so with one the fresh rows are always read.
    mixed = any(part.rollup is None for part in plan.parts)
    for part in plan.parts:
        bounds = _bind(part, args)
        name = part.rollup.name if part.rollup else None
        reads.append(_Read(name, "", bounds))
        if name is not None and (mixed or name in fresh):
            reads.append(_Read(name, "_fresh", bounds))
    shape = _Shape(
        dataset=resolved.dataset.name,
        metrics=tuple(metric.name for metric in resolved.stored),
        grain=resolved.grain,
        breakdown=tuple(dimension.name for dimension in resolved.breakdown),
        reads=tuple(reads),
    )
    time = ("time",) if resolved.grain else ()
    return Statement(
        sql=_text(resolved.dataset, dialect, shape),
        args=tuple(args),
        columns=("entity", *time, *shape.breakdown, *shape.metrics),
        scope=scope,
        purpose=f"{resolved.dataset.name} by {resolved.entity}",
    )


def _bind(part: Part, args: list[object]) -> tuple[int | None, int | None]:
    positions: list[int | None] = []
    for bound in (part.start, part.end):
        if bound is None:
            positions.append(None)
        else:
            positions.append(len(args))
            args.append(bound.date() if part.rollup and part.rollup.grain == "day" else bound)
    return positions[0], positions[1]


_texts: dict[tuple[str, _Shape], str] = {}
_MAX_TEXTS = 1000


def _text(dataset: Dataset, dialect: Dialect, shape: _Shape) -> str:
    key = (dialect.name, shape)
    text = _texts.get(key)
    if text is None:
        if len(_texts) >= _MAX_TEXTS:
            _texts.clear()
        text = _texts[key] = _Renderer(dataset, dialect, shape).render()
    return text


class _Renderer(msgspec.Struct, frozen=True):
    """Writes the text of one shape."""

    dataset: Dataset
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
        time = (rollup.grain or "") if rollup else self.dataset.time
        columns = ["pairs.entity AS entity"]
        if self.shape.grain:
            columns.append(f"{self.dialect.bucket(f'fact.{time}', self.shape.grain)} AS time")
        columns += [f"fact.{self.dataset.dimension(name).column} AS {name}" for name in self.shape.breakdown]
        columns += [f"{self._measure(name, rollup, totals=totals)} AS {name}" for name in self.shape.metrics]
        table = f"{rollup.name}{read.suffix}" if rollup else self.dataset.table
        return (
            f"SELECT {', '.join(columns)} FROM {table} AS fact {self._pairs()} WHERE {self._where(read, rollup, time)}"
        )

    def _pairs(self) -> str:
        keys, entities = (self.dialect.placeholder(at, "BIGINT[]") for at in (_KEYS, _ENTITIES))
        return f"INNER JOIN {self.dialect.id_pairs(keys, entities)} AS pairs ON pairs.key = fact.creative_id"

    def _where(self, read: _Read, rollup: Rollup | None, time: str) -> str:
        conditions = [f"fact.organisation_id = {self.dialect.placeholder(_ORGANISATION, 'BIGINT')}"]
        bound_type = "DATE" if rollup and rollup.grain == "day" else "TIMESTAMP"
        for position, operator in zip(read.bounds, (">=", "<"), strict=True):
            if position is not None:
                conditions.append(f"fact.{time} {operator} {self.dialect.placeholder(position, bound_type)}")
        return " AND ".join(conditions)

    def _measure(self, name: str, rollup: Rollup | None, *, totals: bool) -> str:
        if rollup:
            return self.dialect.sum(f"fact.{name}") if totals else f"fact.{name}"
        metric = next(metric for metric in self.dataset.metrics if metric.name == name)
        value = _raw_value(metric)
        return self.dialect.sum(value) if totals else value


def _raw_value(metric: Metric) -> str:
    """What one raw fact adds to the metric."""
    counted = "1" if isinstance(metric.formula, CountEvents) else "fact.value"
    return f"CASE WHEN fact.event = '{metric.formula.event}' THEN {counted} ELSE 0 END"
