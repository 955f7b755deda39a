"""A server with the demo's data at a fixed time, and a company beside it that has data of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from headwater.demo import fill
from headwater.scope import Scope
from headwater.tools.metrics import MetricTools
from tests.serving import Company, Server, event, serving

NOW = datetime(2026, 11, 27, 12, 30, tzinfo=UTC)
"""A Friday."""


@dataclass(frozen=True)
class Demoed:
    """The demo's organisation as ``scope``; ``other`` is another one's."""

    server: Server
    tools: MetricTools
    scope: Scope
    other: Scope
    company: Company


@asynccontextmanager
async def demoed(folder: Path) -> AsyncIterator[Demoed]:
    """The demo, filled in anew: the same data every time."""
    async with serving(folder) as server:
        server.clock.now = NOW
        services = server.services
        await fill.fill(services, server.clock, folder, lambda _: None)
        demo = await services.control.access.operator_scope(1)
        company = await server.company("Rival Secret Holding")
        hierarchy = await company.hierarchy()
        await company.send([event(hierarchy.creative, ts="2026-11-18T09:30:00Z", domain="rivalnews.example")])
        other = await services.control.access.operator_scope(company.organisation_id)
        tools = MetricTools(
            services.control, services.engine, services.series, services.totals, services.decisions, server.clock
        )
        yield Demoed(server, tools, demo, other, company)
