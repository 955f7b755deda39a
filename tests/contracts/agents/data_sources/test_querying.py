"""What queries of data sources answer, and what they cost."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from headwater.errors import InvalidRequest
from headwater.tools import data
from headwater.tools.citation import BUILT_IN
from tests.contracts.agents.data_sources.calls import PATH, connect, connect_shop, credits, query, subscribe, told
from tests.contracts.agents.stand_in import Api
from tests.delivery.telling import until
from tests.serving import Company, Hierarchy, event


class TestQueries:
    async def test_a_limit(self, company: Company, shop: Path) -> None:
        own = await connect_shop(company)
        body = (await query(company, own, "SELECT id FROM users ORDER BY id", limit=1)).json()
        assert (body["results"], body["truncated"]) == ([{"id": 1}], True)
        assert (await query(company, own, "SELECT 1", limit=101)).json()["details"]["field"] == "limit"

    @pytest.mark.parametrize("text", ["DELETE FROM users", "SELECT 1; SELECT 2", "PRAGMA x", "SELECT nope"])
    async def test_one_that_is_refused_costs_nothing(self, company: Company, shop: Path, text: str) -> None:
        own = await connect_shop(company)
        before = await credits(company)
        answer = await query(company, own, text)
        assert (answer.status_code, answer.json()["details"]["field"]) == (400, "query")
        assert await credits(company) == before
        async with company.server.services.control.unit_of_work() as unit:
            # Nothing stays held either.
            await company.server.services.control.credits.adjust(unit.session, company.organisation_id, -before)

    async def test_without_credits_nothing_is_run(self, company: Company, stand_in: Api) -> None:
        config = {"type": "rest", "base_url": stand_in.url, "rows": "$.data.items"}
        own = (await connect(company, source_type="api", connection_config=config))["connection_id"]
        balance = await credits(company)
        async with company.server.services.control.unit_of_work() as unit:
            await company.server.services.control.credits.adjust(unit.session, company.organisation_id, -balance)
        answer = await query(company, own, "SELECT * FROM rows")
        assert (answer.status_code, answer.json()["code"]) == (402, "PAYMENT_REQUIRED")
        assert stand_in.asked == []

    async def test_the_same_key_costs_once(self, company: Company, shop: Path) -> None:
        own = await connect_shop(company)
        before = await credits(company)
        body = {"connection_id": own, "query": "SELECT 1 AS one"}
        answers = [
            await company.request("POST", f"{PATH}/query", json=body, headers={"idempotency-key": "k"}) for _ in "ab"
        ]
        assert answers[0].json() == answers[1].json()
        assert await credits(company) == before - 1

    async def test_a_source_that_falls_is_told_and_rises_again(self, company: Company, stand_in: Api) -> None:
        await subscribe(company)
        config = {"type": "rest", "base_url": stand_in.url, "rows": "$.data.items"}
        own = (await connect(company, source_type="api", connection_config=config, test_connection=True))[
            "connection_id"
        ]
        stand_in.status = 500
        answer = await query(company, own, "SELECT * FROM rows")
        assert (answer.status_code, answer.json()["code"]) == (502, "UPSTREAM_ERROR")
        await query(company, own, "SELECT * FROM rows")
        stand_in.status = 200
        assert (await query(company, own, "SELECT count(*) AS n FROM rows")).json()["results"] == [{"n": 2}]
        assert await told(company) == ["data_source.connected", "data_source.error", "data_source.connected"]


class TestAnApi:
    @pytest.mark.parametrize(
        ("auth", "header", "value"),
        [
            ({"type": "bearer", "token": "t"}, "authorization", "Bearer t"),
            ({"type": "api_key", "key": "k"}, "x-api-key", "k"),
            ({"type": "api_key", "key": "k", "header": "X-Own"}, "x-own", "k"),
            ({"type": "basic", "username": "u", "password": "p"}, "authorization", "Basic dTpw"),
        ],
    )
    async def test_its_rows_are_a_table(
        self, company: Company, stand_in: Api, auth: dict[str, str], header: str, value: str
    ) -> None:
        config = {"type": "rest", "base_url": stand_in.url, "path": "/v1/x", "rows": "$.data.items", "auth": auth}
        own = (await connect(company, source_type="api", connection_config=config))["connection_id"]
        answer = await query(company, own, "SELECT id, name, tags FROM rows WHERE name LIKE :n", params={"n": "A%"})
        assert answer.json()["results"] == [{"id": 1, "name": "Ada", "tags": '["x"]'}]
        assert stand_in.asked[0][0] == "/v1/x"
        assert stand_in.asked[0][1][header] == value
        (table,) = (await company.get(f"{PATH}/{own}/schema")).json()["tables"]
        assert (table["name"], table["row_estimate"]) == ("rows", 2)

    async def test_what_is_no_row_is_said(self, company: Company, stand_in: Api) -> None:
        config = {"type": "rest", "base_url": stand_in.url, "rows": "$.nothing.here"}
        own = (await connect(company, source_type="api", connection_config=config))["connection_id"]
        assert "$.nothing.here" in (await query(company, own, "SELECT 1")).json()["message"]
        stand_in.body = b"<html>"
        assert "JSON" in (await query(company, own, "SELECT 1")).json()["message"]


class TestTools:
    async def test_which_there_are(self, company: Company, shop: Path) -> None:
        own = await connect_shop(company)
        tools, access = company.server.services.tools.data, company.server.services.control.access
        scope = await access.operator_scope(company.organisation_id)
        assert [one.id for one in await tools.list_data_sources(scope)] == [own, "ds_headwater"]
        assert [one.id for one in await tools.list_data_sources(scope, {own})] == [own]

    async def test_an_answer_can_be_run_again(self, company: Company, shop: Path) -> None:
        own = await connect_shop(company)
        tools, access = company.server.services.tools.data, company.server.services.control.access
        scope = await access.operator_scope(company.organisation_id)
        before = await credits(company)
        answer = await tools.run_sql(own, "SELECT name FROM users", {}, scope)
        cited = answer.citation
        assert (cited.query, cited.data_source, cited.rows) == ("SELECT name FROM users", own, 2)
        assert await credits(company) == before
        with pytest.raises(InvalidRequest):
            await tools.run_sql(own, "DELETE FROM users", {}, scope)

    async def test_only_so_many_queries_of_one_source_run_at_once(
        self, company: Company, stand_in: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(data, "_WAIT_SECONDS", 0.05)
        config = {"type": "rest", "base_url": stand_in.url, "rows": "$.data.items"}
        own = (await connect(company, source_type="api", connection_config=config))["connection_id"]
        before = await credits(company)
        stand_in.goes_on.clear()
        running = [asyncio.create_task(query(company, own, "SELECT 1 AS one")) for _ in range(data.AT_ONCE)]
        await until(lambda: len(stand_in.asked) == data.AT_ONCE)
        refused = await query(company, own, "SELECT 1 AS one")
        stand_in.goes_on.set()
        assert (refused.status_code, refused.json()["code"]) == (503, "UNAVAILABLE")
        assert refused.headers["retry-after"]
        assert [one.status_code for one in await asyncio.gather(*running)] == [200] * data.AT_ONCE
        assert await credits(company) == before - data.AT_ONCE

    async def test_the_built_in_source_is_asked_through_the_catalogue(
        self, company: Company, hierarchy: Hierarchy
    ) -> None:
        await company.send([event(hierarchy.creatives[0]) for _ in range(3)])
        asked = '{"metrics":["impressions"],"entity":{"kind":"creative"}}'
        answer = (await query(company, BUILT_IN, asked)).json()
        assert (answer["results"], answer["row_count"]) == ([{"impressions": 3}], 1)
        schema = (await company.get(f"/api/v1/data-sources/{BUILT_IN}/schema")).json()
        columns = {table["name"]: [one["name"] for one in table["columns"]] for table in schema["tables"]}
        assert columns["creative"][0] == "name"
        assert "click_rate" in columns["creative"]

    @pytest.mark.parametrize(
        ("asked", "words"),
        [
            ("SELECT 1", "JSON"),
            ('{"metrics":["impresions"],"entity":{"kind":"creative"}}', "impressions"),
            ('{"metrics":["impressions"]}', "entity"),
        ],
    )
    async def test_what_is_no_metric_question_is_refused_in_words(
        self, company: Company, asked: str, words: str
    ) -> None:
        answer = await query(company, BUILT_IN, asked)
        assert (answer.status_code, words in answer.text) == (400, True), answer.text

    async def test_a_metric_question_takes_no_params(self, company: Company) -> None:
        body = {"connection_id": BUILT_IN, "query": "{}", "params": {"a": 1}}
        answer = await company.request("POST", "/api/v1/data-sources/query", json=body)
        assert (answer.status_code, "params" in answer.json()["message"]) == (400, True)
