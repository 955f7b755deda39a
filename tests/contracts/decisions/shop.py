"""A small company that decides: two channels, four offers, a flow; made over HTTP with ids of its own."""

from __future__ import annotations

from typing import Any

import httpx

from tests.serving import Company

WEB, MAIL = "ch_web", "ch_mail"
ENTITIES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("channels", {"id": WEB, "name": "Web", "channelType": "web", "impressionMode": "implicit"}),
    ("channels", {"id": MAIL, "name": "Marketing Email", "channelType": "email"}),
    ("categories", {"id": "cat_cards", "name": "Cards"}),
    ("segments", {"id": "seg_vip", "name": "Best customers"}),
    ("offers", {"id": "off_gold", "name": "Gold", "status": "active", "priority": 90, "categoryId": "cat_cards"}),
    ("offers", {"id": "off_silver", "name": "Silver", "status": "active", "priority": 80, "businessValue": 50}),
    (
        "offers",
        {
            "id": "off_vip",
            "name": "Vip",
            "status": "active",
            "priority": 100,
            "eligibility": [{"ruleType": "segment_required", "config": {"requiredSegments": ["seg_vip"]}}],
        },
    ),
    ("offers", {"id": "off_draft", "name": "Draft", "priority": 100}),
    (
        "decision-flows",
        {"id": "flow_1", "key": "likely", "name": "Likely", "config": {"scoring": {"method": "propensity"}}},
    ),
    ("decision-flows", {"id": "flow_2", "key": "fit", "name": "Fit", "config": {"scoring": {"method": "formula"}}}),
)


class Shop:
    """The company, and short ways to ask it."""

    def __init__(self, company: Company) -> None:
        self.company = company

    async def make(self, kind: str, **fields: Any) -> None:
        """An entity."""
        answer = await self.company.request("POST", f"/api/v1/{kind}", json=fields)
        assert answer.status_code == 201, answer.text

    async def post(self, path: str, headers: dict[str, str] | None = None, **body: Any) -> httpx.Response:
        """A recommendation or a response that is sent as it is."""
        return await self.company.request("POST", f"/api/v1/{path}", json=body, headers=headers or {})

    async def recommend(self, customer: str = "c1", channel: str = "Web", **body: Any) -> dict[str, Any]:
        """A recommendation."""
        answer = await self.post("recommend", customerId=customer, channel=channel, **body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def respond(self, key: str, customer: str = "c1", **body: Any) -> dict[str, Any]:
        """A response."""
        answer = await self.post("respond", customerId=customer, idempotencyKey=key, **body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def ask(self, path: str, **params: Any) -> dict[str, Any]:
        """A GET that is answered."""
        answer = await self.company.get(f"/api/v1/{path}", **params)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


async def opened(company: Company) -> Shop:
    """The shop, with its entities."""
    shop = Shop(company)
    for kind, fields in ENTITIES:
        await shop.make(kind, **fields)
    for offer in ("off_gold", "off_silver", "off_vip", "off_draft"):
        for channel in (WEB, MAIL):
            own = f"cr_{offer.removeprefix('off_')}_{channel.removeprefix('ch_')}"
            await shop.make("creatives", id=own, name="As is", offerId=offer, channelId=channel)
    return shop


def offers(answer: dict[str, Any]) -> list[str]:
    """What a recommendation gives, best first."""
    return [one["offerId"] for one in answer["decisions"]]
