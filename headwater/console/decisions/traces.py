"""The explorer of decision traces: the list with its filters, and each decision's story."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from headwater.console import charts, tables
from headwater.console.decisions import filters
from headwater.console.decisions.tabs import tabs
from headwater.console.decisions.ways import story
from headwater.console.pages import page
from headwater.console.rendering import render
from headwater.console.tables import Paging
from headwater.control.decisions.book import Book
from headwater.errors import NotFound
from headwater.query.decisions.state import Page, TraceFilter
from headwater.surfaces._http.endpoint import READ, WRITE, Call, Reply

PATH: Final = "/decisions/traces"
_API: Final = "/api/v1/decision-traces"
_LIMIT: Final = 25
_Text = Annotated[str, Meta(max_length=128)]


class TracesQuery(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Which traces, by the API's names; what is empty does not count."""

    customer_id: _Text = ""
    request_id: _Text = ""
    offer_id: filters.Id = ""
    offset: Annotated[int, Meta(ge=0, le=2**31)] = 0


async def traces(call: Call[TracesQuery, bytes]) -> Reply:
    """A page of decisions, newest first."""
    query, books, scope = call.query, call.services.control.books, call.scope
    customer, request = query.customer_id.strip(), query.request_id.strip()
    offer = _offer(await books.get(scope.organisation_id), query.offer_id)
    wanted = TraceFilter(customer or None, request or None, offer)
    found: Page = await call.services.decisions.traces(wanted, _LIMIT, query.offset, scope)
    # Read after the traces, so that it has every entity that they name.
    book = await books.get(scope.organisation_id)
    given = {"customerId": customer, "requestId": request, "offerId": query.offer_id}
    return await render(
        call,
        "decisions/traces.html",
        title="Traces",
        tabs=tabs(call),
        rows=[story(one, book) for one in found.rows],
        paging=Paging(PATH, given, found.total, _LIMIT, query.offset),
        given=given,
        offers=filters.choice("offerId", "Offer considered", "Any offer", book.offers.values(), query.offer_id),
        curl=charts.curl(call, tables.link(_API, {**given, "limit": _LIMIT, "offset": query.offset or None})),
        write=WRITE,
    )


def _offer(book: Book, public_id: str) -> int | None:
    if not public_id:
        return None
    number = book.find("offer", public_id)
    if number is None:
        raise NotFound(f"There is no offer '{public_id}'.", field="offerId")
    return number


async def trace(call: Call[Any, bytes]) -> Reply:
    """One decision, told."""
    own = call.path["trace_id"]
    found = await call.services.decisions.trace(own, call.scope)
    if found is None:
        raise NotFound(f"There is no decision trace '{own[:64]}'.", field="trace_id")
    book = await call.services.control.books.get(call.scope.organisation_id)
    told = story(found, book)
    return await render(
        call,
        "decisions/trace.html",
        title=f"Decision for {told.customer_id}",
        crumbs=[("Decisions", "/decisions"), ("Traces", PATH)],
        told=told,
        by_customer=tables.link(PATH, {"customerId": told.customer_id}),
        curl=charts.curl(call, f"{_API}/{told.id}"),
    )


ENDPOINTS = [
    page(PATH, traces, READ, "Decision traces", TracesQuery),
    page(f"{PATH}/{{trace_id}}", trace, READ, "A decision"),
]
