"""MCP with the official client: the tools, resources and prompts, with the caller's key, scope and limits."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from headwater.mcp.resources import BROKE
from headwater.scope import Role
from headwater.tools.data import DataTools
from headwater.tools.data_verbs import MOST_BYTES
from tests.promises import people
from tests.serving import Company, Hierarchy, event, serving

TOOLS = [
    "search_catalogue",
    "find_entities",
    "ask_metrics",
    "explain_question",
    "list_data_sources",
    "get_schema",
    "run_sql",
    "search_passages",
]
ASKED = {"question": {"metrics": ["impressions"], "entity": {"kind": "creative"}}}


@asynccontextmanager
async def client(company: Company, headers: dict[str, str] | None = None, mode: str = "auto") -> AsyncIterator[Client]:
    transport = httpx2.ASGITransport(company.server.headwater.app)
    async with (
        httpx2.AsyncClient(transport=transport, headers=headers or company.headers) as http,
        Client(streamable_http_client("http://headwater.test/mcp", http_client=http), mode=mode) as connected,  # type: ignore[arg-type]
    ):
        yield connected


def content(result: Any) -> dict[str, Any]:
    return dict(json.loads(result.content[0].text))


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_tools_are_listed_and_marked_as_only_reading(company: Company, mode: str) -> None:
    async with client(company, mode=mode) as connected:
        tools = (await connected.list_tools()).tools
    assert [one.name for one in tools] == TOOLS
    for tool in tools:
        assert tool.annotations is not None
        assert (tool.annotations.read_only_hint, tool.annotations.destructive_hint) == (True, False)
        assert tool.input_schema["type"] == "object"


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_figure_comes_with_the_query_that_gives_it_again(
    company: Company, hierarchy: Hierarchy, mode: str
) -> None:
    await company.send([event(hierarchy.creatives[0], domain="one.example") for _ in range(3)])
    async with client(company, mode=mode) as connected:
        told = content(await connected.call_tool("ask_metrics", ASKED))
    assert told["result"]["rows"] == [{"impressions": 3}]
    citation = told["citation"]
    body = {"connection_id": citation["data_source"], "query": citation["query"]}
    again = (await company.request("POST", "/api/v1/data-sources/query", json=body)).json()
    assert again["results"] == told["result"]["rows"]


async def test_every_tool_works(company: Company, hierarchy: Hierarchy) -> None:
    upload = {"file": ("people.csv", b"id,name\n1,Ada\n2,Bo\n"), "source_name": (None, "People")}
    source = (await company.request("POST", "/api/v1/data-sources/upload", files=upload)).json()["data_source"]
    own = {"data_source": source["connection_id"]}
    calls: list[tuple[str, dict[str, Any]]] = [
        ("search_catalogue", {"text": "click rate"}),
        ("find_entities", {"text": "Feed slider"}),
        ("ask_metrics", ASKED),
        ("explain_question", ASKED),
        ("list_data_sources", {}),
        ("get_schema", own),
        ("run_sql", {**own, "query": "SELECT count(*) AS people FROM people"}),
        ("search_passages", {"text": "Ada"}),
    ]
    async with client(company) as connected:
        told = {name: await connected.call_tool(name, arguments) for name, arguments in calls}
    assert [name for name, result in told.items() if result.is_error] == []
    assert content(told["search_catalogue"])["result"][0]["name"] == "click_rate"
    assert content(told["find_entities"])["result"][0]["entity"]["id"] == str(hierarchy.creatives[0])
    assert content(told["run_sql"])["result"]["rows"] == [{"people": 2}]


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("ask_metrics", {"question": {"metrics": ["impresions"], "entity": {"kind": "creative"}}}, "impressions"),
        (
            "ask_metrics",
            {"question": {"metrics": ["impressions"], "entity": {"kind": "creative", "ids": [987]}}},
            "987",
        ),
        ("ask_metrics", {"question": {}}, "entity"),
        ("run_sql", {"data_source": "ds_unknown", "query": "SELECT 1"}, "ds_unknown"),
        ("find_entities", {"text": "x", "kind": "creatve"}, "creative"),
        ("search_catalogue", {"texts": "x"}, "texts"),
    ],
)
async def test_what_a_model_can_mend_is_told_in_words(
    company: Company, name: str, arguments: dict[str, Any], words: str
) -> None:
    async with client(company) as connected:
        result = await connected.call_tool(name, arguments)
    assert result.is_error
    assert words in result.content[0].text  # type: ignore[union-attr]


async def test_an_unknown_tool_resource_or_prompt_is_an_error_of_the_protocol(company: Company) -> None:
    async with client(company) as connected:
        for asked in (
            connected.call_tool("drop_tables", {}),
            connected.read_resource("headwater://secrets"),
            connected.read_resource("headwater://entities/passwords"),
            connected.get_prompt("nothing", {}),
            connected.get_prompt("weekly_report", {}),
        ):
            with pytest.raises(MCPError):
                await asked


async def test_resources_and_prompts(company: Company, hierarchy: Hierarchy) -> None:
    async with client(company) as connected:
        listed = (await connected.list_resources()).resources
        assert [str(one.uri) for one in listed] == ["headwater://catalogue", "headwater://data-sources"]
        for uri in (*(str(one.uri) for one in listed), "headwater://entities/creative"):
            read = json.loads((await connected.read_resource(uri)).contents[0].text)  # type: ignore[union-attr]
            assert read
        assert {one["name"] for one in read} == {"Feed slider", "Story slider"}
        for prompt in (await connected.list_prompts()).prompts:
            given = {argument.name: "{week} & co" for argument in prompt.arguments or ()}
            text = (await connected.get_prompt(prompt.name, given)).messages[0].content.text  # type: ignore[union-attr]
            assert "{week} & co" in text


async def test_a_result_that_is_too_large_is_cut_or_refused(company: Company) -> None:
    form = {"file": ("n.csv", b"n\n1\n2\n3\n"), "source_name": (None, "Numbers")}
    made = (await company.request("POST", "/api/v1/data-sources/upload", files=form)).json()
    source = made["data_source"]["connection_id"]
    async with client(company) as connected:
        cut, refused = [
            await connected.call_tool(
                "run_sql", {"data_source": source, "query": f"SELECT repeat('x', {size}) AS x FROM n"}
            )
            for size in (MOST_BYTES // 2 - 100, MOST_BYTES)
        ]
    told = content(cut)["result"]
    assert (len(told["rows"]), told["truncated"]) == (2, True)
    assert refused.is_error
    assert "fewer columns" in content(refused)["error"]


async def test_what_breaks_inside_says_nothing_of_it(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("secret in /srv/headwater/control.db")

    monkeypatch.setattr(DataTools, "list_data_sources", broken)
    async with client(company) as connected:
        told = content(await connected.call_tool("list_data_sources", {}))
        with pytest.raises(MCPError) as caught:
            await connected.read_resource("headwater://data-sources")
    assert (told, caught.value.error.message) == ({"error": BROKE}, BROKE)


async def test_a_company_sees_its_own_only(company: Company, hierarchy: Hierarchy) -> None:
    other = await company.server.company("Other")
    async with client(other) as connected:
        found = content(await connected.call_tool("find_entities", {"text": "Feed slider"}))
        asked = {"question": {"metrics": ["impressions"], "entity": {"kind": "creative", "ids": hierarchy.creatives}}}
        assert found["result"] == []
        assert (await connected.call_tool("ask_metrics", asked)).is_error


async def test_a_read_key_is_enough_and_none_is_not(company: Company) -> None:
    reading = await people.key(company, "read")
    async with client(company, reading) as connected:
        assert not (await connected.call_tool("ask_metrics", ASKED)).is_error
    viewer = await people.token(company, await people.hire(company, Role.viewer))
    async with client(company, viewer) as connected:
        assert not (await connected.call_tool("ask_metrics", ASKED)).is_error
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    refused = await company.server.client.post("/mcp", json=message)
    assert (refused.status_code, refused.json()["error"]["data"]["code"]) == (401, "UNAUTHORIZED")
    writing = await company.server.client.post("/mcp", json=message, headers=await people.key(company, "write"))
    assert writing.status_code == 403


async def test_requests_count_against_the_plan(tmp_path: Path) -> None:
    async with serving(tmp_path, default_plan="free") as server:
        company = await server.company()
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        answer = await company.request("POST", "/mcp", json=message)
        assert answer.status_code == 200, answer.text
        before = int(answer.headers["x-ratelimit-remaining"])
        again = await company.request("POST", "/mcp", json=message)
        assert int(again.headers["x-ratelimit-remaining"]) == before - 1


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"7",
        b"",
        b'{"method": "tools/list", "id": 1}',
        b'{"jsonrpc": "2.0", "method": "tools/list", "id": {"a": 1}}',
        b'{"jsonrpc": "2.0", "method": "tools/call", "id": 1, "params": [1]}',
    ],
)
async def test_what_is_no_message_is_refused_in_words(company: Company, body: bytes) -> None:
    answer = await company.request("POST", "/mcp", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert "JSON" in answer.json()["error"]["message"]
    assert "pydantic" not in answer.text


async def test_a_get_is_not_allowed(company: Company) -> None:
    assert (await company.get("/mcp")).status_code == 405
