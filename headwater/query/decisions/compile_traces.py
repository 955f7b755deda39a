"""Statements about decision traces and what became of offers in them, in a store's dialect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from headwater.catalogue.decisions import DECISION_TRACES, TRACE_OFFERS
from headwater.query.decisions.binding import Binding
from headwater.query.decisions.state import TraceFilter
from headwater.query.window import Window
from headwater.scope import Scope
from headwater.storage.port import Dialect, Statement

RANKS: Final = 10
"""Ranks that are counted one by one."""
SELECTED, UNQUALIFIED, HELD_BACK, OUTRANKED = "selected", "unqualified", "held_back", "outranked"
_HEAD: Final = (
    "trace",
    "record_id",
    "customer_id",
    "channel_id",
    "decision_flow_id",
    "request_id",
    "degraded",
    "latency_ms",
)
_OFFER: Final = tuple(field.name for field in TRACE_OFFERS.kept if field.name not in ("at", "channel_id", "bucket"))


class Sample(msgspec.Struct, frozen=True):
    """The newest ``most`` traces of a window that meet every condition given."""

    window: Window
    most: int
    channel: int | None = None
    flow: int | None = None
    segment: int | None = None


def _newest(sample: Sample, binding: Binding) -> str:
    conditions = binding.facts(DECISION_TRACES, sample.window)
    for column, number in (("channel_id", sample.channel), ("decision_flow_id", sample.flow)):
        if number is not None:
            conditions.append(f"fact.{column} = {binding.value(number, 'BIGINT')}")
    conditions += binding.in_segment("fact.customer_id", sample.segment)
    return (
        f"SELECT fact.trace AS trace FROM {DECISION_TRACES.table} AS fact WHERE {' AND '.join(conditions)}"
        f" ORDER BY fact.{DECISION_TRACES.time_column} DESC, fact.trace DESC LIMIT {sample.most}"
    )


def compile_sample_size(sample: Sample, scope: Scope, dialect: Dialect) -> Statement:
    """Column ``traces``: how many the sample has."""
    binding = Binding(scope, dialect)
    sql = f"SELECT {dialect.count_if('TRUE')} AS traces FROM ({_newest(sample, binding)}) AS sample"
    return binding.statement(sql, ("traces",), "size of a sample of traces")


def compile_selection(sample: Sample, scope: Scope, dialect: Dialect) -> Statement:
    """How often the traces of a sample considered, scored and selected each offer.

    Columns: ``offer``, ``eligible``, ``scored``, ``selected``, ``rank_sum``, then how often it had each rank.
    """
    binding = Binding(scope, dialect)
    newest = _newest(sample, binding)
    counts = {
        "eligible": dialect.count_if("fact.candidate IS NOT NULL"),
        "scored": dialect.count_if("fact.score IS NOT NULL"),
        "selected": dialect.count_if("fact.selected IS NOT NULL"),
        "rank_sum": dialect.sum("fact.rank"),
        **{f"rank_{rank}": dialect.count_if(f"fact.rank = {rank}") for rank in range(1, RANKS + 1)},
    }
    # The time bounds say nothing new, but where in the table the sample's rows lie.
    where = " AND ".join([*binding.facts(TRACE_OFFERS, sample.window), f"fact.trace IN ({newest})"])
    columns = ", ".join(f"{value} AS {name}" for name, value in counts.items())
    offers = f"SELECT fact.offer_id AS offer, {columns} FROM {TRACE_OFFERS.table} AS fact"
    sql = f"{offers} WHERE {where} GROUP BY 1 ORDER BY 1"
    return binding.statement(sql, ("offer", *counts), "selection of offers")


def compile_fates(offer: int, sample: Sample, scope: Scope, dialect: Dialect) -> Statement:
    """What became of an offer in the newest traces that had it among the candidates, and which offer came first.

    Columns: ``fate``, ``winner`` (0: none), ``rank`` (0: unscored), ``traces``, ``scored``, ``score_sum``, ``oldest``.
    """
    binding = Binding(scope, dialect)
    table, time = TRACE_OFFERS.table, TRACE_OFFERS.time_column
    own = [*binding.facts(TRACE_OFFERS, sample.window), f"fact.offer_id = {binding.value(offer, 'BIGINT')}"]
    own.append("fact.candidate IS NOT NULL")
    if sample.segment is not None:
        traces = binding.facts(DECISION_TRACES, sample.window)
        traces += binding.in_segment("fact.customer_id", sample.segment)
        own.append(
            f"fact.trace IN (SELECT fact.trace FROM {DECISION_TRACES.table} AS fact WHERE {' AND '.join(traces)})"
        )
    winners = [*binding.facts(TRACE_OFFERS, sample.window), "fact.selected = 1"]
    sql = (
        f"WITH sample AS (SELECT fact.trace AS trace, {_fate()} AS fate, coalesce(fact.rank, 0) AS rank,"
        f" fact.score AS score, fact.{time} AS at_time FROM {table} AS fact WHERE {' AND '.join(own)}"
        f" ORDER BY fact.{time} DESC, fact.trace DESC LIMIT {sample.most}),"
        f" winners AS (SELECT fact.trace AS trace, min(fact.offer_id) AS offer FROM {table} AS fact"
        f" WHERE {' AND '.join(winners)} AND fact.trace IN (SELECT trace FROM sample) GROUP BY fact.trace)"
        " SELECT sample.fate AS fate, coalesce(winners.offer, 0) AS winner, sample.rank AS rank,"
        f" {dialect.count_if('TRUE')} AS traces, {dialect.count_if('sample.score IS NOT NULL')} AS scored,"
        f" {dialect.sum('sample.score')} AS score_sum, min(sample.at_time) AS oldest"
        " FROM sample LEFT JOIN winners ON winners.trace = sample.trace GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    )
    columns = ("fate", "winner", "rank", "traces", "scored", "score_sum", "oldest")
    return binding.statement(sql, columns, "fates of an offer")


def _fate() -> str:
    """The first reason that applies."""
    return (
        f"CASE WHEN fact.selected IS NOT NULL THEN '{SELECTED}' WHEN fact.qualified = FALSE THEN '{UNQUALIFIED}'"
        f" WHEN fact.permitted = FALSE THEN '{HELD_BACK}' ELSE '{OUTRANKED}' END"
    )


def _matching(wanted: TraceFilter, binding: Binding) -> str:
    conditions = [binding.own("fact")]
    for column, text in (("customer_id", wanted.customer_id), ("request_id", wanted.request_id)):
        if text is not None:
            conditions.append(f"fact.{column} = {binding.value(text, 'VARCHAR')}")
    if wanted.offer is not None:
        offer = binding.value(wanted.offer, "BIGINT")
        considered = f"{binding.own('part')} AND part.offer_id = {offer} AND part.candidate IS NOT NULL"
        conditions.append(f"fact.trace IN (SELECT part.trace FROM {TRACE_OFFERS.table} AS part WHERE {considered})")
    return " AND ".join(conditions)


def compile_count(wanted: TraceFilter, scope: Scope, dialect: Dialect) -> Statement:
    """Column ``traces``: how many there are."""
    binding = Binding(scope, dialect)
    where = _matching(wanted, binding)
    sql = f"SELECT {dialect.count_if('TRUE')} AS traces FROM {DECISION_TRACES.table} AS fact WHERE {where}"
    return binding.statement(sql, ("traces",), "number of traces")


def compile_heads(wanted: TraceFilter, limit: int, offset: int, scope: Scope, dialect: Dialect) -> Statement:
    """The traces themselves, newest first; columns: the time ``at_time``, then ``HEAD``."""
    binding = Binding(scope, dialect)
    return _heads(_matching(wanted, binding), binding, f" LIMIT {limit} OFFSET {offset}")


def compile_head(public_id: str, number: int | None, scope: Scope, dialect: Dialect) -> Statement:
    """The trace that its sender gave this id, or that has this number."""
    binding = Binding(scope, dialect)
    same = [f"fact.record_id = {binding.value(public_id, 'VARCHAR')}"]
    if number is not None:
        same.append(f"(fact.trace = {binding.value(number, 'BIGINT')} AND fact.record_id = '')")
    return _heads(f"{binding.own('fact')} AND ({' OR '.join(same)})", binding, " LIMIT 1")


def _heads(where: str, binding: Binding, cut: str) -> Statement:
    time = DECISION_TRACES.time_column
    columns = ", ".join([f"fact.{time} AS at_time", *(f"fact.{name} AS {name}" for name in _HEAD)])
    sql = (
        f"SELECT {columns} FROM {DECISION_TRACES.table} AS fact WHERE {where}"
        f" ORDER BY fact.{time} DESC, fact.trace DESC{cut}"
    )
    return binding.statement(sql, ("at_time", *_HEAD), "traces")


def compile_offers(traces: Sequence[int], scope: Scope, dialect: Dialect) -> Statement:
    """What became of every offer in these traces, candidates first and in their order."""
    binding = Binding(scope, dialect)
    columns = ", ".join(f"fact.{name} AS {name}" for name in _OFFER)
    # Beside the list its ends, by which the engine finds where in the table the traces lie.
    ends = [
        f"fact.trace {sign} {binding.value(end, 'BIGINT')}" for sign, end in ((">=", min(traces)), ("<=", max(traces)))
    ]
    where = " AND ".join([binding.own("fact"), *ends, binding.one_of("fact.trace", traces)])
    sql = (
        f"SELECT {columns} FROM {TRACE_OFFERS.table} AS fact WHERE {where} ORDER BY fact.trace,"
        " CASE WHEN fact.candidate IS NULL THEN 1 ELSE 0 END, fact.candidate, fact.offer_id"
    )
    return binding.statement(sql, _OFFER, "offers of traces")
