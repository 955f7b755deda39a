"""A company that tracks creators: snapshots sent as a scraper would, and series asked for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import httpx

from tests.contracts.creators.asking import data, made
from tests.serving import Company

TODAY = "2025-05-03"
"""The day on which the tests' clock stands, at 12:30 UTC."""

Value = int | float | None


class Tracking:
    """One project of a company."""

    def __init__(self, company: Company, project: str) -> None:
        self.company = company
        self.project = project
        self._made = 0

    async def creator(self, **fields: Any) -> str:
        """A new creator."""
        self._made += 1
        body = {"handle": f"creator{self._made}", **fields}
        return str((await made(self.company, f"/projects/{self.project}/creators", **body))["id"])

    async def video(self, creator: str | None = None, **fields: Any) -> str:
        """A new video."""
        self._made += 1
        body = {"external_id": f"v{self._made}", "creator_id": creator, **fields}
        return str((await made(self.company, f"/projects/{self.project}/videos", **body))["id"])

    async def campaign(self, *items: tuple[str, str], **fields: Any) -> str:
        """A new campaign that holds ``(type, id)`` items."""
        self._made += 1
        body = {"name": f"Campaign {self._made}", **fields}
        campaign = str((await made(self.company, f"/projects/{self.project}/campaigns", **body))["id"])
        for kind, item in items:
            await self.add(campaign, kind, item)
        return campaign

    async def add(self, campaign: str, kind: str, item: str) -> None:
        """Put something more into a campaign."""
        body = {"item_type": kind, "item_id": item}
        answer = await self.company.request("POST", f"/api/v1/campaigns/{campaign}/items", json=body)
        assert answer.status_code in (200, 201), answer.text

    async def remove(self, campaign: str, kind: str, item: str) -> None:
        """Take something out of a campaign."""
        body = {"item_type": kind, "item_id": item}
        answer = await self.company.request("DELETE", f"/api/v1/campaigns/{campaign}/items", json=body)
        assert answer.status_code == 200, answer.text

    async def read(self, video: str, *readings: tuple[str, int], **more: Any) -> None:
        """Send a video's views at some times."""
        rows = [{"video_id": video, "at": at, "views": views, **more} for at, views in readings]
        await send(self.company, "video-snapshots", rows)

    async def follow(self, creator: str, *readings: tuple[str, int]) -> None:
        """Send a creator's followers at some times."""
        rows = [{"creator_id": creator, "at": at, "followers": followers} for at, followers in readings]
        await send(self.company, "creator-snapshots", rows)

    async def ask(self, entity: str, ids: str | Sequence[str], metric: str = "views", **params: Any) -> Any:
        """The data of an answer."""
        answer = await self.asked(entity, ids, metric, **params)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert (body["error"], body["meta"]) == (None, None)
        return body["data"]

    async def asked(
        self, entity: str, ids: str | Sequence[str], metric: str = "views", **params: Any
    ) -> httpx.Response:
        """The answer, whatever it is; ``start`` and ``end`` stand for ``from`` and ``to``."""
        for name, short in (("from", "start"), ("to", "end")):
            if short in params:
                params[name] = params.pop(short)
        params = {"entity": entity, "entity_id": ids, "metric": metric, **params}
        return await self.company.get("/api/v1/analytics", **params)

    async def values(self, entity: str, ids: str, metric: str = "views", **params: Any) -> list[Value]:
        """The values of the one series."""
        (line,) = (await self.ask(entity, ids, metric, **params))["series"]
        return [point["value"] for point in line["points"]]

    async def total(self, entity: str, ids: str, metric: str = "views", **params: Any) -> Value:
        """The total of the one series."""
        (line,) = (await self.ask(entity, ids, metric, **params))["series"]
        total: Value = line["total"]
        return total


async def send(company: Company, dataset: str, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Ingest snapshots; the receipt."""
    answer = await company.request(
        "POST",
        f"/api/v1/ingest/{dataset}",
        content="\n".join(map(json.dumps, rows)),
        headers={"content-type": "application/x-ndjson"},
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def set_zone(company: Company, zone: str) -> None:
    """Change the organisation's time zone."""
    assert (await data(company, "PATCH", "/org", analytics_tz=zone))["analytics_tz"] == zone
