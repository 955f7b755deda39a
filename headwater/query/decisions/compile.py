"""Tallies and the statements about customers and segments, in a store's dialect.

Values are bound, identifiers come from the catalogue, and the organisation stands on every table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from headwater.catalogue.decisions import INTERACTIONS, MODEL_METRICS, SEGMENT_MEMBERS, SUPPRESSIONS
from headwater.catalogue.model import CountRows, RowDataset
from headwater.query.decisions.binding import Binding
from headwater.query.decisions.tally import DAY_OF, SEGMENT, Read, Tally, reads
from headwater.query.window import Window
from headwater.scope import Scope
from headwater.storage.port import Dialect, Statement
from headwater.storage.schema import DAY, lead_column

_OPERATORS: Final = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "eq": "=", "ne": "<>"}
_CONTACTS: Final = next(rollup for rollup in INTERACTIONS.rollups if rollup.exact)
CONTACT, SUPPRESSION, MEMBER = "contact", "suppression", "member"


def compile_tally(tally: Tally, scope: Scope, dialect: Dialect) -> Statement:
    """Columns: what is summed by, then the measures, unscaled; in the order of the former."""
    binding = Binding(scope, dialect)
    parts = [_part(tally, read, binding) for read in reads(tally)]
    columns = (*tally.by, *tally.measures)
    places = ", ".join(str(place) for place in range(1, len(tally.by) + 1))
    order = f" ORDER BY {places}" if places else ""
    if len(parts) == 1:
        sql = parts[0] + order
    else:
        sums = [f"{dialect.sum(f'parts.{name}')} AS {name}" for name in tally.measures]
        keys = [f"parts.{name} AS {name}" for name in tally.by]
        union = " UNION ALL ".join(parts)
        sql = f"SELECT {', '.join([*keys, *sums])} FROM ({union}) AS parts{_grouped(tally)}{order}"
    return binding.statement(sql, columns, f"{tally.dataset.name} by {', '.join(tally.by) or 'all'}")


def _grouped(tally: Tally) -> str:
    places = ", ".join(str(place) for place in range(1, len(tally.by) + 1))
    return f" GROUP BY {places}" if places else ""


def _part(tally: Tally, read: Read, binding: Binding) -> str:
    dataset, rollup = tally.dataset, read.rollup
    keys = [f"{_key(tally.dataset, name, read, binding)} AS {name}" for name in tally.by]
    sums = [f"{_measure(dataset, name, read, binding)} AS {name}" for name in tally.measures]
    time, type_name = (DAY, "DATE") if rollup else (dataset.time_column, "TIMESTAMP")
    conditions = [binding.own("fact"), *binding.within(f"fact.{time}", read.window, type_name)]
    conditions += [binding.one_of(f"fact.{dataset.dimension(name).column}", numbers) for name, numbers in tally.only]
    conditions += binding.in_segment("fact.customer_id", tally.within)
    join = ""
    if tally.segments:
        join = f" INNER JOIN {binding.members(tally.segments)} AS members ON members.customer_id = fact.customer_id"
    table = rollup.name if rollup else dataset.table
    where = " AND ".join(conditions)
    return f"SELECT {', '.join([*keys, *sums])} FROM {table} AS fact{join} WHERE {where}{_grouped(tally)}"


def _key(dataset: RowDataset, name: str, read: Read, binding: Binding) -> str:
    if name == DAY_OF:
        return f"fact.{DAY}" if read.rollup else binding.dialect.local_day(f"fact.{dataset.time_column}", "UTC")
    return "members.segment_id" if name == SEGMENT else f"fact.{dataset.dimension(name).column}"


def _measure(dataset: RowDataset, name: str, read: Read, binding: Binding) -> str:
    if read.rollup:
        return binding.dialect.sum(f"fact.{name}")
    return _of_facts(dataset, name, binding, [])


def _of_facts(dataset: RowDataset, name: str, binding: Binding, conditions: Sequence[str]) -> str:
    """A measure of the facts that meet the conditions."""
    formula = dataset.measure(name).formula
    column = f"fact.{formula.column}" if formula.column else ""
    if isinstance(formula, CountRows):
        return binding.dialect.count_if(" AND ".join([binding.dialect.has_one_of(column, formula.values), *conditions]))
    if not conditions:
        return binding.dialect.sum(column)
    return binding.dialect.sum(f"CASE WHEN {' AND '.join(conditions)} THEN {column} ELSE 0 END")


def compile_customer(
    customer: str, since: datetime, segments: Sequence[int], now: datetime, scope: Scope, dialect: Dialect
) -> Statement:
    """All that a decision needs to know of a customer, each row of a ``kind``.

    Columns: ``kind``, ``customer``, ``offer``, ``channel``, ``at_time``, ``times``, ``policy_type``, ``expires_at``,
    ``segment``. Contacts are found by a key of 64 bits: one of another ``customer`` may be among them.
    """
    binding = Binding(scope, dialect)
    who = binding.value(customer, "VARCHAR")
    parts = [_contacts(who, since, binding), _suppressions(who, now, binding)]
    if segments:
        parts.append(
            f"SELECT '{MEMBER}', {who}, 0, 0, NULL, 0, '', NULL, members.segment_id"
            f" FROM {binding.members(segments, who)} AS members"
        )
    columns = ("kind", "customer", "offer", "channel", "at_time", "times", "policy_type", "expires_at", "segment")
    return binding.statement(" UNION ALL ".join(parts), columns, "customer")


def _contacts(who: str, since: datetime, binding: Binding) -> str:
    time = INTERACTIONS.time_column
    conditions = [
        binding.own("fact"),
        # Texts are compared by the reader: the engine would compare those of all rows, not of the few found.
        f"fact.{lead_column(INTERACTIONS, _CONTACTS)} = {binding.dialect.text_key(who)}",
        *binding.within(f"fact.{time}", Window(since, None)),
    ]
    return (
        f"SELECT '{CONTACT}' AS kind, fact.customer_id AS customer, fact.offer_id AS offer, fact.channel_id AS channel,"
        f" fact.{time} AS at_time, fact.impressions AS times, '' AS policy_type, NULL AS expires_at, 0 AS segment"
        f" FROM {_CONTACTS.name} AS fact WHERE {' AND '.join(conditions)}"
    )


def _suppressions(who: str, now: datetime, binding: Binding) -> str:
    conditions = [binding.own("fact"), f"fact.customer_id = {who}", _unexpired(now, binding)]
    return (
        f"SELECT '{SUPPRESSION}', fact.customer_id, fact.offer_id, fact.channel_id, fact.{SUPPRESSIONS.time_column}, 0,"
        f" fact.policy_type, fact.expires_at, 0 FROM {SUPPRESSIONS.table} AS fact WHERE {' AND '.join(conditions)}"
    )


def _unexpired(now: datetime, binding: Binding) -> str:
    return f"(fact.expires_at IS NULL OR fact.expires_at > {binding.value(now, 'TIMESTAMP')})"


def compile_suppressed(now: datetime, scope: Scope, dialect: Dialect) -> Statement:
    """Columns: ``policy_type``, ``suppressions`` that have not expired; most first."""
    binding = Binding(scope, dialect)
    sql = (
        f"SELECT fact.policy_type AS policy_type, {dialect.count_if('TRUE')} AS suppressions"
        f" FROM {SUPPRESSIONS.table} AS fact WHERE {binding.own('fact')} AND {_unexpired(now, binding)}"
        " GROUP BY 1 ORDER BY 2 DESC, 1"
    )
    return binding.statement(sql, ("policy_type", "suppressions"), "suppressions by policy type")


def compile_quantiles(
    dataset: RowDataset, column: str, fractions: Sequence[float], window: Window, scope: Scope, dialect: Dialect
) -> Statement:
    """Columns: ``day``, then a quantile of the column's known values for each fraction, unscaled."""
    binding = Binding(scope, dialect)
    names = [f"p{round(fraction * 100)}" for fraction in fractions]
    values = [
        f"{dialect.quantile(f'fact.{column}', fraction)} AS {name}"
        for fraction, name in zip(fractions, names, strict=True)
    ]
    day = dialect.local_day(f"fact.{dataset.time_column}", "UTC")
    where = " AND ".join([*binding.facts(dataset, window), f"fact.{column} IS NOT NULL"])
    sql = f"SELECT {day} AS day, {', '.join(values)} FROM {dataset.table} AS fact WHERE {where} GROUP BY 1 ORDER BY 1"
    return binding.statement(sql, ("day", *names), f"{dataset.name} quantiles")


