"""How a source fares, and who is told when that changes."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.rules import one_line
from headwater.control.sources.models import LONGEST_ERROR, DataSource
from headwater.control.webhooks.outbox import post_event


async def mark_connected(session: AsyncSession, source: DataSource) -> None:
    """It answered."""
    before, source.status, source.last_error = source.status, "connected", None
    if before != "connected":
        await post_event(session, source.organisation_id, "data_source.connected", _told(source))


async def mark_error(session: AsyncSession, source: DataSource, reason: str) -> None:
    """It cannot be reached, or not be read, for ``reason``."""
    before, source.status, source.last_error = source.status, "error", one_line(reason, LONGEST_ERROR)
    if before == "connected":
        await post_event(
            session, source.organisation_id, "data_source.error", {**_told(source), "error": source.last_error}
        )


def _told(source: DataSource) -> dict[str, str]:
    return {"connection_id": source.id, "source_name": source.source_name, "engine": source.engine}
