"""Members of the demo's company who look at its pages."""

from __future__ import annotations

import html
import re
import shlex
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from headwater.control.users.models import User
from headwater.scope import Role
from tests.control.founding import CHEAP_HASHER
from tests.demoed import NOW, Demoed
from tests.serving import PASSWORD


class Visitor:
    """A member of the demo's company with a session."""

    def __init__(self, demo: Demoed, headers: dict[str, str], token: str) -> None:
        self._demo = demo
        self.headers = headers
        self._token = token

    async def get(self, path: str, status: int = 200) -> str:
        """A page, as people read it."""
        answer = await self._demo.server.client.get(path, headers=self.headers)
        assert answer.status_code == status, answer.text[:500]
        return html.unescape(answer.text)

    async def post(self, path: str, **fields: Any) -> httpx.Response:
        """A form."""
        data = {**fields, "csrf_token": self._token}
        return await self._demo.server.client.post(path, data=data, headers=self.headers)


async def visitor(demo: Demoed, role: Role) -> Visitor:
    """A new member with this role, signed in."""
    services, email = demo.server.services, f"{role.name}@demo.example"
    async with services.control.unit_of_work() as uow:
        uow.session.add(
            User(
                organisation_id=demo.scope.organisation_id,
                email=email,
                full_name=role.name,
                password_hash=CHEAP_HASHER.hash(PASSWORD),
                role=role.name,
                created_at=NOW,
            )
        )
    client = demo.server.client
    answer = await client.post("/v2/login", json={"email": email, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    client.cookies.clear()
    return Visitor(demo, {"cookie": cookie}, answer.json()["csrf_token"])


def curl(page: str, part: str) -> str:
    """The path of the call on a page that holds this."""
    (url,) = {one for one in re.findall(r"'(http[^']+)'", page) if part in one}
    split = urlsplit(url)
    assert parse_qs(split.query)
    return f"{split.path}?{split.query}"


async def key(demo: Demoed) -> dict[str, str]:
    """A token of the viewer."""
    body = {"email": "viewer@demo.example", "password": PASSWORD}
    answer = await demo.server.client.post("/api/v1/auth/login", json=body)
    return {"authorization": f"Bearer {answer.json()['token']}"}


async def calls_are_answered(demo: Demoed, page: str) -> set[str]:
    """Does every call that a page shows, with a key of the viewer; which there were."""
    headers = {**await key(demo), "content-type": "application/json"}
    asked: set[str] = set()
    for command in re.findall(r"<code>(curl [^<]*)</code>", page):
        _, _, header, *given, url = shlex.split(command.replace("\\\n", " "))
        assert header.startswith("Authorization: Bearer $")
        method, content = ("POST", given[-1]) if given else ("GET", None)
        answer = await demo.server.client.request(method, url, headers=headers, content=content)
        assert answer.status_code == 200, command
        asked.add(f"{method} {urlsplit(url).path}?{urlsplit(url).query}{content or ''}")
    return asked
