"""``GET /api/v1/dashboard-data``: eighteen types of figures about offers and decisions."""

from __future__ import annotations

from typing import Final

from headwater.errors import NotFound
from headwater.surfaces._http.endpoint import READ, Answers, Call, Endpoint, Reply
from headwater.surfaces.decisions.dashboard_body import body, warned
from headwater.surfaces.decisions.dashboard_contract import BODIES, DashboardQuery
from headwater.surfaces.decisions.dashboard_query import UnknownSegment, read_question

_EXAMPLE: Final = {
    "activeOffers": 15,
    "activeChannels": 4,
    "activeExperiments": 2,
    "totalJourneys": 3,
    "activeTriggers": 5,
    "pendingApprovals": 1,
}


async def dashboard_data(call: Call[DashboardQuery, bytes]) -> Reply:
    """The figures of one type."""
    engine, scope = call.services.decisions, call.scope
    # First: entities that change while they are read must not be taken for the new ones.
    generation = engine.entities_generation(scope)
    book = await call.services.control.books.get(scope.organisation_id)
    try:
        question = read_question(call.query, book)
    except UnknownSegment:
        segment = call.query.segment_id[:64]
        return Reply(warned(call.query.type, call.query.group_by, f"There is no segment '{segment}'."))
    answer = await engine.ask(question, book, scope, generation)
    return Reply(body(question, answer, book), keep=answer.fresh)


ENDPOINTS: Final = [
    Endpoint(
        "GET",
        "/api/v1/dashboard-data",
        dashboard_data,
        READ,
        "Figures about offers and decisions",
        "Decisions",
        {200: Answers("The figures; their shape is the type's.", BODIES, _EXAMPLE)},
        description="The window begins at 00:00 UTC, `days` days before today, and runs to now; daily series have"
        " `days` entries and end today. A conversion is a positive outcome, `converts` are outcomes called so."
        " A segment that is unknown or has no list yet answers nothing and a `warning`.",
        query=DashboardQuery,
        refuse_unknown=True,
        errors=(NotFound,),
    )
]
