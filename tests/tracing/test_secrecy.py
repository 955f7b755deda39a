"""No span says what somebody sent, asked for, is called or proves to be with."""

from __future__ import annotations

from headwater.kit.tracing import ATTRIBUTES
from tests.serving import PASSWORD, Company, Hierarchy, event
from tests.tracing.conftest import Traced, said


async def test_no_span_bears_a_credential_an_address_or_a_value_of_a_question(
    traced: Traced, company: Company, hierarchy: Hierarchy
) -> None:
    client = company.server.client
    await client.post("/api/v1/auth/login", json={"email": company.email, "password": PASSWORD})
    await client.post("/api/v1/auth/login", json={"email": "eve@example.com", "password": "wrong horse battery"})
    await company.send([event(hierarchy.creative, domain="secret-domain.example")])
    window = {"since": "2025-04-17", "until": "2025-04-18", "resource": "creative", "id": hierarchy.creative}
    for _ in range(2):
        await company.get("/v2/aggregation-api/domains", **window)
    await company.get("/api/v2/campaigns/not-a-number-but-a-secret", q="eve@example.com")
    await company.request("POST", "/api/v1/webhooks", json={"url": "https://u:hunter2@example.com/hush", "events": []})
    await company.request("BREW-SECRET", "/api/v2/campaigns")
    trace = {"traceparent": f"00-{7:032x}-{7:016x}-01", "tracestate": "vendor=a-secret"}
    await company.request("GET", "/api/v2/campaigns", headers=trace)
    texts = "\n".join(
        f"{span.name} {said(span)} {span.status.description} {[event.attributes for event in span.events]}"
        f" {span.context}"
        for span in traced.spans
    )
    assert len(traced.spans) > 20
    assert any(span.context and span.context.trace_id == 7 for span in traced.spans)
    for secret in (
        company.key,
        company.email,
        PASSWORD,
        "eve@",
        "horse",
        "secret",
        "SECRET",
        "2025-04-1",
        "hunter2",
        "hush",
        "Winter campaign",
        "Feed slider",
    ):
        assert secret not in texts
    # Of the numbers, only those that the list of attributes allows.
    assert {name for span in traced.spans for name in said(span)} <= set(ATTRIBUTES.values())
