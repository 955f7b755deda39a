"""What belongs to another organisation answers exactly as what does not exist."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from headwater.control import Control
from headwater.control.entities.kinds import KINDS, Kind
from headwater.control.entities.rules import EntityChange
from headwater.control.entities.service import Entities
from headwater.control.saved_reports.service import ReportFields, SavedReports
from headwater.control.tokens.api_keys import ApiKeys
from headwater.errors import NotFound

from .founding import Founded, grow, make_key

Attempt = Callable[[Any], Awaitable[object]]


async def _answer(control: Control, by: Founded, service: Any, attempt: Attempt) -> tuple[str, object]:
    async with control.unit_of_work() as uow:
        with pytest.raises(NotFound) as refusal:
            await attempt(service(uow.session, by.scope))
    return refusal.value.message, refusal.value.details


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("verb", ["get", "update", "archive"])
async def test_foreign_entities(control: Control, nord: Founded, syd: Founded, kind: Kind, verb: str) -> None:
    foreign = (await grow(control, syd))[kind]
    more = (EntityChange(name="Stolen"),) if verb == "update" else ()
    answers = [
        await _answer(control, nord, Entities, lambda entities, at=entity_id: getattr(entities, verb)(kind, at, *more))
        for entity_id in (foreign, 999)
    ]
    assert answers[0][0].replace(str(foreign), "999") == answers[1][0]
    assert answers[0][1] == answers[1][1]
    async with control.reading() as session:
        entities = Entities(session, syd.scope)
        assert (await entities.get(kind, foreign)).name != "Stolen"
        assert not (await entities.get(kind, foreign)).archived


async def test_lists_trees_and_external_ids_hold_own_entities_only(
    control: Control, nord: Founded, syd: Founded
) -> None:
    ids = await grow(control, syd)
    async with control.unit_of_work() as uow:
        entities = Entities(uow.session, syd.scope)
        for kind in KINDS:
            await entities.update(kind, ids[kind], EntityChange(external_id="x"))
    async with control.reading() as session:
        entities = Entities(session, nord.scope)
        for kind in KINDS:
            assert (await entities.list(kind, archived=True))[1] == (1 if kind == "workspace" else 0)
            assert await entities.by_external_id(kind, ["x"]) == {}
        assert [node.id for node in await entities.tree()] == [nord.workspace_id]


async def test_foreign_keys(control: Control, nord: Founded, syd: Founded) -> None:
    key_id, secret = await make_key(control, syd.scope)
    answers = [
        await _answer(control, nord, ApiKeys, lambda keys, at=at: keys.revoke(at)) for at in (key_id, "key_unknown")
    ]
    assert answers[0][0].replace(key_id, "key_unknown") == answers[1][0]
    assert (await control.access.authenticate(None, secret, None)).credential_id == key_id
    async with control.reading() as session:
        assert await ApiKeys(session, nord.scope).list() == []


async def test_foreign_reports_and_reports_in_foreign_workspaces(control: Control, nord: Founded, syd: Founded) -> None:
    def fields(workspace_id: int) -> ReportFields:
        return ReportFields(name="R", workspace_id=workspace_id, resource="creative", ids=(1,), metrics=("plays",))

    async with control.unit_of_work() as uow:
        foreign = (await SavedReports(uow.session, syd.scope).create(fields(syd.workspace_id))).id
        own = (await SavedReports(uow.session, nord.scope).create(fields(nord.workspace_id))).id
    attempts: list[Attempt] = [
        lambda reports: reports.get(foreign),
        lambda reports: reports.replace(foreign, fields(nord.workspace_id)),
        lambda reports: reports.delete(foreign),
    ]
    for attempt in attempts:
        assert await _answer(control, nord, SavedReports, attempt) == (
            f"There is no report {foreign}.",
            {"field": "id"},
        )
    for attempt in (
        lambda reports: reports.create(fields(syd.workspace_id)),
        lambda reports: reports.replace(own, fields(syd.workspace_id)),
        lambda reports: reports.list(syd.workspace_id),
    ):
        assert (await _answer(control, nord, SavedReports, attempt))[1] == {"field": "workspace_id"}
    async with control.reading() as session:
        rows, total = await SavedReports(session, nord.scope).list()
    assert ([row.id for row in rows], total) == ([own], 1)


async def test_foreign_audit_events(control: Control, nord: Founded, syd: Founded) -> None:
    async with control.reading() as session:
        rows, total = await control.audit.list(session, nord.scope, 10, 0)
    assert ([row.target for row in rows], total) == ([nord.user.email], 1)
