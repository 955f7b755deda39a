"""The spans of a request are one tree, below its caller's span, and say how it ended."""

from __future__ import annotations

from pathlib import Path

import pytest
from opentelemetry.trace import SpanKind, StatusCode
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from headwater.catalogue.registry import CATALOGUE
from headwater.kit import tracing
from headwater.kit.clock import Clock
from headwater.storage.duckdb.store import DuckDBStore
from headwater.storage.port import Row, Statement
from tests.serving import Company, Hierarchy, event, serving
from tests.stores import ON_CLICKHOUSE
from tests.tracing.conftest import Traced, identity, said

API = "/v2/aggregation-api"
COUNTS = f"GET {API}/counts"


async def test_one_request_is_one_tree(traced: Traced, company: Company, hierarchy: Hierarchy) -> None:
    traced.clear()
    answer = await company.get(f"{API}/counts", resource="creative", id=hierarchy.creative)
    root = traced.one(COUNTS)
    assert (root.kind, root.parent) == (SpanKind.SERVER, None)
    parents = {identity(span): span for span in traced.spans}
    for span in traced.spans:
        while span.parent is not None:
            span = parents[span.parent.trace_id, span.parent.span_id]
        assert span is root
    assert {span.name for span in traced.spans} == {COUNTS, "authentication", "question", "store fetch"}
    fetched, asked = traced.one("store fetch"), traced.one("question")
    assert fetched.parent is not None
    assert (fetched.parent.trace_id, fetched.parent.span_id) == identity(asked)
    assert said(root) == {
        "http.request.method": "GET",
        "http.route": f"{API}/counts",
        "http.response.status_code": 200,
        "headwater.request.id": answer.headers["x-request-id"],
        "headwater.organisation.id": company.organisation_id,
        "headwater.kept": False,
    }
    assert said(traced.one("authentication")) == {"headwater.credential": "key"}
    assert said(asked) == {
        "headwater.purpose": "ad-events by creative",
        "headwater.dataset": "ad-events",
        "headwater.kept": False,
    }


@pytest.mark.parametrize("facts_in", ["duckdb", ON_CLICKHOUSE])
async def test_a_statement_says_its_engine_its_purpose_and_how_many_rows(
    traced: Traced, company: Company, hierarchy: Hierarchy, facts_in: str
) -> None:
    await company.send([event(hierarchy.creative)])
    traced.clear()
    await company.get(f"{API}/counts", resource="creative", id=hierarchy.creative)
    assert said(traced.one("store fetch")) == {
        "db.system.name": facts_in,
        "headwater.purpose": "ad-events by creative",
        "db.response.returned_rows": 1,
    }


async def test_a_kept_answer_is_one_span(traced: Traced, company: Company, hierarchy: Hierarchy) -> None:
    await company.get(f"{API}/counts", resource="creative", id=hierarchy.creative)
    traced.clear()
    await company.get(f"{API}/counts", resource="creative", id=hierarchy.creative)
    (span,) = traced.spans
    assert span.name == COUNTS
    assert said(span)["headwater.kept"] is True
    assert said(span)["headwater.organisation.id"] == company.organisation_id


async def test_it_stands_below_the_span_of_its_caller(traced: Traced, company: Company) -> None:
    traced.clear()
    parent = {"traceparent": f"00-{0xABC:032x}-{0xDEF:016x}-01"}
    await company.request("GET", "/api/v2/workspaces", headers=parent)
    span = traced.one("GET /api/v2/workspaces")
    assert span.parent is not None
    assert (span.parent.trace_id, span.parent.span_id) == (0xABC, 0xDEF)
    assert identity(span)[0] == 0xABC


async def test_what_is_no_traceparent_begins_a_trace(traced: Traced, company: Company) -> None:
    traced.clear()
    await company.request("GET", "/api/v2/workspaces", headers={"traceparent": "00-zz-1-01"})
    assert traced.one("GET /api/v2/workspaces").parent is None


async def test_a_commit_is_linked_to_the_requests_it_served(
    traced: Traced, company: Company, hierarchy: Hierarchy
) -> None:
    traced.clear()
    await company.send([event(hierarchy.creative), event(hierarchy.creative, "link_clicks")])
    waited, commit = traced.one("ingest append"), traced.one("ingest commit")
    assert [(link.context.trace_id, link.context.span_id) for link in commit.links] == [identity(waited)]
    assert said(commit) == {
        "headwater.events": 2,
        "headwater.batches": 1,
        "headwater.senders": 1,
        "headwater.duplicates": 0,
    }
    stored = traced.one("store append")
    assert stored.parent is not None
    assert (stored.parent.trace_id, stored.parent.span_id) == identity(commit)


async def test_a_write_of_the_control_plane_belongs_to_its_request(traced: Traced, company: Company) -> None:
    traced.clear()
    await company.make("/api/v2/workspaces", name="Workspace")
    written, root = traced.one("unit of work"), traced.one("POST /api/v2/workspaces")
    assert written.parent is not None
    assert (written.parent.trace_id, written.parent.span_id) == identity(root)


class Broken(DuckDBStore):
    """A store that reads nothing."""

    async def _fetch(self, statement: Statement) -> list[Row]:
        raise OSError("disk on fire")


def broken(clock: Clock) -> Broken:
    return Broken(None, CATALOGUE, clock=clock)


async def test_what_fails_is_marked_all_the_way_up(traced: Traced, tmp_path: Path) -> None:
    async with serving(tmp_path, facts=broken) as server:
        company = await server.company()
        creative = (await company.hierarchy()).creative
        traced.clear()
        assert (await company.get(f"{API}/counts", resource="creative", id=creative)).status_code == 500
    for name in (COUNTS, "question", "store fetch"):
        span = traced.one(name)
        assert span.status.status_code is StatusCode.ERROR
        assert said(span)["error.type"] == "OSError"
        # Words of an error may hold what somebody sent.
        assert (span.status.description, span.events) == (None, ())
    assert said(traced.one(COUNTS))["http.response.status_code"] == 500


async def test_a_mistake_of_the_caller_is_told_but_is_no_failure(traced: Traced, company: Company) -> None:
    traced.clear()
    await company.get("/api/v2/campaigns/999")
    span = traced.one("GET /api/v2/campaigns/{campaign_id}")
    assert span.status.status_code is StatusCode.UNSET
    assert (said(span)["error.type"], said(span)["http.response.status_code"]) == ("NotFound", 404)


async def test_log_lines_bear_the_ids_of_request_and_trace(traced: Traced, company: Company) -> None:
    traced.clear()
    with capture_logs(processors=[merge_contextvars, tracing.add_ids]) as lines:
        answer = await company.get("/api/v2/campaigns/999")
    (line,) = [one for one in lines if one["event"] == "request"]
    trace_id, span_id = identity(traced.one("GET /api/v2/campaigns/{campaign_id}"))
    assert (line["trace_id"], line["span_id"]) == (f"{trace_id:032x}", f"{span_id:016x}")
    assert line["request_id"] == answer.headers["x-request-id"]
