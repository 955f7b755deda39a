"""The four analytics endpoints: buckets, counts, flow, domains."""

from __future__ import annotations

from typing import Any

from headwater.query.result import Answer
from headwater.reports.arrow_file import arrow_bytes, parquet_bytes
from headwater.reports.csv_file import csv_bytes
from headwater.surfaces._http.endpoint import READ, Answers, Call, Endpoint, Reply
from headwater.surfaces.ad_creatives import examples, mapping
from headwater.surfaces.ad_creatives.contract import (
    BucketsQuery,
    CountsQuery,
    DomainRow,
    DomainsCsvQuery,
    DomainsQuery,
    FlowQuery,
    FlowRow,
    Format,
)

_FLOW_KEYS = ("component_type", "content", "impressions", "continue", "drop", "component_id")
_FILES = {
    "csv": "text/csv; charset=utf-8",
    "arrow": "application/vnd.apache.arrow.stream",
    "parquet": "application/vnd.apache.parquet",
}


async def buckets(call: Call[BucketsQuery, bytes]) -> Reply:
    """Metrics over time."""
    answer = await call.services.engine.ask(mapping.buckets_question(call.query), call.scope)
    name = f"buckets_{call.query.resource}_{_days(call.query)}"
    return _reply(answer, mapping.buckets_rows(answer), ("time", *answer.metrics), call.query.format, name)


async def counts(call: Call[CountsQuery, bytes]) -> Reply:
    """Lifetime totals."""
    answer = await call.services.engine.ask(mapping.counts_question(call.query), call.scope)
    rows = mapping.counts_rows(answer)
    if call.query.format != "json":
        return _reply(answer, rows, answer.metrics, call.query.format, f"counts_{call.query.resource}")
    return Reply({str(entity): row for entity, (row,) in rows.items()}, keep=answer.fresh)


async def flow(call: Call[FlowQuery, bytes]) -> Reply:
    """How sessions went through the components of conversational creatives."""
    answer = await call.services.engine.ask(mapping.flow_question(call.query), call.scope)
    tree = await call.services.control.trees.get(call.scope.organisation_id)
    rows = mapping.flow_rows(answer, {creative: tree.components(creative) for creative in answer.ids})
    return _reply(answer, rows, _FLOW_KEYS, call.query.format, "flow")


async def domains(call: Call[DomainsQuery, bytes]) -> Reply:
    """Metrics by domain and DSP."""
    return await _domains(call, call.query, call.query.format)


async def domains_csv(call: Call[DomainsCsvQuery, bytes]) -> Reply:
    """The same rows as a file."""
    query = call.query
    return await _domains(call, DomainsQuery(query.resource, query.time_from, query.time_to, query.ids), "csv")


async def _domains(call: Call[Any, bytes], query: DomainsQuery, format: Format) -> Reply:
    answer = await call.services.engine.ask(mapping.domains_question(query), call.scope)
    name = f"domains_{query.resource}_{_days(query)}"
    return _reply(answer, mapping.domains_rows(answer), answer.columns[1:], format, name)


def _reply(answer: Answer, rows: mapping.Rows, keys: tuple[str, ...], format: Format, name: str) -> Reply:
    """The rows by id as JSON, or as a table with the id first."""
    if format == "json":
        return Reply({str(entity): some for entity, some in rows.items()}, keep=answer.fresh)
    table = list(mapping.flat(rows))
    if format == "csv":
        body = csv_bytes(["id", *keys], table)
    elif format == "arrow":
        body = arrow_bytes(mapping.columns(keys), table)
    else:
        body = parquet_bytes(mapping.columns(keys), table)
    disposition = ("content-disposition", f'attachment; filename="{name}.{format}"')
    return Reply(body, media_type=_FILES[format], headers=(disposition,), keep=answer.fresh)


def _days(query: BucketsQuery | DomainsQuery) -> str:
    """First and last day of the window, for a file's name."""
    return f"{query.time_from.strip()[:10]}_{query.time_to.strip()[:10]}"


_ALL_FORMS = ("application/json", "text/csv", "application/vnd.apache.arrow.stream", "application/vnd.apache.parquet")

ENDPOINTS = [
    Endpoint(
        "GET",
        "/v2/aggregation-api/buckets",
        buckets,
        READ,
        "Metrics over time",
        "Analytics",
        {
            200: Answers(
                "Rows by id, ordered by time.",
                dict[str, list[dict[str, int | float | str]]],
                examples.BUCKETS,
                _ALL_FORMS,
            )
        },
        description="Additive metrics in buckets of an hour, a day, a week or a month. Buckets in which every metric"
        " is 0 are left out unless `fill=zero`. Every id that the organisation has is a key.",
        query=BucketsQuery,
        refuse_unknown=True,
    ),
    Endpoint(
        "GET",
        "/v2/aggregation-api/counts",
        counts,
        READ,
        "Lifetime totals",
        "Analytics",
        {200: Answers("Totals by id.", dict[str, dict[str, int | float]], examples.COUNTS, _ALL_FORMS)},
        description="Totals over all time, from rollups: the cost does not grow with the number of events.",
        query=CountsQuery,
        refuse_unknown=True,
    ),
    Endpoint(
        "GET",
        "/v2/aggregation-api/flow",
        flow,
        READ,
        "Conversation analytics",
        "Analytics",
        {200: Answers("Components by creative, in their order.", dict[str, list[FlowRow]], examples.FLOW, _ALL_FORMS)},
        description="Per flow component: sessions that were shown it, went on, and dropped. Without a window over all"
        " time; either end may be left open.",
        query=FlowQuery,
        refuse_unknown=True,
    ),
    Endpoint(
        "GET",
        "/v2/aggregation-api/domains",
        domains,
        READ,
        "Placement breakdown",
        "Analytics",
        {
            200: Answers(
                "Domains by id, most impressions first.", dict[str, list[DomainRow]], examples.DOMAINS, _ALL_FORMS
            )
        },
        query=DomainsQuery,
        refuse_unknown=True,
    ),
    Endpoint(
        "GET",
        "/v2/aggregation-api/domains/csv",
        domains_csv,
        READ,
        "Placement breakdown as CSV",
        "Analytics",
        {200: Answers("RFC 4180, UTF-8; cells that a spreadsheet would run are defused.", media_types=("text/csv",))},
        query=DomainsCsvQuery,
        refuse_unknown=True,
    ),
]