def compile_model_metrics(
    models: Sequence[int], window: Window, most: int, scope: Scope, dialect: Dialect
) -> Statement:
    """Columns: ``model``, ``at_time``, ``auc`` (unscaled), ``feature_importance``; the ``most`` newest of each."""
    binding = Binding(scope, dialect)
    time = MODEL_METRICS.time_column
    where = " AND ".join([*binding.facts(MODEL_METRICS, window), binding.one_of("fact.model_id", models)])
    sql = (
        f"SELECT model, at_time, auc, feature_importance FROM (SELECT fact.model_id AS model, fact.{time} AS at_time,"
        " fact.auc AS auc, fact.feature_importance AS feature_importance,"
        f" row_number() OVER (PARTITION BY fact.model_id ORDER BY fact.{time} DESC, fact.auc DESC) AS place"
        f" FROM {MODEL_METRICS.table} AS fact WHERE {where}) AS placed WHERE place <= {most} ORDER BY model, place"
    )
    return binding.statement(sql, ("model", "at_time", "auc", "feature_importance"), "model metrics")


def compile_segment_times(segments: Sequence[int], scope: Scope, dialect: Dialect) -> Statement:
    """Columns: ``segment``, ``at_time``: when each list was last told of anything."""
    binding = Binding(scope, dialect)
    time = SEGMENT_MEMBERS.time_column
    sql = (
        f"SELECT fact.segment_id AS segment, max(fact.{time}) AS at_time FROM {SEGMENT_MEMBERS.table} AS fact"
        f" WHERE {binding.own('fact')} AND {binding.one_of('fact.segment_id', segments)} GROUP BY 1 ORDER BY 1"
    )
    return binding.statement(sql, ("segment", "at_time"), "segments' times")


