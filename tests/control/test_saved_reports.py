"""Saved reports: read back as written, paged, replaced, removed."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from headwater.control import Control
from headwater.control.entities.rules import NewEntity
from headwater.control.entities.service import Entities
from headwater.control.saved_reports.service import ReportFields, SavedReports
from headwater.errors import InvalidRequest, NotFound
from headwater.kit.clock import FixedClock

from .founding import Founded


def _fields(**given: object) -> ReportFields:
    fields = {"name": "Weekly", "resource": "creative", "ids": (3, 1), "metrics": ("impressions", "plays")}
    return msgspec.convert(fields | given, ReportFields)


async def _create(control: Control, by: Founded, **given: object) -> int:
    async with control.unit_of_work() as uow:
        return (
            await SavedReports(uow.session, by.scope).create(_fields(**({"workspace_id": by.workspace_id} | given)))
        ).id


async def test_a_report_is_read_back_as_it_was_made(control: Control, clock: FixedClock, nord: Founded) -> None:
    report_id = await _create(control, nord, name=" Weekly ")
    async with control.reading() as session:
        row = await SavedReports(session, nord.scope).get(report_id)
    assert (row.name, row.ids, row.metrics) == ("Weekly", [3, 1], ["impressions", "plays"])
    assert (row.time_frame, row.relative, row.breakdown, row.chart) == ("day", "last_30_days", "none", "line")
    assert (row.created_by, row.created_at, row.updated_at) == (nord.user.id, clock(), clock())


async def test_replacing_keeps_id_maker_and_time_of_creation(
    control: Control, clock: FixedClock, nord: Founded
) -> None:
    report_id = await _create(control, nord, chart="bar")
    clock.advance(timedelta(days=1))
    window = {"time_from": "2026-02-01", "time_to": "2026-02-28", "relative": None}
    async with control.unit_of_work() as uow:
        await SavedReports(uow.session, nord.scope).replace(
            report_id, _fields(workspace_id=nord.workspace_id, ids=(9,), **window)
        )
    async with control.reading() as session:
        row = await SavedReports(session, nord.scope).get(report_id)
    assert (row.ids, row.time_from, row.time_to, row.relative, row.chart) == (
        [9],
        "2026-02-01",
        "2026-02-28",
        None,
        "line",
    )
    assert row.updated_at - row.created_at == timedelta(days=1)
    assert row.created_by == nord.user.id


async def test_lists_are_newest_first_by_workspace_and_paged(control: Control, nord: Founded) -> None:
    async with control.unit_of_work() as uow:
        other, _ = await Entities(uow.session, nord.scope).create("workspace", NewEntity(name="Other"))
    made = [await _create(control, nord, workspace_id=at) for at in (nord.workspace_id, other.id, nord.workspace_id)]
    async with control.reading() as session:
        reports = SavedReports(session, nord.scope)

        async def listed(*how: int | None) -> tuple[list[int], int]:
            rows, total = await reports.list(*how)
            return [row.id for row in rows], total

        assert await listed() == (made[::-1], 3)
        assert await listed(None, 1, 1) == ([made[1]], 3)
        assert await listed(nord.workspace_id) == ([made[2], made[0]], 2)


async def test_a_removed_report_is_gone_and_its_id_is_not_used_again(control: Control, nord: Founded) -> None:
    report_id = await _create(control, nord)
    async with control.unit_of_work() as uow:
        reports = SavedReports(uow.session, nord.scope)
        await reports.delete(report_id)
        with pytest.raises(NotFound):
            await reports.delete(report_id)
    assert await _create(control, nord) > report_id


async def test_a_name_is_held_to_its_rule(control: Control, nord: Founded) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        await _create(control, nord, name="")
    assert refusal.value.details["field"] == "name"


async def test_a_workspace_must_be_a_workspace(control: Control, nord: Founded) -> None:
    for workspace_id in (0, 999, 2**63):
        with pytest.raises(NotFound) as refusal:
            await _create(control, nord, workspace_id=workspace_id)
        assert refusal.value.details["field"] == "workspace_id"
