"""Every page and form of the router, as people with a session ask for them.

They are taken from the application itself: a new page is tested by being there. One that
needs an id of a new kind fails until ``ids`` knows it, and a form fails until ``FIELDS`` does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

import httpx

from headwater.app import endpoints
from headwater.console import assets
from headwater.control.saved_reports import sharing
from headwater.scope import Role
from headwater.surfaces._http.endpoint import Endpoint
from tests.decided import TRACES, decide
from tests.offered import offer
from tests.openapi.conformity import IS_CONSOLE
from tests.promises import people
from tests.serving import PASSWORD, Company
from tests.staffed import staff
from tests.tracked import CAMPAIGNS, VIDEOS, track

CONSOLE = [one for one in endpoints() if IS_CONSOLE(one.path) and not one.path.startswith(assets.PREFIX)]
PAGES = [one for one in CONSOLE if one.method == "GET"]
FORMS = [one for one in CONSOLE if one.method == "POST"]
ROLES = tuple(Role)
_DRAFT = {"name": "Report", "draft": "workspace=1&id=2&metric=impressions"}
_MARK = {"on": "2025-05-01", "title": "Launch"}
FIELDS: dict[str, dict[str, Any]] = {
    "/ads/reports": _DRAFT,
    "/ads/reports/{report_id}": _DRAFT,
    "/ads/reports/{report_id}/delete": {},
    "/ads/reports/{report_id}/schedule": {"recipients": "a@b.example"},
    "/ads/reports/{report_id}/schedule/delete": {},
    "/ads/reports/{report_id}/share": {"days": "7"},
    "/agents/new": {"name": "Ana"},
    "/agents/{agent_id}/change": {"name": "Ana"},
    "/agents/{agent_id}/delete": {},
    "/agents/{agent_id}/deployments/new": {"platform": "web"},
    "/agents/{agent_id}/deployments/{deployment_id}/delete": {},
    "/data-sources/connect": {"kind": "sqlite", "source_name": "Shop", "database": "Drop.sqlite"},
    "/data-sources/upload": {"source_name": "Mine"},
    "/data-sources/{source_id}/change": {"source_name": "Drop", "database": "Drop.sqlite", "mode": "offline"},
    "/data-sources/{source_id}/delete": {},
    "/data-sources/{source_id}/query": {"query": "SELECT 1"},
    "/data-sources/{source_id}/sync": {},
    "/data-sources/{source_id}/test": {},
    "/creators/people/{creator_id}/annotations": _MARK,
    "/creators/videos/{video_id}/annotations": _MARK,
    "/creators/campaigns/{creator_campaign_id}/annotations": _MARK,
    "/decisions/try": {"customerId": "c", "channelId": "ch", "request": "try_1"},
    "/sign-in": {"email": "owner1@example.com", "password": PASSWORD},
    "/sign-out": {},
    "/register": {"company_name": "C", "full_name": "N", "email": "new@example.com", "password": PASSWORD},
    "/invitation": {"invite_token": "t", "full_name": "N", "email": "new@example.com", "password": PASSWORD},
    "/forgot": {"email": "owner1@example.com"},
    "/reset": {"token": "t", "password": PASSWORD},
    "/verify": {"token": "t"},
    "/settings/profile": {"full_name": "Ada"},
    "/settings/profile/password": {"current_password": PASSWORD, "password": PASSWORD},
    "/settings/profile/verification": {},
    "/settings/organisation": {"name": "C", "analytics_tz": "Europe/Oslo"},
    "/settings/members": {"email": "new@example.com", "role": "viewer"},
    "/settings/members/{user_id}/role": {"role": "viewer"},
    "/settings/members/{user_id}/remove": {},
    "/settings/members/invitations/{invitation_id}/withdraw": {},
    "/settings/api-keys": {"name": "K", "permissions": ["read"]},
    "/settings/api-keys/{key_id}/revoke": {},
    "/settings/billing/top-up": {"amount": "5", "payment_method_id": "pm_1", "request": "request-1"},
    "/settings/billing/cards": {"session": "cs_1"},
    "/settings/billing/cards/new": {},
    "/settings/billing/methods": {},
    "/settings/billing/methods/{payment_method_id}/remove": {},
    "/settings/webhooks": {"url": "https://example.com/h", "events": ["report.ready"]},
    "/settings/webhooks/{webhook_id}": {"url": "https://example.com/h", "events": ["report.ready"]},
    "/settings/webhooks/{webhook_id}/status": {"status": "disabled"},
    "/settings/webhooks/{webhook_id}/secret": {},
    "/settings/webhooks/{webhook_id}/delete": {},
    "/settings/webhooks/{webhook_id}/test": {},
    "/settings/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver": {},
}


IN_PARTS = {one.path for one in FORMS if one.takes_files}
Parts = tuple[tuple[str, bytes], ...]


def parts(*files: tuple[str, bytes]) -> list[tuple[str, tuple[str, bytes]]]:
    """Files as a form sends them; as browsers do where none was chosen, if there are none."""
    return [("file", one) for one in files or (("", b""),)]


def name(endpoint: Endpoint) -> str:
    """What a failing test calls it."""
    return f"{endpoint.method} {endpoint.path}"


def filled(endpoint: Endpoint, ids: dict[str, Any]) -> str:
    """Its path with ids."""
    return re.sub(r"\{(\w+)\}", lambda match: str(ids[match[1]]), endpoint.path)


async def ids_of(company: Company) -> dict[str, Any]:
    """One of everything that a page of the console has an id of."""
    ids = await staff(company)
    invited = await company.request(
        "POST",
        f"/api/v1/companies/{company.organisation_id}/users",
        json={"email": f"guest{company.organisation_id}@example.com", "role": "viewer"},
    )
    key = await company.request("POST", "/api/v2/tokens", json={"name": "key"})
    return {
        **ids,
        **await _ads(company),
        **await _measured(company),
        "source_id": ids["connection_id"],
        "invitation_id": invited.json()["invitation"]["id"],
        "key_id": key.json()["data"]["id"],
    }


async def _ads(company: Company) -> dict[str, Any]:
    """A campaign and what is in it, and a report about it with a link."""
    found = await company.hierarchy()
    about = {"workspace_id": found.workspace, "resource": "campaign", "ids": [found.campaign]}
    report = await company.make("/api/v2/reports", name="Report", metrics=["impressions"], **about)
    services = company.server.services
    scope = await services.control.access.operator_scope(company.organisation_id)
    async with services.control.unit_of_work() as uow:
        link = await sharing.share(uow.session, scope, report, 7)
    return {
        "campaign_id": found.campaign,
        "creative_group_id": found.group,
        "creative_id": found.creative,
        "report_id": report,
        "share_token": link.token,
    }


async def _measured(company: Company) -> dict[str, Any]:
    """A creator, a video, a campaign that holds it, an offer, and a decision about it."""
    tracked, offered = await track(company), await offer(company)
    decided = await decide(company, offered)
    return {
        "trace_id": decided[TRACES],
        "creator_id": tracked["creator_id"],
        "video_id": tracked[VIDEOS],
        "creator_campaign_id": tracked[CAMPAIGNS],
        "offer_id": offered["offerId"],
    }


@dataclass
class Browser:
    """Somebody with a session; ``token`` is that of their forms."""

    company: Company
    headers: dict[str, str]
    token: str

    @classmethod
    async def of(cls, company: Company, role: Role | None = None) -> Browser:
        """A new colleague of this role, or the company's first owner."""
        email = company.email if role is None else await people.hire(company, role)
        return cls(company, *await people.session(company, email))

    async def get(self, path: str) -> httpx.Response:
        """A page."""
        return await self.company.server.client.get(path, headers=self.headers)

    async def post(self, path: str, /, csrf: str | None = None, **fields: Any) -> httpx.Response:
        """A form, with its own token or another."""
        data = {**fields, "csrf_token": self.token if csrf is None else csrf}
        files = parts() if path in IN_PARTS else None
        return await self.company.server.client.post(path, data=data, files=files, headers=self.headers)

    async def upload(self, path: str, files: Parts, **fields: Any) -> httpx.Response:
        """A form with files: pairs of a file's name and what is in it."""
        data = {**fields, "csrf_token": self.token}
        return await self.company.server.client.post(path, data=data, files=parts(*files), headers=self.headers)


