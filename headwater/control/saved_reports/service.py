"""Saved reports of one organisation. What a metric, a window or a chart may be is the surface's to check."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.db import surroundings
from headwater.control.entities.service import Entities
from headwater.control.rules import is_row_id, text
from headwater.control.saved_reports.models import SavedReport
from headwater.errors import NotFound
from headwater.scope import Scope


class ReportFields(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller says about a report; either ``time_from`` and ``time_to`` or ``relative`` hold."""

    name: str
    workspace_id: int
    resource: str
    ids: tuple[int, ...]
    metrics: tuple[str, ...]
    time_frame: str = "day"
    time_from: str | None = None
    time_to: str | None = None
    relative: str | None = "last_30_days"
    breakdown: str = "none"
    chart: str = "line"


class SavedReports:
    """The reports of the scope's organisation."""

    def __init__(self, session: AsyncSession, scope: Scope) -> None:
        self._session = session
        self._scope = scope

    async def create(self, fields: ReportFields) -> SavedReport:
        """A new report."""
        values = await self._checked(fields)
        now = surroundings(self._session).clock()
        report = SavedReport(
            organisation_id=self._scope.organisation_id,
            created_by=self._scope.user_id,
            created_at=now,
            updated_at=now,
            **values,
        )
        self._session.add(report)
        await self._session.flush()
        return report

    async def get(self, report_id: int) -> SavedReport:
        """The report of this id."""
        report = await self._session.get(SavedReport, report_id) if is_row_id(report_id) else None
        if report is None or report.organisation_id != self._scope.organisation_id:
            raise NotFound(f"There is no report {report_id}.", field="id")
        return report

    async def list(
        self, workspace_id: int | None = None, limit: int = 20, offset: int = 0
    ) -> tuple[Sequence[SavedReport], int]:
        """One page, newest first, and how many there are; of one workspace or of all."""
        wanted = [SavedReport.organisation_id == self._scope.organisation_id]
        if workspace_id is not None:
            await self._require_workspace(workspace_id)
            wanted.append(SavedReport.workspace_id == workspace_id)
        total = await self._session.scalar(select(func.count()).select_from(SavedReport).where(*wanted)) or 0
        newest = select(SavedReport).where(*wanted).order_by(SavedReport.id.desc()).limit(limit).offset(offset)
        return (await self._session.scalars(newest)).all(), total

    async def replace(self, report_id: int, fields: ReportFields) -> SavedReport:
        """Give a report other fields; id, maker and time of creation stay."""
        report = await self.get(report_id)
        for column, value in (await self._checked(fields)).items():
            setattr(report, column, value)
        report.updated_at = surroundings(self._session).clock()
        await self._session.flush()
        return report

    async def delete(self, report_id: int) -> None:
        """Remove a report."""
        await self._session.delete(await self.get(report_id))
        await self._session.flush()

    async def _checked(self, fields: ReportFields) -> dict[str, object]:
        await self._require_workspace(fields.workspace_id)
        values = msgspec.structs.asdict(fields)
        values["name"] = text(fields.name, "name", longest=255)
        values["ids"], values["metrics"] = [*fields.ids], [*fields.metrics]
        return values

    async def _require_workspace(self, workspace_id: int) -> None:
        try:
            await Entities(self._session, self._scope).get("workspace", workspace_id)
        except NotFound as error:
            raise NotFound(error.message, field="workspace_id") from None
