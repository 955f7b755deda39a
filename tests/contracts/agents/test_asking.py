"""Asking agents: executions, formats, streams, previews, conversations and chat (contract: agents-and-accounts)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from headwater.errors import UpstreamError
from tests.agents.scripted import ANSWER, CITED, Scripted
from tests.promises import people
from tests.serving import Company, serving

AGENTS = "/api/v1/agents"
CITATION = {"query": CITED.query, "data_source": CITED.data_source, "rows": CITED.rows}


@dataclass
class Asking:
    """A company with an agent that says what it is told to."""

    company: Company
    runner: Scripted
    agent: str

    @property
    def path(self) -> str:
        return f"{AGENTS}/{self.agent}"

    async def execute(self, text: str = "Clicks?", **body: Any) -> httpx.Response:
        return await self.company.request("POST", f"{self.path}/execute", json={"input": text, **body})

    async def deploy(self) -> str:
        body = {"agent_id": self.agent, "platform": "web"}
        answer = await self.company.request("POST", "/api/v1/deployments/messaging", json=body)
        return str(answer.json()["deployment"]["deployment_id"])

    async def chat(self, text: str = "Clicks?", **body: Any) -> httpx.Response:
        return await self.company.server.client.post(f"{self.path}/chat", json={"message": text, **body})

    async def credits(self) -> int:
        return int((await self.company.get("/api/v1/billing/credits")).json()["credits"])


@pytest.fixture
async def asking(tmp_path: Path) -> AsyncIterator[Asking]:
    runner = Scripted()
    async with serving(tmp_path, runner) as server:
        company = await server.company()
        made = await company.request("POST", AGENTS, json={"name": "Ana"})
        yield Asking(company, runner, made.json()["agent"]["agent_id"])


class TestExecute:
    async def test_the_seed_s_shape(self, asking: Asking) -> None:
        outlet = await asking.company.request(
            "POST", f"/api/v1/companies/{asking.company.organisation_id}/outlets", json={"name": "Shop"}
        )
        outlet_id = outlet.json()["outlet"]["outlet_id"]
        answer = (await asking.execute(output_format="json", outlet_id=outlet_id)).json()
        assert set(answer) >= {"response", "execution_id", "tokens_used", "data_sources_queried", "execution_time_ms"}
        assert answer["execution_id"].startswith("exec_")
        assert (answer["response"], answer["tokens_used"], answer["data_sources_queried"]) == (
            ANSWER.text,
            1500,
            ["ds_headwater"],
        )
        assert (answer["answered"], answer["citations"]) == (True, [CITATION])
        kept = (await asking.company.get(f"{asking.path}/executions")).json()["executions"][0]
        assert (kept["outlet_id"], kept["kind"], kept["cost"]) == (outlet_id, "execute", 0.03)

    async def test_formats(self, asking: Asking) -> None:
        text = (await asking.execute()).json()
        assert (text["response"], "data" in text, "chart" in text) == (ANSWER.text, False, False)
        rows = (await asking.execute(output_format="json")).json()
        assert rows["data"] == [
            {"domain": "news.example", "link_clicks": 1200},
            {"domain": "=cmd|a", "link_clicks": 4},
        ]
        chart = (await asking.execute(output_format="chart")).json()
        assert chart["chart"]["$schema"].startswith("https://vega.github.io/schema/vega-lite/")
        assert "1200" in json.dumps(chart["chart"]["datasets"])
        csv = (await asking.execute(output_format="csv")).json()["response"]
        assert csv == "domain,link_clicks\r\nnews.example,1200\r\n'=cmd|a,4\r\n"
        markdown = (await asking.execute(output_format="markdown")).json()["response"]
        assert "| =cmd\\|a | 4 |" in markdown

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"input": ""}, "input"),
            ({"input": "x" * 4001}, "input"),
            ({"output_format": "pdf"}, "output_format"),
            ({"outlet_id": "outlet_unknown"}, "outlet_id"),
            ({"conversation_id": "conv_unknown"}, "conversation_id"),
        ],
    )
    async def test_what_is_refused_names_the_field_and_is_free(
        self, asking: Asking, body: dict[str, Any], field: str
    ) -> None:
        before = await asking.credits()
        answer = await asking.company.request("POST", f"{asking.path}/execute", json={"input": "x", **body})
        assert answer.status_code in (400, 404)
        assert answer.json()["details"]["field"] == field
        assert await asking.credits() == before
        assert asking.runner.turns == []

    async def test_a_conversation_goes_on(self, asking: Asking) -> None:
        first = (await asking.execute()).json()
        second = (await asking.execute("And before?", conversation_id=first["conversation_id"])).json()
        assert second["conversation_id"] == first["conversation_id"]
        assert [one.text for one in asking.runner.turns[1][1].history] == ["Clicks?", ANSWER.text]

    async def test_another_model_this_once(self, asking: Asking) -> None:
        await asking.execute(model="openai/gpt-5")
        assert asking.runner.turns[0][0].model == "openai/gpt-5"

    async def test_an_inactive_agent_answers_nobody(self, asking: Asking) -> None:
        await asking.deploy()
        await asking.company.request("PUT", asking.path, json={"status": "inactive"})
        assert (await asking.execute()).status_code == 409
        assert (await asking.chat()).status_code == 404

    async def test_the_same_key_asks_once(self, asking: Asking) -> None:
        before = await asking.credits()
        headers = {"idempotency-key": "one"}
        answers = [
            await asking.company.request("POST", f"{asking.path}/execute", json={"input": "x"}, headers=headers)
            for _ in range(2)
        ]
        assert answers[0].content == answers[1].content
        assert (await asking.credits(), len(asking.runner.turns)) == (before - 3, 1)

    async def test_a_failure_is_told_free_and_kept(self, asking: Asking) -> None:
        before = await asking.credits()
        asking.runner.outcome = UpstreamError("The provider 'openai' answered 500; nothing was charged.")
        assert (await asking.execute()).status_code == 502
        assert await asking.credits() == before
        kept = (await asking.company.get(f"{asking.path}/executions")).json()["executions"][0]
        assert (kept["status"], kept["credits"], kept["answered"]) == ("failed", 0, False)
        assert "openai" in kept["error"]

    async def test_usage_tells_of_it(self, asking: Asking) -> None:
        await asking.execute()
        usage = (await asking.company.get("/api/v1/billing/usage")).json()["usage"]
        assert usage["by_operation"]["agent_execute"] == 1
        assert usage["total_tokens"] == 1500

    async def test_a_viewer_may_ask_but_not_change(self, asking: Asking) -> None:
        from headwater.scope import Role

        viewer = await people.token(asking.company, await people.hire(asking.company, Role.viewer))
        client = asking.company.server.client
        assert (await client.post(f"{asking.path}/execute", json={"input": "x"}, headers=viewer)).status_code == 200
        assert (await client.put(asking.path, json={"name": "x"}, headers=viewer)).status_code == 403


class TestStream:
    def events(self, text: str) -> list[tuple[str, dict[str, Any]]]:
        found = []
        for block in text.strip().split("\n\n"):
            name, data = block.split("\n")
            found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
        return found

    async def test_events_come_in_order_and_end_with_the_whole_answer(self, asking: Asking) -> None:
        answer = await asking.execute(stream=True, output_format="json")
        assert answer.headers["content-type"] == "text/event-stream"
        assert "content-length" not in answer.headers
        events = self.events(answer.text)
        assert [name for name, _ in events] == ["start", "tool", "delta", "done"]
        done = events[-1][1]
        assert events[0][1] == {"execution_id": done["execution_id"]}
        assert (done["response"], done["citations"], len(done["data"])) == (ANSWER.text, [CITATION], 2)
        kept = (await asking.company.get(f"{asking.path}/executions")).json()
        assert kept["executions"][0]["execution_id"] == done["execution_id"]

    async def test_a_failure_is_an_event_and_free(self, asking: Asking) -> None:
        before = await asking.credits()
        for error, code in (
            (UpstreamError("The provider failed."), "UPSTREAM_ERROR"),
            (RuntimeError("SECRET"), "INTERNAL_ERROR"),
        ):
            asking.runner.outcome = error
            name, told = self.events((await asking.execute(stream=True)).text)[-1]
            assert (name, told["code"]) == ("error", code)
            assert "SECRET" not in told["message"]
        assert await asking.credits() == before

    async def test_what_is_refused_before_is_no_stream(self, asking: Asking) -> None:
        headers = {"idempotency-key": "one"}
        answer = await asking.company.request(
            "POST", f"{asking.path}/execute", json={"input": "x", "stream": True}, headers=headers
        )
        assert (answer.status_code, answer.json()["details"]["field"]) == (400, "stream")

    async def test_who_goes_away_changes_nothing(self, asking: Asking) -> None:
        before = await asking.credits()
        asking.runner.gate.clear()
        task = asyncio.create_task(asking.execute(stream=True))
        await asking.runner.asked.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        asking.runner.gate.set()
        await asking.company.server.services.agents.settle()
        assert await asking.credits() == before - 3


class TestPreview:
    async def test_it_is_marked_free_and_not_kept(self, asking: Asking) -> None:
        before = await asking.credits()
        answer = await asking.company.request("POST", f"{asking.path}/preview/test", json={"input": "Test query"})
        assert (answer.json()["response"], answer.json()["preview"]) == (ANSWER.text, True)
        assert await asking.credits() == before
        assert (await asking.company.get(f"{asking.path}/executions")).json()["total"] == 0


class TestChat:
    async def test_it_needs_an_active_deployment_and_no_key(self, asking: Asking) -> None:
        assert (await asking.chat()).status_code == 404
        deployment = await asking.deploy()
        answer = await asking.chat("Hello")
        assert (answer.status_code, answer.json()["response"]) == (200, ANSWER.text)
        assert answer.json()["conversation_id"].startswith("conv_")
        await asking.company.request("PUT", f"/api/v1/deployments/{deployment}", json={"status": "inactive"})
        assert (await asking.chat()).status_code == 404

    async def test_a_conversation_of_the_chat_goes_on_and_one_of_the_api_does_not(self, asking: Asking) -> None:
        await asking.deploy()
        mine = (await asking.execute()).json()["conversation_id"]
        assert (await asking.chat(conversation_id=mine)).status_code == 404
        first = (await asking.chat()).json()["conversation_id"]
        assert (await asking.chat("And before?", conversation_id=first)).json()["conversation_id"] == first
        assert len(asking.runner.turns[-1][1].history) == 2
        assert (await asking.execute(conversation_id=first)).status_code == 404

    async def test_addresses_are_limited(self, asking: Asking) -> None:
        await asking.deploy()
        answers = [(await asking.chat()).status_code for _ in range(21)]
        assert answers == [200] * 20 + [429]
        refused = await asking.chat()
        assert int(refused.headers["retry-after"]) > 0

    async def test_conversations_are_limited(self, tmp_path: Path) -> None:
        runner = Scripted()
        async with serving(tmp_path, runner, conversation_messages_per_hour=2) as server:
            company = await server.company()
            made = await company.request("POST", AGENTS, json={"name": "Ana"})
            asking = Asking(company, runner, made.json()["agent"]["agent_id"])
            await asking.deploy()
            known = (await asking.chat()).json()["conversation_id"]
            assert [(await asking.chat(conversation_id=known)).status_code for _ in range(3)] == [200, 200, 429]

    async def test_the_company_pays_and_is_told(self, asking: Asking) -> None:
        await asking.deploy()
        before = await asking.credits()
        await asking.chat()
        assert await asking.credits() == before - 3
        kept = (await asking.company.get(f"{asking.path}/executions")).json()["executions"][0]
        assert kept["kind"] == "chat"
