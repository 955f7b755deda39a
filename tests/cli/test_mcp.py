"""``headwater mcp`` with the official client: started as a program, beside a running server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp.shared.exceptions import MCPError

from tests.crash.processes import PROGRAM, Process, environment, register

pytestmark = pytest.mark.slow


async def test_tools_of_a_running_server_are_reached_over_standard_input(tmp_path: Path) -> None:
    with Process(tmp_path / "data") as process:
        key = register(process)["authorization"].removeprefix("Bearer ")
        program = StdioServerParameters(
            command=str(PROGRAM), args=["mcp", "--url", process.url], env=environment(key=key)
        )
        async with Client(program) as client:
            assert "ask_metrics" in [one.name for one in (await client.list_tools()).tools]
            result = await client.call_tool("search_catalogue", {"text": "click rate"})
            assert json.loads(result.content[0].text)["result"][0]["name"] == "click_rate"  # type: ignore[union-attr]
            wrong = await client.call_tool("search_catalogue", {"texts": "x"})
            assert wrong.is_error


async def test_a_key_that_is_not_good_is_told_in_words(tmp_path: Path) -> None:
    with Process(tmp_path / "data") as process:
        program = StdioServerParameters(
            command=str(PROGRAM), args=["mcp", "--url", process.url], env=environment(key="hw_live_wrong")
        )
        with pytest.raises(BaseExceptionGroup) as caught:
            async with Client(program) as client:
                await client.list_tools()
    refused, _ = caught.value.split(MCPError)
    assert refused is not None
    assert "unknown, expired or revoked" in repr(refused)
