"""Queries that cost credits, for whichever surface asks them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headwater.control.billing.credits import Work
from headwater.sources.schema import Cell
from headwater.surfaces._http.endpoint import Call
from headwater.tools.data import SqlAnswer


async def paid_query(
    call: Call[Any, Any], source_id: str, query: str, params: Mapping[str, Cell], limit: int | None = None
) -> SqlAnswer:
    """The answer of a data source; held before it is asked, charged in the request's transaction, free if it fails."""
    control, organisation = call.services.control, call.scope.organisation_id
    work = Work("data_query", reference=source_id)
    async with control.unit_of_work() as unit:
        hold = await control.credits.hold(unit.session, organisation, work)
    try:
        answer = await call.services.tools.data.run_sql(source_id, query, params, call.scope, limit)
    except BaseException:
        async with control.unit_of_work() as unit:
            await control.credits.release(unit.session, organisation, hold)
        raise
    await control.credits.charge((await call.writing()).session, organisation, work, hold)
    return answer
