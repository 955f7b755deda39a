"""Colleagues of a company's owner, put straight into the control plane: nobody can be invited yet."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update

from headwater.control.tokens.logins import issue_refresh_token
from headwater.control.users.models import User
from headwater.control.users.repository import by_email
from headwater.scope import Role
from tests.control.founding import CHEAP_HASHER
from tests.serving import PASSWORD, Company


async def hire(company: Company, role: Role) -> str:
    """A person of the company with this role; their e-mail address."""
    email = f"a_{role.name}{company.organisation_id}@example.com"
    server = company.server
    async with server.services.control.unit_of_work() as uow:
        uow.session.add(
            User(
                organisation_id=company.organisation_id,
                email=email,
                full_name=role.name,
                password_hash=CHEAP_HASHER.hash(PASSWORD),
                role=role.name,
                created_at=server.clock(),
            )
        )
    return email


async def token(company: Company, email: str) -> dict[str, str]:
    """The headers of a person who logs in for a token."""
    answer = await company.server.client.post("/api/v1/auth/login", json={"email": email, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return {"authorization": f"Bearer {answer.json()['token']}"}


async def session(company: Company, email: str) -> tuple[dict[str, str], str]:
    """The headers of a person who logs in for a cookie session, and its CSRF token."""
    client = company.server.client
    answer = await client.post("/v2/login", json={"email": email, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    # The client would send the cookie with every further request, whoever makes it.
    cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    client.cookies.clear()
    return {"cookie": cookie}, answer.json()["csrf_token"]


async def key(company: Company, *permissions: str) -> dict[str, str]:
    """The headers of a new API key of the owner."""
    answer = await company.request("POST", "/api/v2/tokens", json={"name": "key", "permissions": list(permissions)})
    assert answer.status_code == 201, answer.text
    return {"authorization": f"Bearer {answer.json()['data']['token']}"}


async def refresh_tokens(company: Company, count: int) -> list[str]:
    """Refresh tokens of the owner, each of a login of its own."""
    async with company.server.services.control.unit_of_work() as uow:
        owner = await by_email(uow.session, company.email)
        assert owner is not None
        return [await issue_refresh_token(uow.session, owner.id, 30) for _ in range(count)]


async def demote(company: Company, email: str, role: Role) -> None:
    """Give a person another role, as another process would: seen once the credentials are looked up again."""
    server = company.server
    async with server.services.control.unit_of_work() as uow:
        await uow.session.execute(update(User).where(User.email == email).values(role=role.name))
    server.clock.advance(timedelta(seconds=2))
