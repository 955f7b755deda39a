"""Nothing of one organisation is visible to another: every route × every id, taken from the router.

For each place of a route where an id can stand (path, query, body), a stranger
sends an id that exists elsewhere and one that exists nowhere; the two answers
must be the same but for the id itself. A route with a new kind of id makes this
test fail until ``_ids`` knows how to make one.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest
import pytest_asyncio

from headwater.app import endpoints
from headwater.surfaces._http.endpoint import Endpoint
from tests.decided import TRACES, decide
from tests.mailed import schedule
from tests.offered import ENTITIES, offer
from tests.openapi.conformity import IS_CONSOLE
from tests.serving import Company, Server, event, serving
from tests.staffed import staff
from tests.stores import EVERY_INSTALLATION, facts, rows
from tests.tracked import ANNOTATIONS, CAMPAIGNS, CREATORS, PROJECTS, UNKNOWN, VIDEOS, key_of, track

UNKNOWN_NUMBER = 900_000_001
UNKNOWN_KEY = "key_0000000000000000000000"
pytestmark = pytest.mark.asyncio(loop_scope="module")
# The pages of the console are held to the same in tests/console.
ROUTES = [one for one in endpoints() if one.access is not None and not IS_CONSOLE(one.path)]
_PATH = re.compile(r"\{(\w+)\}")
_NOT_IDS = {"dataset"}
# What callers call things that this server does not keep apart by company, or has never heard of.
_FREE = {"external_id", "entityId", "customerId", "requestId"}
# What some routes need though their structs have a default for it, so that they can say so in their own words.
_ALSO_SENT = {"format", "entity", "entity_id", "metric"}


class Strangers:
    """Two companies of one server: ``owner`` has ``ids``, ``stranger``, who has ``own``, asks for them."""

    def __init__(
        self, server: Server, owner: Company, stranger: Company, ids: dict[str, Any], own: dict[str, Any]
    ) -> None:
        self.server = server
        self.owner = owner
        self.stranger = stranger
        self.ids = ids
        self.own = own


async def _ids(owner: Company, called: str) -> dict[str, Any]:
    """One of everything that has an id, by the name under which routes take it; ``called`` is in all their names."""
    found = await owner.hierarchy()
    for path in (f"campaigns/{found.campaign}", f"creative_groups/{found.group}", f"creatives/{found.creative}"):
        assert (await owner.request("PUT", f"/api/v2/{path}", json={"name": called})).status_code == 200
    component = await owner.make(
        f"/api/v2/creatives/{found.creative}/components", component_type="Statement", content=called
    )
    await owner.send([event(found.creative, domain=f"{called.lower()}.example")])
    report = {"name": called, "workspace_id": found.workspace, "resource": "campaign", "ids": [found.campaign]}
    report_id = await owner.make("/api/v2/reports", **report, metrics=["impressions"])
    await schedule(owner, report_id)
    keys = (await owner.get("/api/v1/account/api-keys")).json()["api_keys"]
    offered = await offer(owner, called)
    return {
        "workspace_id": found.workspace,
        "campaign_id": found.campaign,
        "creative_group_id": found.group,
        "creative_id": found.creative,
        "component_id": component,
        "report_id": report_id,
        "key_id": keys[0]["id"],
        "id[]": found.campaign,
        "creative_id[]": found.creative,
        "workspaces[]": found.workspace,
        "ids": [found.campaign],
        **await track(owner, f"{called} drop"),
        **offered,
        **await decide(owner, offered),
        **await staff(owner, called),
    }


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=EVERY_INSTALLATION)
async def strangers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Strangers]:
    # One for all tests: what a stranger is refused changes nothing, and each test looks whether it did.
    folder = tmp_path_factory.mktemp("strangers")
    with facts(request.param.facts) as store, rows(request.param.rows) as url:
        async with serving(folder, facts=store, control_url=url) as server:
            owner, stranger = await server.company("Owner"), await server.company("Stranger")
            yield Strangers(server, owner, stranger, await _ids(owner, "Secret"), await _ids(stranger, "Mine"))


def _slots(endpoint: Endpoint) -> list[tuple[str, str]]:
    """Where ids can stand: (place, name)."""
    slots = [("path", key_of(endpoint.path, name)) for name in _PATH.findall(endpoint.path) if name not in _NOT_IDS]
    for place, struct in (("query", endpoint.query), ("body", endpoint.body)):
        for field in msgspec.structs.fields(struct) if struct else ():
            name = field.encode_name
            is_id = name.removesuffix("[]").endswith(("_id", "Id", "ids", "workspaces")) or name == "id[]"
            if is_id and name not in _FREE:
                slots.append((place, name))
    return slots


def _unknown(name: str, foreign: object) -> object:
    if name == "key_id":
        return UNKNOWN_KEY
    if isinstance(foreign, str):
        return UNKNOWN
    return [UNKNOWN_NUMBER] if isinstance(foreign, list) else UNKNOWN_NUMBER


async def _send(strangers: Strangers, endpoint: Endpoint, slot: tuple[str, str], value: object) -> httpx.Response:
    """The stranger's request, right in everything but ``slot``."""
    place, name = slot
    ids = strangers.own
    path_ids = {**ids, **({name: value} if place == "path" else {})}
    path = _PATH.sub(lambda match: str(path_ids.get(key_of(endpoint.path, match[1]), "ad-events")), endpoint.path)
    body = dict(endpoint.body_example) if isinstance(endpoint.body_example, dict) else {}
    body.update({key: ids[key] for key in body if key in ids})
    if place == "body":
        body[name] = value
    params = _params(endpoint, ids)
    if place == "query":
        params[name] = value
    return await strangers.stranger.request(endpoint.method, path, params=params, json=body if endpoint.body else None)