class Page(HTMLParser):
    """What a page links to, loads and sends to; and where markup stands that a strict policy would stop."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.posts: list[str] = []
        self.inline: list[str] = []
        self.text = ""
        self.feed(answer.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Gather."""
        given = {key: value or "" for key, value in attrs}
        self.inline += [f"<{tag} {key}>" for key in given if key == "style" or key.startswith("on")]
        if tag == "style" or (tag == "script" and "src" not in given and given.get("type") != "application/json"):
            self.inline.append(f"<{tag}>")
        if tag == "a":
            self.links.append(given["href"])
        elif tag == "form" and given.get("method") == "post":
            self.posts.append(given["action"])
        elif tag == "form":
            self.links.append(given["action"])
        self.loads += [
            given[key] for key in ("src", "href", "data-vega") if key in given and (tag != "a" or key != "href")
        ]

    def handle_data(self, data: str) -> None:
        """Gather."""
        self.text += data


def endpoint_of(method: str, path: str) -> Endpoint | None:
    """The route of a path; of two, the one without parameters."""
    plain = path.partition("?")[0].partition("#")[0]
    fitting = [
        one
        for one in endpoints()
        if one.method == method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", one.path), plain)
    ]
    return min(fitting, key=lambda one: "{" in one.path, default=None)
