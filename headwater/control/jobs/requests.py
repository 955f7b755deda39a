"""Whose rollups are to be rebuilt: asked for in the transaction of what made them stale.

await request_rollup(uow.session, organisation_id)
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.db import surroundings
from headwater.control.jobs.models import RollupRequest


class Requested(NamedTuple):
    """A request as it stood when it was read."""

    organisation_id: int
    times: int


async def request_rollup(session: AsyncSession, organisation_id: int) -> None:
    """Have an organisation's rollups rebuilt soon."""
    now = surroundings(session).clock()
    known = await session.get(RollupRequest, organisation_id)
    if known is None:
        session.add(RollupRequest(organisation_id=organisation_id, requested_at=now, times=1))
    else:
        known.times += 1
    await session.flush()


async def requested(session: AsyncSession) -> list[Requested]:
    """All that are waiting, who has waited longest first."""
    query = select(RollupRequest.organisation_id, RollupRequest.times)
    rows = await session.execute(query.order_by(RollupRequest.requested_at, RollupRequest.organisation_id))
    return [Requested._make(row) for row in rows]


async def fulfilled(session: AsyncSession, request: Requested) -> None:
    """A request is done; one that was made again since then stays."""
    same = (RollupRequest.organisation_id == request.organisation_id, RollupRequest.times == request.times)
    await session.execute(delete(RollupRequest).where(*same))
