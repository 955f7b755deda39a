"""The demo's data at a fixed time in a directory of its own, and the metric tools over it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from argon2 import PasswordHasher

from headwater.app import Headwater
from headwater.control import provide
from headwater.demo import fill
from headwater.kit.clock import FixedClock
from headwater.outbound import HostGuard, Outbound
from headwater.scope import Scope
from headwater.settings import Settings
from headwater.tools.metrics import MetricTools

NOW = datetime(2026, 11, 27, 12, 30, tzinfo=UTC)
"""A Friday; the suites' questions are asked then."""


@dataclass(frozen=True)
class Demo:
    """What questions are asked with."""

    tools: MetricTools
    scope: Scope
    clock: FixedClock


@asynccontextmanager
async def demo() -> AsyncIterator[Demo]:
    """The demo, filled in anew: the same figures every time."""
    with TemporaryDirectory() as parent:
        folder, clock = Path(parent) / "data", FixedClock(NOW)
        settings = Settings(data_dir=str(folder))
        outbound = Outbound(HostGuard(allow_private=False))
        headwater = Headwater(settings, clock, provide(settings, clock, PasswordHasher(time_cost=1)), outbound)
        await headwater.start()
        try:
            services = headwater.services
            await fill.fill(services, clock, folder, lambda _: None)
            scope = await services.control.access.operator_scope(1)
            tools = MetricTools(
                services.control, services.engine, services.series, services.totals, services.decisions, clock
            )
            yield Demo(tools, scope, clock)
        finally:
            await headwater.stop()
