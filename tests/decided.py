"""A decision of a company's, for tests that walk all routes; it was sent, so that it need not be made."""

from __future__ import annotations

from typing import Any

from headwater.surfaces.decisions.recommend_contract import RESPOND_EXAMPLE
from tests.serving import Company

TRACES = "/api/v1/decision-traces"


async def decide(company: Company, ids: dict[str, Any]) -> dict[str, Any]:
    """What routes take of it, each by its name; ``ids`` are those of the offers."""
    recommendation, trace = f"rec_{company.organisation_id}", f"trace_{company.organisation_id}"
    offer = ids["offerId"]
    record = {
        "id": trace,
        "at": "2025-05-01T10:00:00Z",
        "customer_id": RESPOND_EXAMPLE["customerId"],
        "channel_id": ids["channelId"],
        "request_id": recommendation,
        "candidates": [offer],
        "selected_offers": [{"offer_id": offer, "rank": RESPOND_EXAMPLE["rank"]}],
    }
    sent = await company.request("POST", "/api/v1/ingest/decision-traces", json=[record])
    assert sent.status_code == 200, sent.text
    return {"recommendationId": recommendation, TRACES: trace}
