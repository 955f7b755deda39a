"""SQL for a question over a schema, built as a tree and printed in the source's own dialect.

Names come from the schema and are always quoted; values are literals that the printer escapes. What
filters is a subquery over keys and never a join, so no row is met twice; figures of several tables are
made each by itself and then put side by side, so none is summed more than once (fan-out).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import sqlglot.expressions as exp

from headwater.analyst.schema_joins import Path, key_of
from headwater.analyst.schema_periods import bucket
from headwater.analyst.schema_question import (
    Aggregation,
    Compare,
    CompareColumns,
    Dimension,
    Extreme,
    Formula,
    Linked,
    Listing,
    Measure,
    Measured,
    Missing,
    Ref,
    Related,
    Restriction,
    SchemaQuestion,
    Selection,
    Value,
    Within,
)
from headwater.analyst.schema_vocabulary import Vocabulary
from headwater.errors import InternalError

_COMPARE: dict[str, type[exp.Binary]] = {
    "=": exp.EQ, "<>": exp.NEQ, ">": exp.GT, ">=": exp.GTE, "<": exp.LT, "<=": exp.LTE,
}  # fmt: skip
MOST_ROWS = 1000


class Builder:
    """Builds the SQL of questions over one schema."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary, self.joins = vocabulary, vocabulary.joins
        self.dialect = vocabulary.schema.dialect
        self._aliases = 0

    def sql(self, question: SchemaQuestion, *, extra: int = 0) -> str:
        """The whole statement; ``extra`` rows more than the question's own limit."""
        self._aliases = 0
        made = self._listing(question, extra) if isinstance(question, Listing) else self._aggregation(question, extra)
        return made.sql(dialect=self.dialect, pretty=True)

    # Lists

    def _listing(self, listing: Listing, extra: int) -> exp.Select:
        alias = self._alias()
        query = exp.select().from_(self._table(listing.selection.table, alias))
        seen: dict[str, str] = {listing.selection.table: alias}
        for at, ref in enumerate(listing.columns):
            query = self._joined(query, listing.selection.table, ref.table, seen, outer=True)
            query = query.select(
                exp.alias_(_column(seen[ref.table], ref.column), _label(listing.columns, at), quoted=True)
            )
        query = self._where(query, listing.selection, alias)
        if listing.distinct:
            query = query.distinct()
        if listing.order:
            ref, descending = listing.order
            key = exp.Ordered(this=_column(alias, ref.column), desc=descending, nulls_first=False)
            known = exp.Not(this=exp.Is(this=_column(alias, ref.column), expression=exp.null()))
            query = query.where(known) if listing.limit else query
            query = query.order_by(key)
        elif not listing.distinct:
            query = query.order_by(self._by(1))
        return query.limit((listing.limit or MOST_ROWS) + extra)

    # Figures

    def _aggregation(self, question: Aggregation, extra: int) -> exp.Select:
        if question.dimensions and self._keeps_empty(question):
            query = self._with_empty(question)
        elif len(question.measures) == 1:
            query = self._figure(question.measures[0], question.dimensions)
        else:
            query = self._side_by_side(question)
        width = len(self.outputs(question.dimensions))
        if question.having:
            operator, value = question.having
            query = self._filtered(query, question, operator, value)
        if question.ranked:
            query = query.order_by(self._by(width + 1, largest=question.ranked == "most"))
        for at in range(width):
            query = query.order_by(self._by(at + 1))
        limit = question.limit or (MOST_ROWS if question.dimensions else None)
        return query.limit(limit + extra) if limit else query

    def _by(self, position: int, *, largest: bool = False) -> exp.Ordered:
        """Order by a column of the result; what is empty comes last where the engine can be told so."""
        small = self.dialect in ("mysql", "tsql") and not largest
        return exp.Ordered(this=exp.Literal.number(position), desc=largest, nulls_first=small)

    def _filtered(self, query: exp.Select, question: Aggregation, operator: str, value: float) -> exp.Select:
        names = [*self.labels(question)]
        outer = exp.select(*(_column("figures", name) for name in names)).from_(query.subquery("figures"))
        measured = _column("figures", names[len(self.outputs(question.dimensions))])
        return outer.where(_COMPARE[operator](this=measured, expression=_literal(value)))

    def outputs(self, dimensions: Sequence[Dimension]) -> list[Ref]:
        """The columns by which groups are shown."""
        shown: list[Ref] = []
        for dimension in dimensions:
            if dimension.column:
                shown.append(Ref(dimension.table, dimension.column))
            else:
                shown.extend(self.vocabulary.shown(dimension.table))
        return shown

    def labels(self, question: Aggregation) -> list[str]:
        """Names of all columns of the result."""
        outputs = self.outputs(question.dimensions)
        names = [_label(outputs, at) for at in range(len(outputs))]
        names += [measure_name(measure, self.vocabulary) for measure in question.measures]
        return [name if name not in names[:at] else f"{name}_{at + 1}" for at, name in enumerate(names)]

    def _figure(
        self, measure: Measure, dimensions: Sequence[Dimension], names: Sequence[str] | None = None
    ) -> exp.Select:
        """One figure in its groups."""
        names = names or self.labels(Aggregation((measure,), tuple(dimensions)))
        if measure.each:
            return self._each(measure, dimensions, names)
        table, alias = measure.selection.table, self._alias()
        query = exp.select().from_(self._table(table, alias))
        seen = {table: alias}
        query, groups, shown = self._grouped(query, table, seen, dimensions)
        for name, column in zip(names, shown, strict=False):
            query = query.select(exp.alias_(column, name, quoted=True))
        fans = any(not self.joins.is_up(table, dimension.table) for dimension in dimensions)
        query = query.select(exp.alias_(self._computed(measure, alias, fans), names[len(shown)], quoted=True))
        query = self._where(query, measure.selection, alias)
        return query.group_by(*groups) if groups else query

    def _grouped(
        self, query: exp.Select, table: str, seen: dict[str, str], dimensions: Sequence[Dimension]
    ) -> tuple[exp.Select, list[exp.Expr], list[exp.Expr]]:
        groups: list[exp.Expr] = []
        shown: list[exp.Expr] = []
        for dimension in dimensions:
            query = self._joined(query, table, dimension.table, seen)
            alias = seen[dimension.table]
            if dimension.column:
                column = self._bucketed(dimension, alias)
                groups.append(column)
                shown.append(column.copy())
                continue
            columns = self.vocabulary.shown(dimension.table)
            keys = key_of(self.vocabulary.tables[dimension.table])
            groups += [_column(alias, key) for key in dict.fromkeys((*keys, *(ref.column for ref in columns)))]
            shown += [_column(alias, ref.column) for ref in columns]
        return query, groups, shown

    def _computed(self, measure: Measure, alias: str, fans: bool) -> exp.Expr:
        if measure.function == "count":
            keys = key_of(self.vocabulary.tables[measure.selection.table])
            if not fans:
                return exp.Count(this=exp.Star())
            if len(keys) != 1:
                raise InternalError("Rows without a single key cannot be counted once each.", field="question")
            return exp.Count(this=exp.Distinct(expressions=[_column(alias, keys[0])]))
        value = self._value(measure.of, alias)
        if measure.function == "distinct":
            return exp.Count(this=exp.Distinct(expressions=[value]))
        made = {"sum": exp.Sum, "avg": exp.Avg, "min": exp.Min, "max": exp.Max}[measure.function](this=value)
        if measure.function == "avg" and self.dialect == "tsql":
            return exp.Avg(this=exp.Mul(this=value.copy(), expression=exp.Literal.number("1.0")))
        return made

    def _value(self, of: Ref | Formula | None, alias: str) -> exp.Expr:
        if isinstance(of, Formula):
            amount: exp.Expr = exp.Mul(
                this=_column(alias, of.price.column), expression=_column(alias, of.quantity.column)
            )
            if of.discount:
                less = exp.Sub(this=exp.Literal.number(1), expression=_column(alias, of.discount.column))
                amount = exp.Mul(this=amount, expression=exp.paren(less))
            return amount
        if of is None:
            raise InternalError("A figure needs a column.", field="question")
        return _column(alias, of.column)

    def _each(self, measure: Measure, dimensions: Sequence[Dimension], names: Sequence[str]) -> exp.Select:
        """The average (or largest, smallest) over rows of a table of what belongs to each."""
        inner = Measure(measure.function, measure.selection, measure.of)
        grouping = (Dimension(measure.each or ""), *dimensions)
        made = self._figure(inner, grouping)
        label = self.labels(Aggregation((inner,), grouping))
        width = len(self.vocabulary.shown(measure.each or ""))
        figure = _column("figures", label[-1])
        function = {"avg": exp.Avg, "min": exp.Min, "max": exp.Max, "sum": exp.Sum}[measure.outer]
        exact = exp.Mul(this=figure, expression=exp.Literal.number("1.0")) if measure.outer == "avg" else figure
        groups = [_column("figures", name) for name in label[width:-1]]
        selected = [exp.alias_(column.copy(), name, quoted=True) for column, name in zip(groups, names, strict=False)]
        query = exp.select(*selected, exp.alias_(function(this=exact), names[-1], quoted=True))
        query = query.from_(made.subquery("figures"))
        return query.group_by(*groups) if groups else query

    def _side_by_side(self, question: Aggregation) -> exp.Select:
        """Several figures, each made by itself: stacked, then brought into one row per group."""
        names = self.labels(question)
        width = len(self.outputs(question.dimensions))
        stacked: exp.Select | exp.Union | None = None
        for at, measure in enumerate(question.measures):
            single = self._figure(measure, question.dimensions, [*names[:width], names[width + at]])
            part = exp.select(*(_column("one", name) for name in names[:width])).from_(single.subquery("one"))
            for other, name in enumerate(names[width:]):
                shown = _column("one", name) if other == at else exp.null()
                part = part.select(exp.alias_(shown, name, quoted=True))
            stacked = part if stacked is None else exp.union(stacked, part, distinct=False)
        if stacked is None:
            raise InternalError("A question needs a figure.", field="question")
        groups = [_column("stacked", name) for name in names[:width]]
        outer = exp.select(*(group.copy() for group in groups)).from_(stacked.subquery("stacked"))
        for measure, name in zip(question.measures, names[width:], strict=True):
            cell: exp.Expr = exp.Max(this=_column("stacked", name))
            known = exp.Coalesce(this=cell, expressions=[exp.Literal.number(0)]) if _is_additive(measure) else cell
            outer = outer.select(exp.alias_(known, name, quoted=True))
        return outer.group_by(*groups) if groups else outer

    def _keeps_empty(self, question: Aggregation) -> bool:
        """Whether rows that nothing belongs to must be shown with 0: when the fewest are asked for."""
        first, group = question.measures[0], question.dimensions[0]
        asked = question.ranked == "fewest" and (question.limit is not None or question.having is not None)
        return asked and first.function == "count" and first.each is None and len(question.dimensions) == 1 and (
            group.column is None and group.table != first.selection.table and len(question.measures) == 1
        )  # fmt: skip

    def _with_empty(self, question: Aggregation) -> exp.Select:
        measure, group = question.measures[0], question.dimensions[0]
        names = self.labels(question)
        alias, key = self._alias(), key_of(self.vocabulary.tables[group.table])
        counted = self._figure(measure, [Dimension(group.table, key[0])], ["key", "number"])
        query = exp.select().from_(self._table(group.table, alias))
        for name, ref in zip(names, self.vocabulary.shown(group.table), strict=False):
            query = query.select(exp.alias_(_column(alias, ref.column), name, quoted=True))
        number = exp.Coalesce(this=_column("counted", "number"), expressions=[exp.Literal.number(0)])
        query = query.select(exp.alias_(number, names[-1], quoted=True))
        on = exp.EQ(this=_column(alias, key[0]), expression=_column("counted", "key"))
        query = query.join(counted.subquery("counted"), on=on, join_type="left")
        for said in measure.selection.restrictions:
            if isinstance(said, Linked) and said.selection.table == group.table and not said.negated:
                query = self._where(query, said.selection, alias)
        return query

    def _bucketed(self, dimension: Dimension, alias: str) -> exp.Expr:
        column = _column(alias, dimension.column or "")
        return bucket(column, dimension.grain, self.dialect, self._is_text(dimension)) if dimension.grain else column

    def _is_text(self, dimension: Dimension) -> bool:
        type_ = self.vocabulary.column(Ref(dimension.table, dimension.column or "")).type.casefold()
        return "date" not in type_ and "time" not in type_

    # Restrictions

    def _where(self, query: exp.Select, selection: Selection, alias: str) -> exp.Select:
        for at, said in enumerate(selection.restrictions):
            before = Selection(selection.table, selection.restrictions[:at])
            query = query.where(self._condition(said, before, alias))
        return query

    def _condition(self, said: Restriction, before: Selection, alias: str) -> exp.Expr:
        if isinstance(said, Compare | Within | Missing) and said.ref.table != before.table:
            inner = Selection(said.ref.table, (said,))
            return self._linked(self._path(before.table, said.ref.table), alias, inner)
        if isinstance(said, Compare):
            return self._compared(said, alias)
        if isinstance(said, CompareColumns):
            return _COMPARE[said.operator](
                this=_column(alias, said.left.column), expression=_column(alias, said.right.column)
            )
        if isinstance(said, Missing):
            empty = exp.Is(this=_column(alias, said.ref.column), expression=exp.null())
            return exp.Not(this=empty) if said.negated else empty
        if isinstance(said, Within):
            return self._within(said, alias)
        if isinstance(said, Linked):
            found = self._linked(self._path(before.table, said.selection.table), alias, said.selection)
            return exp.Not(this=found) if said.negated else found
        if isinstance(said, Related):
            return self._related(said, alias)
        if isinstance(said, Measured):
            return self._measured(said, before.table, alias)
        return self._extreme(said, before, alias)

    def _compared(self, said: Compare, alias: str) -> exp.Expr:
        column = _column(alias, said.ref.column)
        if said.operator == "like":
            return exp.Like(this=exp.Lower(this=column), expression=exp.Literal.string(str(said.values[0]).lower()))
        if len(said.values) == 1:
            return _COMPARE[said.operator](this=column, expression=_literal(said.values[0]))
        among = exp.In(this=column, expressions=[_literal(value) for value in said.values])
        return exp.Not(this=among) if said.operator == "<>" else among

    def _within(self, said: Within, alias: str) -> exp.Expr:
        column = _column(alias, said.ref.column)
        is_year = self.vocabulary.kind(said.ref) == "number"
        text = self._is_text(Dimension(said.ref.table, said.ref.column)) or self.dialect == "sqlite"
        bounds: list[exp.Expr] = []
        for made, day in ((exp.GTE, said.start), (exp.LT, said.end)):
            if day is not None:
                bound = exp.Literal.number(day.year) if is_year else _day(day, text)
                bounds.append(made(this=column.copy(), expression=bound))
        return exp.and_(*bounds)

    def _path(self, start: str, end: str) -> Path:
        path = self.joins.path(start, end)
        if not path:
            raise InternalError("Two tables are not connected.", field="question")
        return path

    def _linked(self, path: Path, alias: str, inner: Selection) -> exp.Expr:
        """Rows at the end of a path that are in the selection, by keys: IN over single keys, EXISTS over several."""
        step, rest = path[0], path[1:]
        here, there = (step.edge.columns, step.edge.referred) if step.up else (step.edge.referred, step.edge.columns)
        other = self._alias()
        query = exp.select().from_(self._table(step.target, other))
        query = query.where(self._linked(rest, other, inner)) if rest else self._where(query, inner, other)
        if len(here) == 1:
            key = _column(other, there[0])
            query = query.select(key).where(exp.Not(this=exp.Is(this=key.copy(), expression=exp.null())))
            return exp.In(this=_column(alias, here[0]), query=query.subquery())
        same = [exp.EQ(this=_column(other, b), expression=_column(alias, a)) for a, b in zip(here, there, strict=True)]
        return exp.Exists(this=query.select(exp.Literal.number(1)).where(*same))

    def _related(self, said: Related, alias: str) -> exp.Expr:
        """Rows that a table of pairs relates to one of the selection."""
        edges = {edge.columns[0]: edge for edge in self.joins.edges if edge.child == said.pairs}
        pair, other = self._alias(), self._alias()
        inner = exp.select(_column(other, edges[said.far].referred[0])).from_(self._table(said.selection.table, other))
        inner = self._where(inner, said.selection, other)
        near = _column(pair, said.near)
        query = exp.select(near).from_(self._table(said.pairs, pair))
        query = query.where(exp.In(this=_column(pair, said.far), query=inner.subquery()))
        query = query.where(exp.Not(this=exp.Is(this=near.copy(), expression=exp.null())))
        found = exp.In(this=_column(alias, edges[said.near].referred[0]), query=query.subquery())
        return exp.Not(this=found) if said.negated else found

    def _measured(self, said: Measured, table: str, alias: str) -> exp.Expr:
        """Rows whose figure compares so; those that nothing belongs to count as none."""
        key = key_of(self.vocabulary.tables[table])
        if len(key) != 1:
            raise InternalError("Rows without a single key cannot be measured.", field="question")
        operator, negated = said.operator, False
        includes_none = said.measure.function in ("count", "distinct") and _holds(0, said.operator, said.value)
        if includes_none:
            opposite = {">": "<=", ">=": "<", "<": ">=", "<=": ">", "=": "<>", "<>": "="}
            operator, negated = opposite[said.operator], True  # type: ignore[assignment]
        figures = self._figure(said.measure, [Dimension(table, key[0])], ["key", "figure"])
        name = f"figures_{self._alias()}"
        query = exp.select(_column(name, "key")).from_(figures.subquery(name))
        query = query.where(_COMPARE[operator](this=_column(name, "figure"), expression=_literal(said.value)))
        query = query.where(exp.Not(this=exp.Is(this=_column(name, "key"), expression=exp.null())))
        found = exp.In(this=_column(alias, key[0]), query=query.subquery())
        return exp.Not(this=found) if negated else found

    def _extreme(self, said: Extreme, before: Selection, alias: str) -> exp.Expr:
        if isinstance(said.by, Measure):
            raise InternalError("Only columns can be extreme.", field="question")
        other = self._alias()
        function = exp.Max if said.largest else exp.Min
        query = exp.select(function(this=_column(other, said.by.column))).from_(self._table(before.table, other))
        query = self._where(query, before, other)
        return exp.EQ(this=_column(alias, said.by.column), expression=query.subquery())

    # Joins

    def _joined(
        self, query: exp.Select, start: str, end: str, seen: dict[str, str], *, outer: bool = False
    ) -> exp.Select:
        """Join the tables on the way to another one, once each."""
        at = start
        for step in self._path(start, end) if start != end else ():
            if step.target not in seen:
                alias = seen[step.target] = self._alias()
                here, there = (
                    (step.edge.columns, step.edge.referred) if step.up else (step.edge.referred, step.edge.columns)
                )
                on = exp.and_(
                    *(
                        exp.EQ(this=_column(seen[at], a), expression=_column(alias, b))
                        for a, b in zip(here, there, strict=True)
                    )
                )
                query = query.join(self._table(step.target, alias), on=on, join_type="left" if outer else "inner")
            at = step.target
        return query

    def _table(self, name: str, alias: str) -> exp.Expr:
        parts = [exp.to_identifier(part, quoted=True) for part in self._parts(name)]
        table = exp.Table(this=parts[-1], db=parts[-2] if len(parts) > 1 else None)
        return exp.alias_(table, alias, table=True)

    def _parts(self, name: str) -> list[str]:
        """ "schema.table" is two names, unless the table's own name has the point."""
        return name.split(".") if name.count(".") == 1 and self.dialect not in ("sqlite", "duckdb") else [name]

    def _alias(self) -> str:
        self._aliases += 1
        return f"t{self._aliases}"