def _params(endpoint: Endpoint, ids: dict[str, Any]) -> dict[str, Any]:
    fixed = {
        "resource": "campaign",
        "time_from": "2025-04-01",
        "time_to": "2025-04-30",
        "time_frame": "day",
        "metric[]": "base",
        "format": "json",
        "entity": "creator",
        "metric": "views",
    }
    fields = msgspec.structs.fields(endpoint.query) if endpoint.query else ()
    return {
        field.encode_name: fixed.get(field.encode_name, ids.get(field.encode_name))
        for field in fields
        if field.required or field.encode_name in _ALSO_SENT
    }


def _without(answer: httpx.Response, value: object) -> str:
    shown = value[0] if isinstance(value, list) else value
    return answer.text.replace(str(shown), "ID")


CASES = [
    pytest.param(endpoint, slot, id=f"{endpoint.method} {endpoint.path} {slot[0]} {slot[1]}")
    for endpoint in ROUTES
    for slot in _slots(endpoint)
]


@pytest.mark.parametrize(("endpoint", "slot"), CASES)
async def test_a_foreign_id_answers_like_an_unknown_one(
    strangers: Strangers, endpoint: Endpoint, slot: tuple[str, str]
) -> None:
    foreign = strangers.ids[slot[1]]
    unknown = _unknown(slot[1], foreign)
    before = await _everything(strangers.owner)
    answers = [await _send(strangers, endpoint, slot, value) for value in (foreign, unknown)]
    assert answers[0].status_code == answers[1].status_code
    assert answers[0].status_code in (200, 201, 400, 404)
    if answers[0].status_code != 201:
        assert _without(answers[0], foreign) == _without(answers[1], unknown)
    assert await _everything(strangers.owner) == before


async def _everything(owner: Company) -> list[str]:
    paths: tuple[str, ...] = (
        "/api/v2/campaigns/data_tree",
        "/api/v2/reports",
        "/api/v2/workspaces",
        "/api/v2/creatives",
    )
    paths += (PROJECTS, CREATORS, VIDEOS, CAMPAIGNS, ANNOTATIONS, *ENTITIES, TRACES)
    return [(await owner.get(path)).text for path in paths]


async def test_lists_hold_the_caller_s_own_rows_only(strangers: Strangers) -> None:
    lists = [
        endpoint
        for endpoint in ROUTES
        if endpoint.method == "GET"
        and not _PATH.search(endpoint.path)
        and not endpoint.path.startswith("/v2")
        and endpoint.path != "/api/v1/analytics"
    ]
    assert lists
    for endpoint in lists:
        answer = await strangers.stranger.get(endpoint.path)
        assert answer.status_code == 200, endpoint.path
        assert "Secret" not in answer.text


async def test_a_foreign_creative_takes_no_facts(strangers: Strangers) -> None:
    lines = [event(strangers.ids["creative_id"]), event(UNKNOWN_NUMBER)]
    messages = []
    for line in lines:
        answer = await strangers.stranger.request(
            "POST", "/api/v1/ingest/ad-events", json=[line], headers={"content-type": "application/json"}
        )
        assert answer.status_code == 400
        messages.append(answer.text.replace(str(line["creative_id"]), "ID"))
    assert messages[0] == messages[1]


async def test_every_route_without_a_credential_is_refused(strangers: Strangers) -> None:
    for endpoint in ROUTES:
        path = _PATH.sub("1", endpoint.path)
        answer = await strangers.server.client.request(endpoint.method, path)
        assert answer.status_code == 401, endpoint.path
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_x_tenant_id_must_be_the_caller_s_own(strangers: Strangers) -> None:
    own = strangers.stranger
    for tenant, status in ((own.organisation_id, 200), (strangers.owner.organisation_id, 403), ("nonsense", 403)):
        answer = await own.request("GET", "/api/v2/workspaces", headers={"x-tenant-id": str(tenant)})
        assert answer.status_code == status
