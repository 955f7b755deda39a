"""Every route of the router as a request that is right, for tests that spoil one thing in each.

The routes are taken from the application itself: a new one is tested by being
there, and one that needs an id of a new kind fails until ``Ids`` knows how to make it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import msgspec
import pytest

import headwater.app
from headwater.app import endpoints
from headwater.surfaces._http.endpoint import Call, Endpoint, Reply
from headwater.surfaces._http.multipart import MEDIA_TYPE
from headwater.surfaces.accounts.payments import WEBHOOK
from tests.decided import decide
from tests.mailed import stop_token
from tests.offered import offer
from tests.openapi.conformity import IS_CONSOLE
from tests.payments.stripe_stand_in import nothing_of_ours, signature
from tests.platforms.callers import HANDSHAKE
from tests.promises import people
from tests.serving import PASSWORD, STRIPE_SECRET, Company, event
from tests.staffed import staff
from tests.tracked import key_of, track

# The pages of the console keep promises of their own, in tests/console.
ROUTES = [one for one in endpoints() if not IS_CONSOLE(one.path)]
GUARDED = [one for one in ROUTES if one.access is not None]
WITH_BODY = [one for one in ROUTES if one.body or one.raw_body]
WITH_JSON = [one for one in ROUTES if one.body]
ENDS_LOGINS = {"/v2/logout", "/api/v1/account/password"}
"""What logs the caller out, who could send nothing after it."""
POSTS = [one for one in ROUTES if one.method == "POST"]

_PATH = re.compile(r"\{(\w+)\}")
# What a route needs though its struct has a default for it, so that it can say so in its own words.
_TOGETHER = {"entity", "entity_id", "metric"}
# Each is good once, so every request that needs one takes another.
_SPARES = 60
_QUERY = {
    "entity": "creator",
    "metric": "views",
    "resource": "campaign",
    "time_from": "2025-04-01",
    "time_to": "2025-04-30",
    "time_frame": "day",
    "metric[]": "base",
    "format": "csv",
}


def name(endpoint: Endpoint) -> str:
    """What a failing test calls the route."""
    return f"{endpoint.method} {endpoint.path}"


@dataclass(frozen=True)
class Asked:
    """A request to be sent, by whoever."""

    method: str
    path: str
    params: dict[str, Any] = field(default_factory=dict)
    content: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    def but(self, **changes: Any) -> Asked:
        """The same with something else in it; headers are added to those that are there."""
        if "headers" in changes:
            changes["headers"] = {**self.headers, **changes["headers"]}
        return replace(self, **changes)

    async def send(self, client: httpx.AsyncClient, **headers: str) -> httpx.Response:
        """Send it with a credential, or without; Stripe signs whatever it sends."""
        if self.path == WEBHOOK:
            headers = {"stripe-signature": signature(self.content, STRIPE_SECRET), **headers}
        return await client.request(
            self.method,
            self.path,
            params=self.params or None,
            content=self.content,
            headers={**self.headers, **headers},
        )


class Ids:
    """One of everything of a company that has an id, by the name under which routes take it."""

    def __init__(self, company: Company, ids: dict[str, Any], spares: people.Spares) -> None:
        self.company = company
        self._ids = ids
        self._spares = spares
        self._made = 0

    @classmethod
    async def of(cls, company: Company) -> Ids:
        """Make them."""
        found = await company.hierarchy()
        creative = found.creative
        component = await company.make(f"/api/v2/creatives/{creative}/components", component_type="Goal")
        report = {"name": "R", "workspace_id": found.workspace, "resource": "campaign", "ids": [found.campaign]}
        key = await company.request("POST", "/api/v2/tokens", json={"name": "to be deleted"})
        await company.send([event(creative, domain="one.example")])
        offered = await offer(company)
        report_id = await company.make("/api/v2/reports", **report, metrics=["impressions"])
        return cls(
            company,
            {
                "dataset": "ad-events",
                "workspace_id": found.workspace,
                "campaign_id": found.campaign,
                "creative_group_id": found.group,
                "creative_id": creative,
                "component_id": component,
                "report_id": report_id,
                "mail_token": await stop_token(company, report_id),
                "key_id": key.json()["data"]["id"],
                "id[]": found.campaign,
                "creative_id[]": creative,
                "ids": [found.campaign],
                **await track(company),
                **offered,
                **await decide(company, offered),
                **await staff(company),
            },
            await people.spares(company, _SPARES),
        )

    @property
    def creative(self) -> int:
        """The creative, which has one impression."""
        return int(self._ids["creative_id"])

    @property
    def campaign(self) -> int:
        """Its campaign."""
        return int(self._ids["campaign_id"])

    def right(self, endpoint: Endpoint) -> Asked:
        """A request to the route that is done when it is sent; each is a new one where that matters."""
        self._made += 1
        path = _PATH.sub(lambda match: str(self._ids[key_of(endpoint.path, match[1])]), endpoint.path)
        fields = msgspec.structs.fields(endpoint.query) if endpoint.query else ()
        known = {one.encode_name for one in fields}
        names = {one.encode_name for one in fields if one.required} | (_TOGETHER if known >= _TOGETHER else set())
        params = {name: self._parameter(name) for name in sorted(names)}
        asked = Asked(endpoint.method, path, params)
        if endpoint.path.endswith("/inbound") and endpoint.method == "GET":
            # Of those that ask by GET whether anybody is there.
            return asked.but(path=path.replace(self._ids["deployment_id"], self._ids["whatsapp_id"]), params=HANDSHAKE)
        if endpoint.path == WEBHOOK:
            return asked.but(content=nothing_of_ours(), headers={"content-type": "application/json"})
        if endpoint.raw_body == (MEDIA_TYPE,):
            form = {"content-type": f"{MEDIA_TYPE}; boundary=boundary"}
            return asked.but(content=endpoint.body_example.encode(), headers=form)
        if endpoint.raw_body[:1] == ("application/json",):
            content = json.dumps(endpoint.body_example).encode()
            return asked.but(content=content, headers={"content-type": "application/json"})
        if endpoint.raw_body:
            line = json.dumps(event(self._ids["creative_id"])).encode()
            return asked.but(content=line, headers={"content-type": "application/x-ndjson"})
        if endpoint.body is None:
            return asked
        body, headers = self._body(endpoint), {"content-type": "application/json"}
        if "idempotencyKey" in body:
            # As a header, where tests of keys put their own.
            headers["idempotency-key"] = f"{body.pop('idempotencyKey')}-{self._made}"
        return asked.but(content=json.dumps(body).encode(), headers=headers)

    def _parameter(self, parameter: str) -> Any:
        return _QUERY[parameter] if parameter in _QUERY else self._ids[parameter]

    def _body(self, endpoint: Endpoint) -> dict[str, Any]:
        body = dict(endpoint.body_example)
        body.update({key: self._ids[key] for key in body if key in self._ids})
        if "key" in body:
            body["key"] = f"{body['key']}_{self._made}"
        if "refresh_token" in body:
            body["refresh_token"] = self._spares.refresh.pop()
        elif endpoint.path.endswith("/password/reset"):
            body["token"] = self._spares.password_reset.pop()
        elif endpoint.path.endswith("/verify-email"):
            body["token"] = self._spares.email_verification.pop()
        elif "/auth/register" in endpoint.path:
            body["email"] = f"new{self._made}@example.com"
        elif "current_password" in body:
            body.update(current_password=PASSWORD, password=PASSWORD)
        elif "password" in body:
            body.update(email=self.company.email, password=PASSWORD)
        return body


def with_handler(
    patch: pytest.MonkeyPatch,
    handler: Callable[[Call[Any, Any]], Awaitable[Reply]],
    routes: list[Endpoint] = ROUTES,
) -> None:
    """Have servers that are started from now on run ``handler`` in place of those of ``routes``."""
    names = {name(one) for one in routes}
    served = [replace(one, handler=handler) if name(one) in names else one for one in ROUTES]
    patch.setattr(headwater.app, "endpoints", lambda: served)