def measure_name(measure: Measure, vocabulary: Vocabulary) -> str:
    """The name of a figure's column."""
    table = vocabulary.table_words(measure.selection.table)
    if measure.function == "count":
        name = f"number of {table}"
    elif isinstance(measure.of, Formula):
        name = {"sum": "sales", "avg": "average sales", "min": "smallest sale", "max": "largest sale"}[measure.function]
    else:
        words = vocabulary.column_words(measure.of) if measure.of else table
        verb = {
            "sum": "total",
            "avg": "average",
            "min": "smallest",
            "max": "largest",
            "distinct": "number of different",
        }
        name = f"{verb[measure.function]} {words}"
    if measure.each:
        outer = {"avg": "average", "min": "smallest", "max": "largest"}[measure.outer]
        name = f"{outer} {name} per {vocabulary.table_words(measure.each, 1)}"
    return name


def _column(table: str, name: str) -> exp.Column:
    return exp.column(name, table=table, quoted=True)


def _literal(value: Value) -> exp.Expr:
    if isinstance(value, bool):
        return exp.true() if value else exp.false()
    if isinstance(value, str):
        return exp.Literal.string(value)
    return exp.Literal.number(repr(value)) if value >= 0 else exp.Neg(this=exp.Literal.number(repr(-value)))


def _day(day: date, text: bool) -> exp.Expr:
    literal = exp.Literal.string(day.isoformat())
    return literal if text else exp.Cast(this=literal, to=exp.DataType.build("date"))


def _label(refs: Sequence[Ref], at: int) -> str:
    """A column's own name; with its table's where two are called the same."""
    ref = refs[at]
    same = [each for each in refs if each.column == ref.column]
    return ref.column if len(same) == 1 else f"{ref.table} {ref.column}"


def _is_additive(measure: Measure) -> bool:
    return measure.function in ("count", "sum", "distinct") and measure.each is None


def _holds(left: float, operator: str, right: float) -> bool:
    holds = {"=": left == right, "<>": left != right, ">": left > right, ">=": left >= right, "<": left < right}
    return holds.get(operator, left <= right)
