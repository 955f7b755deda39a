"""Runs a saved report: question, answer, table, and the file of a table. The one way, asked for or scheduled."""

from __future__ import annotations

import re
from typing import Final

from limits import RateLimitItemPerMinute

from headwater.control import Control
from headwater.control.rate_limits import RateLimits
from headwater.control.saved_reports.models import SavedReport
from headwater.kit.clock import Clock
from headwater.mail import Attachment
from headwater.query.run import Engine
from headwater.reporting import mapping
from headwater.reports import FORMATS, ReportTable
from headwater.reports.pool import RenderPool
from headwater.scope import Scope

_LONGEST_NAME: Final = 80
_VISITS: Final = RateLimitItemPerMinute(60)


class Reporting:
    """Runs reports as of now."""

    def __init__(self, control: Control, engine: Engine, renderer: RenderPool, clock: Clock) -> None:
        self._control = control
        self._engine = engine
        self._renderer = renderer
        self._clock = clock
        self._visits = RateLimits("visits", control.shared, clock)

    async def take_visit(self, report: SavedReport) -> None:
        """Count a look at a shared report by whoever has its link, or refuse it with ``RateLimitExceeded``."""
        await self._visits.hit(_VISITS, str(report.id), "Too many look at this report just now")

    async def table(self, report: SavedReport, scope: Scope) -> ReportTable:
        """Columns and rows; errors are the engine's."""
        now = self._clock()
        answer = await self._engine.ask(mapping.question(report, now), scope)
        tree = await self._control.trees.get(scope.organisation_id)
        return mapping.table(report, answer, tree, now)

    async def file(self, report: SavedReport, table: ReportTable, format: str) -> Attachment:
        """A file of ``table``, drawn in another process; ``format`` is one of ``reports.FORMATS``."""
        content = await self.drawn(table, format)
        kind = FORMATS[format]
        return Attachment(f"{file_name(report.name, report.id)}.{kind.extension}", kind.media_type, content)

    async def drawn(self, table: ReportTable, format: str) -> bytes:
        """The content of such a file."""
        return await self._renderer.render(table, format)


def file_name(name: str, report_id: int) -> str:
    """What a file of a report is called, without its extension: letters that every system takes.

    >>> file_name("Winter: clicks/day", 7), file_name("冬", 7)
    ('Winter_clicks_day', 'report_7')
    """
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("_.")[:_LONGEST_NAME] or f"report_{report_id}"
