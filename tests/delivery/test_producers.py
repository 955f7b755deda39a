"""What happens on this server is told: annotations of people and of its own, and rollups."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from headwater.control.creators.creators import Creators
from headwater.control.creators.projects import Projects
from headwater.control.creators.rules import CreatorFields, ProjectFields
from headwater.control.report_schedules import issues
from headwater.jobs.registry import jobs, rebuild_all
from headwater.reporting.scheduled import ScheduledReports
from tests.delivery.receiver import Receiver
from tests.delivery.telling import Hook, Teller
from tests.mailed import prove, schedule
from tests.tracked import ANNOTATIONS, CREATORS, track


@pytest.fixture
async def hook(teller: Teller, receiver: Receiver) -> Hook:
    return await teller.hook(receiver.url(), "annotation.created", "rollup.completed")


async def told(teller: Teller, receiver: Receiver) -> list[dict[str, Any]]:
    """The bodies that came since it was last asked."""
    await teller.deliver()
    bodies = [one.body for one in receiver.received]
    receiver.received.clear()
    return bodies


async def as_read(teller: Teller, annotation_id: str) -> dict[str, Any]:
    """An annotation as the API answers it, without what is not told."""
    page = (await teller.company.get(ANNOTATIONS, limit=100)).json()["data"]
    (found,) = [one for one in page if one["id"] == annotation_id]
    names = ("id", "source", "kind", "scope", "entity_id", "at", "title", "body_md")
    return {name: found[name] for name in names}


async def test_annotations_of_people_and_of_the_server(teller: Teller, receiver: Receiver, hook: Hook) -> None:
    ids = await track(teller.company)
    bodies = await told(teller, receiver)
    assert {body["type"] for body in bodies} == {"annotation.created"}
    data = {body["data"]["kind"]: body["data"] for body in bodies}
    assert data.keys() == {"tracking_started", "item_added", "user"}
    for one in data.values():
        assert one == await as_read(teller, one["id"])
    assert (data["user"]["id"], data["user"]["entity_id"]) == (ids[ANNOTATIONS], ids[CREATORS])


async def test_those_of_many_creators_at_once(teller: Teller, receiver: Receiver, hook: Hook) -> None:
    control, organisation_id = teller.server.services.control, teller.company.organisation_id
    scope = await control.access.operator_scope(organisation_id)
    async with control.unit_of_work() as uow:
        project = await Projects(uow.session, scope).create(ProjectFields(name="Many"))
        many = [CreatorFields(handle=f"creator{number}") for number in range(30)]
        creators = await Creators(uow.session, scope).create_many(project, many)
    bodies = await told(teller, receiver)
    assert [body["data"]["entity_id"] for body in bodies] == list(creators)
    for body in bodies[:3]:
        assert body["data"] == await as_read(teller, body["data"]["id"])


async def test_one_that_is_refused_is_not_told(teller: Teller, receiver: Receiver, hook: Hook) -> None:
    ids = await track(teller.company)
    await told(teller, receiver)
    body = {"scope": "creator", "entity_id": ids[CREATORS], "title": "x" * 201}
    assert (await teller.company.request("POST", ANNOTATIONS, json=body)).status_code == 400
    assert await told(teller, receiver) == []


async def test_rollups(teller: Teller, receiver: Receiver, hook: Hook) -> None:
    await track(teller.company)
    await told(teller, receiver)
    control, rebuilt = teller.server.services.control, []

    async def rebuild(organisation_id: int, everything: bool) -> None:
        rebuilt.append((organisation_id, everything))

    (often,) = [one for one in jobs(control, teller.server.clock, rebuild) if one.name == "rollup-creators"]
    await often.run()
    assert [body["data"] for body in await told(teller, receiver)] == [{"rollup": "creators", "rebuilt": "stale"}]
    await rebuild_all(control, rebuild)
    (body,) = await told(teller, receiver)
    assert (body["type"], body["data"]) == ("rollup.completed", {"rollup": "creators", "rebuilt": "all"})
    assert rebuilt == [(teller.company.organisation_id, False), (teller.company.organisation_id, True)]


async def test_a_rollup_that_failed_is_not_told(teller: Teller, receiver: Receiver, hook: Hook) -> None:
    async def fails(organisation_id: int, everything: bool) -> None:
        raise OSError

    with pytest.raises(ExceptionGroup):
        await rebuild_all(teller.server.services.control, fails)
    assert await told(teller, receiver) == []


async def test_a_report_that_is_put_out(teller: Teller, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    await teller.hook(receiver.url(), "report.ready")
    company, server = teller.company, teller.server
    await prove(company, company.email)
    hierarchy = await company.hierarchy()
    body = {"name": "Winter", "workspace_id": hierarchy.workspace, "resource": "campaign", "ids": [hierarchy.campaign]}
    report = await company.make("/api/v2/reports", **body, metrics=["impressions"], relative="this_month")
    await schedule(company, report, recipients=[company.email])
    server.clock.now = server.clock.now.replace(day=4, hour=6, minute=0)
    mailing = ScheduledReports(server.services.control, server.services.reporting)
    with monkeypatch.context() as broken:
        broken.setattr(issues, "_advance", lambda *_: 1 / 0)
        await mailing.mail()
    assert await told(teller, receiver) == []
    server.clock.advance(timedelta(minutes=2))
    for _ in range(2):
        await mailing.mail()
    assert [one["data"] for one in await told(teller, receiver)] == [
        {
            "report_id": report,
            "name": "Winter",
            "period": "1 May 2025 to 4 May 2025 (UTC)",
            "slot": "2025-05-04T06:00:00Z",
            "format": "csv",
            "file_name": "Winter.csv",
            "recipients": 1,
        }
    ]
