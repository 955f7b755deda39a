"""People and keys who try to become more than they are: by role, by key, by fields that are not theirs to set."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from headwater.control.record import Record
from headwater.control.users.models import User
from headwater.scope import Role
from tests.promises import people
from tests.promises.routes import ENDS_LOGINS, WITH_JSON, Ids, name
from tests.serving import Company

_NUMBER = 987_654_321
_TEXT = "planted-by-somebody"
_TIME = "2001-02-03T04:05:06Z"
PLANTED: dict[str, Any] = {
    **dict.fromkeys(("id", "organisation_id", "org_id", "tenant_id", "user_id", "company_id", "owner_id"), _NUMBER),
    **dict.fromkeys(("credentials_version", "requests_per_hour", "retention_days", "monthly_credits"), _NUMBER),
    **dict.fromkeys(("password_hash", "secret_hash", "secret", "plan", "status_code", "__class__"), _TEXT),
    **dict.fromkeys(("created_at", "updated_at", "last_used", "used_at"), _TIME),
    "role": "owner",
    "is_operator": True,
    "is_verified": True,
    "is_admin": True,
}
"""Fields of rows, and what somebody would like to have in them."""


async def planted(company: Company) -> list[str]:
    """Where the values stand in the control plane."""
    marks = {_NUMBER, _TEXT, datetime.fromisoformat(_TIME).astimezone(UTC)}
    found = []
    async with company.server.services.control.reading() as session:
        for table in Record.metadata.sorted_tables:
            for row in await session.execute(select(table)):
                found += [f"{table.name}.{key}" for key, value in row._mapping.items() if _marked(value, marks)]
    return found


def _marked(value: object, marks: set[object]) -> bool:
    if isinstance(value, datetime) and value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    return isinstance(value, (int, str, datetime)) and not isinstance(value, bool) and value in marks


async def powers(company: Company) -> dict[str, tuple[str, bool, int]]:
    """Everybody's role, whether they operate the server, and their company."""
    async with company.server.services.control.reading() as session:
        rows = (await session.scalars(select(User))).all()
    return {row.email: (row.role, bool(row.is_operator), row.organisation_id) for row in rows}


@pytest.mark.parametrize("role", [Role.editor, Role.admin])
async def test_fields_that_a_route_does_not_have_set_nothing(ids: Ids, role: Role) -> None:
    company = ids.company
    email = await people.hire(company, role)
    headers = await people.token(company, email)
    before = await powers(company)
    for endpoint in [one for one in WITH_JSON if one.path not in ENDS_LOGINS]:
        assert endpoint.body
        known = {one.encode_name for one in msgspec.structs.fields(endpoint.body)}
        asked = ids.right(endpoint)
        body = {**{key: value for key, value in PLANTED.items() if key not in known}, **json.loads(asked.content)}
        answer = await asked.but(content=json.dumps(body).encode()).send(company.server.client, **headers)
        company.server.client.cookies.clear()
        assert answer.status_code < 500, f"{name(endpoint)}: {answer.text}"
        assert await planted(company) == [], name(endpoint)
    after = await powers(company)
    # A member's role may be changed by who has the right to it; nobody else's, and not one's own.
    assert (after[email], after[company.email]) == (before[email], before[company.email])
    assert [one for one, (_, operator, _) in after.items() if operator] == [company.email]


async def test_what_was_planted_would_be_found(company: Company) -> None:
    async with company.server.services.control.unit_of_work() as unit:
        user = (await unit.session.scalars(select(User))).first()
        assert user is not None
        user.credentials_version, user.password_hash = _NUMBER, _TEXT
        user.created_at = datetime.fromisoformat(_TIME)
    assert await planted(company) == ["user.password_hash", "user.credentials_version", "user.created_at"]


async def test_nobody_edits_their_own_role(ids: Ids) -> None:
    company = ids.company
    for role in (Role.viewer, Role.editor, Role.admin):
        email = await people.hire(company, role)
        headers = await people.token(company, email)
        me = (await company.server.client.get("/api/v1/auth/me", headers=headers)).json()["user"]
        users = f"/api/v1/companies/{me['company_id']}/users"
        for path, method, body in (
            (f"{users}/{me['id']}", "PUT", {"role": "owner"}),
            (users, "POST", {"email": "accomplice@example.com", "role": "owner"}),
            ("/api/v1/account/profile", "PUT", {"full_name": "Me", "role": "owner", "is_operator": True}),
        ):
            answer = await company.server.client.request(method, path, json=body, headers=headers)
            assert answer.status_code == (200 if "profile" in path else 403), f"{role.name} {path}: {answer.text}"
        again = (await company.server.client.get("/api/v1/auth/me", headers=headers)).json()["user"]
        assert again["role"] == role.name


async def test_a_key_makes_no_stronger_key_and_no_stronger_person(company: Company) -> None:
    owner = (await company.get("/api/v1/auth/me")).json()["user"]
    users = f"/api/v1/companies/{owner['company_id']}/users"
    for permissions in (("admin",), ("admin", "read"), ("read", "write")):
        headers = await people.key(company, *permissions)
        made = await company.server.client.post(
            "/api/v1/account/api-keys",
            json={"name": "more", "permissions": ["read", "write", "admin"]},
            headers=headers,
        )
        assert made.status_code == 403, permissions
    email = await people.hire(company, Role.admin)
    admin = await people.token(company, email)
    made = await company.server.client.post(
        "/api/v1/account/api-keys", json={"name": "k", "permissions": ["read", "write", "admin"]}, headers=admin
    )
    key = {"authorization": f"Bearer {made.json()['api_key']['key']}"}
    for method, path, body in (
        ("PUT", f"{users}/{owner['id']}", {"role": "viewer"}),
        ("DELETE", f"{users}/{owner['id']}", None),
        ("POST", users, {"email": "accomplice@example.com", "role": "owner"}),
    ):
        answer = await company.server.client.request(method, path, json=body, headers=key)
        assert answer.status_code == 403, f"{method} {path}: {answer.text}"
