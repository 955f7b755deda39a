"""Promise: what a credential lacks in permission, or its person in role, is refused on every route."""

from __future__ import annotations

import httpx
import pytest

from headwater.scope import Role
from tests.openapi.refusals import refusal
from tests.promises import people
from tests.promises.routes import ENDS_LOGINS, GUARDED, Ids, name
from tests.serving import Company

CAN_READ = [one for one in GUARDED if one.access and one.access.role == Role.viewer]
CAN_EDIT = [one for one in GUARDED if one.access and one.access.role == Role.editor]
CAN_RULE = [one for one in GUARDED if one.access and one.access.role == Role.admin]
_ASKS = {
    "/api/v1/data-sources/query",
    "/api/v1/agents/{agent_id}/execute",
    "/api/v1/agents/{agent_id}/preview/test",
    "/mcp",
}


def lacking(answer: httpx.Response) -> list[str]:
    """The permission or role that would have done, as the answer's form tells it."""
    details = refusal(answer).details
    return list(details.values()) if details else list(answer.json()["meta"]["required"])


def test_what_reads_needs_viewer_what_changes_needs_editor_and_tokens_need_admin() -> None:
    for endpoint in GUARDED:
        tokens = "/tokens" in endpoint.path or "/api-keys" in endpoint.path or "/audit-log" in endpoint.path
        members = "/users" in endpoint.path and endpoint.method != "GET"
        own = endpoint.path in ("/v2/logout", "/api/v1/account/profile", "/api/v1/account/password")
        # Reads, and spends credits.
        own = own or endpoint.path in _ASKS
        reads = endpoint.method == "GET" or own
        settings = endpoint.path == "/api/v1/org" and endpoint.method != "GET"
        webhooks, billing = "/webhooks" in endpoint.path, "/billing/" in endpoint.path
        lets_out = "/deployments" in endpoint.path and endpoint.method != "GET"
        rules = tokens or members or settings or webhooks or billing or lets_out
        expected = CAN_RULE if rules else CAN_READ if reads else CAN_EDIT
        assert endpoint in expected, name(endpoint)


@pytest.mark.parametrize("permissions", [("read",), ("write",), ("admin",), ("read", "write"), ("read", "admin")])
async def test_keys_do_what_their_permissions_allow(ids: Ids, permissions: tuple[str, ...]) -> None:
    headers = await people.key(ids.company, *permissions)
    for endpoint in GUARDED:
        assert endpoint.access
        answer = await ids.right(endpoint).send(ids.company.server.client, **headers)
        if endpoint.access.permission in permissions:
            # A key may make keys, but none that is stronger than itself.
            stronger = answer.status_code == 403 and refusal(answer).details.get("field") == "permissions"
            assert answer.status_code != 403 or stronger, name(endpoint)
        else:
            assert answer.status_code == 403, name(endpoint)
            assert lacking(answer) == [endpoint.access.permission]


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("way", ["token", "session"])
async def test_people_do_what_their_role_allows(ids: Ids, role: Role, way: str) -> None:
    email = await people.hire(ids.company, role)
    if way == "token":
        headers = await people.token(ids.company, email)
    else:
        cookie, csrf = await people.session(ids.company, email)
        headers = {**cookie, "x-csrf-token": csrf}
    for endpoint in GUARDED:
        if endpoint.path in ENDS_LOGINS:
            continue
        assert endpoint.access
        answer = await ids.right(endpoint).send(ids.company.server.client, **headers)
        if role >= endpoint.access.role:
            assert answer.status_code != 403, name(endpoint)
        else:
            assert answer.status_code == 403, name(endpoint)
            assert lacking(answer) in ([endpoint.access.role.name], [endpoint.access.permission])


async def test_a_key_falls_with_its_maker_s_role(company: Company) -> None:
    email = await people.hire(company, Role.admin)
    admin = await people.token(company, email)
    made = await company.server.client.post(
        "/api/v2/tokens", json={"name": "mine", "permissions": ["read", "write", "admin"]}, headers=admin
    )
    key = {"authorization": f"Bearer {made.json()['data']['token']}"}
    assert (await company.server.client.get("/api/v2/tokens", headers=key)).status_code == 200
    await people.demote(company, email, Role.viewer)
    client = company.server.client
    assert (await client.get("/api/v2/tokens", headers=key)).status_code == 403
    assert (await client.post("/api/v2/workspaces", json={"name": "x"}, headers=key)).status_code == 403
    assert (await client.get("/api/v2/workspaces", headers=key)).status_code == 200


async def test_nobody_gives_a_key_more_than_they_have(company: Company) -> None:
    weak = await people.key(company, "admin", "read")
    answer = await company.server.client.post(
        "/api/v2/tokens", json={"name": "strong", "permissions": ["write"]}, headers=weak
    )
    assert answer.status_code == 403
    assert answer.json()["details"]["field"] == "permissions"
