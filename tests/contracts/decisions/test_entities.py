"""Contract: decisions, "Entities", over HTTP: statuses, shapes, lists by cursor, errors, and what facts add."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from headwater.control.decisions.kinds import BY_KIND, KINDS, EntityKind
from headwater.scope import Role
from headwater.surfaces.decisions.entity_examples import EXAMPLES
from tests.offered import offer
from tests.promises.people import hire, key, token
from tests.serving import Company, Server

NOW = "2025-05-03T12:30:00Z"
SYSTEM = [
    *("impression", "click", "accept", "convert", "conversion", "requested_info", "share", "save", "dismiss"),
    *("not_interested", "opt_out", "complaint", "deferred", "expired", "not_presented"),
]
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)


async def ask(company: Company, method: str, path: str, status: int = 200, /, **body: Any) -> Any:
    """The whole answer."""
    more = {"json": body} if body else {}
    answer = await company.request(method, f"/api/v1/{path}", **more)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


async def made(company: Company, path: str, /, **body: Any) -> Any:
    """A new entity."""
    return await ask(company, "POST", path, 201, **body)


async def refused(company: Company, method: str, path: str, status: int, /, **body: Any) -> Any:
    """What a refusal says."""
    error = (await ask(company, method, path, status, **body))["error"]
    assert error["status"] == status
    return error


async def page(company: Company, path: str, **params: Any) -> Any:
    """One page of a list."""
    answer = await company.get(f"/api/v1/{path}", **params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def send(company: Company, dataset: str, *records: Mapping[str, Any]) -> None:
    """Ingest facts."""
    answer = await company.request(
        "POST",
        f"/api/v1/ingest/{dataset}",
        content="\n".join(map(json.dumps, records)),
        headers={"content-type": "application/x-ndjson"},
    )
    assert answer.status_code == 200, answer.text


class TestShapes:
    async def test_an_offer_is_a_bare_object_with_every_field(self, company: Company) -> None:
        made_one = await made(company, "offers", name="Card")
        assert made_one == {
            "id": made_one["id"],
            "name": "Card",
            "status": "draft",
            "priority": 50,
            "categoryId": None,
            "budget": None,
            "businessValue": 0,
            "eligibility": [],
            "schedule": None,
            "tags": [],
            "metadata": {},
            "createdAt": NOW,
            "updatedAt": NOW,
        }
        assert await ask(company, "GET", f"offers/{made_one['id']}") == made_one

    @every_kind
    async def test_what_was_sent_is_answered(self, company: Company, kind: EntityKind) -> None:
        ids = await offer(company)
        sent = {name: ids.get(name, value) for name, value in EXAMPLES[kind.kind].items()}
        found = await made(company, kind.path, **sent)
        shown = {name: found[name] for name in sent}
        if kind.kind == "offer":
            assert (shown.pop("budget"), sent.pop("budget")["allocated"]) == (
                {"allocated": 10000, "currency": "EUR"},
                10000,
            )
        if kind.kind == "segment":
            (shown_filter,), (sent_filter,) = shown.pop("filters"), sent.pop("filters")
            assert shown_filter == {"offerId": None, "channelId": None, **sent_filter}
        assert shown == sent
        assert found["id"].startswith(f"{kind.prefix}_")

    async def test_fields_that_are_unknown_are_ignored_so_that_what_was_read_can_be_sent_back(
        self, company: Company
    ) -> None:
        one = await made(company, "offers", name="Card", nonsense=1)
        assert await ask(company, "PUT", f"offers/{one['id']}", **one) == one

    async def test_a_change_is_dated(self, company: Company) -> None:
        one = await made(company, "channels", name="Mail", channelType="email")
        company.server.clock.advance(timedelta(hours=1))
        changed = await ask(company, "PUT", f"channels/{one['id']}", name="Post")
        assert changed == {**one, "name": "Post", "updatedAt": "2025-05-03T13:30:00Z"}


class TestStatuses:
    @every_kind
    async def test_gone_is_404_on_every_method(self, company: Company, kind: EntityKind) -> None:
        ids = await offer(company)
        path = f"{kind.path}/{ids[f'/api/v1/{kind.path}']}"
        assert await ask(company, "DELETE", path, 204) is None
        for method in ("GET", "DELETE"):
            assert (await refused(company, method, path, 404))["code"] == "NOT_FOUND"
        assert (await refused(company, "PUT", path, 404, name="x"))["code"] == "NOT_FOUND"

    async def test_a_taken_key_and_a_taken_id(self, company: Company) -> None:
        flow = {"key": "home", "name": "Home"}
        await made(company, "decision-flows", id="flow_1", **flow)
        assert (await refused(company, "POST", "decision-flows", 409, **flow))["details"] == {"field": "key"}
        error = await refused(company, "POST", "decision-flows", 409, id="flow_1", key="x", name="x")
        assert (error["code"], error["details"]) == ("CONFLICT", {"field": "id"})

    @pytest.mark.parametrize("own", ["a b", "", "x" * 65, "ü", "a\n", 7])
    async def test_ids_that_cannot_be(self, company: Company, own: object) -> None:
        error = await refused(company, "POST", "offers", 400, id=own, name="Card")
        assert (error["code"], error["details"]["field"]) == ("BAD_REQUEST", "id")

    async def test_a_viewer_reads_and_an_editor_writes(self, company: Company, server: Server) -> None:
        one = await made(company, "offers", name="Card")
        viewer = await token(company, await hire(company, Role.viewer))
        editor = await token(company, await hire(company, Role.editor))
        path = f"/api/v1/offers/{one['id']}"
        for method, body in (("POST", {"name": "x"}), ("PUT", {"name": "x"}), ("DELETE", None)):
            at = "/api/v1/offers" if method == "POST" else path
            for headers, status in ((viewer, 403), (editor, {"POST": 201, "PUT": 200, "DELETE": 204}[method])):
                answer = await server.client.request(method, at, json=body, headers=headers)
                assert answer.status_code == status, f"{method} {answer.text}"
        assert (await server.client.get("/api/v1/offers", headers=viewer)).status_code == 200
        read_only = await key(company, "read")
        assert (await server.client.post("/api/v1/offers", json={"name": "x"}, headers=read_only)).status_code == 403


class TestRefusals:
    @pytest.mark.parametrize(
        ("path", "body", "field", "words"),
        [
            ("offers", {"name": "x", "status": "actve"}, "status", "'active'?"),
            ("offers", {"name": "x", "priority": 101}, "priority", "100"),
            ("offers", {"name": "x", "priority": None}, "priority", "null"),
            ("offers", {"name": "x", "budget": {"allocated": -1}}, "budget.allocated", "0"),
            (
                "offers",
                {"name": "x", "budget": {"allocated": 1, "currency": "eur"}},
                "budget.currency",
                "must have the form",
            ),
            ("offers", {"name": "x", "eligibility": [{"ruleType": "segment_requird"}]}, "eligibility[0].ruleType", "?"),
            (
                "offers",
                {"name": "x", "schedule": {"startAt": "2026-03-01T10:00:00"}},
                "schedule.startAt",
                "must name its zone",
            ),
            ("creatives", {"name": "x", "channelId": "x"}, "offerId", "required"),
            ("segments", {"name": "x", "filters": [{"measure": "revenu"}]}, "filters[0].measure", "'revenue'?"),
            ("contact-policies", {"name": "x", "ruleType": "cooldwn"}, "ruleType", "'cooldown'?"),
        ],
    )
    async def test_the_field_is_named(
        self, company: Company, path: str, body: Mapping[str, Any], field: str, words: str
    ) -> None:
        error = await refused(company, "POST", path, 400, **body)
        assert error["code"] == "BAD_REQUEST"
        assert error["details"]["field"] == field
        assert words in error["message"]

    async def test_choices_are_told_wherever_they_stand(self, company: Company) -> None:
        wrong = {"measure": "x", "operator": "gt", "value": 1}
        error = await refused(company, "POST", "segments", 400, name="x", filters=[wrong])
        assert error["details"]["allowed"] == sorted(
            ["interactions", "impressions", "positive", "negative", "converts", "revenue", "cost"]
        )

    async def test_what_a_change_says_is_held_to_the_same_rules(self, company: Company) -> None:
        one = await made(company, "offers", name="Card")
        for body, field in (
            ({"name": None}, "name"),
            ({"priority": -1}, "priority"),
            ({"categoryId": "x"}, "categoryId"),
        ):
            error = await refused(company, "PUT", f"offers/{one['id']}", 400, **body)
            assert error["details"]["field"] == field
        assert await ask(company, "GET", f"offers/{one['id']}") == one


class TestLists:
    async def test_pages_lead_through_all_newest_first(self, company: Company) -> None:
        ids = [(await made(company, "offers", name=f"Offer {n}"))["id"] for n in range(5)]
        seen, cursor = [], None
        for more in (True, True, False):
            params: dict[str, Any] = {"cursor": cursor} if cursor else {}
            found = await page(company, "offers", limit=2, **params)
            cursor = found["pagination"]["nextCursor"]
            assert found["pagination"] == {"total": 5, "limit": 2, "hasMore": more, "nextCursor": cursor}
            assert (cursor is not None) == more
            seen += [row["id"] for row in found["data"]]
        assert seen == ids[::-1]

    async def test_limits(self, company: Company) -> None:
        assert (await page(company, "offers"))["pagination"]["limit"] == 25
        assert (await page(company, "offers", limit=200))["pagination"]["limit"] == 200
        for limit in ("201", "0", "-1", "x"):
            assert (await refused(company, "GET", f"offers?limit={limit}", 400))["details"]["field"] == "limit"

    @pytest.mark.parametrize("cursor", ["x", "MTI", "YmVmb3JlOg", "YWZ0ZXI6MQ", "%C3%BC", ""])
    async def test_a_cursor_that_is_none(self, company: Company, cursor: str) -> None:
        error = await refused(company, "GET", f"offers?cursor={cursor}", 400)
        assert (error["code"], error["details"]["field"]) == ("BAD_REQUEST", "cursor")

    async def test_an_unknown_parameter_is_refused_with_the_nearest(self, company: Company) -> None:
        assert "Did you mean 'limit'?" in (await refused(company, "GET", "offers?limt=1", 400))["message"]


class TestOutcomeTypes:
    async def test_the_system_s_stand_behind_one_s_own(self, company: Company) -> None:
        own = [
            (await made(company, "outcome-types", key=name, name=name, classification="neutral"))["key"]
            for name in ("first", "second")
        ]
        whole = await page(company, "outcome-types")
        assert [row["key"] for row in whole["data"]] == [*own[::-1], *SYSTEM]
        assert [row["isSystem"] for row in whole["data"]] == [False, False, *[True] * len(SYSTEM)]
        assert whole["pagination"] == {"total": 17, "limit": 25, "hasMore": False, "nextCursor": None}

    @pytest.mark.parametrize("limit", [1, 2, 3, 16, 17])
    async def test_one_cursor_leads_through_both(self, company: Company, limit: int) -> None:
        for name in ("first", "second"):
            await made(company, "outcome-types", key=name, name=name, classification="neutral")
        seen: list[str] = []
        params: dict[str, Any] = {}
        while True:
            found = await page(company, "outcome-types", limit=limit, **params)
            seen += [row["key"] for row in found["data"]]
            assert found["pagination"]["total"] == 17
            if not found["pagination"]["hasMore"]:
                break
            params = {"cursor": found["pagination"]["nextCursor"]}
        assert seen == ["second", "first", *SYSTEM]

    async def test_as_the_contract_has_them(self, company: Company) -> None:
        rows = {row["key"]: row for row in (await page(company, "outcome-types"))["data"]}
        assert {name for name, row in rows.items() if row["category"] == "impression"} == {
            *("impression", "expired", "not_presented")
        }
        negative = {name for name, row in rows.items() if row["classification"] == "negative"}
        assert negative == {"dismiss", "not_interested", "opt_out", "complaint"}
        assert rows["deferred"]["classification"] == "neutral"
        assert await ask(company, "GET", "outcome-types/out_click") == rows["click"]

    async def test_they_cannot_be_changed_and_their_keys_are_taken(self, company: Company) -> None:
        for method, body in (("PUT", {"name": "x"}), ("DELETE", {})):
            assert (await refused(company, method, "outcome-types/out_click", 403, **body))["code"] == "FORBIDDEN"
        fields = {"key": "click", "name": "x", "classification": "positive"}
        assert (await refused(company, "POST", "outcome-types", 409, **fields))["details"] == {"field": "key"}


class TestWhatFactsAdd:
    async def test_a_segment_s_list(self, company: Company) -> None:
        bare = await made(company, "segments", name="Bare")
        told = await made(company, "segments", name="Told")
        assert (told["memberCount"], told["materializedAt"]) == (0, None)
        members = [{"segment_id": told["id"], "customer_id": name} for name in ("ada", "bob", "cyd")]
        await send(company, "segment-members", *members, {**members[0], "op": "remove"})
        shown = await ask(company, "GET", f"segments/{told['id']}")
        assert (shown["memberCount"], shown["materializedAt"]) == (2, NOW)
        assert await ask(company, "PUT", f"segments/{told['id']}", name="Told") == shown
        assert (await page(company, "segments"))["data"] == [shown, bare]

    async def test_a_model_s_measurements(self, company: Company) -> None:
        fields = EXAMPLES["algorithm_model"]
        model = await made(company, "algorithm-models", **fields)
        assert (model["metrics"], model["metricsHistory"]) == (None, [])
        await send(
            company,
            "model-metrics",
            {"at": "2025-05-02T00:00:00Z", "model_id": model["id"], "auc": 0.84, "feature_importance": {"tenure": 0.3}},
            {"at": "2025-05-01T00:00:00Z", "model_id": model["id"], "auc": 0.82},
        )
        newest = {"at": "2025-05-02T00:00:00Z", "auc": 0.84, "featureImportance": {"tenure": 0.3}}
        oldest = {"at": "2025-05-01T00:00:00Z", "auc": 0.82, "featureImportance": {}}
        shown = await ask(company, "GET", f"algorithm-models/{model['id']}")
        assert (shown["metrics"], shown["metricsHistory"]) == (newest, [oldest, newest])
        assert await ask(company, "PUT", f"algorithm-models/{model['id']}", version=fields["version"]) == shown

    async def test_what_was_named_by_facts_keeps_its_name_when_it_is_archived(self, company: Company) -> None:
        ids = await offer(company)
        await send(
            company,
            "interactions",
            {
                "at": "2025-05-02T00:00:00Z",
                "customer_id": "ada",
                "offer_id": ids["offerId"],
                "channel_id": ids["channelId"],
                "outcome": "impression",
            },
        )
        await ask(company, "DELETE", f"{BY_KIND['offer'].path}/{ids['offerId']}", 204)
        groups = (await page(company, "dashboard-data", type="offer_performance_grouped"))["groups"]
        assert [row["offerId"] for group in groups for row in group["offers"]] == [ids["offerId"]]


async def test_a_key_sent_twice_makes_one(company: Company) -> None:
    headers = {"idempotency-key": "k"}
    answers = [
        await company.request("POST", "/api/v1/offers", json={"name": "Card"}, headers=headers) for _ in range(2)
    ]
    assert answers[0].content == answers[1].content
    assert (await page(company, "offers"))["pagination"]["total"] == 1