def compile_segment_sizes(segments: Sequence[int], scope: Scope, dialect: Dialect) -> Statement:
    """Columns: ``segment``, ``members``."""
    binding = Binding(scope, dialect)
    sql = (
        f"SELECT members.segment_id AS segment, {dialect.count_if('TRUE')} AS members"
        f" FROM {binding.members(segments)} AS members GROUP BY 1 ORDER BY 1"
    )
    return binding.statement(sql, ("segment", "members"), "segments' sizes")


def compile_matching(
    filters: Sequence[Mapping[str, Any]], starts: Sequence[datetime | None], scope: Scope, dialect: Dialect
) -> Statement:
    """Column ``customer``: those whose interactions meet every filter, each since its own start."""
    binding = Binding(scope, dialect)
    meets = []
    for one, start in zip(filters, starts, strict=True):
        conditions = binding.within(f"fact.{INTERACTIONS.time_column}", Window(start, None))
        for dimension in ("offer", "channel"):
            if one.get(dimension) is not None:
                conditions.append(f"fact.{dimension}_id = {binding.value(one[dimension], 'BIGINT')}")
        measure = INTERACTIONS.measure(one["measure"])
        value = binding.value(round(one["value"] * measure.unit.scale), "BIGINT")
        meets.append(
            f"{_of_facts(INTERACTIONS, measure.name, binding, conditions)} {_OPERATORS[one['operator']]} {value}"
        )
    sql = (
        f"SELECT fact.customer_id AS customer FROM {INTERACTIONS.table} AS fact WHERE {binding.own('fact')}"
        f" GROUP BY 1 HAVING {' AND '.join(meets)} ORDER BY 1"
    )
    return binding.statement(sql, ("customer",), "customers of a segment")
