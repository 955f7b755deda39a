"""Schemathesis over the whole API description: no server errors and nothing that is not described.

The server is a real one, over a socket. Generated requests carry a real key and
often real ids, so that they reach further than a 404.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.crash.processes import Process, make_creatives, register
from tests.offered import offered
from tests.openapi import conformity
from tests.tracked import key_of, tracked

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "12"))
CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
SCHEMA = schemathesis.openapi.from_dict(conformity.document())
OPERATIONS = [one.ok() for one in SCHEMA.get_all_operations()]

pytestmark = pytest.mark.slow


class Fuzzed:
    """A server with something in it, and the credential and ids to reach that."""

    def __init__(self, process: Process) -> None:
        self.url = process.url
        self.headers = register(process)
        campaign, (creative,) = make_creatives(process, self.headers, 1)
        with process.client(self.headers) as client:
            tree = client.get("/api/v2/campaigns/data_tree").json()["data"]
            workspace = client.get("/api/v2/workspaces").json()["data"][0]["id"]
            self.ids: dict[str, Any] = {
                "dataset": "ad-events",
                "workspace_id": workspace,
                "campaign_id": campaign,
                "creative_group_id": int(tree[0]["creativeGroups"][0]["id"]),
                "creative_id": creative,
                "id[]": [campaign],
                "creative_id[]": [creative],
                "workspaces[]": [workspace],
                "metric[]": ["impressions"],
            }
            at = f"/api/v2/creatives/{creative}/components"
            component = client.post(at, json={"component_type": "Goal"}).json()
            self.ids["component_id"] = component["data"]["id"]
            report = {"name": "R", "workspace_id": workspace, "resource": "campaign", "ids": [campaign]}
            made = client.post("/api/v2/reports", json={**report, "metrics": ["impressions"]})
            self.ids["report_id"] = made.json()["data"]["id"]

            async def make(path: str, body: dict[str, Any]) -> str:
                made = client.post(path, json=body).json()
                return str(made.get("data", made)["id"])

            self.ids.update(asyncio.run(tracked(make)))
            self.ids.update(asyncio.run(offered(make)))
            wanted = {"customerId": "ada", "channelId": self.ids["channelId"]}
            self.ids["user_id"] = client.get("/api/v1/auth/me").json()["user"]["id"]
            self.ids["company_id"] = int(client.get("/api/v1/auth/me").json()["user"]["company_id"])
            outlets = f"/api/v1/companies/{self.ids['company_id']}/outlets"
            self.ids["outlet_id"] = client.post(outlets, json={"name": "O"}).json()["outlet"]["outlet_id"]
            hook = {"url": "http://127.0.0.1:9/nobody", "events": ["report.ready"]}
            webhook = client.post("/api/v1/webhooks", json=hook).raise_for_status().json()["webhook"]["webhook_id"]
            delivery = client.post(f"/api/v1/webhooks/{webhook}/test").raise_for_status().json()["delivery"]
            self.ids.update(webhook_id=webhook, delivery_id=delivery["delivery_id"])
            upload = {"file": ("people.csv", b"id,name\n1,Ada\n")}
            source = client.post("/api/v1/data-sources/upload", files=upload, data={"source_name": "S"}).json()
            self.ids["connection_id"] = source["data_source"]["connection_id"]
            agent = client.post("/api/v1/agents", json={"name": "A"}).raise_for_status().json()["agent"]["agent_id"]
            let_out = {"agent_id": agent, "platform": "web"}
            deployed = client.post("/api/v1/deployments/messaging", json=let_out).raise_for_status().json()
            self.ids.update(agent_id=agent, deployment_id=deployed["deployment"]["deployment_id"])
            method = client.post("/api/v1/billing/payment-methods", json={"type": "manual"}).json()
            self.ids["payment_method_id"] = method["payment_method"]["id"]
            decided = client.post("/api/v1/recommend", json=wanted).json()
            self.ids["recommendationId"] = decided["recommendationId"]
            self.ids["/api/v1/decision-traces"] = decided["meta"]["traceId"]

    def with_real_ids(self, part: Any, path: str) -> Any:
        """The same part of a request to ``path``, ids replaced by real ones.

        A copy, since a generated body can be an example that the description itself holds.
        """
        if not isinstance(part, dict):
            return part
        real = {name: self.ids.get(key_of(path, name)) for name in part}
        return {**part, **{name: one for name, one in real.items() if one is not None}}


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fuzzed]:
    folder: Path = tmp_path_factory.mktemp("fuzz") / "data"
    with Process(folder, allow_private_hosts=True) as process:
        yield Fuzzed(process)


def test_the_ids_are_those_that_routes_take(fuzzed: Fuzzed) -> None:
    """Else the requests below would all end at a 404."""
    taken = {key_of(one.path, part.name) for one in OPERATIONS for part in one.path_parameters}
    assert taken - set(fuzzed.ids) == {"key_id", "invoice_id", "mail_token"}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.label)
@pytest.mark.timeout(120)
def test_nothing_breaks_the_server_or_its_description(fuzzed: Fuzzed, operation: Any) -> None:
    modes = [operation.as_strategy(generation_mode=mode) for mode in schemathesis.GenerationMode]

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.one_of(modes), st.booleans())
    def run(case: Any, with_real_ids: bool) -> None:
        if with_real_ids:
            for part in ("path_parameters", "query", "body"):
                setattr(case, part, fuzzed.with_real_ids(getattr(case, part), operation.path))
        response = case.call(base_url=fuzzed.url, headers=fuzzed.headers)
        case.validate_response(response, checks=CHECKS)
        conformity.check(_as_httpx(response))

    run()


def _as_httpx(response: Any) -> httpx.Response:
    headers = [(name, value) for name, values in response.headers.items() for value in values]
    request = httpx.Request(response.request.method, response.request.url)
    return httpx.Response(response.status_code, headers=headers, content=response.content, request=request)
