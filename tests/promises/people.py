"""Colleagues of a company's owner, put straight into the control plane: nobody can be invited yet."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import update

from headwater.control.db import surroundings
from headwater.control.tokens.logins import REFRESH
from headwater.control.tokens.models import MailedToken, RefreshToken
from headwater.control.users.models import User
from headwater.kit.ids import new_id, new_secret
from headwater.scope import Role
from tests.control.founding import CHEAP_HASHER
from tests.serving import PASSWORD, Company


async def hire(company: Company, role: Role) -> str:
    """A person of the company with this role; their e-mail address."""
    email = f"a_{role.name}{company.organisation_id}@example.com"
    server = company.server
    async with server.services.control.unit_of_work() as uow:
        uow.session.add(_person(company, email, role, CHEAP_HASHER.hash(PASSWORD)))
    return email


def _person(company: Company, email: str, role: Role, password_hash: str) -> User:
    return User(
        organisation_id=company.organisation_id,
        email=email,
        full_name=role.name,
        password_hash=password_hash,
        role=role.name,
        created_at=company.server.clock(),
    )


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


class Spares(NamedTuple):
    """Tokens that are good once."""

    refresh: list[str]
    password_reset: list[str]
    email_verification: list[str]


async def spares(company: Company, count: int) -> Spares:
    """So many of each sort, each of a person of their own, so that what is done with one spoils no other.

    All at once, since most tests need but a few of them.
    """
    made = Spares(*([new_secret(32) for _ in range(count)] for _ in Spares._fields))
    async with company.server.services.control.unit_of_work() as uow:
        around = surroundings(uow.session)
        times = {"created_at": around.clock(), "expires_at": around.clock() + timedelta(hours=1)}
        for purpose, secrets in made._asdict().items():
            emails = [f"{purpose}{number}of{company.organisation_id}@example.com" for number in range(count)]
            persons = [_person(company, email, Role.viewer, "unused") for email in emails]
            uow.session.add_all(persons)
            await uow.session.flush()
            for person, secret in zip(persons, secrets, strict=True):
                whose = {"user_id": person.id, "secret_hash": around.vault.keyed_hash(purpose, secret), **times}
                if purpose == REFRESH:
                    uow.session.add(RefreshToken(family_id=new_id("family"), **whose))
                else:
                    uow.session.add(MailedToken(purpose=purpose, **whose))
    return made


async def demote(company: Company, email: str, role: Role) -> None:
    """Give a person another role, as another process would: seen once the credentials are looked up again."""
    server = company.server
    async with server.services.control.unit_of_work() as uow:
        await uow.session.execute(update(User).where(User.email == email).values(role=role.name))
    server.clock.advance(timedelta(seconds=2))
