"""``GET /api/v1/decision-traces``: decisions as they were made, what fell out of each and why."""

from __future__ import annotations

from datetime import UTC
from operator import itemgetter
from typing import Final

from msgspec import UNSET

from headwater.control.decisions.book import Book
from headwater.errors import NotFound
from headwater.query.decisions.state import Page, Trace, TraceFilter, TraceOffer
from headwater.surfaces._http.endpoint import READ, Answers, Call, Endpoint, Reply
from headwater.surfaces.decisions.explanation import of_trace
from headwater.surfaces.decisions.traces_contract import (
    LIST_EXAMPLE,
    TRACE_EXAMPLE,
    ContactPolicyResult,
    QualificationResult,
    ScoringResult,
    SelectedOffer,
    TraceBody,
    TracePage,
    TracesBody,
    TracesQuery,
)

_PATH: Final = "/api/v1/decision-traces"


async def list_traces(call: Call[TracesQuery, bytes]) -> Reply:
    """A page of the traces that meet every condition; an offer that does not exist was in none."""
    query, books = call.query, call.services.control.books
    offer = None
    if query.offer_id is not None:
        offer = (await books.get(call.scope.organisation_id)).find("offer", query.offer_id)
        if offer is None:
            return Reply(_page(query, Page((), 0), []))
    wanted = TraceFilter(query.customer_id, query.request_id, offer)
    found = await call.services.decisions.traces(wanted, query.limit, query.offset, call.scope)
    # Read after the traces, so that it has every entity that they name.
    book = await books.get(call.scope.organisation_id)
    return Reply(_page(query, found, [trace_body(one, book, explained=False) for one in found.rows]))


async def get_trace(call: Call[None, bytes]) -> Reply:
    """One trace, with a line on each offer."""
    own = call.path["id"]
    found = await call.services.decisions.trace(own, call.scope)
    if found is None:
        raise NotFound(f"There is no decision trace '{own[:64]}'.", field="id")
    book = await call.services.control.books.get(call.scope.organisation_id)
    return Reply(trace_body(found, book, explained=True))


def trace_body(trace: Trace, book: Book, *, explained: bool) -> TraceBody:
    """A trace under the names that the book has now."""

    def named(one: TraceOffer) -> dict[str, str]:
        return {"offer_id": book.id_of("offer", one.offer), "offer_name": book.name_of("offer", one.offer)}

    flow = book.flows.get(trace.flow)
    selected = sorted(((one.selected, one) for one in trace.offers if one.selected is not None), key=itemgetter(0))
    return TraceBody(
        id=trace.id,
        at=trace.at.replace(tzinfo=UTC),
        request_id=trace.request_id or None,
        customer_id=trace.customer_id,
        channel_id=book.id_of("channel", trace.channel),
        channel_name=book.name_of("channel", trace.channel),
        decision_flow_id=flow.id if flow else None,
        decision_flow_key=flow.key if flow else None,
        candidates=[book.id_of("offer", one.offer) for one in trace.offers if one.candidate is not None],
        qualification_results=[
            QualificationResult(**named(one), passed=one.qualified, reason=one.reason or None)
            for one in trace.offers
            if one.qualified is not None
        ],
        contact_policy_results=[
            ContactPolicyResult(**named(one), passed=one.permitted, policy_type=one.policy_type or None)
            for one in trace.offers
            if one.permitted is not None
        ],
        scoring_results=[
            ScoringResult(
                **named(one), score=one.score, rank=one.rank, model_id=_id(book, "algorithm_model", one.model)
            )
            for one in sorted(trace.offers, key=lambda one: one.rank or 0)
            if one.score is not None
        ],
        selected_offers=[
            SelectedOffer(**named(one), rank=rank, creative_id=_id(book, "creative", one.creative))
            for rank, one in selected
        ],
        degraded=trace.degraded,
        latency_ms=trace.latency_ms,
        explanation=[of_trace(one, book) for one in trace.offers] if explained else UNSET,
    )


def _id(book: Book, kind: str, number: int) -> str | None:
    return book.id_of(kind, number) if number else None


def _page(query: TracesQuery, found: Page, rows: list[TraceBody]) -> TracesBody:
    more = query.offset + len(rows) < found.total
    return TracesBody(
        data=rows,
        pagination=TracePage(total=found.total, limit=query.limit, offset=query.offset, has_more=more),
    )


ENDPOINTS: Final = [
    Endpoint(
        "GET",
        _PATH,
        list_traces,
        READ,
        "List decision traces",
        "Decisions",
        {200: Answers("A page of traces, newest first.", TracesBody, LIST_EXAMPLE)},
        description="Entities stand under the names that they have now, archived ones too.",
        query=TracesQuery,
        refuse_unknown=True,
    ),
    Endpoint(
        "GET",
        f"{_PATH}/{{id}}",
        get_trace,
        READ,
        "Explain a decision",
        "Decisions",
        {200: Answers("The decision, and how far each offer came.", TraceBody, TRACE_EXAMPLE)},
    ),
]
